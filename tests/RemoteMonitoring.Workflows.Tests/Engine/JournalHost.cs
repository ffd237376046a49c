using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Tests.Engine.Conformance;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>The embedded engine over a file of its own. Who comes after a crash finds the process before gone, as it does after SIGKILL.</summary>
internal sealed class JournalHost : IConformanceHost
{
    private WorkflowEngine? _engine;
    private int _runs;

    public string File { get; } = Path.Combine(Directory.CreateTempSubdirectory("rmon-engine-").FullName, "workflows.db");

    public WorkflowEngine Engine => _engine!;

    public IWorkflowClient Client => field ??= new JournalClient(File, TimeProvider.System);

    public EngineOptions Options { get; init; } = new() { ActivitiesAtATime = 16, Poll = TimeSpan.FromMilliseconds(10), Grace = TimeSpan.FromMilliseconds(100) };

    /// <summary>Called after each commit of each run.</summary>
    public Action<WorkflowEngine>? Committed { get; init; }

    /// <summary>A name that looks like that of a process which is no more.</summary>
    public static string GoneWorker(int number) => $"{Environment.MachineName}/{Environment.ProcessId}/1/{number}";

    public Task StartAsync(WorkflowRegistry registry)
    {
        _engine = WorkflowEngine.Start(File, registry, Options with { Worker = GoneWorker(++_runs) }, TimeProvider.System, NullLogger.Instance, Committed);
        return Task.CompletedTask;
    }

    public async Task StopAsync()
    {
        await Engine.DisposeAsync();
        _engine = null;
    }

    public Task CrashAsync()
    {
        Engine.Abandon();
        return StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            await StopAsync();
        }

        Directory.Delete(Path.GetDirectoryName(File)!, recursive: true);
    }
}

/// <summary>The embedded engine holds what every engine must.</summary>
public sealed class EmbeddedConformanceTests : WorkflowConformance
{
    /// <inheritdoc />
    protected override IConformanceHost NewHost() => new JournalHost();
}
