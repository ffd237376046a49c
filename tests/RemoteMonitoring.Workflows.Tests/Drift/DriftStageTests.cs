using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tests.Elsewhere;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Drift;

public sealed class DriftStageTests(DriftHome trained) : IClassFixture<DriftHome>
{
    private static readonly Duration s_twoWeeks = Duration.FromDays(14);

    private static readonly IEnumerable<int> s_allNights = Enumerable.Range(DriftHome.Trained + 1, DriftHome.End - DriftHome.Trained);

    [Fact]
    public async Task Nights_like_those_before_raise_no_alarm_and_what_looks_back_further_than_training_could_does()
    {
        await using var home = await trained.CopyAsync(s_allNights);
        var (report, outcome) = await MeasureAsync(home);
        Assert.All(report.Columns, c => Assert.True(c.Before!.Verdict < DriftVerdict.Watch, $"{c.Name}: PSI {c.Before.Psi}, {c.Before.Cause}"));
        Assert.All((string[])["spo2_mean_3d", "heart_rate_mean_3d"], name => Assert.True(report.Columns.Single(c => c.Name == name).Verdict < DriftVerdict.Watch));
        Assert.Contains(report.Columns, c => c.Verdict == DriftVerdict.Stable);
        // The model was taught by people of up to thirty days.
        Assert.Equal(DriftVerdict.Drifted, report.Columns.Single(c => c.Name == "since_enrolled").Verdict);
        Assert.Equal((14 * 48, 48), (report.Rows, report.Patients));
        Assert.True(report.TrainingRows > 48 * 20);
        Assert.Equal(["A"], report.Devices.Select(d => d.Devices));
        Assert.Equal((14, 48 * 14, 0), (report.Workload.Now.Runs, report.Workload.Now.Scored, report.Workload.Now.SetAside));
        Assert.Equal(100 * 5 / 48.0, report.Workload.Now.ListedPerHundredPatientDays, 1e-9);
        Assert.Equal(DriftVerdict.Stable, report.WorkloadVerdict);
        Assert.Equal((14 * 48, report.TrainingRows), (report.Scores.Now!.Rows, report.Scores.Training!.Rows));
        Assert.True(report.ScoreVerdict < DriftVerdict.Watch, $"{report.Scores.AgainstTraining}");

        // Two days of the window have to pass, no more.
        var performance = report.Performance.Now!;
        Assert.Equal((MadeUpFeed.At(57.3) - s_twoWeeks, MadeUpFeed.At(57.3)), (performance.After, performance.To));
        Assert.InRange(performance.Events, DriftLimits.MinimumEvents, 14 * 48 / 3);
        Assert.InRange(performance.Auroc.Value, 0.8, 1);
        Assert.NotNull(report.Performance.Training);
        Assert.Equal(performance.Auroc.Value, outcome.Auroc);

        var written = await home.Lake.ReadAsync(outcome.Report, default);
        Assert.Equal(report.ToBytes(), written);
        Assert.DoesNotContain("patient-0", Encoding.UTF8.GetString(written), StringComparison.Ordinal);
        await MeasureAsync(home);
        Assert.Equal(written, await home.Lake.ReadAsync(outcome.Report, default));
    }

    [Fact]
    public async Task New_devices_that_read_higher_are_named_and_the_people_on_the_old_ones_are_not_blamed()
    {
        await using var home = await trained.CopyAsync(s_allNights, newDevices: true);
        var (report, _) = await MeasureAsync(home);
        Assert.Equal(["A", "B"], report.Devices.Select(d => d.Devices).Order(StringComparer.Ordinal));
        var rate = report.Columns.Single(c => c.Name == "heart_rate_mean_3d").Training!;
        Assert.Equal((DriftVerdict.Drifted, DriftCause.NewDevices), (rate.Verdict, rate.Cause));
        Assert.Equal(0.25, rate.ComparedDevices, 0.02);
        Assert.True(report.Columns.Single(c => c.Name == "spo2_mean_3d").Verdict < DriftVerdict.Watch);
    }

