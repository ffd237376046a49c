using NodaTime;
using RemoteMonitoring.FlakyStores;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Reproduction;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

[Collection(TrainedOnce.Name)]
public sealed class DailyRiskWorkflowTests(TrainedHome trained)
{
    [Fact]
    public async Task The_night_comes_to_what_one_go_comes_to()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version }, default);
        var (other, _) = await trained.CopyAsync();
        await using var __ = other;
        await using var night = new NightOf(other);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Equal((ledger.Run, ledger.Scored, ledger.Listed), (outcome.Run, outcome.Scored, outcome.Listed));
        Assert.Equal(await NightOf.DocumentsAsync(home), await NightOf.DocumentsAsync(other));
        Assert.Equal(await home.HashesAsync("gold"), await other.HashesAsync("gold"));
        Assert.Equal(await home.HashesAsync("ledger"), await other.HashesAsync("ledger"));
        Assert.Empty(await other.Lake.ListAsync(LakePaths.WorkFolder, default));
    }

    [Fact]
    public async Task Patients_who_make_the_code_throw_are_set_aside_by_name_and_everybody_else_is_scored_as_ever()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await using (var whole = new NightOf(home))
        {
            await whole.SucceedAsync(NightOf.Input());
        }

        var (other, _) = await trained.CopyAsync();
        await using var _2 = other;
        string[] poisoned = ["q1", TrainedHome.Patient(4), TrainedHome.Patient(5)];
        await using var night = new NightOf(other, id => _ = poisoned.Contains(id) ? throw new InvalidDataException("bad") : 0);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.True(outcome.PartiallySucceeded);
        Assert.Equal((15, 3), (outcome.Scored, outcome.SetAside));
        var rows = await NightOf.RowsAsync(home, "gold/predictions");
        Assert.Equal(rows.Where(r => !poisoned.Any(p => r.StartsWith(p + "|", StringComparison.Ordinal))), await NightOf.RowsAsync(other, "gold/predictions"));
        var lists = await DailyRiskRun.WorklistsAsync(other.Store, outcome.Run, default);
        Assert.Equal(poisoned.Order(StringComparer.Ordinal), lists.SelectMany(l => l.SetAside).Select(n => n.PatientId).Order(StringComparer.Ordinal));
        Assert.All(lists, list => Assert.StartsWith("This list is not whole", list.Notices[0], StringComparison.Ordinal));
        Assert.StartsWith("This list is not whole: of 9 patients 2 could not be scored", Assert.Single(lists[0].Notices), StringComparison.Ordinal);
        Assert.All(lists.SelectMany(l => l.SetAside), n => Assert.Contains("InvalidDataException", n.Why, StringComparison.Ordinal));
        Assert.DoesNotContain(lists.SelectMany(l => l.Listed), p => poisoned.Contains(p.PatientId));

        // Made of fewer than a shard has, its files come out again, byte for byte.
        var scratch = Directory.CreateDirectory(Path.Combine(other.Root, "scratch")).FullName;
        var reproduced = (await new RunReproduction(other.Store, [TrainedHome.Task], scratch).RunAsync(outcome.Run, default))!;
        Assert.Equal(2, reproduced.Outputs.Count);
        Assert.True(reproduced.IsSame, string.Join("; ", reproduced.Notes));

        // Mended, the same night again is whole.
        await using var again = new NightOf(other);
        await night.DisposeAsync();
        Assert.Equal((18, 0), (await again.SucceedAsync(NightOf.Input(), "night-2") is var mended ? (mended.Scored, mended.SetAside) : default));
        Assert.Equal(await NightOf.DocumentsAsync(home), await NightOf.DocumentsAsync(other));
    }

    [Fact]
    public async Task A_store_that_fails_one_call_in_five_and_a_poisoned_patient_make_a_right_list_with_the_right_gap()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await using (var whole = new NightOf(home))
        {
            await whole.SucceedAsync(NightOf.Input());
        }

        var (other, _) = await trained.CopyAsync();
        await using var _2 = other;
        var faults = new Faults(seed: 5, share: 0.2);
        var flaky = new CohortStore(MadeUpFeed.Cohort, new FlakyLake(other.Lake, faults), new FlakyDocuments(other.Store.Documents, faults), other.Store.Folder)
            .WithRetries(new RetryOptions { Attempts = 8, FirstDelay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(5) });
        var poisoned = TrainedHome.Patient(4);
        await using var night = new NightOf(other, id => _ = id == poisoned ? throw new InvalidDataException("bad") : 0, flaky);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Equal((17, 1), (outcome.Scored, outcome.SetAside));
        var failed = faults.Count(Suffered.Refused) + faults.Count(Suffered.ReplyLost);
        Assert.True(failed > 10, $"The store failed {failed} times only.");
        var rows = await NightOf.RowsAsync(home, "gold/predictions");
        Assert.Equal(rows.Where(r => !r.StartsWith(poisoned + "|", StringComparison.Ordinal)), await NightOf.RowsAsync(other, "gold/predictions"));
        var lists = await DailyRiskRun.WorklistsAsync(other.Store, outcome.Run, default);
        Assert.Equal(poisoned, Assert.Single(lists.SelectMany(l => l.SetAside)).PatientId);
        Assert.Single(lists.SelectMany(l => l.Notices));
    }

    [Fact]
    public async Task A_patient_whose_scoring_never_ends_is_found_by_halves()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        using var never = new ManualResetEventSlim();
        await using var night = new NightOf(home, id => { if (id == "q2") { never.Wait(TimeSpan.FromSeconds(30)); } });
        var outcome = await night.SucceedAsync(NightOf.Input() with { PartTimeout = Duration.FromMilliseconds(1500) });
        never.Set();
        Assert.Equal((17, 1), (outcome.Scored, outcome.SetAside));
        var gap = Assert.Single((await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default)).SelectMany(l => l.SetAside));
        Assert.Equal("q2", gap.PatientId);
        Assert.Contains("took longer", gap.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "the last of those that were trained")]
    [InlineData(true, "the champion of the last decision that does")]
    public async Task Where_the_record_of_decisions_does_not_hold_from_its_beginning_the_list_still_ships_and_says_so(bool anotherKey, string who)
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        if (anotherKey)
        {
            File.Delete(home.Store.RegistryKeyFile);
            home.Store.MakeRegistryKey();
        }
        else
        {
            home.Overwrite(LakePaths.Decision(TrainedHome.Task.Name, 1), "{}");
        }

        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Equal((18, 0), (outcome.Scored, outcome.SetAside));
        var lists = await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default);
        Assert.NotEmpty(lists);
        Assert.All(lists, list => Assert.Contains(list.Notices, n => n.Contains($"does not hold", StringComparison.Ordinal) && n.Contains($"version {trained.Model.Version}, {who}, made these scores", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Where_the_record_does_not_hold_and_no_version_is_there_the_night_says_so_in_one_line()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        home.Overwrite(LakePaths.Decision(TrainedHome.Task.Name, 1), "{}");
        home.Overwrite($"{trained.Model.Folder}/model.json", "{}");
        await using var night = new NightOf(home);
        var run = await night.RunAsync(NightOf.Input());
        Assert.Equal(InstanceStatus.Failed, run.Status);
        Assert.Contains($"{LakePaths.Decision(TrainedHome.Task.Name, 1)}: is not a decision", run.Failure!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', run.Failure.Message);
    }

    [Theory]
    [InlineData("model.json")]
    [InlineData("trees.txt")]
    public async Task Where_the_champion_cannot_be_read_another_version_stands_in_and_the_lists_say_so(string file)
    {
        const string Other = "0123456789abcdef";
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        var task = TrainedHome.Task.Name;
        foreach (var name in ModelFiles.TrainedNames)
        {
            await home.Lake.CreateDerivedAsync(LakePaths.Model(task, Other, name), await home.Lake.ReadAsync(LakePaths.Model(task, trained.Model.Version, name), default), default);
        }

        home.Overwrite(LakePaths.Model(task, trained.Model.Version, file), "{ damaged");
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Equal((18, 0), (outcome.Scored, outcome.SetAside));
        var lists = await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default);
        Assert.NotEmpty(lists);
        Assert.All(lists, list => Assert.Contains(
            list.Notices,
            n => n.StartsWith($"The champion cannot be read (models/{task}/{trained.Model.Version}: {file}", StringComparison.Ordinal) && n.EndsWith($"In its place version {Other} scored, the last of those that were trained.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Where_the_champion_cannot_be_read_and_nothing_can_stand_in_the_night_says_what_to_do_in_one_line()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        home.Overwrite($"{trained.Model.Folder}/model.json", "{}");
        await using var night = new NightOf(home);
        var run = await night.RunAsync(NightOf.Input());
        Assert.Equal(InstanceStatus.Failed, run.Status);
        Assert.EndsWith("Restore it from a backup, or train again: no other version can stand in.", run.Failure!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', run.Failure.Message);
    }

    [Fact]
    public async Task The_same_night_again_stands_as_it_was()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await using var night = new NightOf(home);
        await night.SucceedAsync(NightOf.Input());
        var files = await home.FilesAsync("gold");
        var again = await night.SucceedAsync(NightOf.Input(), "night-2");
        Assert.True(again.AlreadyThere);
        Assert.Equal(files, await home.FilesAsync("gold"));
    }

    [Fact]
    public async Task At_the_deadline_lists_go_out_that_name_who_was_not_reached_and_a_whole_run_is_not_taken_back_by_one_of_less()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        using var later = new ManualResetEventSlim();
        var scored = 0;
        var time = new Engine.OffsetTime();
        await using var slow = new NightOf(
            home,
            _ =>
            {
                // The deadline comes while the first is being scored.
                if (Interlocked.Increment(ref scored) == 1)
                {
                    time.Move(TimeSpan.FromHours(2));
                }

                later.Wait(TimeSpan.FromSeconds(30));
            },
            time: time);
        var soon = Instant.FromDateTimeOffset(time.GetUtcNow()) + Duration.FromHours(1);
        var outcome = await slow.SucceedAsync(NightOf.Input() with { Deadline = soon });
        later.Set();
        Assert.Equal((0, 18), (outcome.Scored, outcome.SetAside));
        Assert.Equal(18, (await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default)).Sum(l => l.SetAside.Count));
        await slow.DisposeAsync();

        // Nobody ran at the deadline: late lists are whole ones.
        await using var night = new NightOf(home);
        var late = await night.SucceedAsync(NightOf.Input() with { Deadline = Instant.FromUtc(2020, 1, 1, 0, 0) }, "night-2");
        Assert.Equal((outcome.Run, 18, 0), (late.Run, late.Scored, late.SetAside));
        Assert.Empty((await DailyRiskRun.WorklistsAsync(home.Store, late.Run, default)).SelectMany(l => l.Notices));
    }

    [Fact]
    public async Task A_night_as_it_comes_uses_what_is_known_when_its_wait_ends_and_one_of_the_past_what_was_known_then()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _1 = home;
        await using var night = new NightOf(home);
        var past = await night.SucceedAsync(NightOf.Input());
        var now = await night.SucceedAsync(NightOf.Input() with { KnownWhenBegun = true }, "night-2");
        Assert.NotEqual(past.Run, now.Run);
        var ledger = RiskDocumentJson.ReadLedger(await home.Lake.ReadAsync(LakePaths.Ledger(now.Run), default));
        Assert.Equal((MadeUpFeed.At(12), true), (ledger.AsOf, ledger.KnownBy > MadeUpFeed.At(13)));
        Assert.Equal(MadeUpFeed.At(12), RiskDocumentJson.ReadLedger(await home.Lake.ReadAsync(LakePaths.Ledger(past.Run), default)).KnownBy);
        var request = new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), KnownBy = ledger.KnownBy, Model = trained.Model.Version };
        Assert.True((await DailyRiskRun.RunAsync(home.Store, manifest, request, default)).AlreadyThere);
    }

    [Fact]
    public async Task A_backfill_scores_each_day_as_it_was_known_then_and_refuses_a_model_of_later()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _1 = home;
        await using var night = new NightOf(home);
        var input = new BackfillInput { Cohort = MadeUpFeed.Cohort, Task = TrainedHome.Task.Name, AsOf = [MadeUpFeed.At(8), MadeUpFeed.At(9)] };
        Assert.True(await night.Engine.Client.TryStartAsync(BackfillWorkflow.Definition, "past", input, default));
        var refused = await OutcomeAsync("past");
        Assert.All(refused.Days, d => Assert.Contains("it knows the future", d.Problem, StringComparison.Ordinal));

        Assert.True(await night.Engine.Client.TryStartAsync(BackfillWorkflow.Definition, "past-2", input with { Retrospective = true }, default));
        var done = await OutcomeAsync("past-2");
        Assert.All(done.Days, d => Assert.Contains(d.Outcome!.Notices, n => n.StartsWith("Retrospective", StringComparison.Ordinal)));
        Assert.Equal(input.AsOf, done.Days.Select(d => d.AsOf));
        var truth = await DailyRiskRun.RunAsync(home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(8), Model = trained.Model.Version }, default);
        Assert.True(truth.AlreadyThere);
        Assert.Equal(truth.Ledger.Scored, done.Days[0].Outcome!.Scored);

        async Task<BackfillOutcome> OutcomeAsync(string id)
        {
            var ended = await night.Engine.Client.WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(60));
            Assert.True(ended.Status == InstanceStatus.Completed, ended.Failure?.ToString());
            return System.Text.Json.JsonSerializer.Deserialize(ended.Output!, BackfillWorkflow.Definition.Output)!;
        }
    }

    [Fact]
    public void A_day_with_less_than_half_of_the_usual_readings_is_told()
    {
        static ObservationsManifest Of(params int[] accepted) => new()
        {
            SchemaVersion = 3,
            InputHash = "",
            Inputs = new PinnedInputs { Frontier = [], Reference = [], Mapping = "", Watermark = 0 },
            Shards = 1,
            Messages = 0,
            Received = 0,
            Accepted = 0,
            Corrected = 0,
            Duplicates = 0,
            Rejected = [],
            Files = [],
            Partitions = [.. accepted.Select((n, i) => new PartitionCounts(new DateOnly(2025, 6, 1).AddDays(i), 0, n, n, 0, 0, 0, 0, 0, 0))],
        };
        var asOf = Instant.FromUtc(2025, 6, 9, 4, 0);
        Assert.Empty(DataQuality.Judge(Of(100, 100, 100, 100, 100, 100, 100, 50), asOf));
        Assert.Equal(
            ["Few data: of 2025-06-08 (UTC) 49 readings have come, where 100 a day are usual. Who seems quiet here may not be well."],
            DataQuality.Judge(Of(100, 100, 100, 100, 100, 1, 1, 49), asOf));
        Assert.Empty(DataQuality.Judge(Of(100, 0, 0, 0, 0, 100, 100, 1), asOf));
        Assert.Empty(DataQuality.Judge(Of(), asOf)); // there never was any
        Assert.StartsWith("No data: of 2025-06-08 (UTC) no readings have come", Assert.Single(DataQuality.Judge(Of(100, 100), asOf)), StringComparison.Ordinal);
    }
}
