using Azure.Core;
using Azure.Identity;
using Confluent.Kafka;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Tests.Worker;
using RemoteMonitoring.Ingestion.Worker;

namespace RemoteMonitoring.Ingestion.Tests.Sources;

/// <summary>A worker that lands from a broker that refuses, throttles, hangs up, is away, or has forgotten: each offset is in bronze once.</summary>
public sealed class KafkaFaultTests : IDisposable
{
    private readonly MockBroker _broker = new();
    private readonly Lines _said = new();
    private readonly CancellationTokenSource _tooLong = new(TimeSpan.FromSeconds(60));

    public static TheoryData<string, string> Rows => FaultTable.OfStream();

    public void Dispose()
    {
        _broker.Dispose();
        _tooLong.Dispose();
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_stream_that_does_not_do_as_it_should(string fault, string says)
    {
        await using var front = new KafkaFront(_broker.Port);
        await using var source = Source(front.Port);
        using var home = new TempHome();
        await using var store = home.Store();
        await _broker.ProduceAsync(0, 30);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_tooLong.Token);
        var worker = new WorkerRun(store, source, new WorkerOptions { BatchAge = TimeSpan.FromSeconds(0.1), RetryDelay = TimeSpan.FromMilliseconds(10), StateEvery = TimeSpan.FromSeconds(0.1), SourceDelay = TimeSpan.Zero });
        var running = worker.RunAsync(untilLanded: false, stop.Token);
        await UntilAsync(() => worker.State.Landed == 30);
        switch (fault)
        {
            case "not reached":
                _broker.Down();
                await SaysAsync(worker, says);
                _broker.Up();
                break;
            case "cut":
                _broker.Meet(KafkaRequest.Fetch, [.. Enumerable.Repeat(ErrorCode.Local_Transport, 3)]);
                break;
            case "half an answer":
                front.CutNext(3);
                break;
            case "throttled":
                _broker.Meet(KafkaRequest.Fetch, [.. Enumerable.Repeat(ErrorCode.ThrottlingQuotaExceeded, 3)]);
                break;
            case "refused":
                _broker.Meet(KafkaRequest.Fetch, [.. Enumerable.Repeat(ErrorCode.TopicAuthorizationFailed, 2)]);
                break;
            case "no such Event Hub":
                _broker.SaysOfTopic(ErrorCode.UnknownTopicOrPart);
                _broker.Meet(KafkaRequest.Fetch, ErrorCode.UnknownTopicOrPart);
                await SaysAsync(worker, says);
                _broker.SaysOfTopic(ErrorCode.NoError);
                break;
            case "put out of the group":
                _broker.Meet(KafkaRequest.Heartbeat, ErrorCode.UnknownMemberId);
                await SaysAsync(worker, says);
                break;
            case "offsets not noted":
                _broker.Meet(KafkaRequest.OffsetCommit, [.. Enumerable.Repeat(ErrorCode.GroupAuthorizationFailed, 3)]);
                break;
            default:
                Assert.Fail($"There is no such row: {fault}");
                break;
        }

        await _broker.ProduceAsync(0, 30, from: 30);
        await UntilAsync(() => worker.State.Landed >= 60);
        await SaysAsync(worker, says);
        await stop.CancelAsync();
        await running;
        Assert.Equal(Enumerable.Range(0, 60).Select(n => (long)n), (await WorkerRun.OffsetsAsync(store))[0]);
        Assert.Equal(fault == "half an answer" ? 3 : 0, front.Cut);
        Assert.DoesNotContain(_said.Said.Concat(worker.Said.Said), line => line.Contains("filler", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_broker_begins_later_it_is_asked_until_it_answers_and_read_on_from_there()
    {
        await _broker.ProduceAsync(0, 20);
        _broker.Forget(0, 12);
        await using var source = Source(_broker.Port);
        _broker.Meet(KafkaRequest.ListOffsets, [.. Enumerable.Repeat(ErrorCode.TopicAuthorizationFailed, 2)]);
        var offsets = new List<long>();
        while (!offsets.Contains(19))
        {
            offsets.AddRange((await source.ReadAsync((p, _) => Task.FromResult(p == 0 ? 5L : 0), _tooLong.Token)).SelectMany(b => b.Records.Select(r => r.Offset)));
        }

        Assert.Equal(Enumerable.Range(12, 8).Select(n => (long)n), offsets);
        Assert.Contains(_said.Said, line => line.Contains("Azure Event Hubs Data Receiver", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_that_is_not_to_be_had_is_asked_for_again_and_one_that_runs_out_is_renewed()
    {
        var credential = new Unreliable();
        await using var source = new KafkaSource(new KafkaOptions { Servers = $"127.0.0.1:{_broker.Port}", Topic = MockBroker.Topic, Hub = "iot-hub" }, credential, _said);
        while (credential.Asked < 4)
        {
            Assert.Empty(await source.ReadAsync((_, _) => Task.FromResult(0L), _tooLong.Token));
        }

        Assert.Contains("Warning No token for the stream's broker (AuthenticationFailedException)", _said.Said);
        Assert.DoesNotContain(_said.Said, line => line.Contains("secret", StringComparison.Ordinal));
    }

    private KafkaSource Source(int port) => new(
        new KafkaOptions { Servers = $"127.0.0.1:{port}", Topic = MockBroker.Topic, Hub = "iot-hub", Plaintext = true, SessionTimeout = TimeSpan.FromSeconds(6) }, null, _said);

    private Task SaysAsync(WorkerRun worker, string says) => UntilAsync(() => says == "—" || _said.Said.Concat(worker.Said.Said).Any(line => line.Contains(says, StringComparison.Ordinal)));

    private async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            Assert.False(_tooLong.IsCancellationRequested, string.Join('\n', _said.Said));
            await Task.Delay(20);
        }
    }

    /// <summary>Fails in two ways, and then gives tokens that hold for three seconds.</summary>
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
