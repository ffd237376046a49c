using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using NodaTime;

namespace RemoteMonitoring.Workflows.Engine;

/// <summary>
/// All that a workflow may ask for. A workflow is run again from its start whenever its instance goes on, and is told what
/// happened the last time: so it must ask for the same things in the same order, and takes time, ids and what changes from
/// here alone. It awaits only what it was given here, and combinations of it (<see cref="Task.WhenAny(Task[])"/>,
/// <see cref="Task.WhenAll(Task[])"/>), without <c>ConfigureAwait</c>.
/// </summary>
public interface IWorkflowContext
{
    /// <summary>Id of the instance.</summary>
    string InstanceId { get; }

    /// <summary>The time of what the workflow was last told; the same until it awaits, and when it is run again. It goes back where the machine's clock is set back.</summary>
    Instant Now { get; }

    /// <summary>Drops what is logged while the workflow is told again what it was told before.</summary>
    ILogger Logger { get; }

    /// <summary>An id that comes out the same whenever the workflow is run again, and nowhere else.</summary>
    Guid NewGuid();

    /// <summary>
    /// Has an activity done, at least once; its outcome is recorded exactly once. One that fails throws
    /// <see cref="StepFailedException"/>, now and whenever the workflow is run again.
    /// </summary>
    Task<TOut> CallAsync<TIn, TOut>(ActivityDefinition<TIn, TOut> activity, TIn input);

    /// <summary>
    /// Runs another workflow to its end, under an id that no instance has or had: else, and when it fails or is terminated,
    /// it throws <see cref="StepFailedException"/>. It is terminated with this one.
    /// </summary>
    Task<TOut> CallAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string instanceId, TIn input);

    /// <summary>Waits until an instant, over restarts; not at all when it is past. A cancelled one throws <see cref="OperationCanceledException"/>.</summary>
    Task TimerAsync(Instant at, CancellationToken cancellationToken);

    /// <summary>
    /// Waits for an event, by its name without regard to case. Events that nobody waits for are kept in their order, until the instance
    /// ends. A cancelled wait throws <see cref="OperationCanceledException"/>, and takes no event.
    /// </summary>
    Task<T> EventAsync<T>(EventDefinition<T> definition, CancellationToken cancellationToken);

    /// <summary>Shows where the workflow is to those who ask.</summary>
    void SetStatus<T>(T status, JsonTypeInfo<T> type);

    /// <summary>
    /// Once the workflow has returned, begins it anew under its id with another input and no history. What it still waited for is
    /// forgotten; events that were not taken are kept, if wanted.
    /// </summary>
    void ContinueAsNew<TIn>(TIn input, JsonTypeInfo<TIn> type, bool keepEvents = true);
}
