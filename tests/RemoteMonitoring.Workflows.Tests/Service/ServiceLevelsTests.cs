using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Schedules;
using RemoteMonitoring.Workflows.Service;
using RemoteMonitoring.Workflows.Tests.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.Service;

public sealed class ServiceLevelsTests : IAsyncDisposable
{
    private const string Task = "admission-7d";

    // A Monday in summer, when London is an hour ahead: the night is due at 04:30 UTC, its list at 06:00.
    private static readonly Instant s_morning = Instant.FromUtc(2025, 6, 30, 6, 0);
    private static readonly Instant s_asOf = Instant.FromUtc(2025, 6, 29, 23, 0);

    private readonly TempHome _home = new();
    private readonly ClockByHand _clock = new(s_morning + Duration.FromHours(2));

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Of_a_home_that_is_new_nothing_is_missed_and_nothing_is_claimed()
    {
        var levels = await MeasureAsync([]);
        Assert.Equal(ServiceObjectives.All, levels.Select(l => l.Objective));
        Assert.All(levels, l => Assert.Equal(l.Objective == ServiceObjectives.Erasures ? (ServiceState.Met, 0d) : (ServiceState.NotYet, null as double?), (l.State, l.Value)));
    }

    [Theory]
    [InlineData(-86, ServiceState.Met, 0)]
    [InlineData(0, ServiceState.Met, 0)]
    [InlineData(1, ServiceState.NotMet, 1)]
    [InlineData(95, ServiceState.NotMet, 95)]
    public async Task A_list_is_in_time_until_seven_by_the_clocks_of_its_schedule(int minutes, ServiceState state, double late)
    {
        await ServedSinceAsync(s_asOf - Duration.FromDays(3));
        await ShipAsync(s_asOf, s_morning + Duration.FromMinutes(minutes));
        // Made once more with later data: what counts is when there was a list.
        await ShipAsync(s_asOf, s_morning + Duration.FromHours(2), "run-2");
        var level = await OneAsync(ServiceObjectives.Lists, Nightly);
        Assert.Equal((state, late, Task), (level.State, level.Value!.Value, level.Model));
    }

    [Fact]
    public async Task A_list_that_is_missing_is_later_by_the_minute_and_before_seven_that_of_the_day_before_counts()
    {
        await ServedSinceAsync(s_asOf - Duration.FromDays(3));
        await ShipAsync(s_asOf - Duration.FromDays(1), s_morning - Duration.FromDays(1) - Duration.FromMinutes(20));
        _clock.Now = s_morning - Duration.FromMinutes(1);
        Assert.Equal(ServiceState.Met, (await OneAsync(ServiceObjectives.Lists, Nightly)).State);
        _clock.Now = s_morning + Duration.FromMinutes(17);
        var missing = await OneAsync(ServiceObjectives.Lists, Nightly);
        Assert.Equal((ServiceState.NotMet, 17d, "there is none of Mon 30 Jun"), (missing.State, missing.Value!.Value, missing.Measured));
    }

    [Fact]
    public async Task A_schedule_that_nobody_serves_or_that_is_served_since_this_noon_has_missed_nothing()
    {
        Assert.Equal("nobody has served its schedule", (await OneAsync(ServiceObjectives.Lists, Nightly)).Measured);
        await ServedSinceAsync(s_morning + Duration.FromHours(1));
        var first = await OneAsync(ServiceObjectives.Lists, Nightly);
        Assert.Equal((ServiceState.NotYet, null), (first.State, first.Value));
    }

    [Fact]
    public async Task Lists_of_an_older_program_do_not_say_when_and_nothing_is_made_up_for_them()
    {
        await ServedSinceAsync(s_asOf - Duration.FromDays(3));
        await ShipAsync(s_asOf, null);
        var level = await OneAsync(ServiceObjectives.Lists, Nightly);
        Assert.Equal((ServiceState.NotYet, null), (level.State, level.Value));
    }

