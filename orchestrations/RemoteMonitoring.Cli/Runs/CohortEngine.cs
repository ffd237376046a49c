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

    public static string JournalOf(CohortStore store) => Path.Combine(store.Folder, WorkflowCatalog.Journal);

    /// <summary>A client of the cohort's journal, where no engine is wanted.</summary>
    public static JournalClient ClientOf(CohortStore store) => new(JournalOf(store), TimeProvider.System);

    public static CohortEngine Start(Terminal terminal, CohortStore store, EngineOptions? options = null, Action<string>? before = null)
    {
        WorkflowEngine? engine = null;
        var patient = store.WithRetries(new RetryOptions());
        var registry = WorkflowCatalog.Compose(
            (cohort, _) => cohort == store.Cohort ? ValueTask.FromResult(patient) : throw new PermanentFailureException($"This process serves cohort '{store.Cohort}', not '{cohort}'."),
            () => engine!.Client,
            TimeProvider.System,
            before);
        engine = WorkflowEngine.Start(JournalOf(store), registry, options ?? new EngineOptions(), TimeProvider.System, new TerminalLogger<WorkflowEngine>(terminal.Errors, TimeProvider.System));
        return new CohortEngine(engine, store);
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();
}