    [Fact]
    public async Task A_week_without_a_night_says_so_and_judges_nothing()
    {
        await using var home = await trained.CopyAsync([]);
        var (report, outcome) = await MeasureAsync(home);
        Assert.Equal(DriftVerdict.TooFew, outcome.Verdict);
        Assert.Empty(report.Columns);
        Assert.Contains(report.Notices, n => n.StartsWith("No run of the task", StringComparison.Ordinal));
        Assert.Null(outcome.Performance);
        await DriftStage.WritePageAsync(home.Lake, outcome, default);
        Assert.Contains("No run of the task", Encoding.UTF8.GetString(await home.Lake.ReadAsync(outcome.Page, default)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_night_whose_window_has_not_passed_nothing_is_said_of_performance()
    {
        await using var home = await trained.CopyAsync([59]);
        var early = (await MeasureAsync(home)).Report.Performance;
        Assert.Null(early.Now);
        Assert.StartsWith("Not matured: outcomes are certain of instants up to 2025-04-27T07:12:00Z", early.NotMatured, StringComparison.Ordinal);
        // As of a day when its outcome was not known yet nobody may know it, whatever has landed since.
        await using var later = await trained.CopyAsync([50]);
        Assert.Null((await MeasureAsync(later, 51)).Report.Performance.Now);
        Assert.NotNull((await MeasureAsync(later, 53)).Report.Performance.Now);
    }

    [Fact]
    public async Task A_home_whose_only_model_is_from_elsewhere_is_looked_at_all_the_same()
    {
        await using var home = new TempHome();
        var manifest = await TrainedHome.Feed().LandAsync(home);
        var asked = new ModelFromElsewhere
        {
            Task = TrainedHome.Task,
            Kind = ModelKind.Onnx,
            File = OnnxBytes.Logistic([-0.5f], 44),
            Mapping = """{ "schemaVersion": 1, "featureSet": "home", "features": [ { "name": "oxygen", "column": "spo2_mean_3d", "missing": 96 } ], "output": { "as": "probability" } }"""u8.ToArray(),
            MappingName = "mapping.json",
            TrainedUntil = MadeUpFeed.At(0),
            By = "ada",
            Why = "it is all there is",
        };
        var version = (await ModelRegistration.RegisterAsync(home.Store, asked, TimeProvider.System, default)).Version;
        await new ModelRegistry(home.Store, TimeProvider.System).AddTrainedAsync(TrainedHome.Task.Name, version, "ada", default);
        foreach (var night in Enumerable.Range(4, 9))
        {
            await DailyRiskRun.RunAsync(home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(night), Model = version }, default);
        }

        var (report, outcome) = await DriftStage.MeasureAsync(home.Store, TrainedHome.Task, MadeUpFeed.At(12), Duration.FromDays(4), TimeProvider.System, default);
        Assert.Equal((version, 4, 5), (report.Model, report.Workload.Now.Runs, report.Workload.Before!.Runs));
        Assert.All(report.Columns, c => Assert.True(c.Training is null && c.Before is not null));
        Assert.Equal((null, null), (report.Scores.Training, report.Performance.Training));
        Assert.True(report.Scores.Now!.Rows > 0 && report.Performance.Now!.Rows > 0);
        Assert.Equal(2, report.Notices.Count(n => n.Contains("from elsewhere", StringComparison.Ordinal)));
        await DriftStage.WritePageAsync(home.Lake, outcome, default);
    }

    [Fact]
    public async Task What_another_model_or_one_that_knew_more_scored_later_hides_no_night_of_the_champion()
    {
        await using var home = await trained.CopyAsync(s_allNights);
        var alone = (await MeasureAsync(home)).Report;
        var manifest = await new MadeUpFeed().Reading("d-patient-00", "spo2", 95, DriftHome.End + 1.3).LandAsync(home, "more");
        var (other, _) = await TrainingStage.RunAsync(home.Store, manifest, TrainedHome.Task, TrainedHome.Quick with { Seed = 8 }, null, default);
        async Task RunAsync(int night, string model, int knownBy) => await DailyRiskRun.RunAsync(
            home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(night), KnownBy = MadeUpFeed.At(knownBy), Model = model }, default);
        foreach (var night in s_allNights.TakeLast(6))
        {
            await RunAsync(night, other.Version, night);
        }

        await RunAsync(50, trained.Model.Version, 55);
        await RunAsync(51, trained.Model.Version, DriftHome.End + 1);
        var nights = await NightsOnRecord.ReadAsync(home.Lake, TrainedHome.Task.Name, MadeUpFeed.At(DriftHome.End), default);
        foreach (var found in (IReadOnlyList<LedgerEntry>[])
            [
                nights.Between(MadeUpFeed.At(46), MadeUpFeed.At(60), trained.Model.Version),
                nights.Between(MadeUpFeed.At(46), MadeUpFeed.At(60), trained.Model.Version, MadeUpFeed.At(DriftHome.Trained)),
            ])
        {
            Assert.Equal(Enumerable.Range(47, 14).Select(d => (MadeUpFeed.At(d), MadeUpFeed.At(d), trained.Model.Version)), found.Select(e => (e.AsOf, e.KnownBy, e.Model)));
        }

        // Where only another scored, that counts for inputs; and what became known after the look does not.
        Assert.Equal(6, nights.Between(MadeUpFeed.At(46), MadeUpFeed.At(60), other.Version).Count(e => e.Model == other.Version));
        Assert.DoesNotContain(nights.Between(MadeUpFeed.At(46), MadeUpFeed.At(60), other.Version), e => e.KnownBy > MadeUpFeed.At(DriftHome.End));

        var report = (await MeasureAsync(home)).Report;
        Assert.Equal(alone.Rows, report.Rows);
        Assert.Equivalent(alone.Scores.Now, report.Scores.Now, strict: true);
        Assert.Equal(alone.Workload.Now.Listed, report.Workload.Now.Listed);
        Assert.DoesNotContain(report.Notices, n => n.Contains("another model", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_snapshot_and_evaluation_are_gone_there_is_the_stretch_before_alone()
    {
        await using var home = await trained.CopyAsync(s_allNights);
        foreach (var path in (await home.Lake.ListAsync("gold/features/home/snapshots", default)).Concat(await home.Lake.ListAsync($"models/{TrainedHome.Task.Name}/{trained.Model.Version}", default))
            .Where(p => p.Contains("snapshots", StringComparison.Ordinal) || p.Contains("evaluation-", StringComparison.Ordinal) || p.Contains("held-out-", StringComparison.Ordinal)))
        {
            home.Delete(path);
        }

        var (report, outcome) = await MeasureAsync(home);
        Assert.All(report.Columns, c => Assert.Null(c.Training));
        Assert.All(report.Columns, c => Assert.NotNull(c.Before));
        Assert.Contains(report.Columns, c => c.Verdict == DriftVerdict.Stable);
        Assert.Equal((null, null, null), (report.Scores.Training, report.Performance.Training, report.Workload.TrainingShareScoreable));
        Assert.NotNull(report.Performance.Now);
        Assert.NotNull(outcome.ScorePsi);
        Assert.NotNull(report.Scores.AgainstBefore);
        Assert.Equal(2, report.Notices.Count(n => n.Contains("from elsewhere", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_workflow_leaves_report_and_page_and_states_metrics_by_task_alone()
    {
        await using var home = await trained.CopyAsync(s_allNights.Skip(20));
        using var meters = new TestMeters();
        var stated = new Dictionary<string, double>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Meter.Scope == meters) { l.EnableMeasurementEvents(i); } } };
        void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            Assert.Equal([new("task", TrainedHome.Task.Name)], tags.ToArray());
            stated[instrument.Name] = value;
        }

        listener.SetMeasurementEventCallback<double>((i, v, tags, _) => Keep(i, v, tags));
        listener.SetMeasurementEventCallback<long>((i, v, tags, _) => Keep(i, v, tags));
        listener.Start();
        var registry = new WorkflowRegistry();
        new DriftActivities((_, _) => ValueTask.FromResult(home.Store), TimeProvider.System, meters, [TrainedHome.Task]).AddTo(registry);
        await using var engine = WorkflowEngine.Start(Path.Combine(home.Root, "workflows.db"), registry, new EngineOptions(), TimeProvider.System, NullLogger.Instance);
        Assert.True(await engine.Client.TryStartAsync(DriftWorkflow.Definition, "drift", new DriftInput { Cohort = MadeUpFeed.Cohort, Task = TrainedHome.Task.Name, AsOf = MadeUpFeed.At(DriftHome.End) }, default));
        var ended = await engine.Client.WaitAsync("drift", default).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(ended.Status == InstanceStatus.Completed, ended.Failure?.ToString());
        var outcome = System.Text.Json.JsonSerializer.Deserialize(ended.Output!, DriftWorkflow.Definition.Output)!;
        Assert.Equal([$"drift/{TrainedHome.Task.Name}/20250430T000000Z/drift.html", $"drift/{TrainedHome.Task.Name}/20250430T000000Z/drift.json"], (await home.Lake.ListAsync("drift", default)).Order(StringComparer.Ordinal));
        Assert.Equal([DriftMetrics.Auroc, DriftMetrics.Columns, DriftMetrics.ObservedExpected, DriftMetrics.ScorePsi], stated.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((outcome.DriftedColumns, outcome.ScorePsi), ((int)stated[DriftMetrics.Columns], stated[DriftMetrics.ScorePsi]));
    }

    [Fact]
    public async Task Nobody_is_looked_at_for_a_task_without_a_model()
    {
        await using var home = new TempHome();
        var e = await Assert.ThrowsAsync<LakeException>(() => MeasureAsync(home));
        Assert.Contains("there is no model for 'admission-2d' yet", e.Message, StringComparison.Ordinal);
    }

    private static Task<(DriftReport Report, DriftOutcome Outcome)> MeasureAsync(TempHome home, int asOf = DriftHome.End) =>
        DriftStage.MeasureAsync(home.Store, TrainedHome.Task, MadeUpFeed.At(asOf), s_twoWeeks, TimeProvider.System, default);

    private sealed class TestMeters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            options.Scope = this;
            _meters.Add(new Meter(options));
            return _meters[^1];
        }

        public void Dispose() => _meters.ForEach(m => m.Dispose());
    }
}
