using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>
/// Histories of real runs, as the archive holds them, one file for each version of each workflow, or more:
/// <c>tests/golden/histories/{workflow}-v{version}[.what].ndjson</c>. The README of <c>tests/golden</c> says how they are recorded.
/// </summary>
internal static class RecordedHistories
{
    /// <summary>Set to <c>1</c>, runs write their histories to the files, instead of holding the files to the code.</summary>
    public const string Recording = "RMON_RECORD_HISTORIES";

    public static string Folder { get; } = Path.Combine(Root(), "tests", "golden", "histories");

    /// <summary>Names of the files, without their extension.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. (Directory.Exists(Folder) ? Directory.GetFiles(Folder, "*.ndjson") : []).Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    /// <summary>What a history of a version of a workflow is called.</summary>
    public static string NameOf(WorkflowDefinition workflow) => $"{workflow.Name}-v{workflow.Version}";

    public static string Read(string name) => File.ReadAllText(Path.Combine(Folder, $"{name}.ndjson"));

    public static void Write(string name, string history)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, $"{name}.ndjson"), history);
    }

    public static IReadOnlyList<HistoryEvent> Events(string history) => [.. history.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(HistoryEventLine.Read)];

    /// <summary>Tells a workflow a history; throws where its code would ask for something else today than it did then.</summary>
    public static WorkflowExecution Replay(WorkflowDefinition workflow, string history)
    {
        var execution = new WorkflowExecution("recorded", 0, workflow, NullLogger.Instance);
        execution.Replay(Events(history));
        return execution;
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RemoteMonitoring.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("RemoteMonitoring.sln is in none of the folders above the test's own: these tests run from within the repository.");
    }
}
