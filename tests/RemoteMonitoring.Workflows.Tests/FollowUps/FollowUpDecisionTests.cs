using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class FollowUpDecisionTests
{
    private static readonly Instant s_begun = Instant.FromUtc(2026, 11, 23, 9, 0);

    private static readonly TeamDelivery s_team = new() { Webhook = new Webhook(new Uri("https://h.example/"), "S"), EscalationUser = "anna" };

    private static readonly FollowUpState s_new = new(s_begun, []);

    private static readonly FollowUpState s_told = s_new.After(Tried(DeliveryPurpose.First, DeliveryStatus.Taken, 0));

    [Fact]
    public void It_is_delivered_at_once_reminded_of_escalated_and_closed_as_it_stands()
    {
        Delivers(DeliveryPurpose.First, s_new, 0);
        Waits(1, s_told, 0.1);
        Delivers(DeliveryPurpose.Reminder, s_told, 1);
        var reminded = s_told.After(Tried(DeliveryPurpose.Reminder, DeliveryStatus.Taken, 1));
        Waits(2, reminded, 1);
        Delivers(DeliveryPurpose.Escalation, reminded, 2);
        var escalated = reminded.After(Tried(DeliveryPurpose.Escalation, DeliveryStatus.Taken, 2));
        Waits(8, escalated, 2);
        Closes(FollowUpResult.Unanswered, escalated, 8);
    }

    [Fact]
    public void Of_a_reminder_and_an_escalation_that_are_due_both_the_escalation_goes_out_alone()
    {
        Delivers(DeliveryPurpose.Escalation, s_told, 3);
        Waits(8, s_told.After(Tried(DeliveryPurpose.Escalation, DeliveryStatus.Taken, 3)), 3);
    }

    [Fact]
    public void Without_anybody_to_escalate_to_it_is_reminded_of_and_closed()
    {
        var nobody = s_team with { EscalationUser = null };
        Delivers(DeliveryPurpose.Reminder, s_told, 5, team: nobody);
        Waits(8, s_told.After(Tried(DeliveryPurpose.Reminder, DeliveryStatus.Taken, 5)), 5, nobody);
    }

    [Fact]
    public void What_failed_is_tried_again_not_before_its_time_and_escalated_when_it_cannot_be_delivered()
    {
        var failed = s_new.After(Tried(DeliveryPurpose.First, DeliveryStatus.Failed, 0, notBefore: 0.25));
        Waits(0.25, failed, 0.1);
        Delivers(DeliveryPurpose.First, failed, 0.25);
        Delivers(DeliveryPurpose.Escalation, failed, 2);
        var both = failed.After(Tried(DeliveryPurpose.Escalation, DeliveryStatus.Failed, 2, notBefore: 2.5));
        Delivers(DeliveryPurpose.First, both, 2.1);
        Closes(FollowUpResult.Undelivered, both, 8);
        var taken = both.After(Tried(DeliveryPurpose.First, DeliveryStatus.Taken, 2.2));
        Closes(FollowUpResult.Unanswered, taken, 8);
    }

    [Fact]
    public void What_is_refused_for_good_is_escalated_at_once_and_said_to_be_refused()
    {
        var refused = s_new.After(Tried(DeliveryPurpose.First, DeliveryStatus.Refused, 0));
        Delivers(DeliveryPurpose.Escalation, refused, 0);
        Waits(8, refused, 0, s_team with { EscalationUser = null });
        Closes(FollowUpResult.Refused, refused, 8, team: s_team with { EscalationUser = null });
    }

    [Fact]
    public void Quiet_hours_put_off_the_delivery_and_the_clock_of_reminders_with_it()
    {
        var quiet = s_team with { Hours = new WorkingHours { Quiet = (new LocalTime(8, 0), new LocalTime(12, 0)) } };
        Waits(3, s_new, 0, quiet);
        Delivers(DeliveryPurpose.First, s_new, 3, team: quiet);
        Delivers(DeliveryPurpose.First, s_new, 0, team: quiet with { UrgentAtAnyTime = true }, kind: FollowUpKind.Urgent);
        Waits(3, s_new, 0, quiet, FollowUpKind.Urgent);
    }

    [Fact]
    public void Whatever_somebody_does_about_the_patient_after_it_began_ends_the_reminders()
    {
        foreach (var kind in Enum.GetValues<ActionKind>().Where(k => k != ActionKind.Undo && !PatientFollowUp.IsContact(k)))
        {
            var acted = Did((kind, 0.5));
            Waits(8, s_told, 1, state: acted);
            Closes(FollowUpResult.Acknowledged, s_told, 8, acted, "ben");
        }
    }

    [Fact]
    public void A_contact_closes_it_also_before_it_was_delivered_once_it_can_no_longer_be_taken_back()
    {
        const double Settled = 0.5 + (65.0 / 3600);
        var contacted = Did((ActionKind.Claim, 0.2), (ActionKind.Contacted, 0.5));
        Assert.NotNull(contacted.UndoableBy("ben", At(0.5) + PatientFollowUp.UndoWithin));
        foreach (var state in (FollowUpState[])[s_told, s_new])
        {
            Closes(FollowUpResult.Contacted, state, 0.6, contacted, "ben");
            Closes(FollowUpResult.Contacted, state, Settled, contacted, "ben");
            // Also while a reminder or an escalation would be due, and when its time is over.
            foreach (var begun in (double[])[0, 0.5, 1.5, 7.5])
            {
                var earlier = state with { Begun = At(-begun) };
                Waits(Settled, earlier, 0.5, state: contacted);
                Waits(Settled, earlier, 0.51, state: contacted);
            }
        }
    }

    [Fact]
    public void A_second_contact_does_not_put_off_the_end_by_the_first()
    {
        var twice = Did((ActionKind.Contacted, 0.5), (ActionKind.VisitArranged, 0.515));
        Waits(0.5 + (65.0 / 3600), s_told, 0.516, state: twice);
        Assert.Equal(ActionKind.Contacted, FollowUpDecision.Next(Of(FollowUpKind.Listed), s_team, s_told, twice, At(0.52)).Outcome!.Action);
        Assert.Equal(ActionKind.VisitArranged, FollowUpDecision.Next(Of(FollowUpKind.Listed), s_team, s_told, twice, At(0.6)).Outcome!.Action);
    }

    [Fact]
    public void What_was_done_before_it_began_or_was_taken_back_does_not_count()
    {
        Delivers(DeliveryPurpose.Reminder, s_told, 1, state: Did((ActionKind.Contacted, -1)));
        var undone = Did((ActionKind.Contacted, 0.5));
        undone = undone.With(undone.All[0] with { Id = "undo", Kind = ActionKind.Undo, Undoes = undone.All[0].Id });
        Delivers(DeliveryPurpose.Reminder, s_told, 1, state: undone);
    }

    [Fact]
    public void Of_an_urgent_reading_a_contact_counts_only_by_who_was_shown_it()
    {
        foreach (var seen in (double?[])[null, -0.1])
        {
            // As though it had not been: it neither closes it nor ends the reminders.
            var blind = Did((ActionKind.Contacted, 0.5));
            blind = PatientFollowUp.None.With(blind.All[0] with { SeenUrgent = seen is { } hours ? At(hours) : null });
            Waits(1, s_told, 0.6, state: blind, kind: FollowUpKind.Urgent);
            Delivers(DeliveryPurpose.Reminder, s_told, 1, blind, kind: FollowUpKind.Urgent);
            Assert.False(FollowUpDecision.Acted(Of(FollowUpKind.Urgent), s_told, blind));
            Closes(FollowUpResult.Unanswered, s_told, 8, blind, kind: FollowUpKind.Urgent);
            Closes(FollowUpResult.Contacted, s_told, 0.6, blind, "ben");
            var shown = blind.With(blind.All[0] with { Id = "shown", SeenUrgent = At(0), Known = At(0.6) });
            Waits(0.6 + (65.0 / 3600), s_told, 0.6, state: shown, kind: FollowUpKind.Urgent);
            Closes(FollowUpResult.Contacted, s_told, 0.7, shown, "ben", kind: FollowUpKind.Urgent);
        }

        // Whatever else is done says that somebody knows.
        Waits(8, s_told, 1, state: Did((ActionKind.Claim, 0.5)), kind: FollowUpKind.Urgent);
    }

    [Fact]
    public void What_is_gone_or_switched_off_is_closed()
    {
        Closes(FollowUpResult.Gone, s_new.After(Tried(DeliveryPurpose.First, DeliveryStatus.Gone, 0)), 0.1);
        Assert.Equal(FollowUpResult.Off, FollowUpDecision.Next(Of(FollowUpKind.Listed), null, s_new, PatientFollowUp.None, s_begun).Outcome!.Result);
    }

    [Fact]
    public void Retries_wait_longer_each_time_and_as_long_as_their_receiver_asks_within_bounds()
    {
        double Minutes(int attempts, double? asked = null) => (FollowUpDecision.RetryAt(s_team, attempts, s_begun, asked is { } m ? Duration.FromMinutes(m) : null) - s_begun).TotalMinutes;
        Assert.Equal([0.48, 0.96, 1.92, 16, 16], new[] { Minutes(1), Minutes(2), Minutes(3), Minutes(8), Minutes(1000) }, (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal((5, 16, 0.48), (Minutes(1, 5), Minutes(1, 10_000), Minutes(1, -5)));
    }

    [Fact]
    public void Whatever_happens_it_is_never_told_to_wait_for_an_instant_that_is_past()
    {
        DeliveryStatus?[] statuses = [null, DeliveryStatus.Taken, DeliveryStatus.Failed, DeliveryStatus.Refused];
        var steps =
            from first in statuses
            from reminder in statuses
            from escalation in statuses
            from quarter in Enumerable.Range(0, 60)
            let now = quarter / 4.0
            let deliveries = new[] { (DeliveryPurpose.First, first), (DeliveryPurpose.Reminder, reminder), (DeliveryPurpose.Escalation, escalation) }
            let state = deliveries.Where(d => d.Item2 is not null).Aggregate(s_new, (s, d) => s.After(Tried(d.Item1, d.Item2!.Value, now, now + 0.1)))
            from quiet in new[] { s_team.Hours, new WorkingHours { Quiet = (new LocalTime(11, 0), new LocalTime(10, 0)) } }
            select (At: At(now), Step: FollowUpDecision.Next(Of(FollowUpKind.Listed), s_team with { Hours = quiet }, state, PatientFollowUp.None, At(now)));
        Assert.All(steps, s => Assert.True(s.Step.Move != FollowUpMove.Wait || s.Step.At > s.At, $"{s}"));
    }

    private static void Delivers(DeliveryPurpose purpose, FollowUpState told, double hours, PatientFollowUp? state = null, TeamDelivery? team = null, FollowUpKind kind = FollowUpKind.Listed) =>
        Assert.Equal(purpose, FollowUpDecision.Next(Of(kind), team ?? s_team, told, state ?? PatientFollowUp.None, At(hours)).Purpose);

    private static void Waits(double until, FollowUpState told, double hours, TeamDelivery? team = null, FollowUpKind kind = FollowUpKind.Listed, PatientFollowUp? state = null)
    {
        var step = FollowUpDecision.Next(Of(kind), team ?? s_team, told, state ?? PatientFollowUp.None, At(hours));
        Assert.Equal((FollowUpMove.Wait, (Instant?)At(until)), (step.Move, step.At));
    }

    private static void Closes(FollowUpResult result, FollowUpState told, double hours, PatientFollowUp? state = null, string? by = null, TeamDelivery? team = null, FollowUpKind kind = FollowUpKind.Listed)
    {
        var outcome = FollowUpDecision.Next(Of(kind), team ?? s_team, told, state ?? PatientFollowUp.None, At(hours)).Outcome!;
        Assert.Equal((result, by), (outcome.Result, outcome.By));
        Assert.Equal(told.Deliveries, outcome.Deliveries);
    }

    private static FollowUpInput Of(FollowUpKind kind) => new() { Cohort = "c", Kind = kind, CareTeamId = "t", PatientId = "p", Task = "task", AsOf = s_begun };

    private static Delivery Tried(DeliveryPurpose purpose, DeliveryStatus status, double hours, double? notBefore = null) =>
        new(purpose, 1, status, At(hours), status == DeliveryStatus.Taken ? null : "status 503", notBefore is { } n ? At(n) : null);

    private static PatientFollowUp Did(params (ActionKind Kind, double Hours)[] actions) => actions.Aggregate(PatientFollowUp.None, (state, action) => state.With(new WorklistAction
    {
        Id = $"a{action.Hours}",
        PatientId = "p",
        CareTeamId = "t",
        Kind = action.Kind,
        By = "ben",
        Known = At(action.Hours),
    }));

    private static Instant At(double hours) => s_begun + Duration.FromHours(hours);
}
