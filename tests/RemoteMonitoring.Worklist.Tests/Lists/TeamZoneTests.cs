using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Tests.Lists;

/// <summary>In whose time something is told: readings in the patient's, all that staff did and lists in the team's.</summary>
public sealed class TeamZoneTests
{
    private static readonly DateTimeZone s_london = DateTimeZoneProviders.Tzdb["Europe/London"];
    private static readonly DateTimeZone s_berlin = DateTimeZoneProviders.Tzdb["Europe/Berlin"];

    private static Patient In(string zone) => new() { PatientId = "p", CareTeamId = "t", TimeZone = zone, Known = default };

    [Fact]
    public void It_is_that_of_most_patients_and_of_as_many_the_first_by_name()
    {
        Assert.Equal(s_london, TeamZone.Of([In("Europe/Berlin"), In("Europe/London"), In("Europe/London")]));
        Assert.Equal(s_berlin, TeamZone.Of([In("Europe/London"), In("Europe/Berlin")]));
        Assert.Equal(DateTimeZone.Utc, TeamZone.Of([In("Mars/Olympus_Mons")]));
        Assert.Equal(DateTimeZone.Utc, TeamZone.Of([]));
    }

    [Fact]
    public void A_reading_names_the_place_only_where_its_clock_shows_another_time()
    {
        var reading = Instant.FromUtc(2025, 6, 29, 18, 10);
        Assert.Equal("Sun 29 Jun 2025 20:10 Berlin", ListWords.Taken(reading, s_berlin, s_london));
        Assert.Equal("Sun 29 Jun 2025 19:10", ListWords.Taken(reading, s_london, s_london));
        Assert.Equal("Sun 29 Jun 2025 20:10", ListWords.Taken(reading, s_berlin, DateTimeZoneProviders.Tzdb["Europe/Paris"]));
        Assert.Equal("Sun 29 Jun 2025 14:10 New York", ListWords.Taken(reading, DateTimeZoneProviders.Tzdb["America/New_York"], s_london));
    }

