using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using RemoteMonitoring.Functions.Durable;
using static RemoteMonitoring.Workflows.WorkflowNames;

namespace RemoteMonitoring.Functions;

/// <summary>A function for each activity, under its name; and the one that the engine itself needs.</summary>
public sealed class ActivityFunctions(FunctionsHost host)
{
    [Function(DurableWorkflowContext.ClaimInstance)]
    public Task<bool> ClaimInstanceAsync([ActivityTrigger] InstanceClaim claim, CancellationToken cancellationToken) => host.ClaimAsync(claim, cancellationToken);

    [Function(IngestionWatermark)]
    public Task<Payload> IngestionWatermarkAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(IngestionWatermark, input, client, cancellationToken);

    [Function(Compact)]
    public Task<Payload> CompactAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(Compact, input, client, cancellationToken);

    [Function(PlanRisk)]
    public Task<Payload> PlanRiskAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(PlanRisk, input, client, cancellationToken);

    [Function(ScorePart)]
    public Task<Payload> ScorePartAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(ScorePart, input, client, cancellationToken);

    [Function(PublishPredictions)]
    public Task<Payload> PublishPredictionsAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(PublishPredictions, input, client, cancellationToken);

    [Function(PublishLists)]
    public Task<Payload> PublishListsAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(PublishLists, input, client, cancellationToken);

    [Function(ScoreShadow)]
    public Task<Payload> ScoreShadowAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(ScoreShadow, input, client, cancellationToken);

    [Function(PurgeRuns)]
    public Task<Payload> PurgeRunsAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(PurgeRuns, input, client, cancellationToken);

    [Function(Seal)]
    public Task<Payload> SealAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(Seal, input, client, cancellationToken);

    [Function(CollectGarbage)]
    public Task<Payload> CollectGarbageAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(CollectGarbage, input, client, cancellationToken);

    [Function(ExpireDocuments)]
    public Task<Payload> ExpireDocumentsAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(ExpireDocuments, input, client, cancellationToken);
}
