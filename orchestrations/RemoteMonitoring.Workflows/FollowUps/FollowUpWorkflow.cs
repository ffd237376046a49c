using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// A follow-up: deliver → wait for somebody to act → remind → escalate → close with what came of it. What is next is decided by
/// <see cref="FollowUpDecision"/>; the workflow sees to it that it is done, whatever dies, under one key.
/// </summary>
public static class FollowUpWorkflow
{
    /// <summary>The workflow.</summary>
    public static WorkflowDefinition<FollowUpInput, FollowUpOutcome> Definition { get; } =
        new(WorkflowNames.FollowUp, 1, FollowUpSteps.Json.FollowUpInput, FollowUpSteps.Json.FollowUpOutcome, RunAsync);

    /// <summary>Looks of one history, which is read again at every turn.</summary>
    private const int LooksOfAHistory = 30;

    /// <summary>A store that is away is waited for through a night and a day.</summary>
    private static readonly RetryPolicy s_patient = new(400, Duration.FromSeconds(1), LongestDelay: Duration.FromMinutes(5));

    private static async Task<FollowUpOutcome> RunAsync(IWorkflowContext context, FollowUpInput input)
    {
        var state = input.State ?? new FollowUpState(context.Now, []);
        var asked = input with { State = null };
        for (var looks = 0; looks < LooksOfAHistory; looks++)
        {
            var step = await context.CallAsync(FollowUpSteps.Look, new FollowUpAsked(asked, state, context.Now), s_patient);
            context.SetStatus(new FollowUpStatus(step.Note ?? "", state.Deliveries, step.At), FollowUpSteps.Json.FollowUpStatus);
            if (step.Outcome is { } outcome)
            {
                return outcome;
            }

            if (step.Purpose is { } purpose)
            {
                state = state.After(await context.CallAsync(FollowUpSteps.Deliver, new DeliveryAsked(asked, state, purpose), s_patient));
            }
            else if (step.At is { } until)
            {
                await context.EventByAsync(FollowUpSteps.Changed, until);
            }
        }

        context.ContinueAsNew(input with { State = state }, FollowUpSteps.Json.FollowUpInput);
        return new FollowUpOutcome(FollowUpResult.Unanswered, state.Deliveries);
    }
}