    [Fact]
    public async Task The_audit_says_beside_utc_what_the_clock_of_a_team_in_another_zone_showed()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.StateAsync(ReferenceKinds.Roster, [.. ((string[])["P-one", "P-two"]).Select(p => pages.Patient(p, "team-001") with { TimeZone = "Asia/Tokyo" })]);
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Equal(System.Net.HttpStatusCode.OK, (await nurse.GetAsync("/teams/team-001")).StatusCode);
        var viewed = (await pages.AuditAsync()).Single(e => e is { Event: AuditEvent.ListViewed, CareTeamId: "team-001" });
        using var auditor = await pages.SignedInAsync("auditor");
        Assert.Contains($"({ListWords.Time(viewed.At, DateTimeZoneProviders.Tzdb["Asia/Tokyo"])} Tokyo)", await HtmlText.OfAsync(await auditor.GetAsync("/audit")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_patient_print_and_figures_tell_readings_in_the_patients_time_and_all_else_in_the_teams()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.StateAsync(ReferenceKinds.Roster, pages.Patient("P-berlin", "team-001") with { TimeZone = "Europe/Berlin" });
        var asOf = Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()) - Duration.FromHours(5);
        var reading = asOf - Duration.FromHours(2);
        await pages.MakeAsync(asOf, "run-1", null, [.. ((string[])["P-berlin", "P-one"]).Select(p => MadeLists.Of(p, 0.1, asOf, "run-1") with { LastReading = reading })]);
        using var nurse = await pages.SignedInAsync("nurse");
        var handle = pages.HandleOf("P-berlin");
        var before = pages.Now;
        Assert.Equal(System.Net.HttpStatusCode.SeeOther, (await nurse.PostAsync($"/patients/{handle}/actions", "/teams/team-001", ("id", new string('a', 32)), ("version", ""), ("kind", "Claim"))).StatusCode);
        await pages.Services.Actions.RefreshAsync(default);
        var claimed = ListWords.Time(pages.Services.Actions.Of("P-berlin").Claim!.Known, s_london);
        Assert.True(pages.Services.Actions.Of("P-berlin").Claim!.Known >= before);

        var list = await HtmlText.OfAsync(await nurse.GetAsync("/teams/team-001"));
        Assert.Contains($"nurse sees to it since {claimed}", list, StringComparison.Ordinal);
        Assert.Contains($"last reading {ListWords.Time(reading, s_berlin)} Berlin", list, StringComparison.Ordinal);
        Assert.Contains($"last reading {ListWords.Time(reading, s_london)} ", list, StringComparison.Ordinal);
        Assert.Equal(1, System.Text.RegularExpressions.Regex.Count(list, "reasons below are in Berlin time"));

        var patient = await HtmlText.OfAsync(await nurse.GetAsync($"/patients/{handle}"));
        Assert.Contains($"speaks for {ListWords.Time(asOf, s_london)}", patient, StringComparison.Ordinal);
        Assert.Contains($"claimed, nurse, {claimed}", patient, StringComparison.Ordinal);
        Assert.Contains($"last reading {ListWords.Time(reading, s_berlin)} Berlin", patient, StringComparison.Ordinal);
        Assert.DoesNotContain(ListWords.Time(asOf, s_berlin), patient, StringComparison.Ordinal);

        Assert.Contains(ListWords.Time(asOf, s_london), await HtmlText.OfAsync(await nurse.GetAsync("/teams/team-001/print")), StringComparison.Ordinal);
        Assert.Contains(ListWords.Time(asOf, s_london), await HtmlText.OfAsync(await nurse.GetAsync("/teams/team-001/lists")), StringComparison.Ordinal);
        Assert.Contains("in London time", await HtmlText.OfAsync(await nurse.GetAsync("/teams/team-001/figures")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_of_two_days_of_a_team_are_two_where_both_are_on_one_day_in_utc()
    {
        await using var pages = await ServedPages.StartAsync();
        // Midnight in London before and after the clock goes forward.
        Instant[] nights = [Instant.FromUtc(2026, 3, 29, 0, 0), Instant.FromUtc(2026, 3, 29, 23, 0)];
        foreach (var night in nights)
        {
            await pages.MakeAsync(night, $"run-{night.ToUnixTimeSeconds()}", null, MadeLists.Of("P-one", 0.1, night, "r"));
        }

        var figures = await TeamFigures.TryLoadAsync(pages.Store, MadeLists.Task, "team-001", pages.Now, default, nights[1]);
        Assert.Equal((2, 2), (figures!.Lists, figures.Listings));
    }

    [Fact]
    public async Task Until_when_outcomes_are_awaited_is_a_day_of_the_team()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.StateAsync(ReferenceKinds.Roster, [.. ((string[])["P-one", "P-two"]).Select(p => pages.Patient(p, "team-001") with { TimeZone = "Pacific/Auckland" })]);
        // 13:30 in UTC is past midnight there, in summer and in winter.
        var asOf = pages.Now.InUtc().Date.PlusDays(-1).At(new LocalTime(13, 30)).InUtc().ToInstant();
        await pages.MakeAsync(asOf, "run-1", null, MadeLists.Of("P-one", 0.1, asOf, "run-1"));
        var figures = await TeamFigures.TryLoadAsync(pages.Store, MadeLists.Task, "team-001", pages.Now, default);
        var there = ListWords.Day(figures!.KnownFrom!.Value, DateTimeZoneProviders.Tzdb["Pacific/Auckland"]);
        Assert.NotEqual(ListWords.Day(figures.KnownFrom.Value, DateTimeZone.Utc), there);
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Contains($"until data reach {there}", await HtmlText.OfAsync(await nurse.GetAsync("/teams/team-001/figures")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_and_print_say_that_people_were_erased_since()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.MakeAsync(pages.Now, "run-1", l => l with { Erased = ["h"] }, MadeLists.Of("P-one", 0.1, pages.Now, "run-1"));
        using var nurse = await pages.SignedInAsync("nurse");
        foreach (var page in (string[])["/teams/team-001", "/teams/team-001/print"])
        {
            var text = await HtmlText.OfAsync(await nurse.GetAsync(page));
            Assert.Contains("1 person was erased since, and is in no row or figure of this list.", text, StringComparison.Ordinal);
            Assert.DoesNotContain("erased h", text, StringComparison.Ordinal);
        }
    }
}
