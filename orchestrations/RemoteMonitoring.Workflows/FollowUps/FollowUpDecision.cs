using System.Globalization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What a follow-up does next: a function of its settings, of how far it is, of what staff did, and of the time.</summary>
public static class FollowUpDecision
{
    /// <summary>Of the time there is a retry waits at most this part.</summary>
    private const int LongestRetry = 30;

    /// <summary>The first retry waits this part.</summary>
    private const int FirstRetry = 1000;

    /// <summary>From when on a contact stands for good: seconds after it could be taken back, since what was asked for at the last moment is still to be written.</summary>
    private static readonly Duration s_settled = PatientFollowUp.UndoWithin + Duration.FromSeconds(5);

    /// <summary>What is next.</summary>
    /// <param name="input">What it is about.</param>
    /// <param name="delivery">How the team's are delivered; null where they are not.</param>
    /// <param name="state">How far it is.</param>
    /// <param name="patient">What was done about the patient, ever.</param>
    /// <param name="now">When.</param>
    public static FollowUpStep Next(FollowUpInput input, TeamDelivery? delivery, FollowUpState state, PatientFollowUp patient, Instant now)
    {
        if (Contact(input, state, patient, now) is { } contact)
        {
            return contact;
        }

        var since = Since(input, state, patient);
        if (state.Deliveries.Any(d => d.Status == DeliveryStatus.Gone))
        {
            return Close(state, FollowUpResult.Gone, since.LastOrDefault());
        }

        if (delivery is null)
        {
            return Close(state, FollowUpResult.Off, since.LastOrDefault());
        }

        var hours = delivery.HoursFor(input.Kind);
        var end = hours.Add(state.Begun, delivery.GiveUpAfter);
        if (now >= end)
        {
            return Close(state, ResultOf(state, since), since.LastOrDefault());
        }

        if (since is [.., var last])
        {
            return new FollowUpStep(FollowUpMove.Wait, end, Note: $"acted on by {last.By} ({Relisting.InWords(last.Kind)}), waits for a contact");
        }

        var due = Due(delivery, hours, state).OrderBy(d => d.At).ThenByDescending(d => d.Purpose).ToArray();
        // Of a reminder and an escalation that are due both, the reminder would come too late.
        return due.Where(d => d.At <= now).OrderByDescending(d => d.Purpose).Select(d => new FollowUpStep(FollowUpMove.Deliver, Purpose: d.Purpose, Note: InWords(d.Purpose))).FirstOrDefault()
            ?? new FollowUpStep(FollowUpMove.Wait, due is [var next, ..] ? Instant.Min(next.At, end) : end, Note: Note(state, due));
    }

    /// <summary>
    /// What follows where somebody was in touch since it began: its end, and while the contact can still be taken back a wait in which nobody is told; null where nobody
    /// was. Of an urgent reading that is who was shown it: a contact by a page of before it landed was about something else.
    /// </summary>
    public static FollowUpStep? Contact(FollowUpInput input, FollowUpState state, PatientFollowUp patient, Instant now)
    {
        if (Since(input, state, patient).Where(a => PatientFollowUp.IsContact(a.Kind)).ToArray() is not [var first, ..] contacts)
        {
            return null;
        }

        return contacts.LastOrDefault(c => c.Known + s_settled <= now) is { } settled
            ? Close(state, FollowUpResult.Contacted, settled)
            : new FollowUpStep(FollowUpMove.Wait, first.Known + s_settled, Note: $"{Relisting.InWords(first.Kind)} by {first.By}, unless it is taken back");
    }

    /// <summary>Whether somebody did anything about the patient since it began: then nobody is told any more. A contact by who was not shown the urgent reading is nothing.</summary>
    public static bool Acted(FollowUpInput input, FollowUpState state, PatientFollowUp patient) => Since(input, state, patient).Length > 0;

    /// <summary>Its end where the patient is another team's by now.</summary>
    public static FollowUpStep Moved(FollowUpInput input, FollowUpState state, PatientFollowUp patient) => Close(state, FollowUpResult.Moved, Since(input, state, patient).LastOrDefault());

