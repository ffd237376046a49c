using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>The challenger's part of a night: it scores when the lists are out, and whatever comes of it is only told.</summary>
internal static class ShadowStep
{
    private static readonly RetryPolicy s_retry = new(4, Duration.FromSeconds(1));

    private static readonly Duration s_longest = Duration.FromHours(1);

    public static async Task<ShadowOutcome> RunAsync(IWorkflowContext context, ShadowAsked asked)
    {
        context.SetStatus(new RunProgress("shadow"), RiskSteps.Json.RunProgress);
        var step = context.CallAsync(RiskSteps.ScoreShadow, asked, s_retry);
        if (!await context.EndsByAsync(step, context.Now + s_longest))
        {
            return new ShadowOutcome(asked.Challenger, 0, "it took too long");
        }

        try
        {
            return await step;
        }
        catch (StepFailedException e)
        {
            return new ShadowOutcome(asked.Challenger, 0, e.Failure.Message);
        }
    }
}
