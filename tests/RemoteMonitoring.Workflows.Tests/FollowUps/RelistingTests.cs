using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class RelistingTests
{
    private static readonly Instant s_contact = Instant.FromUtc(2026, 3, 2, 9, 0);

    [Fact]
    public void Who_was_never_contacted_is_listed() => Assert.Null(Why(PatientFollowUp.None, 0.01, []));

    [Fact]
    public void After_a_contact_nothing_new_rests() => Assert.Contains("contacted on 2 Mar 2026", Why(Contacted(0.10, "spo2"), 0.10, ["spo2"]), StringComparison.Ordinal);

    [Theory]
    [InlineData(0.10, 0.142, true)] // odds 0.1111 to 0.1655: 1.49 times
    [InlineData(0.10, 0.1429, false)] // 1.5005 times
    [InlineData(0.50, 0.599, true)]
    [InlineData(0.50, 0.601, false)]
    [InlineData(0.10, 0.05, true)]
    public void The_odds_must_rise_past_the_margin(double then, double now, bool rests) => Assert.Equal(rests, Why(Contacted(then, "spo2"), now, ["spo2"]) is not null);

    [Fact]
    public void A_new_reason_lists_again_and_one_that_went_does_not()
    {
        Assert.Null(Why(Contacted(0.10, "spo2"), 0.10, ["spo2", "weight"]));
        Assert.NotNull(Why(Contacted(0.10, "spo2", "weight"), 0.10, ["spo2"]));
    }

    [Fact]
    public void Seven_days_list_again()
    {
        Assert.NotNull(Why(Contacted(0.10), 0.10, [], s_contact + Relisting.Rest - Duration.Epsilon));
        Assert.Null(Why(Contacted(0.10), 0.10, [], s_contact + Relisting.Rest));
    }

    [Fact]
    public void Of_whom_nothing_was_foreseen_at_the_contact_all_is_new()
    {
        Assert.Null(Relisting.WhyRests(Contacted(0.01), "other", 0.01, [], s_contact + Duration.FromHours(1)));
        Assert.Null(Why(PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted)), 0.01, []));
    }

    [Fact]
    public void Each_outcome_is_held_against_what_was_foreseen_of_it()
    {
        var state = PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted) with
        {
            Shown = [new ShownRisk("admission-7d", s_contact, "run", 0.10, ["spo2"]), new ShownRisk("admission-30d", s_contact, "run", 0.40, ["weight"])],
        });
        Assert.NotNull(Relisting.WhyRests(state, "admission-7d", 0.10, ["spo2"], s_contact + Duration.FromHours(1)));
        Assert.NotNull(Relisting.WhyRests(state, "admission-30d", 0.40, ["weight"], s_contact + Duration.FromHours(1)));
        Assert.Null(Relisting.WhyRests(state, "admission-7d", 0.40, ["spo2"], s_contact + Duration.FromHours(1)));
    }

    [Fact]
    public void A_reading_beyond_a_personal_limit_breaks_a_snooze_of_before_it_alone()
    {
        var snoozed = PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Snooze) with { Until = s_contact + Duration.FromDays(5) });
        string? With(Instant? urgent) => Relisting.WhyRests(snoozed, "admission-7d", 0.1, [], s_contact + Duration.FromDays(1), urgent);
        Assert.NotNull(With(null));
        Assert.NotNull(With(s_contact - Duration.FromHours(1)));
        Assert.Null(With(s_contact + Duration.FromHours(1)));
    }

    [Fact]
    public void No_answer_is_no_contact() => Assert.Null(Why(PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.NoAnswer)), 0.1, []));

    [Fact]
    public void Who_is_paused_or_snoozed_rests_whatever_the_risk()
    {
        var until = s_contact + Duration.FromDays(2);
        Assert.Equal("paused (hospital) until 4 Mar 2026", Why(PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Pause) with { Why = "hospital", Until = until }), 0.99, ["new"]));
        Assert.Equal("snoozed until 4 Mar 2026", Why(PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Snooze) with { Until = until }), 0.99, ["new"]));
    }

    private static string? Why(PatientFollowUp state, double probability, string[] reasons, Instant? now = null) =>
        Relisting.WhyRests(state, "admission-7d", probability, reasons, now ?? s_contact + Duration.FromHours(1));

    private static PatientFollowUp Contacted(double probability, params string[] reasons) =>
        PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted) with { Shown = [new ShownRisk("admission-7d", s_contact, "run", probability, reasons)] });
}
