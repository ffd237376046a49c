using System.Text;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Training;

[Collection(TrainedOnce.Name)]
public sealed class TrainingStageTests(TrainedHome trained)
{
    private static async Task<(string? Champion, string? Challenger)> AliasesAsync(TempHome home)
    {
        var state = await new ModelRegistry(home.Store, TimeProvider.System).ReadAsync(TrainedHome.Task.Name, s_none);
        Assert.Null(state.Damage);
        return (state.Champion, state.Challenger);
    }

    private static readonly CancellationToken s_none = CancellationToken.None;

    private static async Task<(TrainedModel Model, bool AlreadyThere)> TrainAsync(
        TempHome home, ObservationsManifest manifest, TaskDefinition? task = null, TrainingSettings? settings = null) =>
        await TrainingStage.RunAsync(home.Store, manifest, task ?? TrainedHome.Task, settings ?? TrainedHome.Quick, null, s_none);

    [Fact]
    public async Task The_same_inputs_find_their_model_and_nothing_is_written_twice()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var before = await home.FilesAsync();
        var (model, alreadyThere) = await TrainAsync(home, manifest);
        Assert.True(alreadyThere);
        Assert.Equal(trained.Model.Version, model.Version);
        Assert.Equal(trained.Model.HeldOut, model.HeldOut);
        Assert.Equal(trained.Model.Features, model.Features);
        Assert.Equal(trained.Model.Reports[0].ToJson(), model.Reports[0].ToJson());
        Assert.Equal(before, await home.FilesAsync());
    }

    [Fact]
    public async Task How_many_fits_run_side_by_side_and_the_time_for_a_search_that_is_none_make_no_other_version()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (model, alreadyThere) = await TrainAsync(home, manifest, settings: TrainedHome.Quick with { Parallelism = 5, Budget = TimeSpan.FromSeconds(77) });
        Assert.True(alreadyThere);
        Assert.Equal(trained.Model.Version, model.Version);
    }

    [Fact]
    public async Task Another_task_feature_set_seed_or_tree_makes_another_version()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var quick = TrainedHome.Quick;
        var versions = new List<string> { trained.Model.Version };
        foreach (var (task, settings) in new[]
        {
            (TrainedHome.Task with { Horizon = Horizon.LocalDays(3) }, quick),
            (TrainedHome.Task with { FeatureSet = "acute" }, quick),
            (TrainedHome.Task with { Splits = [SplitKind.NewPatients, SplitKind.KnownPatientsLater] }, quick),
            (TrainedHome.Task, quick with { Seed = 8 }),
            (TrainedHome.Task, quick with { Boosting = quick.Boosting with { Leaves = 3 } }),
        })
        {
            var (model, alreadyThere) = await TrainAsync(home, manifest, task, settings);
            Assert.False(alreadyThere);
            Assert.Equal((versions[0], model.Version), await AliasesAsync(home));
            versions.Add(model.Version);
        }

        Assert.Equal(6, versions.Distinct().Count());
        Assert.True(await home.Lake.AllExistAsync(versions.Select(v => LakePaths.Model(TrainedHome.Task.Name, v, ModelFiles.DocumentName)), s_none));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cohort_with_one_label_only_is_refused_in_one_line_and_leaves_no_model(bool everybody)
    {
        await using var home = new TempHome();
        var feed = new MadeUpFeed().Team("north", 5);
        foreach (var id in (string[])["a", "b", "c", "d"])
        {
            feed.Patient(id).Daily(id, 0, 6);
            if (everybody)
            {
                feed.Outcome(id, 3.5).Outcome(id, 5.5);
            }
        }

        var manifest = await feed.LandAsync(home);
        var before = await home.FilesAsync();
        var fault = await Assert.ThrowsAsync<LakeException>(() => TrainAsync(home, manifest));
        Assert.Contains("cannot be learned from this cohort", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal(before, await home.FilesAsync());
        Assert.Equal((null, null), await AliasesAsync(home));
    }

    [Fact]
    public async Task A_cohort_that_leaves_nothing_to_test_is_refused_in_one_line_and_leaves_no_model()
    {
        // One patient has all the outcomes: without that patient there is one label to learn from.
        await using var home = new TempHome();
        var manifest = await new MadeUpFeed().Team("north", 5)
            .Patient("a").Daily("a", 0, 8).Outcome("a", 5.5)
            .LandAsync(home);
        var before = await home.FilesAsync();
        var fault = await Assert.ThrowsAsync<LakeException>(() => TrainAsync(home, manifest));
        Assert.Contains("cannot be evaluated on this cohort (new-patients)", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal(before, await home.FilesAsync());
    }

    [Theory]
    [InlineData("model.json")]
    [InlineData("trees.txt", "model.json")]
    [InlineData("evaluation-new-patients.json")]
    [InlineData("report.html")]
    [InlineData("card.md")]
    [InlineData("held-out-new-patients.parquet", "model.json")]
    public async Task Interrupted_after_some_files_it_is_made_whole_byte_for_byte(params string[] missing)
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var before = await home.HashesAsync();
        foreach (var name in missing)
        {
            home.Delete($"{trained.Model.Folder}/{name}");
        }

        var (model, alreadyThere) = await TrainAsync(home, manifest);
        Assert.False(alreadyThere);
        Assert.Equal(trained.Model.Version, model.Version);
        Assert.Equal(before, await home.HashesAsync());
        var loaded = await ModelVersions.LoadAsync(home.Lake, model.Task, model.Version, FeatureSet.Home.Hash, s_none);
        Assert.Equal(TrainedHome.Task.Hash, loaded.Document.TaskHash);
    }

    [Fact]
    public async Task What_an_earlier_try_left_with_other_bytes_is_not_made_part_of_the_model()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        home.Overwrite($"{trained.Model.Folder}/trees.txt", "PK");
        home.Delete($"{trained.Model.Folder}/model.json");
        var fault = await Assert.ThrowsAsync<LakeException>(() => TrainAsync(home, manifest));
        Assert.StartsWith(home.Lake.FullPath($"{trained.Model.Folder}/trees.txt"), fault.Message, StringComparison.Ordinal);
        Assert.False(await home.Lake.ExistsAsync($"{trained.Model.Folder}/model.json", default));
    }

    [Fact]
    public async Task Where_nothing_can_be_decided_nothing_is_trained()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        home.Overwrite(LakePaths.Decision(TrainedHome.Task.Name, 1), "{}");
        var before = await home.FilesAsync();
        var fault = await Assert.ThrowsAsync<LakeException>(() => TrainAsync(home, manifest, settings: TrainedHome.Quick with { Seed = 8 }));
        Assert.StartsWith(home.Lake.FullPath(LakePaths.Decision(TrainedHome.Task.Name, 1)), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal(before, await home.FilesAsync());
    }

    [Fact]
    public async Task Cancelled_on_the_way_it_leaves_no_model_and_the_next_run_makes_it()
    {
        await using var home = new TempHome();
        var manifest = await TrainedHome.Feed().LandAsync(home);
        using var stop = new CancellationTokenSource();
        var progress = new Stopping(stop, "Final model");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            TrainingStage.RunAsync(home.Store, manifest, TrainedHome.Task, TrainedHome.Quick, progress, stop.Token));
        Assert.False(await home.Lake.ExistsAsync($"{trained.Model.Folder}/model.json", default));
        Assert.Equal((null, null), await AliasesAsync(home));

        var (model, alreadyThere) = await TrainAsync(home, manifest);
        Assert.False(alreadyThere);
        var (whole, _) = await trained.CopyAsync();
        await using (whole)
        {
            Assert.Equal(await whole.HashesAsync(model.Folder), await home.HashesAsync(model.Folder));
        }

        Assert.Equal((model.Version, null), await AliasesAsync(home));
    }

    [Theory]
    [InlineData("row_team")]
    [InlineData("row_label")]
    [InlineData("as_of")]
    [InlineData("spo2_mean_3d")]
    public async Task A_snapshot_that_lacks_a_column_is_told_in_one_line(string lacks)
    {
        var (home, _) = await trained.CopyAsync();
        await using var copy = home;
        var columns = (await home.Lake.ReadTableAsync(trained.Model.Features, null, s_none)).ColumnNames.Where(c => c != lacks).ToArray();
        await using var input = await home.Lake.OpenReadAsync(trained.Model.Features, s_none);
        var table = await ParquetTable.ReadAsync(input, columns, s_none);
        var fault = Assert.Throws<LakeException>(() => TrainingSnapshot.FromParquet(table, TrainedHome.Task, "snapshot.parquet"));
        Assert.StartsWith("snapshot.parquet: a damaged training snapshot", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"'{lacks}'", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData("Vectors", false)]
    [InlineData("Vectors", true)]
    [InlineData("Folds", false)]
    [InlineData("Final model", true)]
    public async Task Who_is_erased_while_it_trains_does_not_come_back_with_the_model(string stage, bool atItsEnd)
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        const string Gone = "p03";
        var settings = TrainedHome.Quick with { Seed = 8 };
        var erasing = new Erasing(home, Gone, stage, atItsEnd);
        // Erased on another thread, as another program does.
        var fault = await Assert.ThrowsAsync<LakeException>(() => Task.Run(() => TrainingStage.RunAsync(home.Store, manifest, TrainedHome.Task, settings, erasing, s_none)));
        Assert.True(erasing.Done);
        Assert.Contains("train again", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal([trained.Model.Version], (await home.Lake.ListAsync($"models/{TrainedHome.Task.Name}", s_none)).Select(p => p.Split('/')[2]).Where(v => v != "decisions").Distinct());
        Assert.Equal((trained.Model.Version, null), await AliasesAsync(home));
        foreach (var path in (await home.Lake.ListAsync("gold/features", s_none)).Concat(await home.Lake.ListAsync("models", s_none)).Where(p => p.EndsWith(".parquet", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain(Gone, (await home.Lake.ReadTableAsync(path, ["patient_id"], s_none)).Text("patient_id"));
        }

        Assert.DoesNotContain(Gone, Encoding.UTF8.GetString(await home.Lake.ReadAsync(trained.Model.Report, s_none)), StringComparison.Ordinal);

        // Without the patient it is trained again.
        var (model, _) = await TrainAsync(home, (await ObservationsManifest.TryReadAsync(home.Lake, s_none))!, settings: settings);
        Assert.DoesNotContain(Gone, (await home.Lake.ReadTableAsync(model.HeldOut[0], ["patient_id"], s_none)).Text("patient_id"));
    }

    [Fact]
    public async Task Held_out_rows_have_their_columns_and_nobody_from_outside_the_cohort()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var table = await home.Lake.ReadTableAsync(trained.Model.HeldOut[0], null, s_none);
        Assert.Equal(
            ["patient_id", "as_of", "fold", "label", "p", "news2_low", "news2_point", "news2_high", "p_logistic", "raw_logistic", "raw", "alert",
                "day", "own_event", "next_event", "team", "age", "sex", "conditions", "device_models", "team_capacity", "team_patients", "contacts_7d", "rule_weight_rule"],
            table.ColumnNames);
        var reference = await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, s_none);
        var cohort = Cohort.Build(TrainedHome.Task, reference, Telemetry.UnixMicros.ToInstant(manifest.Inputs.Watermark));
        var labels = cohort.Rows.ToDictionary(r => (r.PatientId, Telemetry.UnixMicros.ToUnixMicros(r.AsOf)), r => r.Label);
        Assert.Equal(labels.Count, table.Rows);
        for (var row = 0; row < table.Rows; row++)
        {
            Assert.Equal(labels[(table.Text("patient_id")[row]!, table.Time("as_of")[row])], table.Boolean("label")[row]);
        }

        Assert.All(table.Text("patient_id").Zip(table.Int32("fold")).Distinct().CountBy(p => p.First!), p => Assert.Equal(1, p.Value));
        Assert.All(table.Float64("p"), p => Assert.InRange(p, 0, 1));
        Assert.Equal(trained.Model.Reports[0].Rows, table.Rows);
    }

    [Fact]
    public async Task All_figures_of_a_report_come_again_from_the_held_out_table_alone()
    {
        var (home, _) = await trained.CopyAsync();
        await using var copy = home;
        var rows = HeldOutTable.FromParquet(await home.Lake.ReadTableAsync(trained.Model.HeldOut[0], null, s_none));
        var report = trained.Model.Reports[0];
        Again(report, rows, TrainedHome.Task, null);
        Assert.True(report.Clinical!.EventsInReach > 0);
        Assert.Equal(1, report.Clinical.CapacityStated);
        Assert.Equal(8, report.DistinctEvents);
        Assert.True(report.Events > 8);
        Assert.NotEmpty(report.Differences);
        Assert.Contains(report.Clinical.Subgroups, s => s.Dimension == SubgroupDimensions.Sex || s.Dimension == SubgroupDimensions.Age);
    }

    [Fact]
    public async Task So_do_those_of_what_alerts_are_worth_and_of_models_without_some_columns()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var copy = home;
        var task = TrainedHome.Task with { Name = "admission-2d-worth", AlertWorth = AlertWorth.Sepsis2019, Ablations = [new() { Name = "without SpO2", Without = ["spo2_*"] }] };
        var (model, _) = await TrainingStage.RunAsync(home.Store, manifest, task, TrainedHome.Quick, null, s_none);
        var rows = HeldOutTable.FromParquet(await home.Lake.ReadTableAsync(model.HeldOut[0], null, s_none));
        var report = model.Reports[0];
        Again(report, rows, task, SepsisScorer.Gains(rows.PatientId, rows.Label));
        Assert.Equal([EvaluationVariant.AllColumns, "without SpO2"], report.Variants.Select(v => v.Columns));
        Assert.All(report.Variants, v => Assert.True(double.IsFinite(v.Utility!.Value)));
        Assert.Equal(report.Metrics[MetricNames.Model][MetricNames.Utility].Value, report.Variants[0].Utility!.Value, 1e-12);
        Assert.NotEqual(report.Variants[0].Auroc, report.Variants[1].Auroc);
    }

    /// <summary>Computes a report again from its held-out rows: nothing but its folds, its flow and what it is of is taken from it.</summary>
    private static void Again(EvaluationReport report, HeldOutRows rows, TaskDefinition task, double[]? alertGain)
    {
        var figures = Figures.Of(rows, report.Resamples, report.Seed, threads: 1, alertGain: alertGain);
        var again = report with
        {
            Rows = rows.Rows,
            Patients = figures.Patients,
            Events = rows.Label.Count(l => l),
            DistinctEvents = figures.DistinctEvents,
            Metrics = figures.Metrics,
            Differences = figures.Differences,
            Calibration = figures.Calibration,
            Clinical = ClinicalFigures.Of(rows, report.Resamples, report.Seed, threads: 1),
            Variants = EvaluationVariants.Of(rows, task, report.Variants.Count > 0 ? report.Variants[0].ColumnCount : 0, report.Resamples, report.Seed, threads: 1),
        };
        Assert.Equal(report.ToJson(), again.ToJson());
    }

    [Fact]
    public async Task What_models_without_some_columns_said_is_read_again_from_the_held_out_table()
    {
        var (home, _) = await trained.CopyAsync();
        await using var copy = home;
        var rows = HeldOutTable.FromParquet(await home.Lake.ReadTableAsync(trained.Model.HeldOut[0], null, s_none));
        Assert.Empty(rows.Ablated);
        rows.Ablated = [new("without half of it", 7, [.. rows.Raw.Select(r => r / 2)], [.. rows.Alert.Select(a => !a)]), new("without more", 3, rows.Raw, rows.Alert)];
        using var stream = new MemoryStream(HeldOutTable.ToParquet(rows).ToBytes());
        var again = HeldOutTable.FromParquet(await ParquetTable.ReadAsync(stream, null, s_none));
        Assert.Equal(["without half of it", "without more"], again.Ablated.Select(a => a.Name));
        Assert.Equal([7, 3], again.Ablated.Select(a => a.Columns));
        Assert.Equal(rows.Ablated[0].Raw, again.Ablated[0].Raw);
        Assert.Equal(rows.Ablated[0].Alert, again.Ablated[0].Alert);
        var task = BundledTasks.AdmissionSevenDays;
        var variants = EvaluationVariants.Of(again, task, 12, 20, 1);
        Assert.Equal(EvaluationVariants.Of(rows, task, 12, 20, 1, threads: 1), variants);
        Assert.Equal(variants[0].Auroc, variants[2].Auroc);
    }

    [Fact]
    public async Task The_page_and_the_card_stand_beside_the_model_and_say_what_kind_of_data_it_was()
    {
        var (home, _) = await trained.CopyAsync();
        await using var copy = home;
        var page = Encoding.UTF8.GetString(await home.Lake.ReadAsync(trained.Model.Report, s_none));
        var card = Encoding.UTF8.GetString(await home.Lake.ReadAsync(trained.Model.Card, s_none));
        foreach (var text in (string[])[page, card])
        {
            Assert.Contains(trained.Model.Version, text, StringComparison.Ordinal);
            Assert.Contains("Results on synthetic data do not compare with", text, StringComparison.Ordinal);
            Assert.Contains("too few to judge", text, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Contains("Error review: the worst misses", page, StringComparison.Ordinal);
        Assert.DoesNotContain("p00", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_report_is_named_in_one_line()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var path = $"{trained.Model.Folder}/evaluation-new-patients.json";
        home.Overwrite(path, "{\n");
        var fault = await Assert.ThrowsAsync<LakeException>(() => TrainAsync(home, manifest));
        Assert.StartsWith(home.Lake.FullPath(path), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task A_zone_that_does_not_exist_stops_no_training_and_is_in_the_flow()
    {
        await using var home = new TempHome();
        var manifest = await TrainedHome.Feed().Patient("elsewhere", zone: "Mars/Olympus_Mons").Daily("elsewhere", 0, 12).LandAsync(home);
        var (model, _) = await TrainAsync(home, manifest);
        Assert.Equal(new CohortFlowStep("unknown-time-zone", true, 1, 0, "The roster names a time zone that does not exist: their days and times stand in UTC"), model.Reports[0].Flow[^1]);
    }

    /// <summary>Erases a patient when a stage begins, or when it is through.</summary>
    private sealed class Erasing(TempHome home, string patient, string stage, bool atItsEnd) : IProgress<TrainingProgress>
    {
        private int _begun;

        public bool Done { get; private set; }

        public void Report(TrainingProgress value)
        {
            if (value.Stage == stage && value.Done == (atItsEnd ? value.Total : 0) && Interlocked.Exchange(ref _begun, 1) == 0)
            {
                PatientErasure.RunAsync(home.Store, patient, TimeProvider.System, s_none).GetAwaiter().GetResult();
                Done = true;
            }
        }
    }

    /// <summary>Cancels when a stage begins.</summary>
    private sealed class Stopping(CancellationTokenSource stop, string stage) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Stage == stage)
            {
                stop.Cancel();
            }
        }
    }
}