    [Theory]
    [InlineData(0, null, ServiceState.Met, 0, "nothing waits", null)]
    [InlineData(2, null, ServiceState.Met, 0, "nothing waits", null)]
    [InlineData(3, null, ServiceState.Met, 3, "3 min behind", null)]
    [InlineData(0, 15, ServiceState.Met, 15, "15 min behind", null)]
    [InlineData(0, 16, ServiceState.NotMet, 16, "16 min behind", "See with 'rmon stream list' whether it moves.")]
    [InlineData(0, -1, ServiceState.Met, 0, "nothing waits", null)]
    [InlineData(16, null, ServiceState.NotMet, 16, "16 min behind", "Nobody has read hub/e1/0 for 16 min: see that a worker runs.")]
    [InlineData(100, 110, ServiceState.NotMet, 110, "110 min behind", "Nobody has read hub/e1/0 for 100 min: see that a worker runs.")]
    public async Task Lag_is_the_age_of_the_oldest_message_that_waits_by_what_the_workers_state(int stated, int? waiting, ServiceState state, int minutes, string measured, string? advice)
    {
        await StateAsync(0, $$"""{"schemaVersion":2,"hub":"hub","epoch":"e1","partition":0,"landedThrough":{{At(stated + 1)}},"stated":{{At(stated)}},"waiting":{{(waiting is { } since ? At(since) : "null")}}}""");
        // Another, which is idle, and has for an hour had nothing to land.
        await StateAsync(1, $$"""{"schemaVersion":2,"hub":"hub","epoch":"e1","partition":1,"landedThrough":{{At(60)}},"stated":{{At(0)}},"waiting":null}""");
        var level = await OneAsync(ServiceObjectives.Ingestion);
        Assert.Equal((state, minutes * 60d, measured, advice), (level.State, level.Value!.Value, level.Measured, level.Advice));
    }

    [Fact]
    public async Task What_an_older_program_stated_counts_from_what_had_landed()
    {
        await StateAsync(0, $$"""{"schemaVersion":1,"hub":"hub","epoch":"e1","partition":0,"landedThrough":{{At(16)}},"stated":{{At(0)}}}""");
        var level = await OneAsync(ServiceObjectives.Ingestion);
        Assert.Equal((ServiceState.NotMet, 960d, "See with 'rmon stream list' whether it moves."), (level.State, level.Value!.Value, level.Advice));
    }

    private string At(int minutesAgo) => ((_clock.Now - Duration.FromMinutes(minutesAgo)).ToUnixTimeTicks() / 10).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task StateAsync(int partition, string body) => await _home.Store.Documents.UpsertAsync(Containers.Ingestion, [new Document { PartitionKey = "hub", Id = $"e1/{partition}", Body = body }], default);

    [Fact]
    public async Task Rejects_are_those_of_the_last_day_that_landed_and_what_landed_before_does_not_count()
    {
        await LandAsync("before", 4, bad: 4, _clock.Now - Duration.FromDays(40));
        await LandAsync("last", 8, bad: 1, _clock.Now - Duration.FromDays(30)); // and nothing since
        var level = await OneAsync(ServiceObjectives.Rejects);
        Assert.Equal((ServiceState.NotMet, 1 / 8d), (level.State, level.Value!.Value));
        Assert.Equal("12.5 % of 8, landed up to 2025-05-31 08:00 UTC", level.Measured);
        await LandAsync("today", 90, bad: 0, _clock.Now - Duration.FromHours(23));
        Assert.Equal((ServiceState.Met, 0d), await OneAsync(ServiceObjectives.Rejects) is var today ? (today.State, today.Value!.Value) : default);
    }

    [Theory]
    [InlineData(99, 1, 40, ServiceState.Met, 0.99)]
    [InlineData(98, 2, 0, ServiceState.NotMet, 0.98)]
    [InlineData(0, 0, 7, ServiceState.NotMet, 0d)]
    [InlineData(0, 0, 0, ServiceState.NotYet, null)]
    public async Task Coverage_is_of_who_could_be_scored_in_the_last_night_whoever_was_scored_before(int scored, int setAside, int notScored, ServiceState state, double? share)
    {
        await RanAsync(s_asOf - Duration.FromDays(1), "run-0", 10, 0, 0);
        await RanAsync(s_asOf, "run-1", scored, setAside, notScored);
        var level = await OneAsync(ServiceObjectives.Coverage);
        Assert.Equal((state, share, Task), (level.State, level.Value, level.Model));
    }

