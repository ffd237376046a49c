using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Tests.Compaction;
using RemoteMonitoring.Workflows.Tests.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.Housekeeping;

[Collection(TrainedOnce.Name)]
public sealed class HousekeepingTests(TrainedHome trained) : IAsyncLifetime
{
    private readonly ClockByHand _clock = new(MadeUpFeed.At(12));
    private TempHome _home = null!;
    private WorkflowEngine _engine = null!;
    private RunRegister _register = null!;

    public async Task InitializeAsync()
    {
        (_home, _) = await trained.CopyAsync();
        await using var night = new NightOf(_home);
        var registry = night.Registry();
        new HousekeepingActivities((_, _) => ValueTask.FromResult(_home.Store), () => _engine.Client, _clock).AddTo(registry);
        _engine = WorkflowEngine.Start(night.Journal, registry, new EngineOptions(), _clock, NullLogger.Instance);
        _register = new RunRegister(_home.Store.Lake, _engine.Client, _clock);
    }

    public async Task DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _home.DisposeAsync();
    }

    [Fact]
    public async Task Histories_of_long_ago_go_to_the_archive_with_what_they_called_and_their_ids_stay_taken()
    {
        var input = NightOf.Input();
        await _register.StartAsync(DailyRiskWorkflow.Daily, "night", input, default);
        await EndAsync("night");
        var history = await _engine.Client.HistoryAsync("night", default);
        var called = Assert.Single(await _engine.Client.ChildrenAsync("night", default)).Id;

        _clock.Now += Duration.FromDays(29);
        Assert.Equal(0, (await KeepHouseAsync("early")).Purged);
        _clock.Now += Duration.FromDays(2);
        Assert.Equal(1, (await KeepHouseAsync("house")).Purged);
        Assert.Null(await _engine.Client.FindAsync("night", default));
        Assert.Null(await _engine.Client.FindAsync(called, default));
        Assert.Equal(history, await RunArchive.TryReadAsync(_home.Store.Lake, "night", default));
        Assert.NotEmpty((await RunArchive.TryReadAsync(_home.Store.Lake, called, default))!);
        Assert.Null(await RunArchive.TryReadAsync(_home.Store.Lake, "another", default));
        Assert.Equal(("night", false), await _register.StartAsync(DailyRiskWorkflow.Daily, "night", input, default));
        Assert.Equal(("night", AskedRun.Stands), await _register.AskAsync(DailyRiskWorkflow.Daily, "night", input, null, anew: false, default));
    }

    [Fact]
    public async Task What_a_waiting_night_has_pinned_stays_and_goes_when_it_has_ended()
    {
        var pinned = await GoldGarbageTests.GrowAsync(_home, 1);
        await StateAsync(MadeUpFeed.At(1)); // so that it waits
        await _register.StartAsync(DailyRiskWorkflow.Daily, "night", NightOf.Input() with { WaitUntil = _clock.Now + Duration.FromDays(1) }, default);
        await _home.Store.Lake.TryCreateAsync(LakePaths.Pin("night", pinned.InputHash), Array.Empty<byte>(), default);
        string[] dead = [LakePaths.Pin("killed", "fedcba9876543210"), LakePaths.Work("0123456789abcdef", "0000-0-3.json")];
        foreach (var path in dead)
        {
            await _home.Store.Lake.ReplaceAsync(path, "x"u8.ToArray(), default);
        }

        await _register.StartAsync(DailyRiskWorkflow.Daily, "killed", NightOf.Input() with { Task = "nothing" }, default);
        Assert.Equal(InstanceStatus.Failed, (await EndAsync("killed")).Status);
        await GoldGarbageTests.GrowAsync(_home, 2);

        await KeepHouseAsync("house-1");
        Assert.NotNull(await ObservationsManifest.TryReadAsync(_home.Store.Lake, pinned.InputHash, default));
        // Who was killed is known to have ended; whose the parts of a run are is not, and somebody runs.
        Assert.Equal([LakePaths.Work("0123456789abcdef", "0000-0-3.json"), LakePaths.Pin("night", pinned.InputHash)], await WorkAsync());

        Assert.True(await _engine.Client.TerminateAsync("night", "enough", default));
        await EndAsync("night");
        var house = await KeepHouseAsync("house-2");
        Assert.Null(await ObservationsManifest.TryReadAsync(_home.Store.Lake, pinned.InputHash, default));
        Assert.Empty(await WorkAsync());
        Assert.True(house.Collected > 2, $"{house}");
    }

    [Theory]
    [InlineData(Containers.Telemetry)]
    [InlineData(Containers.Urgent)]
    [InlineData(Containers.Logins)]
    public async Task Documents_whose_time_has_come_are_deleted_and_no_others(string container)
    {
        var now = _clock.Now.ToUnixTimeTicks() / 10;
        foreach (var (id, expires) in ((string, long?)[])[("past", now - 1), ("future", now + 60_000_000), ("kept", null)])
        {
            await _home.Store.Documents.UpsertAsync(container, [new Document { PartitionKey = "somebody", Id = id, Body = "{}", Expires = expires }], default);
        }

        var before = await CountAsync();
        var expired = (await KeepHouseAsync("house")).Expired;
        Assert.True(expired >= 1);
        Assert.Equal(before - expired, await CountAsync());
        Assert.Null(await _home.Store.Documents.FindAsync(container, "somebody", "past", default));
        Assert.NotNull(await _home.Store.Documents.FindAsync(container, "somebody", "future", default));
        Assert.NotNull(await _home.Store.Documents.FindAsync(container, "somebody", "kept", default));

        async Task<int> CountAsync() => await _home.Store.Documents.ListAsync(Containers.Telemetry, default).CountAsync() + await _home.Store.Documents.ListAsync(Containers.Urgent, default).CountAsync() + await _home.Store.Documents.ListAsync(Containers.Logins, default).CountAsync();
    }

    [Theory]
    [InlineData("purge-runs", -1, 1, 1, 1)]
    [InlineData("seal", 1, -1, 1, 1)]
    [InlineData("collect-garbage", 1, 1, -1, 1)]
    [InlineData("expire-documents", 1, 1, 1, -1)]
    public async Task A_step_that_fails_stops_no_other_and_is_named(string step, int purged, int sealedFiles, int collected, int expired)
    {
        var registry = new WorkflowRegistry().Add(HousekeepingWorkflow.Definition);
        foreach (var activity in (ActivityDefinition<HousekeepingAsked, int>[])[HousekeepingWorkflow.PurgeRuns, HousekeepingWorkflow.Seal, HousekeepingWorkflow.Collect, HousekeepingWorkflow.Expire])
        {
            registry.Add(activity, (_, _) => activity.Name == step ? throw new PermanentFailureException("no room") : Task.FromResult(1));
        }

        await using var engine = WorkflowEngine.Start(Path.Combine(_home.Root, "other.db"), registry, new EngineOptions(), _clock, NullLogger.Instance);
        var outcome = await KeepHouseAsync("house", engine.Client);
        Assert.Equal((purged, sealedFiles, collected, expired), (outcome.Purged, outcome.Sealed, outcome.Collected, outcome.Expired));
        Assert.Equal([$"{step}: no room"], outcome.Problems);
    }

    private async Task<HousekeepingOutcome> KeepHouseAsync(string id, JournalClient? client = null)
    {
        Assert.True(await (client ?? _engine.Client).TryStartAsync(HousekeepingWorkflow.Definition, id, new HousekeepingInput { Cohort = MadeUpFeed.Cohort, Now = _clock.Now }, default));
        var ended = await EndAsync(id, client);
        Assert.True(ended.Status == InstanceStatus.Completed, ended.Failure?.ToString());
        var outcome = JsonSerializer.Deserialize(ended.Output!, HousekeepingWorkflow.Definition.Output)!;
        Assert.True(client is not null || outcome.Problems.Count == 0, string.Join('\n', outcome.Problems));
        return outcome;
    }

    private Task<WorkflowInstance> EndAsync(string id, JournalClient? client = null) => (client ?? _engine.Client).WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(60));

    private Task<IReadOnlyList<string>> WorkAsync() => _home.Store.Lake.ListAsync(LakePaths.WorkFolder, default);

    private async Task StateAsync(Instant through) => await _home.Store.Documents.UpsertAsync(
        Containers.Ingestion,
        [new Document { PartitionKey = "hub", Id = "e1/0", Body = $$"""{"schemaVersion":1,"hub":"hub","epoch":"e1","partition":0,"landedThrough":{{through.ToUnixTimeTicks() / 10}},"stated":{{through.ToUnixTimeTicks() / 10}}}""" }],
        default);
}
