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

    [Function(PrepareTraining)]
    public Task<Payload> PrepareTrainingAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(PrepareTraining, input, client, cancellationToken);

    [Function(TrainModel)]
    public Task<Payload> TrainModelAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(TrainModel, input, client, cancellationToken);

    [Function(SubmitTraining)]
    public Task<Payload> SubmitTrainingAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(SubmitTraining, input, client, cancellationToken);

    [Function(FollowTraining)]
    public Task<Payload> FollowTrainingAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(FollowTraining, input, client, cancellationToken);

    [Function(CancelTraining)]
    public Task<Payload> CancelTrainingAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(CancelTraining, input, client, cancellationToken);

    [Function(CollectTraining)]
    public Task<Payload> CollectTrainingAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(CollectTraining, input, client, cancellationToken);

    [Function(RegisterModel)]
    public Task<Payload> RegisterModelAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(RegisterModel, input, client, cancellationToken);

    [Function(PromoteModel)]
    public Task<Payload> PromoteModelAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(PromoteModel, input, client, cancellationToken);

    [Function(PlanReportTables)]
    public Task<Payload> PlanReportTablesAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(PlanReportTables, input, client, cancellationToken);

    [Function(WriteReportMonth)]
    public Task<Payload> WriteReportMonthAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(WriteReportMonth, input, client, cancellationToken);

    [Function(FinishReportTables)]
    public Task<Payload> FinishReportTablesAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(FinishReportTables, input, client, cancellationToken);

    [Function(MeasureDrift)]
    public Task<Payload> MeasureDriftAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(MeasureDrift, input, client, cancellationToken);

    [Function(ReportDrift)]
    public Task<Payload> ReportDriftAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(ReportDrift, input, client, cancellationToken);

    [Function(StartFollowUps)]
    public Task<Payload> StartFollowUpsAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(StartFollowUps, input, client, cancellationToken);

    [Function(LookAtFollowUp)]
    public Task<Payload> LookAtFollowUpAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(LookAtFollowUp, input, client, cancellationToken);

    [Function(DeliverFollowUp)]
    public Task<Payload> DeliverFollowUpAsync([ActivityTrigger] Payload input, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        host.DoAsync(DeliverFollowUp, input, client, cancellationToken);
}
