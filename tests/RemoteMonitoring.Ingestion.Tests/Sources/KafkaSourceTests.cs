using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Tests.Worker;
using RemoteMonitoring.Ingestion.Watermarks;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests.Sources;

/// <summary>The real client against the client library's own broker, which knows groups, offsets and headers, and no security.</summary>
public sealed class KafkaSourceTests : IDisposable
{
    private const string Topic = "telemetry";

    private readonly IProducer<Null, byte[]> _producer = new ProducerBuilder<Null, byte[]>(
        new Dictionary<string, string> { ["bootstrap.servers"] = "none:1", ["test.mock.num.brokers"] = "1" }).Build();

    private readonly CancellationTokenSource _tooLong = new(TimeSpan.FromSeconds(60));

    private string Servers
    {
        get
        {
            using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
            return string.Join(',', admin.GetMetadata(TimeSpan.FromSeconds(20)).Brokers.Select(b => $"{b.Host}:{b.Port}"));
        }
    }

    public void Dispose()
    {
        _producer.Dispose();
        _tooLong.Dispose();
    }

    [Fact]
    public async Task A_partition_is_read_from_where_the_lake_ends_whatever_the_broker_was_told()
    {
        await Produce(0, 10);
        await using (var source = Source())
        {
            await ReadUntil(source, 9, _ => 0);
            await source.CommitAsync(0, 10, default); // advice that the lake does not bear out
        }

        await using var again = Source();
        var records = await ReadUntil(again, 9, _ => 4);
        Assert.Equal([4, 5, 6, 7, 8, 9], records.Select(r => r.Offset));
        Assert.All(records, r => Assert.Equal(("cuff-1", $"m{r.Offset}"), (r.DeviceId, r.MessageId)));
        Assert.Equal(10, again.Ends[0]);
    }

    [Fact]
    public async Task What_was_read_is_read_again_after_a_seek()
    {
        await Produce(0, 5);
        await using var source = Source();
        await ReadUntil(source, 4, _ => 0);
        await source.SeekAsync(0, 2, default);
        Assert.Equal([2, 3, 4], (await ReadUntil(source, 4, _ => 0)).Select(r => r.Offset));
    }

    [Fact]
    public async Task Asked_where_it_ends_the_broker_answers_for_now_and_a_broker_that_is_gone_not_at_all()
    {
        await Produce(0, 3);
        await using var source = Source();
        await ReadUntil(source, 2, _ => 0);
        Assert.Equal(3, (await source.AskEndsAsync(default))[0]);
        await Produce(0, 2, from: 3);
        Assert.Equal(5, (await source.AskEndsAsync(default))[0]);
        Assert.Equal([0, 1, 2, 3], (await source.AskEndsAsync(default)).Keys.Order());
        _producer.Dispose();
        Assert.Empty(await source.AskEndsAsync(default));
        Assert.NotEmpty(source.Ends); // what was heard before, which says nothing of now
    }

    [Fact]
    public async Task A_stream_that_ends_before_the_lake_was_made_anew_and_is_not_read()
    {
        await Produce(0, 3);
        await using var source = Source();
        var e = await Assert.ThrowsAsync<LakeException>(() => ReadUntil(source, 9, _ => 1000));
        Assert.Contains("made anew. Begin a new epoch: rmon stream epoch iot-hub", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_workers_of_a_group_land_each_offset_once_though_one_stops_in_the_middle()
    {
        using var home = new TempHome();
        await using var store = home.Store();
        for (var partition = 0; partition < 4; partition++)
        {
            await Produce(partition, 50);
        }

        using var stopFirst = CancellationTokenSource.CreateLinkedTokenSource(_tooLong.Token);
        using var stopSecond = CancellationTokenSource.CreateLinkedTokenSource(_tooLong.Token);
        var options = new WorkerOptions { BatchAge = TimeSpan.FromSeconds(0.1), RetryDelay = TimeSpan.FromMilliseconds(10), StateEvery = TimeSpan.FromSeconds(0.1), SourceDelay = TimeSpan.Zero };
        await using var firstSource = Source();
        var first = new WorkerRun(store, firstSource, options);
        var firstRun = first.RunAsync(untilLanded: false, stopFirst.Token);
        await Until(() => first.State.Landed >= 200);

        await using var secondSource = Source();
        var second = new WorkerRun(store, secondSource, options);
        var secondRun = second.RunAsync(untilLanded: false, stopSecond.Token);
        await Until(() => second.Said.Said.Any(l => l.Contains("reading on from offset", StringComparison.Ordinal))); // shared out anew
        for (var partition = 0; partition < 4; partition++)
        {
            await Produce(partition, 50, from: 50);
        }

        await Until(() => second.State.Landed > 0);
        await stopFirst.CancelAsync();
        await firstRun;
        await firstSource.DisposeAsync(); // leaves the group
        for (var partition = 0; partition < 4; partition++)
        {
            await Produce(partition, 50, from: 100);
        }

        await Until(() => first.State.Landed + second.State.Landed >= 600);
        var landed = Now();
        await Until(() => second.State.LandedThrough > landed);
        while ((await IngestionWatermark.ReadAsync(store, default))!.Through.ToUnixTimeMilliseconds() * 1000 <= landed)
        {
            await Task.Delay(20, _tooLong.Token);
        }

        Assert.Equal([0, 1, 2, 3], (await IngestionWatermark.ReadAsync(store, default))!.Partitions.Select(s => s.Partition.Partition));
        await stopSecond.CancelAsync();
        await secondRun;
        var offsets = await WorkerRun.OffsetsAsync(store);
        Assert.Equal([0, 1, 2, 3], offsets.Keys.Order());
        Assert.All(offsets.Values, o => Assert.Equal(Enumerable.Range(0, 150).Select(n => (long)n), o));
        Assert.Equal(600, first.State.Landed + second.State.Landed);
        // The second had what the first left.
        Assert.True(second.State.Landed >= 200, $"{second.State.Landed}");
        Assert.Equal(600, (await IngestionAccount.TakeAsync(store.Lake, TempHome.Silver(store.Lake), default)).Messages);
    }

    private static long Now() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    private async Task Until(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(20, _tooLong.Token);
        }
    }

    private KafkaSource Source() => new(
        new KafkaOptions { Servers = Servers, Topic = Topic, Hub = "iot-hub", Plaintext = true, SessionTimeout = TimeSpan.FromSeconds(6) }, null, NullLogger.Instance);

    private async Task Produce(int partition, int count, int from = 0)
    {
        for (var i = from; i < from + count; i++)
        {
            await _producer.ProduceAsync(new TopicPartition(Topic, partition), new Message<Null, byte[]>
            {
                Value = "{}"u8.ToArray(),
                Headers = [new Header("iothub-connection-device-id", Encoding.UTF8.GetBytes("cuff-1")), new Header("message-id", Encoding.UTF8.GetBytes($"m{i}"))],
            });
        }
    }

    private async Task<List<StreamRecord>> ReadUntil(KafkaSource source, long last, Func<int, long> positionOf)
    {
        var records = new List<StreamRecord>();
        while (records.All(r => r.Offset < last))
        {
            _tooLong.Token.ThrowIfCancellationRequested();
            foreach (var batch in await source.ReadAsync((p, _) => Task.FromResult(p == 0 ? positionOf(p) : 0), _tooLong.Token))
            {
                records.AddRange(batch.Records);
            }
        }

        return records;
    }
}
