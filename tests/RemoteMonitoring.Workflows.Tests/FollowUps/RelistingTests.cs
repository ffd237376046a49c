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
    public void A_contact_holds_seven_days_its_own_included()
    {
        var again = Instant.FromUtc(2026, 3, 9, 0, 0);
        Assert.Equal("contacted on 2 Mar 2026; listed again when the risk rises or something new appears, or on 9 Mar 2026", Why(Contacted(0.10), 0.10, [], again - Duration.Epsilon));
        Assert.Null(Why(Contacted(0.10), 0.10, [], again));
    }

    // Half an hour before and after a local midnight, far east and far west, over the day on which clocks go forward and the one on which they go back.
    [Theory]
    [InlineData("Pacific/Auckland", "2026-03-30T10:30:00Z", "30 Mar 2026", "6 Apr 2026", "2026-04-05T12:00:00Z")] // 23:30 at +13; back on 5 April, so the midnight of 6 April is at +12
    [InlineData("Pacific/Auckland", "2026-03-30T11:30:00Z", "31 Mar 2026", "7 Apr 2026", "2026-04-06T12:00:00Z")]
    [InlineData("Pacific/Auckland", "2026-09-20T11:30:00Z", "20 Sep 2026", "27 Sep 2026", "2026-09-26T12:00:00Z")] // 23:30 at +12; the midnight before the clock goes forward
    [InlineData("Pacific/Auckland", "2026-09-20T12:30:00Z", "21 Sep 2026", "28 Sep 2026", "2026-09-27T11:00:00Z")]
    [InlineData("America/Los_Angeles", "2026-03-02T07:30:00Z", "1 Mar 2026", "8 Mar 2026", "2026-03-08T08:00:00Z")] // 23:30 at -8; the midnight before the clock goes forward
    [InlineData("America/Los_Angeles", "2026-03-02T08:30:00Z", "2 Mar 2026", "9 Mar 2026", "2026-03-09T07:00:00Z")]
    [InlineData("America/Los_Angeles", "2026-10-26T07:30:00Z", "26 Oct 2026", "2 Nov 2026", "2026-11-02T08:00:00Z")] // 00:30 at -7; back on 1 November
    public void Days_of_rest_begin_and_are_told_in_the_zone_of_the_team(string zone, string contact, string on, string again, string listedFrom)
    {
        static Instant At(string text) => NodaTime.Text.InstantPattern.ExtendedIso.Parse(text).Value;
        var state = PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted) with { Known = At(contact), Shown = [new ShownRisk("admission-7d", At(contact), "run", 0.1, [])] });
        string? At7(Instant now) => Relisting.WhyRests(state, "admission-7d", 0.1, [], now, DateTimeZoneProviders.Tzdb[zone]);
        Assert.Equal($"contacted on {on}; listed again when the risk rises or something new appears, or on {again}", At7(At(listedFrom) - Duration.Epsilon));
        Assert.Null(At7(At(listedFrom)));
    }

    [Theory]
    [InlineData("admission-7d", "America/Los_Angeles", "2026-03-09T04:00:00Z", 2026, 3, 9)] // midnight of New York, 21:00 of the day before
    [InlineData("admission-7d", "Pacific/Auckland", "2026-03-09T04:00:00Z", 2026, 3, 10)] // 17:00
    [InlineData("admission-7d", "Africa/Accra", "2026-03-29T00:00:00Z", 2026, 3, 29)] // midnights of London on the day that its clock goes forward
    [InlineData("admission-7d", "Africa/Accra", "2026-03-29T23:00:00Z", 2026, 3, 30)]
    [InlineData("sepsis-hourly", "America/Los_Angeles", "2026-03-09T04:00:00Z", 2026, 3, 8)]
    public void A_daily_list_is_of_the_day_that_it_is_worked_through_wherever_the_team_is(string task, string zone, string asOf, int year, int month, int day)
    {
        var of = TeamZone.DayOf(Risk.Tasks.BundledTasks.Named(task), NodaTime.Text.InstantPattern.ExtendedIso.Parse(asOf).Value, DateTimeZoneProviders.Tzdb[zone]);
        Assert.Equal(new LocalDate(year, month, day), of);
        var state = PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted) with { Known = of.PlusDays(-7).AtStartOfDayInZone(DateTimeZoneProviders.Tzdb[zone]).ToInstant(), Shown = [new ShownRisk("x", default, "run", 0.1, [])] });
        Assert.Null(Relisting.WhyRests(state, "x", 0.1, [], NodaTime.Text.InstantPattern.ExtendedIso.Parse(asOf).Value, DateTimeZoneProviders.Tzdb[zone], today: of));
    }

    [Theory]
    [InlineData("Pacific/Auckland", 2026, 4, 6)]
    [InlineData("Pacific/Auckland", 2026, 9, 27)]
    [InlineData("America/Los_Angeles", 2026, 3, 9)]
    [InlineData("America/Los_Angeles", 2026, 11, 1)]
    public void The_day_that_a_pause_or_snooze_was_given_is_the_day_that_is_told(string zone, int year, int month, int day)
    {
        var there = DateTimeZoneProviders.Tzdb[zone];
        var until = new LocalDate(year, month, day).AtStartOfDayInZone(there).ToInstant();
        string? Until(WorklistAction action) => Relisting.WhyRests(PatientFollowUpTests.State(action with { Until = until, Known = until - Duration.FromDays(1) }), "admission-7d", 0.1, [], until - Duration.FromHours(1), there);
        var told = new LocalDate(year, month, day).ToString("d MMM uuuu", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal($"snoozed until {told}", Until(PatientFollowUpTests.Act(ActionKind.Snooze)));
        Assert.Equal($"paused (holiday) until {told}", Until(PatientFollowUpTests.Act(ActionKind.Pause) with { Why = "holiday" }));
    }

    [Fact]
    public void Of_whom_nothing_was_foreseen_at_the_contact_all_is_new()
    {
        Assert.Null(Relisting.WhyRests(Contacted(0.01), "other", 0.01, [], s_contact + Duration.FromHours(1), DateTimeZone.Utc));
        Assert.Null(Why(PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted)), 0.01, []));
    }

    [Fact]
    public void Each_outcome_is_held_against_what_was_foreseen_of_it()
    {
        var state = PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted) with
        {
            Shown = [new ShownRisk("admission-7d", s_contact, "run", 0.10, ["spo2"]), new ShownRisk("admission-30d", s_contact, "run", 0.40, ["weight"])],
        });
        Assert.NotNull(Relisting.WhyRests(state, "admission-7d", 0.10, ["spo2"], s_contact + Duration.FromHours(1), DateTimeZone.Utc));
        Assert.NotNull(Relisting.WhyRests(state, "admission-30d", 0.40, ["weight"], s_contact + Duration.FromHours(1), DateTimeZone.Utc));
        Assert.Null(Relisting.WhyRests(state, "admission-7d", 0.40, ["spo2"], s_contact + Duration.FromHours(1), DateTimeZone.Utc));
    }

    [Fact]
    public void A_reading_beyond_a_personal_limit_breaks_a_snooze_of_before_it_alone()
    {
        var snoozed = PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Snooze) with { Until = s_contact + Duration.FromDays(5) });
        string? With(Instant? urgent) => Relisting.WhyRests(snoozed, "admission-7d", 0.1, [], s_contact + Duration.FromDays(1), DateTimeZone.Utc, urgent);
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
        Relisting.WhyRests(state, "admission-7d", probability, reasons, now ?? s_contact + Duration.FromHours(1), DateTimeZone.Utc);

    private static PatientFollowUp Contacted(double probability, params string[] reasons) =>
        PatientFollowUpTests.State(PatientFollowUpTests.Act(ActionKind.Contacted) with { Shown = [new ShownRisk("admission-7d", s_contact, "run", probability, reasons)] });
}