    [Fact]
    public async Task Drift_is_what_the_last_look_found_and_a_look_of_long_ago_is_none()
    {
        await ShipAsync(s_asOf, s_morning);
        Assert.Equal(("never looked at", ServiceState.NotYet), ((await OneAsync(ServiceObjectives.Drift)).Measured, (await OneAsync(ServiceObjectives.Drift)).State));
        await LookedAsync(s_asOf - Duration.FromDays(20), DriftVerdict.Stable, 0.02);
        var old = await OneAsync(ServiceObjectives.Drift);
        Assert.Equal((ServiceState.Unknown, null), (old.State, old.Value));
        await LookedAsync(s_asOf - Duration.FromDays(7), DriftVerdict.Watch, 0.2);
        Assert.Equal((ServiceState.Met, 0.2), await OneAsync(ServiceObjectives.Drift) is var met ? (met.State, met.Value!.Value) : default);
        await LookedAsync(s_asOf, DriftVerdict.Drifted, 0.25);
        Assert.Equal((ServiceState.NotMet, 0.25), await OneAsync(ServiceObjectives.Drift) is var drifted ? (drifted.State, drifted.Value!.Value) : default);
        await LookedAsync(s_asOf + Duration.FromHours(1), DriftVerdict.TooFew, 0.9);
        Assert.Equal((ServiceState.NotYet, null), await OneAsync(ServiceObjectives.Drift) is var few ? (few.State, few.Value) : default);
    }

    [Fact]
    public async Task A_report_that_cannot_be_read_is_unknown_and_keeps_nothing_else_from_being_told()
    {
        await ShipAsync(s_asOf, s_morning);
        await _home.Lake.ReplaceAsync(LakePaths.Drift(Task, LakePaths.Stamp(s_asOf.ToUnixMicros()), DriftReport.FileName), "no report"u8.ToArray(), default);
        var levels = await MeasureAsync([]);
        Assert.Equal((ServiceState.Unknown, "cannot be read"), (levels.Single(l => l.Objective == ServiceObjectives.Drift).State, levels.Single(l => l.Objective == ServiceObjectives.Drift).Measured));
        Assert.Equal(ServiceState.Met, levels.Single(l => l.Objective == ServiceObjectives.Erasures).State);
    }

