using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using RemoteMonitoring.Functions.Durable;
using static RemoteMonitoring.Workflows.WorkflowNames;

namespace RemoteMonitoring.Functions;

/// <summary>A function for each workflow, under its name.</summary>
public sealed class WorkflowFunctions(FunctionsHost host)
{
    [Function(DailyRisk)]
    public Task<Payload?> DailyRiskAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(DailyRisk, context);

    [Function(HourlyRisk)]
    public Task<Payload?> HourlyRiskAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(HourlyRisk, context);

    [Function(ScoreShards)]
    public Task<Payload?> ScoreShardsAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(ScoreShards, context);

    [Function(Backfill)]
    public Task<Payload?> BackfillAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(Backfill, context);

    [Function(Housekeeping)]
    public Task<Payload?> HousekeepingAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(Housekeeping, context);

    [Function(Training)]
    public Task<Payload?> TrainingAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(Training, context);

    [Function(ReportTables)]
    public Task<Payload?> ReportTablesAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(ReportTables, context);

    [Function(Drift)]
    public Task<Payload?> DriftAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(Drift, context);

    [Function(FollowUp)]
    public Task<Payload?> FollowUpAsync([OrchestrationTrigger] TaskOrchestrationContext context) => host.RunAsync(FollowUp, context);
}
