using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Reproduction;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>Bands as they were decided, and who has too little to be scored.</summary>
[Collection(TrainedOnce.Name)]
public sealed class BandsAndAbstentionTests(TrainedHome trained)
{
    private DailyRiskRequest Request(TaskDefinition? task = null) => new() { Task = task ?? TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version };

    [Fact]
    public async Task Training_leaves_default_bands_that_nobody_approved_and_lists_say_so()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var decision = (await BandDecisions.LatestAsync(home.Lake, TrainedHome.Task.Name, trained.Model.Version, default))!;
        Assert.Equal((0, "default, not yet approved by anybody"), (decision.Sequence, decision.Approval));
        var (ledger, lists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        Assert.Equal(new PinnedBands(0, decision.Bands.High, decision.Bands.Medium), ledger.Bands);
        Assert.All(lists, l => Assert.EndsWith("(default, not yet approved by anybody)", l.Bands, StringComparison.Ordinal));
        Assert.All(lists.SelectMany(l => l.Listed), p => Assert.Equal(decision.Bands.Of(p.Probability), p.Band));
    }

    [Fact]
    public async Task A_decision_makes_another_run_and_the_one_before_comes_out_again_with_the_bands_of_then()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (before, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        var approved = ("ada", "what the team can call", Instant.FromUtc(2025, 4, 1, 9, 0));
        var decision = await BandDecisions.DecideAsync(home.Lake, TrainedHome.Task, trained.Model.Version, (p, _) => RiskBands.ByCapacity(p, 0.3), approved, default);
        Assert.Equal((1, "approved by ada on 2025-04-01 UTC"), (decision.Sequence, decision.Approval));
        var (after, lists, alreadyThere) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        Assert.False(alreadyThere);
        Assert.NotEqual(before.Run, after.Run);
        Assert.Contains(lists.SelectMany(l => l.Listed), p => p.Band == RiskBand.High);
        Assert.All(lists, l => Assert.EndsWith("(approved by ada on 2025-04-01 UTC)", l.Bands, StringComparison.Ordinal));
        foreach (var run in (string[])[before.Run, after.Run])
        {
            var scratch = Directory.CreateDirectory(Path.Combine(home.Root, run)).FullName;
            var reproduced = (await new RunReproduction(home.Store, [TrainedHome.Task], scratch).RunAsync(run, default))!;
            Assert.True(reproduced.IsSame, string.Join("; ", reproduced.Notes));
        }

        // The night pins them too.
        await using var night = new NightOf(home);
        Assert.Equal((after.Run, true), await night.SucceedAsync(NightOf.Input()) is var outcome ? (outcome.Run, outcome.AlreadyThere) : default);
    }

    [Fact]
    public async Task A_version_without_held_out_predictions_and_a_damaged_decision_are_told_in_one_line()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        var nothing = await Assert.ThrowsAsync<LakeException>(() => BandDecisions.DecideAsync(home.Lake, TrainedHome.Task, "elsewhere", (p, _) => RiskBands.ByCapacity(p, 0.3), null, default));
        Assert.Contains("has no held-out predictions", nothing.Message, StringComparison.Ordinal);
        await home.Lake.ReplaceAsync(LakePaths.Model(TrainedHome.Task.Name, trained.Model.Version, "bands/0000.json"), "{}"u8.ToArray(), default);
        var damaged = await Assert.ThrowsAsync<LakeException>(() => BandDecisions.LatestAsync(home.Lake, TrainedHome.Task.Name, trained.Model.Version, default));
        Assert.Contains("not a decision about bands", damaged.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', damaged.Message);
    }

