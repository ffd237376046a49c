using Azure.Core;
using Azure.Identity;
using Confluent.Kafka;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Tests.Worker;
using RemoteMonitoring.Ingestion.Worker;

namespace RemoteMonitoring.Ingestion.Tests.Sources;

/// <summary>A worker that lands from a broker that refuses, throttles, hangs up, is away, or has forgotten: each offset is in bronze once.</summary>
public sealed class KafkaFaultTests(KafkaFaultTests.AtOnce runs) : IClassFixture<KafkaFaultTests.AtOnce>, IDisposable
{
    private readonly CancellationTokenSource _tooLong = new(TimeSpan.FromSeconds(60));
    private readonly Lines _said = new();

    public static TheoryData<string, string> Rows => FaultTable.OfStream();

    public void Dispose() => _tooLong.Dispose();

    [Theory]
    [MemberData(nameof(Rows))]
    public Task A_stream_that_does_not_do_as_it_should(string fault, string says) => runs.Of[(fault, says)];

    private static async Task HoldsAsync(string fault, string says)
    {
        using var broker = new MockBroker();
        await using var front = new KafkaFront(broker.Port);
        var said = new Lines();
        await using var source = Source(front.Port, said);
        using var home = new TempHome();
        await using var store = home.Store();
        await broker.ProduceAsync(0, 30);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        var worker = new WorkerRun(store, source, new WorkerOptions { BatchAge = TimeSpan.FromSeconds(0.1), RetryDelay = TimeSpan.FromMilliseconds(10), StateEvery = TimeSpan.FromSeconds(0.1), SourceDelay = TimeSpan.Zero });
        IEnumerable<string> All() => said.Said.Concat(worker.Said.Said);
        Task SaysAsync() => UntilAsync(() => says == "—" || All().Any(line => line.Contains(says, StringComparison.Ordinal)));
        async Task UntilAsync(Func<bool> holds)
        {
            while (!holds())
            {
                Assert.False(stop.IsCancellationRequested, $"{fault}: {string.Join('\n', All())}");
                await Task.Delay(20);
            }
        }

        var running = worker.RunAsync(untilLanded: false, stop.Token);
        await UntilAsync(() => worker.State.Landed == 30);
        switch (fault)
        {
            case "not reached":
                broker.Down();
                await SaysAsync();
                broker.Up();
                break;
            case "cut":
                broker.Meet(KafkaRequest.Fetch, [.. Enumerable.Repeat(ErrorCode.Local_Transport, 3)]);
                break;
            case "half an answer":
                front.CutNext(3);
                break;
            case "throttled":
                broker.Meet(KafkaRequest.Fetch, [.. Enumerable.Repeat(ErrorCode.ThrottlingQuotaExceeded, 3)]);
                break;
            case "refused":
                broker.Meet(KafkaRequest.Fetch, [.. Enumerable.Repeat(ErrorCode.TopicAuthorizationFailed, 2)]);
                break;
            case "put out of the group":
                broker.Meet(KafkaRequest.Heartbeat, ErrorCode.UnknownMemberId);
                await SaysAsync();
                break;
            case "offsets not noted":
                broker.Meet(KafkaRequest.OffsetCommit, [.. Enumerable.Repeat(ErrorCode.GroupAuthorizationFailed, 3)]);
                break;
            case "no such Event Hub":
                broker.SaysOfTopic(ErrorCode.UnknownTopicOrPart);
                broker.Meet(KafkaRequest.Fetch, ErrorCode.UnknownTopicOrPart);
                await SaysAsync(); // the client waits half a minute before it believes it
                broker.SaysOfTopic(ErrorCode.NoError);
                break;
            default:
                Assert.Fail($"There is no such row: {fault}");
                break;
        }

        await broker.ProduceAsync(0, 30, from: 30);
        await UntilAsync(() => worker.State.Landed >= 60);
        await SaysAsync();
        await stop.CancelAsync();
        await running;
        Assert.Equal(Enumerable.Range(0, 60).Select(n => (long)n), (await WorkerRun.OffsetsAsync(store))[0]);
        Assert.Equal(fault == "half an answer" ? 3 : 0, front.Cut);
        Assert.DoesNotContain(All(), line => line.Contains("filler", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_broker_begins_later_it_is_asked_until_it_answers_and_read_on_from_there()
    {
        using var broker = new MockBroker();
        await broker.ProduceAsync(0, 20);
        broker.Forget(0, 12);
        await using var source = Source(broker.Port, _said);
        broker.Meet(KafkaRequest.ListOffsets, [.. Enumerable.Repeat(ErrorCode.TopicAuthorizationFailed, 2)]);
        var offsets = new List<long>();
        while (!offsets.Contains(19))
        {
            offsets.AddRange((await source.ReadAsync((p, _) => Task.FromResult(p == 0 ? 5L : 0), _tooLong.Token)).SelectMany(b => b.Records.Select(r => r.Offset)));
        }

        Assert.Equal(Enumerable.Range(12, 8).Select(n => (long)n), offsets);
        Assert.Contains(_said.Said, line => line.Contains("Azure Event Hubs Data Receiver", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_broker_begins_later_in_several_partitions_that_have_nothing_new_all_of_them_go_on()
    {
        using var broker = new MockBroker();
        foreach (var partition in (int[])[0, 1, 2])
        {
            await broker.ProduceAsync(partition, 12);
            broker.Forget(partition, 12);
        }

        await broker.ProduceAsync(0, 4, from: 12);
        await using var source = Source(broker.Port, _said);
        var offsets = new Dictionary<int, List<long>> { [0] = [], [1] = [], [2] = [], [3] = [] };
        async Task ReadUntilAsync(Func<bool> holds)
        {
            while (!holds())
            {
                foreach (var batch in await source.ReadAsync((p, _) => Task.FromResult(p < 3 ? 5L : 0), _tooLong.Token))
                {
                    offsets[batch.Partition].AddRange(batch.Records.Select(r => r.Offset));
                }

                _tooLong.Token.ThrowIfCancellationRequested();
            }
        }

        await ReadUntilAsync(() => offsets[0].Contains(15));
        await broker.ProduceAsync(1, 2, from: 12);
        await broker.ProduceAsync(2, 1, from: 12);
        await broker.ProduceAsync(3, 1);
        await ReadUntilAsync(() => offsets[1].Contains(13) && offsets[2].Contains(12) && offsets[3].Contains(0));
        Assert.Equal([12, 13, 14, 15], offsets[0]);
        Assert.Equal([12, 13], offsets[1]);
        Assert.Equal([12], offsets[2]);
    }

    [Fact]
    public async Task While_the_broker_does_not_say_where_a_partition_begins_the_others_are_read()
    {
        using var broker = new MockBroker();
        await broker.ProduceAsync(0, 20);
        broker.Forget(0, 12);
        await using var source = Source(broker.Port, _said);
        broker.Meet(KafkaRequest.ListOffsets, [.. Enumerable.Repeat(ErrorCode.TopicAuthorizationFailed, 10_000)]);
        var offsets = new List<(int Partition, long Offset)>();
        for (var produced = 0; produced < 3; produced++)
        {
            await broker.ProduceAsync(1, 1, from: produced);
            while (!offsets.Contains((1, produced)))
            {
                offsets.AddRange((await source.ReadAsync((p, _) => Task.FromResult(p == 0 ? 5L : 0), _tooLong.Token)).SelectMany(b => b.Records.Select(r => (b.Partition, r.Offset))));
                _tooLong.Token.ThrowIfCancellationRequested();
            }
        }

        Assert.Equal([(1, 0L), (1, 1L), (1, 2L)], offsets);
        Assert.Contains(_said.Said, line => line.Contains("Azure Event Hubs Data Receiver", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_that_is_not_to_be_had_is_asked_for_again_and_one_that_runs_out_is_renewed()
    {
        var credential = new Unreliable();
        await using var source = new KafkaSource(new KafkaOptions { Servers = "127.0.0.1:9", Topic = MockBroker.Topic, Hub = "iot-hub" }, credential, _said);
        while (credential.Asked < 4)
        {
            Assert.Empty(await source.ReadAsync((_, _) => Task.FromResult(0L), _tooLong.Token));
        }

        Assert.Contains("Warning No token for the stream's broker (AuthenticationFailedException)", _said.Said);
        Assert.DoesNotContain(_said.Said, line => line.Contains("secret", StringComparison.Ordinal));
    }

    private static KafkaSource Source(int port, Lines said) => new(
        new KafkaOptions { Servers = $"127.0.0.1:{port}", Topic = MockBroker.Topic, Hub = "iot-hub", Plaintext = true, SessionTimeout = TimeSpan.FromSeconds(6) }, null, said);

    /// <summary>All rows side by side, each with a broker of its own: they wait, mostly.</summary>
    public sealed class AtOnce
    {
        internal Dictionary<(string Fault, string Says), Task> Of { get; } =
            Rows.Select(row => ((string)row[0], (string)row[1])).ToDictionary(row => row, row => Task.Run(() => HoldsAsync(row.Item1, row.Item2)));
    }

    /// <summary>Fails once, and then gives tokens that hold for three seconds.</summary>
    private sealed class Unreliable : TokenCredential
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Assert.Equal(["https://127.0.0.1/.default"], requestContext.Scopes);
            return Interlocked.Increment(ref _asked) == 1 ? throw new AuthenticationFailedException("nobody is signed in") : new AccessToken("secret", TimeProvider.System.GetUtcNow().AddSeconds(3));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }
}
