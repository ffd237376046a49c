using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>A workflow's context on Durable Functions.</summary>
public sealed class DurableWorkflowContext : IWorkflowContext
{
    /// <summary>The activity that claims an id for an instance that is called; not one of the registry's.</summary>
    public const string ClaimInstance = "claim-instance";

    private static readonly TaskOptions s_claims = TaskOptions.FromRetryPolicy(new Microsoft.DurableTask.RetryPolicy(5, TimeSpan.FromSeconds(2), 2));

    private readonly TaskOrchestrationContext _durable;
    private readonly EventInbox _events;
    private (Payload Input, bool KeepsEvents)? _next;

    private DurableWorkflowContext(TaskOrchestrationContext durable, InstanceStart start)
    {
        _durable = durable;
        _events = new EventInbox(durable, start.Events ?? []);
        Logger = durable.CreateReplaySafeLogger("RemoteMonitoring.Workflows");
    }

    /// <summary>Runs a workflow in the function of its name.</summary>
    /// <returns>Its output; null where it begins anew.</returns>
    public static async Task<Payload?> RunAsync(WorkflowDefinition workflow, TaskOrchestrationContext durable)
    {
        var start = durable.GetInput<InstanceStart>() ?? throw new DurableFailureException(new Failure(typeof(ArgumentException).FullName!, "It was started without an input.", false));
        var context = new DurableWorkflowContext(durable, start);
        string output;
        try
        {
            output = await workflow.RunAsync(context, start.Input.Json);
        }
        catch (Exception e)
        {
            throw new DurableFailureException(Failure.Of(e), e);
        }

        if (context._next is not { } next)
        {
            return new Payload(output);
        }

        durable.ContinueAsNew(new InstanceStart(start.Parent, next.Input, next.KeepsEvents ? context._events.SendOn() : null), next.KeepsEvents);
        return null;
    }

    /// <inheritdoc />
    public string InstanceId => _durable.InstanceId;

    /// <inheritdoc />
    public Instant Now => Instant.FromDateTimeUtc(DateTime.SpecifyKind(_durable.CurrentUtcDateTime, DateTimeKind.Utc));

    /// <inheritdoc />
    public ILogger Logger { get; }

    /// <inheritdoc />
    public Guid NewGuid() => _durable.NewGuid();

    /// <inheritdoc />
    public async Task<TOut> CallAsync<TIn, TOut>(ActivityDefinition<TIn, TOut> activity, TIn input) =>
        (await StepAsync(activity.Name, _durable.CallActivityAsync<Payload>(activity.Name, Payload.Of(input, activity.Input)))).Read(activity.Output);

    /// <inheritdoc />
    public async Task<TOut> CallAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string instanceId, TIn input)
    {
        var start = new InstanceStart(InstanceId, Payload.Of(input, workflow.Input));
        // Durable Functions does not look whether there is, or was, an instance of the id of a child.
        var claim = new InstanceClaim(instanceId, $"{InstanceId} {_durable.NewGuid()}");
        if (!await StepAsync(workflow.Name, _durable.CallActivityAsync<bool>(ClaimInstance, claim, s_claims)))
        {
            throw new StepFailedException(workflow.Name, new Failure(InstanceExistsException.TypeName, $"There is, or was, an instance '{instanceId}' already.", false));
        }

        return (await StepAsync(workflow.Name, _durable.CallSubOrchestratorAsync<Payload>(workflow.Name, start, new SubOrchestrationOptions(instanceId: instanceId)))).Read(workflow.Output);
    }

    /// <inheritdoc />
    public Task TimerAsync(Instant at, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken)
        : at <= Now ? Task.CompletedTask
        : _durable.CreateTimer(at.ToDateTimeUtc(), cancellationToken);

    /// <inheritdoc />
    public async Task<T> EventAsync<T>(EventDefinition<T> definition, CancellationToken cancellationToken) =>
        (await _events.WaitAsync(definition.Name, cancellationToken)).Read(definition.Payload);

    /// <inheritdoc />
    public void SetStatus<T>(T status, JsonTypeInfo<T> type) => _durable.SetCustomStatus(JsonSerializer.SerializeToElement(status, type));

    /// <inheritdoc />
    public void ContinueAsNew<TIn>(TIn input, JsonTypeInfo<TIn> type, bool keepEvents = true) => _next = (Payload.Of(input, type), keepEvents);

    private static async Task<T> StepAsync<T>(string name, Task<T> step)
    {
        try
        {
            return await step;
        }
        catch (TaskFailedException e)
        {
            // A workflow that is terminated leaves nothing that says so; one that fails does.
            throw new StepFailedException(name, e.FailureDetails is null ? new Failure("Terminated", "It was ended by a person.", false) : DurableFailure.Of(e.FailureDetails));
        }
    }
}
