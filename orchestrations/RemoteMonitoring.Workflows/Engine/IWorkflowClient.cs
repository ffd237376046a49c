using NodaTime;

namespace RemoteMonitoring.Workflows.Engine;

/// <summary>How far an instance is.</summary>
public enum InstanceStatus
{
    /// <summary>Not begun, or under way.</summary>
    Running = 0,

    /// <summary>Done; its output says what came of it.</summary>
    Completed = 1,

    /// <summary>Failed; its failure says why.</summary>
    Failed = 2,

    /// <summary>Ended by a person.</summary>
    Terminated = 3,
}

/// <summary>One run of a workflow.</summary>
public sealed record WorkflowInstance
{
    /// <summary>Id, unique for ever.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the workflow.</summary>
    public required string Workflow { get; init; }

    /// <summary>How far it is.</summary>
    public required InstanceStatus Status { get; init; }

    /// <summary>The instance that called it; null for one that was started.</summary>
    public string? Parent { get; init; }

    /// <summary>Input, as JSON.</summary>
    public required string Input { get; init; }

    /// <summary>Output, as JSON; null until it is completed.</summary>
    public string? Output { get; init; }

    /// <summary>Why it failed, or was terminated; else null.</summary>
    public Failure? Failure { get; init; }

    /// <summary>What it last said of itself, as JSON; null where it said nothing.</summary>
    public string? CustomStatus { get; init; }

    /// <summary>When it was started.</summary>
    public required Instant Created { get; init; }

    /// <summary>When it last went on.</summary>
    public required Instant Updated { get; init; }
}

/// <summary>Starts instances of workflows, tells them things, and looks at them; from any process of a home.</summary>
public interface IWorkflowClient
{
    /// <summary>Starts an instance, unless there is or was one of this id: then the answer is false, and that one is as it was.</summary>
    Task<bool> TryStartAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string instanceId, TIn input, CancellationToken cancellationToken);

    /// <summary>Tells a running instance of an event; false where there is no such instance, or it has ended.</summary>
    Task<bool> RaiseAsync<T>(string instanceId, EventDefinition<T> definition, T payload, CancellationToken cancellationToken);

    /// <summary>Ends a running instance and all that it called; false where there is no such instance, or it has ended.</summary>
    Task<bool> TerminateAsync(string instanceId, string reason, CancellationToken cancellationToken);

    /// <summary>One instance, or null.</summary>
    Task<WorkflowInstance?> FindAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>The latest instances that were started, not called, newest first.</summary>
    /// <param name="workflow">Only those of this workflow; null for all.</param>
    /// <param name="most">How many at the most.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<IReadOnlyList<WorkflowInstance>> ListAsync(string? workflow, int most, CancellationToken cancellationToken);

    /// <summary>Those of a workflow that have not ended, newest first; what has ended is not looked at.</summary>
    Task<IReadOnlyList<WorkflowInstance>> ListRunningAsync(string workflow, int most, CancellationToken cancellationToken);

    /// <summary>The latest instances of all workflows but one, whose instances are too many to list among others.</summary>
    Task<IReadOnlyList<WorkflowInstance>> ListExceptAsync(string workflow, int most, CancellationToken cancellationToken);

    /// <summary>The instances that an instance called, in order of id.</summary>
    Task<IReadOnlyList<WorkflowInstance>> ChildrenAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets instances that ended before an instant, with all that they called, each handed to <paramref name="archive"/> first, as
    /// what is kept of it.
    /// </summary>
    /// <returns>How many, those called not counted.</returns>
    Task<int> PurgeAsync(Instant endedBefore, Func<ArchivedInstance, CancellationToken, Task> archive, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets instances that have ended and called no others, at once and without an archive, and sees to it that no bytes of them are left within
    /// reach. Those that are not there, or run still, are passed over.
    /// </summary>
    /// <returns>How many were forgotten.</returns>
    Task<int> ForgetAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken);
}

/// <summary>What is kept of an instance that is forgotten.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="History">Its history as JSON lines, where the engine has one to give.</param>
public sealed record ArchivedInstance(WorkflowInstance Instance, string? History);
