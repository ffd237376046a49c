using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>Who is on whose list, over small feeds, with the model of the trained home.</summary>
[Collection(TrainedOnce.Name)]
public sealed class TeamWorklistTests(TrainedHome trained)
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    /// <summary>The lists of a feed as of a day, by team.</summary>
    private async Task<(LedgerEntry Ledger, Dictionary<string, TeamWorklist> Lists)> ListsAsync(MadeUpFeed feed, double day = 6, double? knownBy = null)
    {
        await using var home = new TempHome();
        var manifest = await feed.LandAsync(home);
        var (models, _) = await trained.CopyAsync();
        await using var elsewhere = models;
        var request = new DailyRiskRequest
        {
            Task = TrainedHome.Task,
            AsOf = MadeUpFeed.At(day),
            KnownBy = knownBy is { } by ? MadeUpFeed.At(by) : (Instant?)null,
            Model = trained.Model.Version,
            ModelLake = models.Lake,
        };
        var (ledger, worklists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, request, s_none);
        Assert.Equal(worklists.Select(RiskDocumentJson.ToJson), (await DailyRiskRun.WorklistsAsync(home.Store, ledger.Run, s_none)).Select(RiskDocumentJson.ToJson));
        return (ledger, worklists.ToDictionary(w => w.CareTeamId));
    }

    private static string[] Ids(TeamWorklist list) => [.. list.Listed.Select(p => p.PatientId)];

    [Fact]
    public async Task Lists_are_cut_by_raw_score_then_patient_to_what_the_team_can_call()
    {
        var feed = new MadeUpFeed().Team("north", 3).Team("south", 9).Team("idle", 4);
        foreach (var id in (string[])["e", "c", "a", "d", "b"])
        {
            // All the same, so that ids decide; and one who is worse.
            feed.Patient(id).Daily(id, 0, 6, 95);
        }

        feed.Patient("z").Daily("z", 0, 3, 95).Daily("z", 3, 3, 86, 100).Patient("s", "south").Daily("s", 0, 6);
        var (ledger, lists) = await ListsAsync(feed);
        Assert.Equal(["idle", "north", "south"], lists.Keys.Order());
        Assert.Equal(["z", "a", "b"], Ids(lists["north"]));
        Assert.True(lists["north"].Listed[0].Raw > lists["north"].Listed[1].Raw);
        Assert.Equal(lists["north"].Listed[1].Raw, lists["north"].Listed[2].Raw);
        Assert.Equal((6, 3, "Team north"), (lists["north"].Scored, lists["north"].Capacity, lists["north"].Name));
        Assert.Equal(["s"], Ids(lists["south"]));
        Assert.Empty(lists["idle"].Listed);
        Assert.Equal((7, 4), (ledger.Scored, ledger.Listed));
        Assert.Equal("Hospital admission in the next 2 days", lists["north"].Title);
    }

    /// <summary>Five of whom the ids decide, and z who is worse; the team can call three.</summary>
    private static MadeUpFeed Alike()
    {
        var feed = new MadeUpFeed().Team("north", 3);
        foreach (var id in (string[])["a", "b", "c", "d", "e"])
        {
            feed.Patient(id).Daily(id, 0, 6, 95);
        }

        return feed.Patient("z").Daily("z", 0, 3, 95).Daily("z", 3, 3, 86, 100);
    }

    [Fact]
    public async Task Who_was_contacted_rests_and_leaves_the_place_to_the_next()
    {
        var (_, before) = await ListsAsync(Alike());
        var z = before["north"].Listed[0];
        var shown = new ShownRisk(z.Task, z.AsOf, "r", z.Probability, [.. z.Reasons.Select(r => r.Key!)]);
        var (ledger, lists) = await ListsAsync(Alike().Action("z", ActionKind.Contacted, 5, shown: shown).Action("d", ActionKind.Contacted, 5, shown: shown));
        Assert.Equal(["a", "b", "c"], Ids(lists["north"]));
        // d would not have been listed anyway.
        var resting = Assert.Single(lists["north"].Resting);
        Assert.Equal(("z", "contacted on 6 Mar 2025; listed again when the risk rises or something new appears, or on 13 Mar 2025"), (resting.PatientId, resting.Why));
        Assert.Equal(3, ledger.Listed);
    }

    [Fact]
    public async Task Who_rests_is_told_until_when_by_the_days_of_most_of_the_team()
    {
        static MadeUpFeed Far() => new MadeUpFeed().Team("north", 3).Patient("a", zone: "Pacific/Auckland").Daily("a", 0, 6, 95).Patient("b").Daily("b", 0, 6, 95)
            .Patient("z", zone: "Pacific/Auckland").Daily("z", 0, 3, 95).Daily("z", 3, 3, 86, 100);
        var z = (await ListsAsync(Far())).Lists["north"].Listed[0];
        var shown = new ShownRisk(z.Task, z.AsOf, "r", z.Probability, [.. z.Reasons.Select(r => r.Key!)]);
        var resting = Assert.Single((await ListsAsync(Far().Action("z", ActionKind.Contacted, 4.9, shown: shown))).Lists["north"].Resting);
        // 21:36 on the 5th in UTC is the morning of the 6th there.
        Assert.Equal("contacted on 6 Mar 2025; listed again when the risk rises or something new appears, or on 13 Mar 2025", resting.Why);
    }

    [Fact]
    public async Task What_staff_did_counts_as_it_was_known_by_then_and_what_was_taken_back_does_not()
    {
        var z = (await ListsAsync(Alike())).Lists["north"].Listed[0];
        var shown = new ShownRisk(z.Task, z.AsOf, "r", z.Probability, [.. z.Reasons.Select(r => r.Key!)]);
        Assert.Equal(["a", "b", "c"], Ids((await ListsAsync(Alike().Action("z", ActionKind.Contacted, 5.9, shown: shown))).Lists["north"]));
        Assert.Equal(["z", "a", "b"], Ids((await ListsAsync(Alike().Action("z", ActionKind.Contacted, 6.1, shown: shown))).Lists["north"]));
        Assert.Equal(["a", "b", "c"], Ids((await ListsAsync(Alike().Action("z", ActionKind.Snooze, 5, until: 7))).Lists["north"]));
        Assert.Equal(["z", "a", "b"], Ids((await ListsAsync(Alike().Action("z", ActionKind.Snooze, 5, until: 6))).Lists["north"]));
        Assert.Equal(["z", "a", "b"], Ids((await ListsAsync(Alike().Action("z", ActionKind.Pause, 4).Action("z", ActionKind.Resume, 5))).Lists["north"]));
    }

    [Fact]
    public async Task Who_rests_is_listed_again_when_the_risk_is_past_the_margin_of_what_was_shown()
    {
        var (_, before) = await ListsAsync(Alike());
        var z = before["north"].Listed[0];
        ShownRisk Shown(double probability) => new(z.Task, z.AsOf, "r", probability, [.. z.Reasons.Select(r => r.Key!)]);
        Assert.Contains("z", Ids((await ListsAsync(Alike().Action("z", ActionKind.Contacted, 5, shown: Shown(z.Probability / 4)))).Lists["north"]));
        Assert.DoesNotContain("z", Ids((await ListsAsync(Alike().Action("z", ActionKind.Contacted, 5, shown: Shown(z.Probability)))).Lists["north"]));
        Assert.Contains("z", Ids((await ListsAsync(Alike().Action("z", ActionKind.Contacted, 5, shown: Shown(z.Probability) with { Reasons = [] }))).Lists["north"]));
    }

    [Fact]
    public async Task The_listed_have_the_last_reading_keys_of_reasons_and_trends_of_their_vitals_and_the_documents_of_predictions_no_trends()
    {
        await using var home = new TempHome();
        var manifest = await Alike().LandAsync(home);
        var (models, _) = await trained.CopyAsync();
        await using var elsewhere = models;
        var (_, lists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(6), Model = trained.Model.Version, ModelLake = models.Lake }, s_none);
        var z = Assert.Single(lists).Listed[0];
        Assert.Equal(MadeUpFeed.At(5 + ((7 + (40 / 60.0)) / 24)).ToUnixTimeSeconds(), z.LastReading!.Value.ToUnixTimeSeconds());
        Assert.All(z.Reasons.Concat(z.Technical), r => Assert.NotNull(r.Key));
        Assert.NotEmpty(z.Reasons);
        Assert.Equal(z.Reasons.Select(r => r.Vital).OfType<string>().Distinct(), z.Trends!.Select(t => t.Vital));
        var spo2 = z.Trends!.Single(t => t.Vital == "spo2");
        Assert.Equal([.. Enumerable.Repeat<double?>(null, 22), 95, 96, 97, 86, 87, 88], spo2.Values);
        Assert.All(lists[0].Listed, p => Assert.NotNull(p.Trends));
        await foreach (var document in home.Store.Documents.ListAsync(Storage.Documents.Containers.Predictions, s_none))
        {
            Assert.Contains("lastReading", document.Body, StringComparison.Ordinal);
            Assert.DoesNotContain("trends", document.Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_patient_is_on_the_list_of_the_team_that_cared_for_them_as_known_by_then()
    {
        MadeUpFeed Moved() => new MadeUpFeed().Team("north", 5).Team("south", 5).Team("south", 1, "New name", known: 5)
            .Patient("a").Daily("a", 0, 8)
            .Patient("a", "south", enrolled: null, known: 6.5);
        var (_, before) = await ListsAsync(Moved());
        Assert.Equal(["a"], Ids(before["north"]));
        Assert.Empty(before["south"].Listed);
        Assert.Equal((1, "New name"), (before["south"].Capacity, before["south"].Name));
        var (_, after) = await ListsAsync(Moved(), day: 7);
        Assert.Empty(after["north"].Listed);
        Assert.Equal(["a"], Ids(after["south"]));
        Assert.Equal((5, "Team south"), await ListsAsync(Moved(), day: 4) is var (_, early) ? (early["south"].Capacity, early["south"].Name) : default);
    }

    [Fact]
    public async Task Of_two_statements_about_a_team_at_the_same_time_the_later_line_holds()
    {
        var (_, lists) = await ListsAsync(new MadeUpFeed().Team("north", 5).Team("north", 1, "Renamed").Patient("a").Daily("a", 0, 6));
        Assert.Equal((1, "Renamed"), (lists["north"].Capacity, lists["north"].Name));
    }

    [Fact]
    public async Task A_patient_whose_team_nobody_stated_is_still_on_a_list()
    {
        var (ledger, lists) = await ListsAsync(new MadeUpFeed().Team("north", 5)
            .Patient("a", "unheard-of").Daily("a", 0, 6)
            .Patient("b", "silent-and-unheard-of"));
        Assert.Equal(["a"], Ids(lists["unheard-of"]));
        Assert.Equal("unheard-of", lists["unheard-of"].Name);
        Assert.Equal("b", Assert.Single(lists["silent-and-unheard-of"].NotScored).PatientId);
        Assert.Equal(1, ledger.Listed);
    }

    [Fact]
    public async Task A_patient_without_a_reading_is_not_scored_and_their_team_is_told_why()
    {
        var (ledger, lists) = await ListsAsync(new MadeUpFeed().Team("north", 5).Team("south", 5)
            .Patient("a").Daily("a", 0, 6).Patient("silent").Patient("other", "south"));
        Assert.Equal([new NotScored("silent", "no reading in the last 28 days")], lists["north"].NotScored);
        Assert.Equal([new NotScored("other", "no reading in the last 28 days")], lists["south"].NotScored);
        Assert.Equal(["a"], Ids(lists["north"]));
        Assert.Equal((1, 2), (ledger.Scored, ledger.NotScored));
    }

    [Fact]
    public async Task A_patient_who_is_new_is_not_scored_and_their_team_is_told_why()
    {
        var (_, lists) = await ListsAsync(new MadeUpFeed().Team("north", 5).Patient("new", enrolled: 5).Daily("new", 5, 1));
        Assert.Equal([new NotScored("new", "under monitoring for less than 2 days")], lists["north"].NotScored);
        Assert.Empty(lists["north"].Listed);
    }

    [Fact]
    public async Task Who_is_in_hospital_dead_or_withdrawn_is_on_no_list_and_in_the_flow()
    {
        var feed = new MadeUpFeed().Team("north", 9);
        foreach (var id in (string[])["home", "in-hospital", "dead", "withdrawn", "back"])
        {
            feed.Patient(id).Daily(id, 0, 6);
        }

        feed.Census("in-hospital", CensusKind.Admitted, 4).Census("dead", CensusKind.Died, 4).Census("withdrawn", CensusKind.Withdrawn, 4)
            .Census("back", CensusKind.Admitted, 3).Census("back", CensusKind.Discharged, 4);
        var (ledger, lists) = await ListsAsync(feed);
        Assert.Equal(["back", "home"], Ids(lists["north"]).Order());
        Assert.Empty(lists["north"].NotScored);
        Assert.All((string[])["in-hospital", "dead", "withdrawn"], step => Assert.Equal(1, ledger.Flow.Single(s => s.Step == step).Patients));
    }

    [Fact]
    public async Task Readings_known_after_known_by_are_not_used()
    {
        MadeUpFeed Late() => new MadeUpFeed().Team("north", 5).Patient("a").Daily("a", 0, 5).Reading("d-a", "spo2", 84, 5.5, known: 5.9);
        var (_, seen) = await ListsAsync(Late());
        var (_, hidden) = await ListsAsync(Late(), knownBy: 5.8);
        var (_, never) = await ListsAsync(new MadeUpFeed().Team("north", 5).Patient("a").Daily("a", 0, 5));
        Assert.Equal(3, seen["north"].Listed[0].News2!.Low);
        Assert.Null(hidden["north"].Listed[0].News2);
        Assert.Equal(never["north"].Listed[0].Raw, hidden["north"].Listed[0].Raw);
        Assert.Equal(never["north"].Listed[0].Reasons.Select(r => r.Text), hidden["north"].Listed[0].Reasons.Select(r => r.Text));
        Assert.Equal(MadeUpFeed.At(5.8), hidden["north"].Listed[0].KnownBy);
    }

    [Fact]
    public async Task Events_known_after_known_by_take_nobody_off_the_list_and_put_nobody_on_it()
    {
        MadeUpFeed Late() => new MadeUpFeed().Team("north", 5)
            .Patient("a").Daily("a", 0, 5).Census("a", CensusKind.Admitted, 4, known: 5.9)
            .Patient("b", known: 5.9).Daily("b", 0, 5);
        Assert.Equal(["b"], Ids((await ListsAsync(Late())).Lists["north"]));
        Assert.Equal(["a"], Ids((await ListsAsync(Late(), knownBy: 5.8)).Lists["north"]));
    }

    [Fact]
    public async Task A_zone_that_does_not_exist_stops_nobody()
    {
        var (ledger, lists) = await ListsAsync(new MadeUpFeed().Team("north", 5)
            .Patient("a", zone: "Mars/Olympus_Mons").Daily("a", 0, 6, 86, 100)
            .Patient("b", zone: "Europe/London").Daily("b", 0, 6));
        Assert.Equal(["a", "b"], Ids(lists["north"]).Order());
        Assert.Equal(("unknown-time-zone", 1), (ledger.Flow[^1].Step, ledger.Flow[^1].Patients));
    }
}
