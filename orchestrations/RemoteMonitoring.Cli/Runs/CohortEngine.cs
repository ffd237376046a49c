using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Retries;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>The embedded engine of a cohort, in this process, over <c>workflows.db</c> of its folder.</summary>
internal sealed class CohortEngine : IAsyncDisposable
{
    private readonly WorkflowEngine _engine;

    private CohortEngine(WorkflowEngine engine, CohortStore store)
    {
        _engine = engine;
        Register = new RunRegister(store.Lake, engine.Client, TimeProvider.System);
    }

    public JournalClient Client => _engine.Client;

    public RunRegister Register { get; }

    /// <summary>Ends when the engine does, which before it is stopped it does by a fault only.</summary>
    public Task Ended => _engine.Ended;

    public static string JournalOf(CohortStore store) => Path.Combine(store.Folder, WorkflowCatalog.Journal);

    /// <summary>A client of the cohort's journal, where no engine is wanted.</summary>
    public static JournalClient ClientOf(CohortStore store) => new(JournalOf(store), TimeProvider.System);

    /// <summary>Starts it.</summary>
    /// <param name="terminal">Where it logs.</param>
    /// <param name="store">The cohort.</param>
    /// <param name="options">How it runs.</param>
    /// <param name="before">Called for each patient before scoring, by those who inject faults.</param>
    /// <param name="isWatched">Whether a person watches a run, who is told what fails by what came of it; else all is logged.</param>
    /// <param name="meters">Makes the instruments; null where nobody exports them.</param>
    public static CohortEngine Start(Terminal terminal, CohortStore store, EngineOptions? options = null, Action<string>? before = null, bool isWatched = true, IMeterFactory? meters = null)
    {
        WorkflowEngine? engine = null;
        var patient = store.WithRetries(new RetryOptions());
        var registry = WorkflowCatalog.Compose(
            (cohort, _) => cohort == store.Cohort ? ValueTask.FromResult(patient) : throw new PermanentFailureException($"This process serves cohort '{store.Cohort}', not '{cohort}'."),
            () => engine!.Client,
            TimeProvider.System,
            before,
            meters);
        engine = WorkflowEngine.Start(JournalOf(store), registry, options ?? new EngineOptions(), TimeProvider.System, LoggerOf(terminal, isWatched));
        return new CohortEngine(engine, store);
    }

    /// <summary>An engine that takes no step on, only what is told to those who ask for steps: enough to have a run ended.</summary>
    public static CohortEngine StartIdle(Terminal terminal, CohortStore store) => Start(terminal, store, new EngineOptions { ActivitiesAtATime = 0 });

    private static TerminalLogger<WorkflowEngine> LoggerOf(Terminal terminal, bool isWatched) => isWatched
        ? terminal.Log<WorkflowEngine>(LogLevel.Warning, "ActivityFailed")
        : terminal.Log<WorkflowEngine>();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();
}