    [Fact]
    public async Task A_document_of_a_newer_program_and_an_engine_that_gives_no_answer_are_unknown_and_keep_nothing_else_from_being_told()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        var store = home.Home.Store;
        await ListsIndex.AddAsync(store.Documents, new ListsMade("run-1", Task, "Admission", s_asOf, s_asOf, 10), s_morning, default);
        await store.Documents.UpsertAsync(
            Containers.Runs, [new Document { PartitionKey = DailyRiskRun.Workflow, Id = new ListsMade("run-1", Task, "", s_asOf, s_asOf, 10).Id, Body = "{\"schemaVersion\":99,\"newer\":true}" }], default);
        var client = DispatchProxy.Create<IWorkflowClient, Unavailable>();
        var (said, stated) = (new Lines(), new List<ServiceLevel>());
        var levels = await Of(store, [], client, _clock, said).MeasureAsync(stated.AddRange, default);
        Assert.Equal(ServiceObjectives.All, levels.Select(l => l.Objective));
        Assert.Equal(levels, stated);
        Assert.Equal(
            [ServiceObjectives.Coverage, ServiceObjectives.FollowUps], levels.Where(l => l is { State: ServiceState.Unknown, Value: null, Measured: "cannot be read" }).Select(l => l.Objective));
        Assert.Equal(ServiceState.Met, levels[^1].State);
        Assert.Equal("Cohort simulated: follow-ups cannot be measured, by a fault of the program (TimeoutException); please report it".Replace("simulated", store.Cohort, StringComparison.Ordinal), Assert.Single(said.Said));
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Of(store, [], client, _clock).MeasureAsync(null, stop.Token));
    }

    [Fact]
    public async Task Of_a_schedule_that_comes_round_often_the_last_morning_is_judged_and_none_of_days_ago()
    {
        await ServedSinceAsync(s_asOf - Duration.FromDays(30));
        Assert.True(CronText.TryParse("0 * * * *", out var hourly, out _));
        var schedule = Nightly with { Cron = hourly, AsOf = ScheduleAsOf.Hour };
        var level = await OneAsync(ServiceObjectives.Lists, schedule);
        Assert.Equal((ServiceState.NotMet, "there is none of Mon 30 Jun"), (level.State, level.Measured));
        await ShipAsync(s_morning, s_morning);
        Assert.Equal(ServiceState.Met, (await OneAsync(ServiceObjectives.Lists, schedule)).State);
    }

    [Fact]
    public async Task An_erasure_has_an_hour_and_then_it_is_missed_until_it_is_complete()
    {
        await new MadeUpFeed().Patient("p").Daily("p", 0, 2).LandAsync(_home);
        var (_, proof) = await PatientErasure.RunAsync(_home.Store, "p", _clock, default);
        Assert.Equal((ServiceState.Met, "1 in all, 0 not complete"), await OneAsync(ServiceObjectives.Erasures) is var whole ? (whole.State, whole.Measured) : default);
        _home.Delete(proof); // it was begun, and stopped
        Assert.Equal((ServiceState.Met, 0d, "1 in all, 1 not complete"), await OneAsync(ServiceObjectives.Erasures) is var open ? (open.State, open.Value!.Value, open.Measured) : default);
        _clock.Now += Duration.FromMinutes(61);
        Assert.Equal((ServiceState.NotMet, 1d), await OneAsync(ServiceObjectives.Erasures) is var late ? (late.State, late.Value!.Value) : default);
        Assert.DoesNotContain("'p'", (await OneAsync(ServiceObjectives.Erasures)).Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_follow_up_that_nobody_takes_waits_too_long_after_half_an_hour_unless_somebody_acted()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"01:00:00\", \"escalateAfter\": \"02:00:00\", \"giveUpAfter\": \"08:00:00\"");
        home.Answer = _ => new HttpResponseMessage(System.Net.HttpStatusCode.ServiceUnavailable);
        await home.StartAsync(home.ListedInput);
        await home.CameAsync(1);
        var clock = new ClockByHand(home.Begun + Duration.FromMinutes(20));
        async Task<ServiceLevel> LevelAsync() =>
            (await Of(home.Home.Store, [], home.Engine.Client, clock).MeasureAsync(null, default)).Single(l => l.Objective == ServiceObjectives.FollowUps);
        Assert.Equal((ServiceState.Met, 0d), await LevelAsync() is var soon ? (soon.State, soon.Value!.Value) : default);
        clock.Now = home.Begun + Duration.FromMinutes(40);
        Assert.Equal((ServiceState.NotMet, 1d, "1 of 1 under way"), await LevelAsync() is var late ? (late.State, late.Value!.Value, late.Measured) : default);
        // An engine may serve several cohorts: another's follow-up is none of this one's.
        await home.StartAsync(home.ListedInput with { Cohort = "another" });
        Assert.Equal("1 of 1 under way", (await LevelAsync()).Measured);
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Claim);
        Assert.Equal((ServiceState.Met, 0d), await LevelAsync() is var acted ? (acted.State, acted.Value!.Value) : default);
        Assert.Equal(ServiceState.NotYet, (await Of(home.Home.Store, [], null, clock).MeasureAsync(null, default)).Single(l => l.Objective == ServiceObjectives.FollowUps).State);
    }

    [Fact]
    public async Task Gauges_state_what_is_known_by_cohort_and_model_and_fall_silent_when_nobody_measures()
    {
        await RanAsync(s_asOf, "run-1", 98, 2, 0);
        using var meters = new Meters();
        var time = new StoppedWatch();
        var gauges = new ServiceGauges(meters, time);
        gauges.State("ward", await MeasureAsync([]));
        Assert.Equal(["remotemonitoring.slo.coverage 0.98 cohort=ward model=admission-7d", "remotemonitoring.slo.erasures.incomplete 0 cohort=ward"], meters.Read());
        // What is measured again stands, whatever else takes longer.
        time.Passed = TimeSpan.FromMinutes(4);
        gauges.State("ward", [.. (await MeasureAsync([])).Where(l => l.Objective == ServiceObjectives.Erasures)]);
        time.Passed = ServiceGauges.Holds + TimeSpan.FromSeconds(1);
        Assert.Equal(["remotemonitoring.slo.erasures.incomplete 0 cohort=ward"], meters.Read());
        time.Passed += ServiceGauges.Holds;
        Assert.Empty(meters.Read());
    }

    private static Schedule Nightly => BundledSchedules.Of(MadeUpFeed.Cohort, "Europe/London", [Task], []).Single(s => s.Workflow == WorkflowNames.DailyRisk);

    private Task<IReadOnlyList<ServiceLevel>> MeasureAsync(IReadOnlyList<Schedule> schedules) => Of(_home.Store, schedules, null, _clock).MeasureAsync(null, default);

    private static ServiceLevels Of(CohortStore store, IReadOnlyList<Schedule> schedules, IWorkflowClient? client, TimeProvider time, ILogger? logger = null) =>
        new(store, schedules, client, new LandedFooters(), time, logger ?? NullLogger.Instance);

    private async Task<ServiceLevel> OneAsync(ServiceObjective objective, params Schedule[] schedules) => (await MeasureAsync(schedules)).Single(l => l.Objective == objective);

    private async Task ServedSinceAsync(Instant since)
    {
        var clock = new ClockByHand(since);
        await new Scheduler(new RunRegister(_home.Lake, new JournalClient(Path.Combine(_home.Root, "workflows.db"), clock), clock), clock).SinceAsync(Nightly, default);
    }

    private async Task LandAsync(string hub, int readings, int bad, Instant at)
    {
        var feed = new MadeUpFeed();
        for (var i = 0; i < readings; i++)
        {
            feed.Reading("d-p", "heart_rate", i < bad ? 9_000 : 70, i / 100d);
        }

        var folder = Path.Combine(_home.Root, $"feed-{hub}");
        feed.Write(folder, hub);
        await FeedIngestion.RunAsync(_home.Store, FeedFolder.Open(folder, null, false), new ClockByHand(at), null, default);
    }

    private Task ShipAsync(Instant asOf, Instant? shipped, string run = "run-1", int scored = 10) =>
        new ListsMade(run, Task, "Admission", asOf, asOf, scored) is var made && shipped is { } at
            ? ListsIndex.AddAsync(_home.Store.Documents, made, at, default)
            // As an older program has it.
            : _home.Store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = ListsMade.Partition, Id = made.Id, Body = RiskDocumentJson.ToJson(made) }], default);

    private async Task RanAsync(Instant asOf, string run, int scored, int setAside, int notScored)
    {
        await ShipAsync(asOf, s_morning, run, scored);
        var ledger = new LedgerEntry
        {
            Run = run,
            Workflow = DailyRiskRun.Workflow,
            Task = Task,
            TaskHash = "t",
            AsOf = asOf,
            KnownBy = asOf,
            Inputs = new PinnedInputs { Frontier = [], Reference = [], Mapping = "m", Watermark = 0 },
            Observations = "o",
            FeatureSet = "f",
            FeatureSetHash = "f",
            Model = "m",
            Code = "c",
            Outputs = [],
            Flow = [],
            Scored = scored,
            NotScored = notScored,
            SetAside = setAside,
            Listed = 0,
        };
        await _home.Store.Documents.UpsertAsync(
            Containers.Runs,
            [new Document { PartitionKey = DailyRiskRun.Workflow, Id = new ListsMade(run, Task, "", asOf, asOf, scored).Id, Body = Encoding.UTF8.GetString(RiskDocumentJson.ToBytes(ledger)) }], default);
    }

    private Task LookedAsync(Instant asOf, DriftVerdict verdict, double psi) => _home.Lake.ReplaceAsync(
        LakePaths.Drift(Task, LakePaths.Stamp(asOf.ToUnixMicros()), DriftReport.FileName),
        new DriftReport
        {
            SchemaVersion = DriftReport.CurrentSchemaVersion,
            Task = Task,
            Title = "Admission",
            Model = "m",
            FeatureSet = "f",
            AsOf = asOf,
            After = asOf,
            BeforeAfter = asOf,
            Rows = 0,
            Patients = 0,
            BeforeRows = 0,
            TrainingRows = 0,
            Devices = [],
            TrainingDevices = [],
            Columns = [],
            Scores = new ScoreDrift(null, null, null, new PsiVerdict(verdict, psi), null),
            Notices = [],
            Performance = new PerformanceDrift(),
            Workload = new WorkloadDrift { Now = new Workload { Runs = 0, PatientDays = 0, Listed = 0, Scored = 0, NotScored = new Dictionary<string, int>(), SetAside = 0 } },
        }.ToBytes(),
        default);

    /// <summary>An engine out of reach.</summary>
    public class Unavailable : DispatchProxy
    {
        /// <inheritdoc />
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => throw new TimeoutException("the engine of patient-on-the-list gives no answer");
    }

    /// <summary>What was logged.</summary>
    private sealed class Lines : ILogger
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Said.Add(formatter(state, exception));
    }

    /// <summary>A clock whose time passes when it is told.</summary>
    private sealed class StoppedWatch : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;
    }

    /// <summary>Meters whose gauges can be read.</summary>
    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            options.Scope = this;
            _meters.Add(new Meter(options));
            return _meters[^1];
        }

        public string[] Read()
        {
            var read = new List<string>();
            using var listener = new MeterListener();
            listener.InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Scope == this)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            };
            listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
                read.Add($"{instrument.Name} {value.ToString(System.Globalization.CultureInfo.InvariantCulture)} {string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"))}"));
            listener.Start();
            listener.RecordObservableInstruments();
            return [.. read.Order(StringComparer.Ordinal)];
        }

        public void Dispose() => _meters.ForEach(m => m.Dispose());
    }
}