    /// <summary>When a delivery that failed is tried again: later each time, and not before its receiver says, within bounds.</summary>
    public static Instant RetryAt(TeamDelivery delivery, int attempts, Instant failed, Duration? retryAfter)
    {
        var longest = delivery.GiveUpAfter / LongestRetry;
        var wait = Duration.Min(longest, delivery.GiveUpAfter / FirstRetry * Math.Pow(2, Math.Min(attempts, 20) - 1));
        return failed + Duration.Max(wait, Duration.Min(retryAfter ?? Duration.Zero, longest));
    }

    private static WorklistAction[] Since(FollowUpInput input, FollowUpState state, PatientFollowUp patient) =>
        [.. patient.Holding.Where(a => a.Known > state.Begun && (input.Kind != FollowUpKind.Urgent || a.SeenUrgent >= input.AsOf || !PatientFollowUp.IsContact(a.Kind)))];

    /// <summary>Deliveries that are yet to be taken, and when they are due.</summary>
    private static IEnumerable<(DeliveryPurpose Purpose, Instant At)> Due(TeamDelivery delivery, WorkingHours hours, FollowUpState state)
    {
        (DeliveryPurpose, Instant)? When(DeliveryPurpose purpose, Instant due) => state.Of(purpose) switch
        {
            null => (purpose, due),
            { Status: DeliveryStatus.Failed } failed => (purpose, hours.Next(Instant.Max(due, failed.NotBefore ?? failed.At))),
            _ => null,
        };
        var first = state.Of(DeliveryPurpose.First);
        var due = new List<(DeliveryPurpose, Instant)?>();
        if (first is not { Status: DeliveryStatus.Taken })
        {
            due.Add(When(DeliveryPurpose.First, hours.Next(state.Begun)));
        }
        else if (state.Of(DeliveryPurpose.Escalation) is null)
        {
            due.Add(When(DeliveryPurpose.Reminder, hours.Add(first.At, delivery.RemindAfter)));
        }

        if (delivery.Escalates)
        {
            // Who cannot be told is not waited for.
            due.Add(When(DeliveryPurpose.Escalation, first switch
            {
                { Status: DeliveryStatus.Refused } => hours.Next(first.At),
                { Status: DeliveryStatus.Taken } => hours.Add(first.At, delivery.EscalateAfter),
                _ => hours.Add(state.Begun, delivery.EscalateAfter),
            }));
        }

        return due.OfType<(DeliveryPurpose, Instant)>();
    }

    private static FollowUpResult ResultOf(FollowUpState state, WorklistAction[] since) =>
        since.Length > 0 ? FollowUpResult.Acknowledged
        : state.Deliveries.Any(d => d.Status == DeliveryStatus.Taken) ? FollowUpResult.Unanswered
        : state.Deliveries.Any(d => d.Status == DeliveryStatus.Refused) ? FollowUpResult.Refused
        : FollowUpResult.Undelivered;

    private static FollowUpStep Close(FollowUpState state, FollowUpResult result, WorklistAction? action) =>
        new(FollowUpMove.Close, Outcome: new FollowUpOutcome(result, state.Deliveries, action?.Kind, action?.By, action?.Known), Note: "closed");

    private static string Note(FollowUpState state, (DeliveryPurpose Purpose, Instant At)[] due)
    {
        var last = state.Deliveries.MaxBy(d => d.At);
        var so = last switch
        {
            null or { Attempts: 0 } => "not delivered yet",
            { Status: DeliveryStatus.Taken } => $"{InWords(last.Purpose)} taken",
            { Status: DeliveryStatus.Refused } => $"{InWords(last.Purpose)} refused ({last.Problem})",
            _ => string.Create(CultureInfo.InvariantCulture, $"{InWords(last.Purpose)} failed {last.Attempts} times ({last.Problem})"),
        };
        return due is [var next, ..] ? $"{so}; next: {InWords(next.Purpose)}" : $"{so}; waits for somebody to act";
    }

    private static string InWords(DeliveryPurpose purpose) => purpose switch
    {
        DeliveryPurpose.First => "delivery",
        DeliveryPurpose.Reminder => "reminder",
        DeliveryPurpose.Escalation => "escalation",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
