using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Tests.DailyRisk;
using RemoteMonitoring.Workflows.Tests.FollowUps;
using RemoteMonitoring.Workflows.Tests.Training;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>
/// Real runs of every workflow on the trained home: what the archive gets of them leads their code to their end. Asked for
/// (<see cref="RecordedHistories.Recording"/>), that becomes the recorded histories.
/// </summary>
[Collection(TrainedOnce.Name)]
public sealed class RealRunHistoryTests(TrainedHome trained)
{
    private static readonly DailyRiskInput s_night = new() { Cohort = MadeUpFeed.Cohort, Task = TrainedHome.Task.Name, AsOf = MadeUpFeed.At(12) };

    private static readonly bool s_records = Environment.GetEnvironmentVariable(RecordedHistories.Recording) == "1";

    [Fact]
    public async Task What_the_archive_gets_of_real_runs_leads_their_code_to_the_same_end()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await ShadowScoringTests.TwinAsync(home);
        await File.WriteAllTextAsync(Path.Combine(home.Root, FollowUpFile.FileName), """{ "schemaVersion": 1, "worklist": "https://x.example/", "default": { "webhook": "https://x.example/", "secret": "UNSET_SECRET" } }""");
        await using var engine = Engine(home, out var registry);
        await RunAsync(engine, DailyRiskWorkflow.Daily, "daily", s_night with { Deadline = Instant.FromUtc(2100, 1, 1, 0, 0) });
        await RunAsync(engine, DailyRiskWorkflow.Hourly, "hourly", s_night with { AsOf = MadeUpFeed.At(11.5) });
        await RunAsync(engine, BackfillWorkflow.Definition, "backfill", new BackfillInput { Cohort = s_night.Cohort, Task = s_night.Task, AsOf = [MadeUpFeed.At(8), MadeUpFeed.At(9), MadeUpFeed.At(10)], Retrospective = true });
        await RunAsync(engine, HousekeepingWorkflow.Definition, "housekeeping", new HousekeepingInput { Cohort = s_night.Cohort, Now = MadeUpFeed.At(13) });
        await RunAsync(engine, TrainingWorkflow.Definition, "training", new TrainingInput { Cohort = s_night.Cohort, Task = s_night.Task, WaitForApproval = true, ApprovalWithin = Duration.FromMilliseconds(50) });
        await RunAsync(engine, DriftWorkflow.Definition, "drift", new DriftInput { Cohort = s_night.Cohort, Task = s_night.Task, AsOf = MadeUpFeed.At(13) });
        await RunAsync(engine, ReportTablesWorkflow.Definition, "report-tables", new ReportInput { Cohort = s_night.Cohort, Now = MadeUpFeed.At(13) });
        var archived = await ArchiveAsync(engine);
        var told = System.Text.Json.JsonSerializer.Deserialize(archived["daily"].Instance.Output!, DailyRiskWorkflow.Daily.Output)!;
        Assert.Equal((told.Listed, 0, null), (told.FollowUps!.Started, told.FollowUps.Before, told.FollowUps.Problem));
        Check(registry, archived["drift"]);
        Check(registry, archived["report-tables"]);
        Check(registry, archived["training"]);
        Check(registry, archived["daily"]);
        Check(registry, archived["hourly"]);
        Check(registry, archived["backfill"]);
        Check(registry, archived["housekeeping"]);
        Check(registry, archived["daily.score-0000"]);
    }

    [Fact]
    public async Task So_does_that_of_a_training_on_azure_ml_that_was_cancelled()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        using var stub = new AzureMlStub { States = ["Queued", "Running"] };
        await using var engine = Engine(home, out var registry, jobs: stub);
        Assert.True(await engine.Client.TryStartAsync(
            TrainingWorkflow.Definition, "training", new TrainingInput { Cohort = s_night.Cohort, Task = s_night.Task, Place = TrainingPlace.AzureMl, FirstLook = Duration.FromMilliseconds(50) }, default));
        for (var i = 0; (await engine.Client.FindAsync("training", default))!.CustomStatus?.Contains("Running", StringComparison.Ordinal) != true; i++)
        {
            Assert.True(i < 1500, "It does not run.");
            await Task.Delay(20);
        }

        Assert.True(await engine.Client.RaiseAsync("training", TrainingSteps.Cancel, "by a test", default));
        await engine.Client.WaitAsync("training", default).WaitAsync(TimeSpan.FromSeconds(60));
        Check(registry, (await ArchiveAsync(engine))["training"], "cancelled");
    }

    [Fact]
    public async Task So_does_that_of_a_follow_up_that_nobody_acted_on_and_of_one_that_waits()
    {
        await using var home = await new FollowUpHome().MakeAsync(""" "escalateTo": { "user": "lead" } """);
        home.Answer = number => new HttpResponseMessage(number == 0 ? System.Net.HttpStatusCode.ServiceUnavailable : System.Net.HttpStatusCode.OK);
        var id = await home.StartAsync(home.UrgentInput);
        Assert.Equal(FollowUpResult.Unanswered, (await home.EndAsync(id)).Result);
        Check(home.Registry, (await ArchiveAsync(home.Engine))[id]);
        await home.MakeAsync(times: "\"remindAfter\": \"01:00:00\", \"escalateAfter\": \"01:00:00\", \"giveUpAfter\": \"02:00:00\"");
        id = await home.StartAsync(home.ListedInput);
        IReadOnlyList<HistoryEvent> history = [];
        for (var i = 0; history is not [.., { Kind: HistoryKind.TimerSet }]; i++)
        {
            Assert.True(i < 1500, "It does not wait.");
            await Task.Delay(20);
            history = await home.Engine.Client.HistoryAsync(id, default);
        }

        Check(home.Registry, new ArchivedInstance((await home.Engine.Client.FindAsync(id, default))!, HistoryEventLine.Of(history)), "waits");
    }

    [Fact]
    public async Task So_does_that_of_a_part_that_was_split_to_find_who_held_it_up()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        using var never = new ManualResetEventSlim();
        await using var engine = Engine(home, out var registry, id => { if (id == "q2") { never.Wait(TimeSpan.FromSeconds(30)); } });
        await RunAsync(engine, DailyRiskWorkflow.Daily, "daily", s_night with { PartTimeout = Duration.FromMilliseconds(1500) });
        never.Set();
        var part = (await ArchiveAsync(engine))["daily.score-0000"];
        Assert.True(RecordedHistories.Events(part.History!).Count(e => e.Name == RiskSteps.ScorePart.Name && e.IsAsked) > 2, "It was not split.");
        Check(registry, part, "split");
    }

    [Fact]
    public async Task So_does_that_of_a_night_that_waits_for_ingestion()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await home.Store.Documents.TryCreateAsync(
            Containers.Ingestion,
            new Document
            {
                PartitionKey = "hub",
                Id = "1/0",
                Body = $$"""{"schemaVersion":1,"hub":"hub","epoch":"1","partition":0,"landedThrough":{{MadeUpFeed.At(11).ToUnixMicros()}},"stated":{{MadeUpFeed.At(12).ToUnixMicros()}}}""",
            },
            default);
        await using var engine = Engine(home, out var registry);
        Assert.True(await engine.Client.TryStartAsync(DailyRiskWorkflow.Daily, "daily", s_night with { WaitUntil = Instant.FromUtc(2100, 1, 1, 0, 0) }, default));
        IReadOnlyList<HistoryEvent> history = [];
        for (var i = 0; history is not [.., { Kind: HistoryKind.TimerSet }]; i++)
        {
            Assert.True(i < 1500, "It does not wait.");
            await Task.Delay(20);
            history = await engine.Client.HistoryAsync("daily", default);
        }

        Check(registry, new ArchivedInstance((await engine.Client.FindAsync("daily", default))!, HistoryEventLine.Of(history)), "waits");
    }

    private sealed class TakesAll : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(new HttpResponseMessage(System.Net.HttpStatusCode.OK));
    }

    private static WorkflowEngine Engine(TempHome home, out WorkflowRegistry registry, Action<string>? before = null, AzureMlStub? jobs = null)
    {
        WorkflowEngine? engine = null;
        registry = new WorkflowRegistry();
        new RiskActivities((_, _) => ValueTask.FromResult(home.Store), [TrainedHome.Task], before).AddTo(registry);
        new HousekeepingActivities((_, _) => ValueTask.FromResult(home.Store), () => engine!.Client, TimeProvider.System).AddTo(registry);
        new TrainingActivities((_, _) => ValueTask.FromResult(home.Store), TimeProvider.System, [TrainedHome.Task], TrainedHome.Quick with { Seed = 8 }, jobs is null ? null : () => jobs.Client()).AddTo(registry);
        new DriftActivities((_, _) => ValueTask.FromResult(home.Store), TimeProvider.System, null, [TrainedHome.Task]).AddTo(registry);
        new ReportActivities((_, _) => ValueTask.FromResult(home.Store), [TrainedHome.Task]).AddTo(registry);
        // By their clock the night is of this morning.
        var morning = new ClockByHand(MadeUpFeed.At(12.3));
        new FollowUpActivities((_, _) => ValueTask.FromResult(home.Store), () => engine!.Client, morning, new WebhookDelivery(new SecretSettings(_ => "secret", morning), morning, new TakesAll())).AddTo(registry);
        return engine = WorkflowEngine.Start(Path.Combine(home.Root, "workflows.db"), registry, new EngineOptions(), TimeProvider.System, NullLogger.Instance);
    }

    private static async Task RunAsync<TIn, TOut>(WorkflowEngine engine, WorkflowDefinition<TIn, TOut> workflow, string id, TIn input)
    {
        Assert.True(await engine.Client.TryStartAsync(workflow, id, input, default));
        var ended = await engine.Client.WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(120));
        Assert.True(ended.Status == InstanceStatus.Completed, $"{id}: {ended.Failure}");
    }

    private static async Task<Dictionary<string, ArchivedInstance>> ArchiveAsync(WorkflowEngine engine)
    {
        var archived = new Dictionary<string, ArchivedInstance>();
        await engine.Client.PurgeAsync(
            Instant.MaxValue,
            (instance, _) =>
            {
                archived.Add(instance.Instance.Id, instance);
                return Task.CompletedTask;
            },
            default);
        return archived;
    }

    private static void Check(WorkflowRegistry registry, ArchivedInstance archived, string? what = null)
    {
        var workflow = registry.Workflow(archived.Instance.Workflow)!;
        var execution = RecordedHistories.Replay(workflow, archived.History!);
        Assert.Equal(archived.Instance.Status != InstanceStatus.Running, execution.IsOver);
        Assert.Equal(archived.Instance.CustomStatus, execution.CustomStatus);
        Assert.Equal(archived.Instance.Output, RecordedHistories.Events(archived.History!)[^1] is { Kind: HistoryKind.Completed } end ? end.Payload : null);
        if (s_records)
        {
            RecordedHistories.Write(RecordedHistories.NameOf(workflow) + (what is null ? "" : $".{what}"), archived.History!);
        }
    }
}
