using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>The instances of a task hub.</summary>
/// <param name="durable">The client of it.</param>
/// <param name="claims">Whose their ids are.</param>
/// <param name="time">Time.</param>
public sealed class DurableWorkflowClient(DurableTaskClient durable, InstanceClaims claims, TimeProvider time) : IWorkflowClient
{
    private const string TerminatedType = "Terminated";

    // Left to itself, Durable Functions replaces an instance that has ended when another of its id is started.
    private static readonly OrchestrationRuntimeStatus[] s_all = [.. UnderWay, .. Ended];

    private static readonly JsonSerializerOptions s_history = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private static OrchestrationRuntimeStatus[] UnderWay => [OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended];

    private static OrchestrationRuntimeStatus[] Ended => [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    /// <inheritdoc />
    public async Task<bool> TryStartAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string instanceId, TIn input, CancellationToken cancellationToken)
    {
        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        if (!await claims.ClaimStartAsync(instanceId, now, async () => await durable.GetInstanceAsync(instanceId, cancellationToken) is not null, cancellationToken))
        {
            return false;
        }

        try
        {
            var options = new StartOrchestrationOptions(instanceId).WithDedupeStatuses(s_all);
            await durable.ScheduleNewOrchestrationInstanceAsync(workflow.Name, new InstanceStart(null, Payload.Of(input, workflow.Input)), options, cancellationToken);
            return true;
        }
        catch (OrchestrationAlreadyExistsException)
        {
            return false;
        }
    }

    /// <inheritdoc />
    public async Task<bool> RaiseAsync<T>(string instanceId, EventDefinition<T> definition, T payload, CancellationToken cancellationToken)
    {
        if (await FindAsync(instanceId, cancellationToken) is not { Status: InstanceStatus.Running })
        {
            return false;
        }

        var raised = new RaisedEvent(definition.Name, time.GetUtcNow().ToUnixTimeMilliseconds(), Payload.Of(payload, definition.Payload));
        await durable.RaiseEventAsync(instanceId, RaisedEvent.Channel, raised, cancellationToken);
        return true;
    }

    /// <inheritdoc />
    public async Task<bool> TerminateAsync(string instanceId, string reason, CancellationToken cancellationToken)
    {
        if (await FindAsync(instanceId, cancellationToken) is not { Status: InstanceStatus.Running })
        {
            return false;
        }

        await durable.TerminateInstanceAsync(instanceId, reason, cancellationToken);
        // The caller first, so that it calls no more; not every backend ends what it called with it.
        foreach (var child in await ChildrenAsync(instanceId, cancellationToken))
        {
            await TerminateAsync(child.Id, reason, cancellationToken);
        }

        return true;
    }

    /// <inheritdoc />
    public async Task<WorkflowInstance?> FindAsync(string instanceId, CancellationToken cancellationToken) =>
        await durable.GetInstanceAsync(instanceId, getInputsAndOutputs: true, cancellationToken) is { } found ? Of(found) : null;

