using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

public sealed class GatewaySourceTests : IAsyncLifetime, IDisposable
{
    private readonly TempHome _home = new();
    private readonly SetTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private GatewayLog _log = null!;
    private GatewaySource _source = null!;

    private string LogFile => Path.Combine(_home.Root, "gateway", "log.db");

    public async Task InitializeAsync()
    {
        _log = GatewayLog.Open(LogFile, new GatewayLogOptions { Partitions = 2 }, _time);
        _source = new GatewaySource(LogFile, "gateway", _time);
        await AppendAsync(0, 20);
    }

    [Fact]
    public async Task All_partitions_are_read_from_where_the_lake_ends_and_go_on()
    {
        Assert.Equal(("gateway", _log.Epoch), (_source.Hub, _source.Epoch));
        var asked = new List<int>();
        var read = await ReadAsync(p =>
        {
            asked.Add(p);
            return p == 0 ? 3 : 0;
        });
        Assert.Equal([0, 1], asked);
        Assert.Equal(End(0) - 3, read.Count(r => r.Partition == 0));
        Assert.Equal(3, read.First(r => r.Partition == 0).Record.Offset);
        Assert.Equal(End(1), read.Count(r => r.Partition == 1));

        await AppendAsync(20, 5);
        Assert.Equal(5, (await ReadAsync(p => throw new InvalidOperationException("It was asked before."))).Count);
        Assert.Equal(25, _source.Ends.Values.Sum());
    }

    [Fact]
    public async Task Nothing_new_is_an_empty_answer_after_a_short_wait()
    {
        await ReadAsync(_ => 0);
        Assert.Empty(await ReadAsync(_ => 0));
        await _source.SeekAsync(0, 1, default);
        Assert.Equal(1, (await ReadAsync(_ => 0))[0].Record.Offset);
    }

    [Fact]
    public async Task A_position_before_the_begin_gets_what_is_there_and_one_at_the_end_waits_for_more()
    {
        using (var reader = new GatewayLogReader(LogFile))
        {
            await reader.TrimAsync(0, 4, default);
        }

        var end = End(1);
        var read = await ReadAsync(p => p == 0 ? 1 : p == 1 ? end : 0);
        Assert.Equal(4, read[0].Record.Offset);
        Assert.DoesNotContain(read, r => r.Partition == 1);
        await AppendAsync(20, 20);
        Assert.Equal(end, (await ReadAsync(_ => 0)).First(r => r.Partition == 1).Record.Offset);
    }

    [Fact]
    public async Task A_log_that_ends_before_the_lake_was_put_back_and_is_not_read()
    {
        var e = await Assert.ThrowsAsync<LakeException>(() => ReadAsync(p => p == 1 ? End(1) + 1 : 0));
        Assert.Contains("put back to an earlier state", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_landed_a_week_ago_is_trimmed_and_nothing_else()
    {
        await ReadAsync(_ => 0);
        await _source.CommitAsync(0, 3, default);
        _time.Now += TimeSpan.FromDays(3);
        await _source.CommitAsync(0, 6, default);
        Assert.Equal(0, Begin(0));
        _time.Now += TimeSpan.FromDays(4) - TimeSpan.FromMinutes(1);
        await _source.CommitAsync(0, 6, default);
        Assert.Equal(0, Begin(0));
        _time.Now += TimeSpan.FromHours(2);
        await _source.CommitAsync(0, 6, default);
        Assert.Equal(3, Begin(0));
        _time.Now += TimeSpan.FromDays(3);
        await _source.CommitAsync(0, 6, default);
        Assert.Equal(6, Begin(0));
        Assert.Equal(0, Begin(1));
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _log.DisposeAsync();
    }

    public void Dispose() => _home.Dispose();

    private static string DeviceOf(int partition) => Enumerable.Range(0, 100).Select(i => $"d{i}").First(d => Partitioning.PartitionOf(d, 2) == partition);

    private Task AppendAsync(int first, int count) =>
        Task.WhenAll(Enumerable.Range(first, count).Select(i => _log.AppendAsync(GatewayLogTests.Message(DeviceOf(i % 2), i))));

    private async Task<IReadOnlyList<(int Partition, StreamRecord Record)>> ReadAsync(Func<int, long> position) =>
        [.. (await _source.ReadAsync((p, _) => Task.FromResult(position(p)), default)).SelectMany(b => b.Records.Select(r => (b.Partition, r)))];

    private long Begin(int partition)
    {
        using var reader = new GatewayLogReader(LogFile);
        return reader.Bounds(partition).Begin;
    }

    private long End(int partition) => _source.Ends[partition];
}
