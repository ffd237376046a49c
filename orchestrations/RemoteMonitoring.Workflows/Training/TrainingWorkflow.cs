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
        // Listened for from the beginning to the end: whoever cancels is not to wait for a run that does not hear it.
        var cancelled = context.EventAsync(TrainingSteps.Cancel, CancellationToken.None);
        async Task<TrainingOutcome> CancelAsync(SnapshotMade made) => new(TrainingResult.Cancelled, made.Task, made.Version, AlreadyThere: made.IsTrained, await cancelled);
        Show(context, "compact");
        var compacted = await context.CallAsync(RiskSteps.Compact, new CompactionAsked(input.Cohort, input.Task, context.InstanceId, OnlyFind: false), s_soon);
        Show(context, "snapshot");
        var snapshot = await context.CallAsync(TrainingSteps.Prepare, new SnapshotAsked(input, context.InstanceId, compacted.Observations), s_soon);
        if (cancelled.IsCompleted)
        {
            return await CancelAsync(snapshot);
        }

        if (!snapshot.IsTrained && input.Place == TrainingPlace.AzureMl)
        {
            await TrainElsewhereAsync(context, input, snapshot, cancelled);
        }
        else if (!snapshot.IsTrained)
        {
            Show(context, "train");
            await context.CallAsync(TrainingSteps.Train, snapshot, s_soon);
        }

        if (cancelled.IsCompleted)
        {
            return await CancelAsync(snapshot);
        }

        Show(context, "register");
        var registered = await context.CallAsync(TrainingSteps.Register, snapshot, s_long);
        var outcome = new TrainingOutcome(registered, snapshot.Task, snapshot.Version, snapshot.IsTrained);
        return registered == TrainingResult.Challenger && input.WaitForApproval ? await ApprovedAsync(context, input, snapshot, outcome, cancelled) : outcome;
    }

    /// <summary>Has it trained on Azure ML; where somebody cancelled that, the job is cancelled too, and nothing is collected.</summary>
    private static async Task TrainElsewhereAsync(IWorkflowContext context, TrainingInput input, SnapshotMade snapshot, Task cancelled)
    {
        Show(context, "train on Azure ML", "submit");
        var job = await context.CallAsync(TrainingSteps.Submit, snapshot, s_long);
        for (var wait = input.FirstLook; job.State == AzureMlState.UnderWay; wait = Duration.Min(wait * 1.5, s_seldom))
        {
            Show(context, "train on Azure ML", job.Status);
            if (await context.EndsByAsync(cancelled, context.Now + wait))
            {
                Show(context, "cancel on Azure ML");
                await context.CallAsync(TrainingSteps.CancelJob, snapshot, s_long);
                return;
            }

            job = await context.CallAsync(TrainingSteps.Follow, snapshot, s_long);
        }

        Show(context, "collect from Azure ML");
        await context.CallAsync(TrainingSteps.Collect, snapshot, s_long);
    }

    private static async Task<TrainingOutcome> ApprovedAsync(IWorkflowContext context, TrainingInput input, SnapshotMade snapshot, TrainingOutcome outcome, Task<string> cancelled)
    {
        var until = context.Now + input.ApprovalWithin;
        Show(context, TrainingRuns.WaitingStage, $"of version {snapshot.Version}, until {until} at the latest");
        using var stop = new CancellationTokenSource();
        var approval = context.EventAsync(TrainingSteps.Approve, stop.Token);
        var said = await context.EndsByAsync(Task.WhenAny(approval, cancelled), until);
        if (cancelled.IsCompleted)
        {
            stop.Cancel();
            return outcome with { Result = TrainingResult.Cancelled, Note = await cancelled };
        }

        if (!said)
        {
            stop.Cancel();
            // Somebody may have promoted it where nobody tells this run.
            return await context.CallAsync(TrainingSteps.Register, snapshot, s_long) == TrainingResult.Champion
                ? outcome with { Result = TrainingResult.Promoted, Note = "by hand" }
                : outcome with { Result = TrainingResult.NotApproved, Note = $"nobody approved of it by {until}" };
        }

        Show(context, "gate");
        return await context.CallAsync(TrainingSteps.Promote, new PromotionAsked(snapshot, await approval), s_long);
    }

    private static void Show(IWorkflowContext context, string stage, string? note = null) => context.SetStatus(new RunProgress(stage, Note: note), RiskSteps.Json.RunProgress);
}
