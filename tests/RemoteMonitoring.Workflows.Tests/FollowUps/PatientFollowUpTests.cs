using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class PatientFollowUpTests
{
    private static readonly Instant s_start = Instant.FromUtc(2026, 3, 2, 9, 0);

    [Fact]
    public void Nobody_sees_to_a_patient_until_somebody_claims()
    {
        Assert.Null(PatientFollowUp.None.ClaimedBy);
        Assert.Equal("ann", State(Act(ActionKind.Claim)).ClaimedBy);
    }

    [Fact]
    public void A_claim_that_is_handed_over_is_the_others() =>
        Assert.Equal("bob", State(Act(ActionKind.Claim), Act(ActionKind.HandOver, 1) with { To = "bob" }).ClaimedBy);

    [Theory]
    [InlineData(ActionKind.Release)]
    [InlineData(ActionKind.Contacted)]
    [InlineData(ActionKind.FalseAlarm)]
    [InlineData(ActionKind.VisitArranged)]
    public void A_claim_ends_with_a_release_or_a_contact(ActionKind kind) => Assert.Null(State(Act(ActionKind.Claim), Act(kind, 1)).ClaimedBy);

    [Fact]
    public void A_note_or_a_call_without_answer_keeps_the_claim() => Assert.Equal("ann", State(Act(ActionKind.Claim), Act(ActionKind.NoAnswer, 1), Act(ActionKind.Note, 2)).ClaimedBy);

    [Fact]
    public void Attempts_count_from_the_last_contact()
    {
        Assert.Equal(2, State(Act(ActionKind.NoAnswer), Act(ActionKind.NoAnswer, 1)).Attempts);
        Assert.Equal(1, State(Act(ActionKind.NoAnswer), Act(ActionKind.Contacted, 1), Act(ActionKind.NoAnswer, 2)).Attempts);
    }

    [Fact]
    public void What_was_undone_did_not_happen_and_stays_on_record()
    {
        var contacted = Act(ActionKind.Contacted);
        var state = State(contacted, Act(ActionKind.Undo, 1) with { Undoes = contacted.Id });
        Assert.Null(state.LastContact);
        Assert.Equal(2, state.All.Count);
        Assert.Contains(contacted.Id, state.Undone);
    }

    [Fact]
    public void The_same_action_twice_is_one()
    {
        var state = State(Act(ActionKind.NoAnswer), Act(ActionKind.NoAnswer));
        Assert.Equal(1, state.Attempts);
    }

    [Theory]
    [InlineData(59, true)]
    [InlineData(60, true)]
    [InlineData(61, false)]
    public void An_action_can_be_undone_within_a_minute(int seconds, bool can) =>
        Assert.Equal(can, State(Act(ActionKind.Contacted)).UndoableBy("ann", s_start + Duration.FromSeconds(seconds)) is not null);

    [Fact]
    public void Nobody_undoes_what_another_did_or_what_was_acted_upon()
    {
        Assert.Null(State(Act(ActionKind.Contacted)).UndoableBy("bob", s_start));
        Assert.Null(State(Act(ActionKind.Contacted), Act(ActionKind.Note, 1) with { By = "bob" }).UndoableBy("ann", s_start));
    }

    [Fact]
    public void A_pause_lasts_until_its_end_or_until_resumed()
    {
        var until = s_start + Duration.FromDays(3);
        var paused = State(Act(ActionKind.Pause) with { Until = until, Why = "holiday" });
        Assert.NotNull(paused.PauseAt(until - Duration.Epsilon));
        Assert.Null(paused.PauseAt(until));
        Assert.NotNull(State(Act(ActionKind.Pause) with { Why = "hospital" }).PauseAt(s_start + Duration.FromDays(400)));
        Assert.Null(State(Act(ActionKind.Pause) with { Why = "hospital" }, Act(ActionKind.Resume, 1)).PauseAt(s_start + Duration.FromHours(1)));
    }

    [Fact]
    public void A_snooze_lasts_until_its_end_or_until_a_contact()
    {
        var until = s_start + Duration.FromDays(3);
        var snoozed = Act(ActionKind.Snooze) with { Until = until };
        Assert.NotNull(State(snoozed).SnoozeAt(until - Duration.Epsilon));
        Assert.Null(State(snoozed).SnoozeAt(until));
        Assert.Null(State(snoozed, Act(ActionKind.Contacted, 1)).SnoozeAt(s_start + Duration.FromHours(1)));
    }

    [Theory]
    [InlineData(ActionKind.Contacted, 5, true)]
    [InlineData(ActionKind.FalseAlarm, 6, true)]
    [InlineData(ActionKind.Contacted, 4, false)]
    [InlineData(ActionKind.Contacted, null, false)]
    [InlineData(ActionKind.TechnicalFixed, 5, true)]
    [InlineData(ActionKind.TechnicalFixed, null, false)] // a battery was changed: of a saturation nobody has heard
    [InlineData(ActionKind.NoAnswer, 5, false)]
    [InlineData(ActionKind.Acknowledge, 5, false)]
    public void An_urgent_reading_is_settled_by_who_was_shown_it(ActionKind kind, int? seen, bool isSettled)
    {
        var action = Act(kind, 30) with { SeenUrgent = seen is { } minute ? s_start + Duration.FromMinutes(minute) : null };
        Assert.Equal(isSettled, State(action).Settled(s_start + Duration.FromMinutes(5)));
        Assert.False(State(action, Act(ActionKind.Undo, 31) with { Undoes = action.Id }).Settled(s_start + Duration.FromMinutes(5)));
    }

    [Fact]
    public void The_version_is_another_after_each_action()
    {
        var first = State(Act(ActionKind.Claim));
        Assert.NotEqual(PatientFollowUp.None.Version, first.Version);
        Assert.NotEqual(first.Version, first.With(Act(ActionKind.Note, 1)).Version);
    }

    internal static WorklistAction Act(ActionKind kind, int minute = 0) => new()
    {
        Id = $"{(int)kind:x2}{minute:x30}",
        PatientId = "p",
        CareTeamId = "t",
        Kind = kind,
        By = "ann",
        Known = s_start + Duration.FromMinutes(minute),
    };

    internal static PatientFollowUp State(params WorklistAction[] actions) => actions.Aggregate(PatientFollowUp.None, (state, action) => state.With(action));
}
