using System.Diagnostics;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.Workflows.Engine;

/// <summary>Spans of the steps of workflows, by their names. Inputs, outputs and what faults say are not in them.</summary>
public static class WorkflowTraces
{
    /// <summary>Name of the source.</summary>
    public const string SourceName = "RemoteMonitoring.Workflows";

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>Whether somebody wants spans.</summary>
    public static bool IsWanted => s_source.HasListeners();

    /// <summary>What a link to the lists of a run says.</summary>
    public static ActivityContext ListsOf(string run) => DerivedTrace.Of("lists", run);

    /// <summary>A span of a step: all steps of a run are of one trace, whichever process does them.</summary>
    /// <param name="step">Name of the activity.</param>
    /// <param name="run">Id of the instance that nobody called; null where the engine has a trace of its own under way.</param>
    internal static Activity? Step(string step, string? run) => run is null ? s_source.StartActivity(step) : DerivedTrace.Start(s_source, step, DerivedTrace.Of("run", run));

    /// <summary>Says that the lists of a run came of the step that is under way.</summary>
    internal static void Shipped(string run) => DerivedTrace.Mark(s_source, "lists", ListsOf(run));
}