    [Theory]
    [InlineData("bands/0001.json", "{}", "not a decision about bands")]
    [InlineData("bands/0001.json", "null", "not a decision about bands")]
    [InlineData("bands/10000.json", "{", "not a decision about bands")]
    [InlineData("bands/notes.json", "{}", null)]
    [InlineData("bands/0001.json.bak", "{}", null)]
    public async Task A_file_of_bands_that_cannot_be_read_or_is_none_stops_no_night(string name, string text, string? said)
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        await using var night = new NightOf(home);
        var standing = (await BandDecisions.LatestAsync(home.Lake, TrainedHome.Task.Name, trained.Model.Version, default))!;
        var path = LakePaths.Model(TrainedHome.Task.Name, trained.Model.Version, name);
        await home.Lake.ReplaceAsync(path, System.Text.Encoding.UTF8.GetBytes(text), default);
        var outcome = await night.SucceedAsync(NightOf.Input());
        var lists = await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default);
        Assert.NotEmpty(lists.SelectMany(l => l.Listed));
        Assert.All(lists.SelectMany(l => l.Listed), p => Assert.Equal(standing.Bands.Of(p.Probability), p.Band));
        if (said is null)
        {
            Assert.Equal(standing, await BandDecisions.LatestAsync(home.Lake, TrainedHome.Task.Name, trained.Model.Version, default));
            Assert.All(lists, l => Assert.DoesNotContain(l.Notices, n => n.Contains("bands", StringComparison.Ordinal)));
        }
        else
        {
            Assert.All(lists, l => Assert.Contains(l.Notices, n => n.StartsWith($"The bands are those of decision 0, since a later decision cannot be read. {path}: {said}", StringComparison.Ordinal)));
            Assert.Contains(said, (await Assert.ThrowsAsync<LakeException>(() => BandDecisions.LatestAsync(home.Lake, TrainedHome.Task.Name, trained.Model.Version, default))).Message, StringComparison.Ordinal);
        }

        // In one go it is the same run.
        Assert.Equal((outcome.Run, true), await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default) is var (ledger, _, there) ? (ledger.Run, there) : default);
    }

    [Fact]
    public async Task Without_any_bands_that_can_be_read_the_list_goes_out_without()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        home.Overwrite(LakePaths.Model(TrainedHome.Task.Name, trained.Model.Version, "bands/0000.json"), "null");
        var (ledger, lists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        Assert.Null(ledger.Bands);
        Assert.All(lists, l => Assert.Contains(l.Notices, n => n.StartsWith("There are no bands, since", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Who_has_fewer_readings_than_the_task_asks_for_is_not_scored_with_why_and_counted()
    {
        await using var home = new TempHome();
        var feed = new MadeUpFeed().Team("north", 9)
            .Patient("enough").Daily("enough", 0, 6)
            .Patient("one").Reading("d-one", "spo2", 95, 3.2).Reading("d-one", "heart_rate", 70, 3.2)
            .Patient("weekly").Reading("d-weekly", "swelling", 1, 1.2).Reading("d-weekly", "swelling", 1, 4.2)
            .Patient("silent");
        var manifest = await feed.LandAsync(home);
        var (models, _) = await trained.CopyAsync();
        await using var elsewhere = models;
        async Task<(LedgerEntry Ledger, IReadOnlyList<NotScored> Not)> RunAsync(MinimumReadings? minimum)
        {
            var request = new DailyRiskRequest { Task = TrainedHome.Task with { MinimumReadings = minimum }, AsOf = MadeUpFeed.At(6), Model = trained.Model.Version, ModelLake = models.Lake };
            var (ledger, lists, alreadyThere) = await DailyRiskRun.RunAsync(home.Store, manifest, request, default);
            Assert.False(alreadyThere);
            return (ledger, Assert.Single(lists).NotScored);
        }

        Assert.Equal(["silent"], (await RunAsync(null)).Not.Select(n => n.PatientId));
        var two = await RunAsync(new MinimumReadings { Readings = 2, Within = Duration.FromDays(28) });
        Assert.Equal([new NotScored("one", "fewer than 2 readings of any vital in 28 days"), new NotScored("silent", "no reading in the last 28 days")], two.Not);
        var step = two.Ledger.Flow.Single(s => s.Reason == "Not scored: fewer than 2 readings of any vital in 28 days");
        Assert.Equal((1, 1, false), (step.Patients, step.Rows, step.Kept));
        var both = await RunAsync(new MinimumReadings { Readings = 2, Vitals = 2, Within = Duration.FromDays(28) });
        Assert.Equal(["one", "silent", "weekly"], both.Not.Select(n => n.PatientId));
        Assert.Equal("fewer than 2 readings of each of 2 vitals in 28 days", both.Not[2].Why);
        Assert.Equal(["one", "silent", "weekly"], (await RunAsync(new MinimumReadings { Readings = 1, Within = Duration.FromDays(1) })).Not.Select(n => n.PatientId));
    }

    [Fact]
    public void Documents_of_the_version_before_are_still_read()
    {
        var old = new TeamWorklist
        {
            CareTeamId = "north",
            Name = "North",
            Capacity = 1,
            Title = "t",
            AsOf = MadeUpFeed.At(1),
            Run = "r",
            Scored = 1,
            NotScored = [],
            Listed =
            [
                new Prediction
                {
                    Id = "i",
                    PatientId = "p",
                    Task = "t",
                    AsOf = MadeUpFeed.At(1),
                    KnownBy = MadeUpFeed.At(1),
                    Model = "m",
                    FeatureSetHash = "f",
                    Run = "r",
                    Probability = 0.1,
                    Raw = -2,
                    Reasons = [new Reason { Text = "why", Contribution = 1 }],
                },
            ],
        };
        var json = JsonNode.Parse(RiskDocumentJson.ToJson(old))!.AsObject();
        json["schemaVersion"] = 2;
        var prediction = json["listed"]![0]!.AsObject();
        prediction["schemaVersion"] = 1;
        Assert.True(prediction.Remove("technical"));
        var read = RiskDocumentJson.ReadWorklist(json.ToJsonString());
        Assert.Equal((2, 1), (read.SchemaVersion, read.Listed[0].SchemaVersion));
        Assert.Empty(read.Listed[0].Technical);
        Assert.Null(read.Listed[0].Band);
    }

    [Fact]
    public async Task NEWS2_is_not_made_for_who_is_known_to_be_under_sixteen()
    {
        async Task<News2Figures?> OfAsync(double? age)
        {
            await using var home = new TempHome();
            var manifest = await new MadeUpFeed().Team("north", 9).Patient("a", age: age).Daily("a", 0, 6).LandAsync(home);
            var (models, _) = await trained.CopyAsync();
            await using var elsewhere = models;
            // Half a day after the last reading, inside the day that the score looks back.
            var request = Request() with { AsOf = MadeUpFeed.At(5.5), ModelLake = models.Lake };
            return (await DailyRiskRun.RunAsync(home.Store, manifest, request, default)).Worklists[0].Listed[0].News2;
        }

        Assert.Null(await OfAsync(15));
        Assert.Null(await OfAsync(15.98)); // sixteen in a week
        Assert.NotNull(await OfAsync(15.999)); // was, since it was stated
        Assert.NotNull(await OfAsync(16));
        Assert.NotNull(await OfAsync(null));
    }
}
