using System.Diagnostics;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>Spans of pages of lists, with links to the nights that made them: who looks at whose is in the record of views, and not here.</summary>
public static class ListTraces
{
    /// <summary>Name of the source.</summary>
    public const string SourceName = "RemoteMonitoring.Worklist";

    private static readonly ActivitySource s_source = new(SourceName);

    internal static Activity? Begin(string page) => s_source.StartActivity(page, ActivityKind.Server);

    internal static void Shows(this Activity? span, ListView view)
    {
        if (view.Lists is { } lists)
        {
            span?.AddLink(new ActivityLink(WorkflowTraces.ListsOf(lists.Run)));
        }
    }
}
