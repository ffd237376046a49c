using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>How a follow-up stands, in the words that every page and command uses.</summary>
public static class FollowUpWords
{
    /// <summary>What came of it, or where it is.</summary>
    /// <param name="instance">Its instance.</param>
    /// <param name="time">An instant as its reader is told it.</param>
    public static string Stands(WorkflowInstance instance, Func<Instant, string> time) => FollowUpSteps.OutcomeOf(instance) is { } outcome ? Said(outcome, time)
        : instance.Failure is { } failure ? $"failed: {failure.Message}"
        : FollowUpSteps.StatusOf(instance) is { } status ? $"{status.Note}{(status.Until is { } until ? $", until {time(until)}" : "")}"
        : "waits to begin";

    /// <summary>Its deliveries so far.</summary>
    public static IReadOnlyList<Delivery> Deliveries(WorkflowInstance instance) => FollowUpSteps.OutcomeOf(instance)?.Deliveries ?? FollowUpSteps.StatusOf(instance)?.Deliveries ?? [];

    /// <summary>What a delivery is called.</summary>
    public static string Name(DeliveryPurpose purpose) => purpose == DeliveryPurpose.First ? "first" : purpose.ToString().ToLowerInvariant();

    /// <summary>What came of a delivery.</summary>
    public static string Name(DeliveryStatus status) => status.ToString().ToLowerInvariant();

    private static string Said(FollowUpOutcome outcome, Func<Instant, string> time) => outcome.Result switch
    {
        FollowUpResult.Contacted => $"{Relisting.InWords(outcome.Action!.Value)} by {outcome.By} at {time(outcome.At!.Value)}",
        FollowUpResult.Acknowledged => $"acted on by {outcome.By} ({Relisting.InWords(outcome.Action!.Value)}), and nobody was in touch",
        FollowUpResult.Unanswered => "delivered, and nobody acted",
        FollowUpResult.Refused => "refused by its receiver, and nobody acted",
        FollowUpResult.Undelivered => "could not be delivered, and nobody acted",
        FollowUpResult.Gone => "what it was about is no longer there",
        FollowUpResult.Off => "nothing is delivered for the team any more",
        FollowUpResult.Moved => "the patient is another team's by now",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
