using System.Text;
using NodaTime;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Tests.Worker;
using RemoteMonitoring.Ingestion.Watermarks;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests.Watermarks;

[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync")]
public sealed class IngestionWatermarkTests : IAsyncLifetime
{
    private static readonly WorkerOptions s_brisk = new() { StateEvery = TimeSpan.FromSeconds(0.1), SourceDelay = TimeSpan.FromSeconds(2), RetryDelay = TimeSpan.FromMilliseconds(1), BatchMessages = 3 };

    private readonly TempHome _home = new();
    private CohortStore _store = null!;

    private static Instant Now => SystemClock.Instance.GetCurrentInstant();

    public Task InitializeAsync()
    {
        _store = _home.Store();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        _home.Dispose();
    }

    [Fact]
    public async Task Where_no_worker_ever_ran_there_is_none() => Assert.Null(await ReadAsync());

    [Fact]
    public async Task A_worker_that_has_landed_all_states_when_it_asked_less_what_may_be_on_its_way()
    {
        var before = Now;
        var run = await RunAsync(new ScriptedSource(ScriptedSource.Records(0, 3)));
        var (watermark, after) = (await ReadAsync(), Now);
        Assert.InRange(watermark!.Through, before - Duration.FromSeconds(2.01), after - Duration.FromSeconds(2));
        Assert.Equal(new StreamPartition("hub", "epoch", 0), watermark.HeldBackBy.Partition);
        Assert.InRange(watermark.Age(after), Duration.Zero, after - before + Duration.FromSeconds(0.01));
        Assert.Equal(watermark.Through.ToUnixTimeMilliseconds() * 1000, run.State.LandedThrough);
        // Nothing waits, whatever was taken off for what may be on its way.
        Assert.Null(watermark.HeldBackBy.Waiting);
        Assert.Equal(Duration.Zero, watermark.FurthestBehind(after).Behind(after));
    }

    [Fact]
    public async Task A_partition_in_which_nothing_ever_came_is_stated_too_and_again_while_it_is_idle()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var worker = new WorkerRun(_store, new ScriptedSource(), s_brisk).RunAsync(untilLanded: false, stop.Token);
        var first = await ReachAsync(_ => true);
        await ReachAsync(w => w.Through > first.Through + Duration.FromSeconds(0.2) && w.HeldBackBy.Stated > first.HeldBackBy.Stated);
        await stop.CancelAsync();
        await worker;
    }

    [Fact]
    public async Task A_worker_that_is_behind_states_when_the_last_landed_message_was_enqueued()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        // It ends at 10; the second half is not handed out before the test is over.
        var source = new ScriptedSource(ScriptedSource.Records(0, 6), [], ScriptedSource.Records(6, 4)) { Before = piece => piece == 2 ? Task.Delay(Timeout.Infinite, stop.Token) : Task.Delay(200) };
        var run = new WorkerRun(_store, source, s_brisk);
        var worker = run.RunAsync(untilLanded: false, stop.Token);
        var watermark = await ReachAsync(_ => true);
        Assert.Equal(Instant.FromUnixTimeMilliseconds(ScriptedSource.Record(5).EnqueuedTime / 1000) - Duration.FromSeconds(2), watermark.Through);
        Assert.Equal(4, run.State.Lag);
        // What waits came after the last that landed; more is not known of it before it is read.
        Assert.Equal(watermark.Through + Duration.FromSeconds(2), watermark.HeldBackBy.Waiting);
        Assert.Equal(Now - watermark.HeldBackBy.Waiting!.Value, watermark.FurthestBehind(Now).Behind(Now), (a, b) => Duration.Max(a - b, b - a) < Duration.FromSeconds(5));
        await stop.CancelAsync();
        await worker;
    }

    [Fact]
    public async Task Of_what_was_read_and_waits_for_its_batch_the_oldest_is_stated()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var options = new WorkerOptions { StateEvery = s_brisk.StateEvery, SourceDelay = s_brisk.SourceDelay, BatchMessages = 3, BatchAge = TimeSpan.FromMinutes(5) };
        var worker = new WorkerRun(_store, new ScriptedSource(ScriptedSource.Records(0, 5)), options).RunAsync(untilLanded: false, stop.Token);
        var watermark = await ReachAsync(_ => true);
        Assert.Equal(ScriptedSource.Record(3).EnqueuedTime, watermark.HeldBackBy.Waiting!.Value.ToUnixTimeTicks() / 10);
        await stop.CancelAsync();
        await worker;
    }

    [Fact]
    public async Task Of_two_who_state_what_waits_the_later_holds()
    {
        await StateAsync("a", "1", 0, through: 1, stated: 2);
        await (Statement("a", "1", 0, through: 1, stated: 9) with { Waiting = Instant.FromUnixTimeSeconds(5) }).WriteAsync(_store.Documents, default);
        await StateAsync("a", "1", 0, through: 3, stated: 4);
        Assert.Equal(Statement("a", "1", 0, through: 3, stated: 9) with { Waiting = Instant.FromUnixTimeSeconds(5) }, (await ReadAsync())!.HeldBackBy);
        await StateAsync("a", "1", 0, through: 10, stated: 11);
        Assert.Null((await ReadAsync())!.HeldBackBy.Waiting);
    }

    [Fact]
    public async Task While_nothing_can_land_nothing_new_is_stated()
    {
        await RunAsync(new ScriptedSource(ScriptedSource.Records(0, 3)));
        var before = (await ReadAsync())!;
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var store = new CohortStore("test", new RefusingLake(_store.Lake, int.MaxValue), _store.Documents, _home.Root);
        var run = new WorkerRun(store, new ScriptedSource([ScriptedSource.Record(3)]), s_brisk);
        var running = run.RunAsync(untilLanded: true, stop.Token);
        while (run.State.Blocked is null)
        {
            await Task.Delay(20, stop.Token);
        }

        await Task.Delay(s_brisk.StateEvery * 5, stop.Token); // it would have stated something
        await stop.CancelAsync();
        await running;
        await using var again = _home.Store();
        Assert.NotNull(run.State.Blocked);
        Assert.Equal(before.Partitions, (await IngestionWatermark.ReadAsync(again, default))!.Partitions);
    }

    [Fact]
    public async Task The_partition_that_is_furthest_behind_holds_it_back_and_of_a_hub_only_the_epoch_in_force_counts()
    {
        await StateAsync("a", "1", 0, through: 50, stated: 60);
        await StateAsync("a", "1", 1, through: 40, stated: 61);
        Assert.Equal((40, 1), await LeastAsync());
        await StateAsync("b", "x", 7, through: 45, stated: 90);
        Assert.Equal((40, 1), await LeastAsync());
        // Made anew: nobody states anything of the old stream any more.
        await StateAsync("a", "2", 0, through: 70, stated: 80);
        Assert.Equal((45, 7), await LeastAsync());
        // By name: the epoch begun last counts, whatever a worker still says of another.
        await BeginAsync("a", "1");
        Assert.Equal((40, 1), await LeastAsync());
        await BeginAsync("a", "3");
        Assert.Equal((45, 7), await LeastAsync());
        await StateAsync("a", "3", 2, through: 20, stated: 100);
        Assert.Equal((20, 2), await LeastAsync());
    }

    [Fact]
    public async Task Whoever_takes_a_partition_over_takes_nothing_back()
    {
        await StateAsync("a", "1", 0, through: 50, stated: 60);
        await StateAsync("a", "1", 0, through: 30, stated: 70);
        Assert.Equal(Statement("a", "1", 0, 50, 70), Assert.Single((await ReadAsync())!.Partitions));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => StateAsync("a", "1", 0, 40 + (i * 7 % 20), 80 + (i * 3 % 20)))));
        Assert.Equal(Statement("a", "1", 0, 59, 99), Assert.Single((await ReadAsync())!.Partitions));
    }

    [Fact]
    public async Task After_a_crash_the_next_worker_goes_on_from_what_was_stated()
    {
        await RunAsync(new ScriptedSource(ScriptedSource.Records(0, 3)));
        var before = (await ReadAsync())!;
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        // Behind by far: what it lands was enqueued long before what is stated.
        var source = new ScriptedSource(ScriptedSource.Records(0, 6), [], ScriptedSource.Records(6, 5)) { Before = piece => piece == 2 ? Task.Delay(Timeout.Infinite, stop.Token) : Task.Delay(200) };
        var worker = new WorkerRun(_store, source, s_brisk).RunAsync(untilLanded: false, stop.Token);
        while ((await ReadAsync())!.HeldBackBy.Stated == before.HeldBackBy.Stated)
        {
            Assert.Equal(before.Through, (await ReadAsync())!.Through);
            await Task.Delay(20, stop.Token);
        }

        Assert.Equal(before.Through, (await ReadAsync())!.Through);
        await stop.CancelAsync();
        await worker;
    }

    [Fact]
    public async Task The_local_hub_says_of_each_partition_where_it_ends_and_all_of_them_are_stated()
    {
        var file = Path.Combine(_home.Root, "log.db");
        await using var log = GatewayLog.Open(file, new GatewayLogOptions(), TimeProvider.System);
        await log.AppendAsync(new GatewayMessage { DeviceId = "cuff-1", Body = """{"readings":[]}"""u8.ToArray() }, default);
        await using var source = new GatewaySource(file, "gateway", TimeProvider.System);
        var ends = await source.AskEndsAsync(default);
        Assert.Equal(1, ends.Values.Sum());
        await RunAsync(source);
        Assert.Equal(ends.Keys.Order(), (await ReadAsync())!.Partitions.Select(s => s.Partition.Partition));
    }

    private static LandingStatement Statement(string hub, string epoch, int partition, long through, long stated) =>
        new(new StreamPartition(hub, epoch, partition), Instant.FromUnixTimeSeconds(through), Instant.FromUnixTimeSeconds(stated), null);

    private Task StateAsync(string hub, string epoch, int partition, long through, long stated) => Statement(hub, epoch, partition, through, stated).WriteAsync(_store.Documents, default);

    private Task<bool> BeginAsync(string hub, string epoch) => _store.Reference.AppendAsync(
        ReferenceKinds.Epochs, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(new StreamEpoch { Hub = hub, Epoch = epoch, Why = "a test", Known = Instant.FromUnixTimeSeconds(1) }) + "\n"), default);

    private Task<IngestionWatermark?> ReadAsync() => IngestionWatermark.ReadAsync(_store, default);

    private async Task<(long Through, int Partition)> LeastAsync()
    {
        var watermark = (await ReadAsync())!;
        return (watermark.Through.ToUnixTimeSeconds(), watermark.HeldBackBy.Partition.Partition);
    }

    private async Task<IngestionWatermark> ReachAsync(Predicate<IngestionWatermark> reached)
    {
        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            if (await ReadAsync() is { } watermark && reached(watermark))
            {
                return watermark;
            }

            await Task.Delay(20, tooLong.Token);
        }
    }

    private async Task<WorkerRun> RunAsync(IEventSource source)
    {
        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var run = new WorkerRun(_store, source, s_brisk);
        await run.RunAsync(untilLanded: true, tooLong.Token);
        return run;
    }
}