    /// <inheritdoc />
    public Task<IReadOnlyList<WorkflowInstance>> ListAsync(string? workflow, int most, CancellationToken cancellationToken) =>
        ListAsync(instance => workflow is null || instance.Workflow == workflow, null, most, cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<WorkflowInstance>> ListRunningAsync(string workflow, int most, CancellationToken cancellationToken) =>
        ListAsync(instance => instance.Workflow == workflow && instance.Status == InstanceStatus.Running, UnderWay, most, cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<WorkflowInstance>> ListExceptAsync(string workflow, int most, CancellationToken cancellationToken) =>
        ListAsync(instance => instance.Workflow != workflow, null, most, cancellationToken);

    private async Task<IReadOnlyList<WorkflowInstance>> ListAsync(Func<WorkflowInstance, bool> wanted, OrchestrationRuntimeStatus[]? statuses, int most, CancellationToken cancellationToken)
    {
        // The newest come in no order that a query could ask for.
        var newest = new PriorityQueue<WorkflowInstance, Instant>();
        await foreach (var found in durable.GetAllInstancesAsync(new OrchestrationQuery { Statuses = statuses, FetchInputsAndOutputs = true }).WithCancellation(cancellationToken))
        {
            if (Of(found) is { Parent: null } instance && wanted(instance))
            {
                newest.Enqueue(instance, instance.Created);
                if (newest.Count > most)
                {
                    newest.Dequeue();
                }
            }
        }

        return [.. newest.UnorderedItems.Select(i => i.Element).OrderByDescending(i => i.Created).ThenBy(i => i.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<WorkflowInstance>> ChildrenAsync(string instanceId, CancellationToken cancellationToken)
    {
        if (await durable.GetInstanceAsync(instanceId, cancellationToken) is not { } parent)
        {
            return [];
        }

        var children = new List<WorkflowInstance>();
        await foreach (var found in durable.GetAllInstancesAsync(new OrchestrationQuery { CreatedFrom = parent.CreatedAt, FetchInputsAndOutputs = true }).WithCancellation(cancellationToken))
        {
            if (Of(found) is { } instance && instance.Parent == instanceId)
            {
                children.Add(instance);
            }
        }

        return [.. children.OrderBy(c => c.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc />
    public async Task<int> PurgeAsync(Instant endedBefore, Func<ArchivedInstance, CancellationToken, Task> archive, CancellationToken cancellationToken)
    {
        var ended = new List<WorkflowInstance>();
        var query = new OrchestrationQuery { CreatedTo = endedBefore.ToDateTimeOffset(), Statuses = Ended, FetchInputsAndOutputs = true };
        await foreach (var found in durable.GetAllInstancesAsync(query).WithCancellation(cancellationToken))
        {
            if (Of(found) is var instance && instance.Updated < endedBefore)
            {
                ended.Add(instance);
            }
        }

        var called = ended.Where(i => i.Parent is not null).ToLookup(i => i.Parent!, StringComparer.Ordinal);
        var roots = ended.FindAll(i => i.Parent is null);
        foreach (var root in roots)
        {
            var tree = new List<WorkflowInstance> { root };
            for (var i = 0; i < tree.Count; i++)
            {
                tree.AddRange(called[tree[i].Id]);
            }

            foreach (var instance in tree)
            {
                await archive(new ArchivedInstance(instance, await HistoryAsync(instance.Id, cancellationToken)), cancellationToken);
            }

            // Who is stopped here finds the root again, and with it what is left.
            tree.Reverse();
            foreach (var instance in tree)
            {
                await claims.ForgetAsync(instance.Id, cancellationToken);
                await durable.PurgeInstanceAsync(instance.Id, cancellationToken);
            }
        }

        return roots.Count;
    }

    /// <inheritdoc />
    public async Task<int> ForgetAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        var forgotten = 0;
        foreach (var id in instanceIds)
        {
            if (await FindAsync(id, cancellationToken) is { Status: not InstanceStatus.Running })
            {
                // What stays of the claim names nobody, and keeps the id from being used again.
                await claims.ForgetAsync(id, cancellationToken);
                await durable.PurgeInstanceAsync(id, cancellationToken);
                forgotten++;
            }
        }

        return forgotten;
    }

    private async Task<string> HistoryAsync(string instanceId, CancellationToken cancellationToken)
    {
        var lines = new StringBuilder();
        foreach (var e in await durable.GetOrchestrationHistoryAsync(instanceId, cancellationToken))
        {
            lines.Append(JsonSerializer.Serialize(e, e.GetType(), s_history)).Append('\n');
        }

        return lines.ToString();
    }

    /// <summary>The text that a JSON string is; other JSON as it is.</summary>
    private static string? TextOf(string? json) => json is ['"', ..] ? JsonSerializer.Deserialize<string>(json) : json;

    private static WorkflowInstance Of(OrchestrationMetadata found)
    {
        var start = found.SerializedInput is null ? null : found.ReadInputAs<InstanceStart>();
        var status = found.RuntimeStatus switch
        {
            OrchestrationRuntimeStatus.Completed => InstanceStatus.Completed,
            OrchestrationRuntimeStatus.Failed => InstanceStatus.Failed,
            OrchestrationRuntimeStatus.Terminated => InstanceStatus.Terminated,
            _ => InstanceStatus.Running,
        };
        return new WorkflowInstance
        {
            Id = found.InstanceId,
            Workflow = found.Name,
            Status = status,
            Parent = start?.Parent,
            Input = start?.Input.Json ?? "null",
            Output = status == InstanceStatus.Completed ? found.ReadOutputAs<Payload>()?.Json : null,
            Failure = status switch
            {
                InstanceStatus.Failed => DurableFailure.Of(found.FailureDetails, TextOf(found.SerializedOutput)),
                InstanceStatus.Terminated => new Failure(TerminatedType, TextOf(found.SerializedOutput) ?? "", false),
                _ => null,
            },
            CustomStatus = found.SerializedCustomStatus is "null" ? null : found.SerializedCustomStatus,
            Created = Instant.FromDateTimeOffset(found.CreatedAt),
            Updated = Instant.FromDateTimeOffset(found.LastUpdatedAt),
        };
    }
}
