using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests.Worker;

public sealed class IngestionWorkerTests : IAsyncLifetime, IDisposable
{
    private readonly TempHome _home = new();
    private Lines _log = new();
    private WorkerState _state = new();
    private CohortStore _store = null!;

    public Task InitializeAsync()
    {
        _store = _home.Store();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task What_is_read_twice_lands_once_in_whatever_pieces_it_comes()
    {
        var source = new ScriptedSource(ScriptedSource.Records(0, 5), ScriptedSource.Records(3, 4), ScriptedSource.Records(7, 3));
        await Run(source, new WorkerOptions { BatchMessages = 2 });
        Assert.Equal(Enumerable.Range(0, 10).Select(o => (long)o), await Offsets());
        var account = await IngestionAccount.TakeAsync(_store.Lake, TempHome.Silver(_store.Lake), default);
        Assert.Equal((10, 10, 0), (account.Messages, account.Received, account.Lost));
        Assert.Equal(10, source.Commits[^1]);
        Assert.Equal(10, _state.Landed);
    }

    [Fact]
    public async Task A_second_worker_goes_on_where_the_lake_ends()
    {
        await Run(new ScriptedSource(ScriptedSource.Records(0, 5)));
        var second = new ScriptedSource(ScriptedSource.Records(5, 2));
        await Run(second);
        Assert.Equal(5, second.Position);
        Assert.Equal(7, (await Offsets()).Count);
    }

    [Fact]
    public async Task A_gap_is_recorded_as_lost_and_said_aloud()
    {
        await Run(new ScriptedSource(ScriptedSource.Records(0, 3), ScriptedSource.Records(8, 2)));
        Assert.Equal([0, 1, 2, 8, 9], await Offsets());
        var account = await IngestionAccount.TakeAsync(_store.Lake, TempHome.Silver(_store.Lake), default);
        Assert.Equal((5, 5L), (account.Messages, account.Lost));
        Assert.Contains(_log.Said, l => l.StartsWith("Error", StringComparison.Ordinal) && l.Contains("from 3 to 8", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_first_record_beyond_the_expected_offset_is_a_loss_from_the_begin()
    {
        await Run(new ScriptedSource(ScriptedSource.Records(100, 2)));
        Assert.Equal([LakePaths.Bronze(TempHome.Partition, 0), LakePaths.Bronze(TempHome.Partition, 100)], await _store.Lake.ListAsync(LakePaths.BronzeTelemetry, default));
    }

    [Fact]
    public async Task What_another_worker_landed_first_is_adopted_and_the_source_is_told_to_go_on_behind_it()
    {
        var source = new ScriptedSource(ScriptedSource.Records(0, 4), ScriptedSource.Records(4, 2), ScriptedSource.Records(6, 4))
        {
            Before = async piece =>
            {
                if (piece == 1)
                {
                    var chain = await PartitionChain.OpenAsync(_store.Lake, TempHome.Partition, TimeProvider.System, default);
                    var batch = new MicroBatch();
                    Array.ForEach(ScriptedSource.Records(0, 8), r => batch.Add(r));
                    batch.Stamp(chain.Known, chain.Landed, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000, imported: false);
                    Assert.True(await chain.TryAppendAsync(batch.Envelopes, batch.Landed, default)); // and dies before its silver
                }
            },
        };
        await Run(source, new WorkerOptions { BatchMessages = 6 });
        Assert.Equal(Enumerable.Range(0, 10).Select(o => (long)o), await Offsets());
        Assert.Contains(8, source.Seeks);
        Assert.Equal(10, (await IngestionAccount.TakeAsync(_store.Lake, TempHome.Silver(_store.Lake), default)).Received);
    }

    [Fact]
    public async Task While_the_lake_refuses_the_worker_says_so_once_waits_and_loses_nothing()
    {
        var lake = new RefusingLake(_store.Lake, refusals: 6);
        await using var store = new CohortStore("test", lake, new SqliteDocuments(Path.Combine(_home.Root, "other.db")), _home.Root);
        await Run(new ScriptedSource(ScriptedSource.Records(0, 3)), new WorkerOptions { RetryDelay = TimeSpan.FromMilliseconds(1) }, store);
        Assert.Equal([0, 1, 2], await Offsets());
        Assert.Single(_log.Said, l => l.Contains("Cannot land", StringComparison.Ordinal));
        Assert.Single(_log.Said, l => l.Contains("Can land again", StringComparison.Ordinal));
        Assert.Null(_state.Blocked);
    }

    [Fact]
    public async Task A_reply_that_was_lost_after_the_file_was_created_lands_nothing_twice()
    {
        var lake = new RefusingLake(_store.Lake, refusals: 3, afterCreating: true);
        await using var store = new CohortStore("test", lake, new SqliteDocuments(Path.Combine(_home.Root, "other.db")), _home.Root);
        await Run(new ScriptedSource(ScriptedSource.Records(0, 3), ScriptedSource.Records(3, 3)), new WorkerOptions { RetryDelay = TimeSpan.FromMilliseconds(1), BatchMessages = 3 }, store);
        Assert.Equal([0, 1, 2, 3, 4, 5], await Offsets());
        Assert.Equal(6, (await IngestionAccount.TakeAsync(_store.Lake, TempHome.Silver(_store.Lake), default)).Received);
    }

    [Fact]
    public async Task A_wrong_setting_stops_the_start_with_a_line_that_names_it()
    {
        var e = await Assert.ThrowsAsync<LakeException>(() => Run(new ScriptedSource(), new WorkerOptions { BatchAge = TimeSpan.Zero }));
        Assert.Contains("BatchAge is 00:00:00; it may be 0.1 s to 10 min", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Told_to_stop_it_lands_what_it_has_read()
    {
        using var stop = new CancellationTokenSource();
        var source = new ScriptedSource(ScriptedSource.Records(0, 3), []) { Before = piece => piece == 1 ? stop.CancelAsync() : Task.CompletedTask };
        await Run(source, new WorkerOptions { BatchAge = TimeSpan.FromMinutes(5) }, untilLanded: false, stop: stop.Token);
        Assert.Equal([0, 1, 2], await Offsets());
    }

    private async Task Run(ScriptedSource source, WorkerOptions? options = null, CohortStore? store = null, bool untilLanded = true, CancellationToken stop = default)
    {
        using var tooLong = CancellationTokenSource.CreateLinkedTokenSource(stop);
        tooLong.CancelAfter(TimeSpan.FromSeconds(30));
        var run = new WorkerRun(store ?? _store, source, options);
        (_state, _log) = (run.State, run.Said);
        await run.RunAsync(untilLanded, tooLong.Token);
    }

    private async Task<IReadOnlyList<long>> Offsets()
    {
        var offsets = new List<long>();
        foreach (var file in await BronzeFile.ListAsync(_store.Lake, TempHome.Partition, default))
        {
            offsets.AddRange((await _store.Lake.ReadTableAsync(file.Path, ["offset"], default)).Int64("offset"));
        }

        return offsets;
    }
}

/// <summary>A lake that refuses, or whose replies are lost, a number of times before it works.</summary>
internal sealed class RefusingLake(Lake lake, int refusals, bool afterCreating = false) : Lake
{
    private int _left = refusals;

    public override string NameOf(string path) => lake.NameOf(path);

    public override async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var refuses = Interlocked.Decrement(ref _left) >= 0;
        if (refuses && !afterCreating)
        {
            throw new LakeException("the store is busy");
        }

        var created = await lake.TryCreateAsync(path, content, cancellationToken);
        return refuses ? throw new LakeException("the reply was lost") : created;
    }

    public override Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => lake.ReplaceAsync(path, content, cancellationToken);

    public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) => lake.ExistsAsync(path, cancellationToken);

    public override Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken) => lake.TryReadAsync(path, cancellationToken);

    public override Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken) => lake.OpenReadAsync(path, cancellationToken);

    public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) => lake.ListAsync(folder, cancellationToken);

    public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken) => lake.DeleteAsync(path, cancellationToken);
}
