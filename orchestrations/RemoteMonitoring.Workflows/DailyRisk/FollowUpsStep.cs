using NodaTime;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Has the follow-ups of lists begun. The lists are out: whatever happens here does not take them back.</summary>
internal static class FollowUpsStep
{
    private static readonly RetryPolicy s_retry = new(12, Duration.FromSeconds(1));

    public static async Task<DailyRiskOutcome> RunAsync(IWorkflowContext context, DailyRiskInput input, DailyRiskOutcome outcome)
    {
        if (input.Retrospective)
        {
            return outcome;
        }

        context.SetStatus(new RunProgress("follow-ups"), RiskSteps.Json.RunProgress);
        try
        {
            return outcome with { FollowUps = await context.CallAsync(FollowUpSteps.Start, new FollowUpsAsked(input.Cohort, input.Task, input.AsOf, outcome.Run), s_retry) };
        }
        catch (StepFailedException e)
        {
            return outcome with { FollowUps = new FollowUpsStarted(0, 0, e.Failure.Message) };
        }
    }
}
