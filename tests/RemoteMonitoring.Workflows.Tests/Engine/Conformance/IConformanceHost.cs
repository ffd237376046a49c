using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>An engine that the conformance suite runs on; the suite and its samples see nothing of it but the seam, and can be linked into the tests of another. Its store outlives the runs of its process.</summary>
public interface IConformanceHost : IAsyncDisposable
{
    /// <summary>Of the engine that runs.</summary>
    IWorkflowClient Client { get; }

    /// <summary>Runs the engine over what its store holds.</summary>
    Task StartAsync(WorkflowRegistry registry);

    /// <summary>Stops it, as an operator does.</summary>
    Task StopAsync();

    /// <summary>Ends it as SIGKILL does: nothing more is written, and nothing given back.</summary>
    Task CrashAsync();
}
