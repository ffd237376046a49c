using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>A night that waits until ingestion has landed what was sent before its instant, by a clock that is set by hand.</summary>
[Collection(TrainedOnce.Name)]
public sealed class WaitingNightTests(TrainedHome trained) : IAsyncLifetime
{
    private static readonly Instant s_asOf = MadeUpFeed.At(12);
    private static readonly Instant s_until = s_asOf + Duration.FromMinutes(75);

    private readonly ClockByHand _clock = new(s_asOf + Duration.FromMinutes(30));
    private TempHome _home = null!;
    private WorkflowEngine _engine = null!;

    public async Task InitializeAsync()
    {
        (_home, _) = await trained.CopyAsync();
        await using var night = new NightOf(_home);
        _engine = WorkflowEngine.Start(night.Journal, night.Registry(), new EngineOptions(), _clock, NullLogger.Instance);
    }

    public async Task DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _home.DisposeAsync();
    }

    [Fact]
    public async Task It_goes_on_at_the_next_look_after_ingestion_has_caught_up()
    {
        await LandedAsync(s_asOf - Duration.FromMinutes(1));
        await StartAsync();
        await WaitsAsync(1);
        _clock.Now += Duration.FromSeconds(31);
        await WaitsAsync(2);
        Assert.Contains("landed up to", (await _engine.Client.FindAsync("night", default))!.CustomStatus, StringComparison.Ordinal);
        await LandedAsync(s_asOf);
        await Task.Delay(300);
        Assert.Equal(2, await LooksAsync()); // it looks every half minute of its clock, and that stands still
        _clock.Now += Duration.FromSeconds(31);
        var outcome = await OutcomeAsync();
        Assert.Equal((18, 0), (outcome.Scored, outcome.SetAside));
        Assert.Empty(outcome.Notices);
        Assert.Equal(3, await LooksAsync());
    }

    [Fact]
    public async Task When_ingestion_never_catches_up_the_list_goes_out_at_the_deadline_and_says_that_data_are_late()
    {
        var landed = s_asOf - Duration.FromHours(2);
        await LandedAsync(landed);
        await StartAsync();
        await WaitsAsync(1);
        _clock.Now = s_until + Duration.FromSeconds(1);
        var outcome = await OutcomeAsync();
        Assert.Equal((18, 0), (outcome.Scored, outcome.SetAside));
        Assert.Equal([$"Late data: when this list was made, ingestion had landed what was sent up to {landed}. Later readings may be missing."], outcome.Notices);
        var lists = await DailyRiskRun.WorklistsAsync(_home.Store, outcome.Run, default);
        Assert.NotEmpty(lists);
        Assert.All(lists, list => Assert.Contains(outcome.Notices[0], list.Notices));
    }

    [Fact]
    public async Task Where_nobody_states_anything_there_is_nothing_to_wait_for()
    {
        await StartAsync();
        Assert.Empty((await OutcomeAsync()).Notices);
        Assert.Equal(1, await LooksAsync());
    }

    private async Task StartAsync() =>
        Assert.True(await _engine.Client.TryStartAsync(DailyRiskWorkflow.Daily, "night", NightOf.Input() with { WaitUntil = s_until }, default));

    private async Task LandedAsync(Instant through) => await _home.Store.Documents.UpsertAsync(
        Containers.Ingestion,
        [new Document { PartitionKey = "hub", Id = "e1/0", Body = $$"""{"schemaVersion":1,"hub":"hub","epoch":"e1","partition":0,"landedThrough":{{through.ToUnixTimeTicks() / 10}},"stated":{{through.ToUnixTimeTicks() / 10}}}""" }],
        default);

    /// <summary>Waits until it has looked so often, and set a timer.</summary>
    private async Task WaitsAsync(int looks)
    {
        for (var i = 0; i < 500 && (await LooksAsync() < looks || await CountAsync(HistoryKind.TimerSet) < looks); i++)
        {
            await Task.Delay(20);
        }

        Assert.Equal((looks, looks), (await LooksAsync(), await CountAsync(HistoryKind.TimerSet)));
    }

    private async Task<int> LooksAsync() =>
        (await _engine.Client.HistoryAsync("night", default)).Count(e => e.Kind == HistoryKind.ActivityCompleted && e.Name == RiskSteps.Ingestion.Name);

    private async Task<int> CountAsync(HistoryKind kind) => (await _engine.Client.HistoryAsync("night", default)).Count(e => e.Kind == kind);

    private async Task<DailyRiskOutcome> OutcomeAsync()
    {
        var ended = await _engine.Client.WaitAsync("night", default).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(ended.Status == InstanceStatus.Completed, ended.Failure?.ToString());
        return JsonSerializer.Deserialize(ended.Output!, DailyRiskWorkflow.Daily.Output)!;
    }
}
