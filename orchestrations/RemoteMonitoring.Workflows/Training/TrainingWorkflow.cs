using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>
/// Compact and pin → snapshot → train and evaluate, here or as a job of Azure ML → challenger → wait for a person's approval → the gate, and promotion. What
/// was trained before is found by its version, and only registered.
/// </summary>
public static class TrainingWorkflow
{
    /// <summary>The workflow.</summary>
    public static WorkflowDefinition<TrainingInput, TrainingOutcome> Definition { get; } =
        new(WorkflowNames.Training, 1, TrainingSteps.Json.TrainingInput, TrainingSteps.Json.TrainingOutcome, RunAsync);

    private static readonly RetryPolicy s_soon = new(4, Duration.FromSeconds(1));

    /// <summary>A training of hours is worth waiting for a service that is away: some twenty minutes.</summary>
    private static readonly RetryPolicy s_long = new(24, Duration.FromSeconds(1));

    private static readonly Duration s_seldom = Duration.FromMinutes(5);

    private static async Task<TrainingOutcome> RunAsync(IWorkflowContext context, TrainingInput input)
    {
        Show(context, "compact");
        var compacted = await context.CallAsync(RiskSteps.Compact, new CompactionAsked(input.Cohort, input.Task, context.InstanceId, OnlyFind: false), s_soon);
        Show(context, "snapshot");
        var snapshot = await context.CallAsync(TrainingSteps.Prepare, new SnapshotAsked(input, context.InstanceId, compacted.Observations), s_soon);
        if (!snapshot.IsTrained && input.Place == TrainingPlace.AzureMl)
        {
            if (await CancelledAsync(context, input, snapshot) is { } why)
            {
                return new TrainingOutcome(TrainingResult.Cancelled, snapshot.Task, snapshot.Version, AlreadyThere: false, why);
            }
        }
        else if (!snapshot.IsTrained)
        {
            Show(context, "train");
            await context.CallAsync(TrainingSteps.Train, snapshot, s_soon);
        }

        Show(context, "register");
        var registered = await context.CallAsync(TrainingSteps.Register, snapshot, s_long);
        var outcome = new TrainingOutcome(registered, snapshot.Task, snapshot.Version, snapshot.IsTrained);
        return registered == TrainingResult.Challenger && input.WaitForApproval ? await ApprovedAsync(context, input, snapshot, outcome) : outcome;
    }

    /// <summary>Has it trained on Azure ML; says why where somebody cancelled that, and then the job is cancelled too.</summary>
    private static async Task<string?> CancelledAsync(IWorkflowContext context, TrainingInput input, SnapshotMade snapshot)
    {
        using var stop = new CancellationTokenSource();
        var cancelled = context.EventAsync(TrainingSteps.Cancel, stop.Token);
        Show(context, "train on Azure ML", "submit");
        var job = await context.CallAsync(TrainingSteps.Submit, snapshot, s_long);
        for (var wait = input.FirstLook; job.State == AzureMlState.UnderWay; wait = Duration.Min(wait * 1.5, s_seldom))
        {
            Show(context, "train on Azure ML", job.Status);
            if (await context.EndsByAsync(cancelled, context.Now + wait))
            {
                Show(context, "cancel on Azure ML");
                await context.CallAsync(TrainingSteps.CancelJob, snapshot, s_long);
                return await cancelled;
            }

            job = await context.CallAsync(TrainingSteps.Follow, snapshot, s_long);
        }

        stop.Cancel();
        Show(context, "collect from Azure ML");
        await context.CallAsync(TrainingSteps.Collect, snapshot, s_long);
        return null;
    }

    private static async Task<TrainingOutcome> ApprovedAsync(IWorkflowContext context, TrainingInput input, SnapshotMade snapshot, TrainingOutcome outcome)
    {
        var until = context.Now + input.ApprovalWithin;
        Show(context, TrainingRuns.WaitingStage, $"of version {snapshot.Version}, until {until} at the latest");
        var (came, approval) = await context.EventByAsync(TrainingSteps.Approve, until);
        if (!came)
        {
            // Somebody may have promoted it where nobody tells this run.
            return await context.CallAsync(TrainingSteps.Register, snapshot, s_long) == TrainingResult.Champion
                ? outcome with { Result = TrainingResult.Promoted, Note = "by hand" }
                : outcome with { Result = TrainingResult.NotApproved, Note = $"nobody approved of it by {until}" };
        }

        Show(context, "gate");
        return await context.CallAsync(TrainingSteps.Promote, new PromotionAsked(snapshot, approval!), s_long);
    }

    private static void Show(IWorkflowContext context, string stage, string? note = null) => context.SetStatus(new RunProgress(stage, Note: note), RiskSteps.Json.RunProgress);
}
