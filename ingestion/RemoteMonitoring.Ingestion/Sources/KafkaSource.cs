using Azure.Core;
using Azure.Identity;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Sources;

/// <summary>
/// An Event Hub by its Kafka endpoint, as one of a consumer group. Where a partition becomes this reader's, it begins at the
/// offset that the lake says; the offsets that the broker keeps are told it for its own figures of lag, and never asked for.
/// </summary>
public sealed class KafkaSource : IEventSource
{
    private const int BatchRecords = 16_384;
    private const int BatchBytes = 4 << 20;
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_ask = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_token = TimeSpan.FromSeconds(30);

    private readonly KafkaOptions _options;
    private readonly ILogger _logger;
    private readonly IConsumer<Ignore, byte[]> _consumer;

    // What comes next in each partition, whether any of it was read or not: the client forgets it where a partition is begun anew.
    private readonly Dictionary<TopicPartition, Offset> _next = [];

    // Partitions whose offset the broker refused, and which have not been begun anew yet.
    private readonly HashSet<TopicPartition> _refused = [];

    private Func<int, CancellationToken, Task<long>> _positionOf = (_, _) => Task.FromResult(0L);
    private CancellationToken _reading;
    private bool _closed;

    /// <summary>Joins the group; nothing is read yet.</summary>
    /// <param name="options">Where and who.</param>
    /// <param name="credential">Managed identity, or what stands for it; used where there is no connection string.</param>
    /// <param name="logger">Told of the broker's complaints, without content.</param>
    public KafkaSource(KafkaOptions options, TokenCredential? credential, ILogger logger)
    {
        _options = options;
        _logger = logger;
        var builder = new ConsumerBuilder<Ignore, byte[]>(Config(options))
            .SetPartitionsAssignedHandler((_, partitions) => Positions(partitions))
            .SetErrorHandler((_, error) => SourceLog.Complained(logger, Said(error), error.IsFatal));
        if (options is { ConnectionString: null, Plaintext: false })
        {
            var identity = credential ?? new DefaultAzureCredential();
            builder.SetOAuthBearerTokenRefreshHandler((client, _) => Refresh(client, identity));
        }

        _consumer = builder.Build();
        _consumer.Subscribe(options.Topic);
    }

    /// <inheritdoc />
    public string Hub => _options.Hub;

    /// <inheritdoc />
    public string Epoch => _options.Epoch;

    /// <inheritdoc />
    public IReadOnlyDictionary<int, long> Ends
    {
        get
        {
            var ends = new Dictionary<int, long>();
            foreach (var partition in _consumer.Assignment)
            {
                // Unknown until something was fetched: not known is not zero, and somebody may ask whether all has landed.
                var high = _consumer.GetWatermarkOffsets(partition).High;
                ends[partition.Partition] = high.IsSpecial ? AskEnd(partition) : high.Value;
            }

            return ends;
        }
    }

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<int, long>> AskEndsAsync(CancellationToken cancellationToken) => Task.Run<IReadOnlyDictionary<int, long>>(
        () =>
        {
            var ends = new Dictionary<int, long>();
            foreach (var partition in _consumer.Assignment)
            {
                // Where one gives no answer, the others would take as long to give none.
                if (cancellationToken.IsCancellationRequested || AskEnd(partition) is not (< long.MaxValue and var end))
                {
                    break;
                }

                ends[partition.Partition] = end;
            }

            return ends;
        },
        cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<StreamBatch>> ReadAsync(Func<int, CancellationToken, Task<long>> positionOf, CancellationToken cancellationToken)
    {
        (_positionOf, _reading) = (positionOf, cancellationToken);
        // The client waits in the thread that asks, and answers questions of assignment there.
        return Task.Run(() => Read(cancellationToken), cancellationToken);
    }

    /// <inheritdoc />
    public Task SeekAsync(int partition, long offset, CancellationToken cancellationToken)
    {
        var sought = new TopicPartition(_options.Topic, partition);
        if (_consumer.Assignment.Contains(sought))
        {
            _next[sought] = offset;
            if (!_refused.Contains(sought))
            {
                _consumer.Seek(new TopicPartitionOffset(sought, offset));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task CommitAsync(int partition, long nextOffset, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                _consumer.Commit([new TopicPartitionOffset(_options.Topic, partition, nextOffset)]);
            }
            catch (KafkaException e)
            {
                // Advice: the lake knows how far it is. A group that is being shared out anew refuses it.
                SourceLog.AdviceRefused(_logger, partition, e.Error.Code.ToString());
            }
        },
        cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        if (!_closed)
        {
            _closed = true;
            _consumer.Close();
            _consumer.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static ConsumerConfig Config(KafkaOptions options)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = options.Servers,
            GroupId = options.Group,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Error, // never anywhere but where the lake ends
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            HeartbeatIntervalMs = (int)options.SessionTimeout.TotalMilliseconds / 10,
            MaxPollIntervalMs = 600_000,
            QueuedMaxMessagesKbytes = 16 << 10,
            FetchMaxBytes = 8 << 20,
            MaxPartitionFetchBytes = 2 << 20,
        };
        if (!options.Plaintext)
        {
            config.SecurityProtocol = SecurityProtocol.SaslSsl;
            config.SaslMechanism = options.ConnectionString is null ? SaslMechanism.OAuthBearer : SaslMechanism.Plain;
            config.SaslUsername = options.ConnectionString is null ? null : "$ConnectionString";
            config.SaslPassword = options.ConnectionString;
        }

        return config;
    }

    private IReadOnlyList<StreamBatch> Read(CancellationToken cancellationToken)
    {
        var records = new SortedDictionary<int, List<StreamRecord>>();
        var (count, bytes) = (0, 0L);
        GoOnFromBegin();
        while (count < BatchRecords && bytes < BatchBytes && !cancellationToken.IsCancellationRequested)
        {
            ConsumeResult<Ignore, byte[]>? result;
            try
            {
                result = _consumer.Consume(count == 0 ? s_wait : TimeSpan.Zero);
            }
            catch (ConsumeException e) when (e.Error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange)
            {
                _refused.Add(e.ConsumerRecord.TopicPartition); // begun anew by the next reading
                break;
            }
            catch (ConsumeException e) when (!e.Error.IsFatal)
            {
                SourceLog.Complained(_logger, Said(e.Error), false);
                break;
            }
            catch (KafkaException e)
            {
                throw new LakeException($"{_options.Servers}, {_options.Topic}: cannot be read ({Said(e.Error)})", e);
            }

            if (result is null)
            {
                break;
            }

            if (!records.TryGetValue(result.Partition, out var list))
            {
                records.Add(result.Partition, list = []);
            }

            _next[result.TopicPartition] = result.Offset + 1;
            list.Add(KafkaRecord.Read(
                result.Offset.Value,
                result.Message.Timestamp.UnixTimestampMs * 1000,
                result.Message.Headers?.Select(h => KeyValuePair.Create(h.Key, (byte[]?)h.GetValueBytes())) ?? [],
                result.Message.Value ?? []));
            count++;
            bytes += (result.Message.Value?.Length ?? 0) + (2L * (list[^1].Properties?.Length ?? 0));
        }

        return [.. records.Select(r => new StreamBatch(r.Key, r.Value))];
    }

    /// <summary>Answers where to begin. The client asks in the thread of <see cref="Read"/>, which is there to wait, and takes no task for an answer.</summary>
    private List<TopicPartitionOffset> Positions(List<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _next[partition] = _positionOf(partition.Partition.Value, _reading).GetAwaiter().GetResult();
            _refused.Remove(partition);
        }

        return [.. partitions.Select(p => new TopicPartitionOffset(p, _next[p]))];
    }

    /// <summary>
    /// The broker has the offset no more that is due: it begins later, and whoever reads records what is missing as lost. Where
    /// it ends before, the Event Hub was made anew under its old name, and its offsets mean other messages. A partition of which the broker does
    /// not say how far it is waits until the next reading: the others go on, and so does this reader's place in the group.
    /// </summary>
    private void GoOnFromBegin()
    {
        var assigned = _consumer.Assignment;
        _refused.IntersectWith(assigned);
        var begun = false;
        foreach (var partition in _refused.ToArray())
        {
            WatermarkOffsets there;
            try
            {
                there = _consumer.QueryWatermarkOffsets(partition, s_ask);
            }
            catch (KafkaException e) when (!e.Error.IsFatal)
            {
                SourceLog.Complained(_logger, Said(e.Error), false);
                break; // the others would take as long to give no answer
            }
            catch (KafkaException e)
            {
                throw new LakeException($"{_options.Servers}, {_options.Topic}: cannot be asked how far it is ({Said(e.Error)})", e);
            }

            if (_next[partition].Value > there.High.Value)
            {
                throw new LakeException($"{_options.Hub}, epoch {_options.Epoch}, partition {partition.Partition.Value}: the lake ends at offset {_next[partition].Value}, the stream at {there.High.Value}, so it was made anew. Begin a new epoch: rmon stream epoch {_options.Hub} --begin NAME --why TEXT.");
            }

            // What was refused for a moment only is still there, and is not passed over.
            _next[partition] = Math.Max(_next[partition].Value, there.Low.Value);
            _refused.Remove(partition);
            begun = true;
        }

        if (begun)
        {
            // A partition whose offset was refused is not read any more, and cannot be sought in: it is begun anew. The others go on where they are.
            _consumer.Assign([.. assigned.Select(p => new TopicPartitionOffset(p, _next[p]))]);
        }
    }

    private long AskEnd(TopicPartition partition)
    {
        try
        {
            return _consumer.QueryWatermarkOffsets(partition, s_ask).High.Value;
        }
        catch (KafkaException e)
        {
            SourceLog.Complained(_logger, Said(e.Error), e.Error.IsFatal);
            return long.MaxValue;
        }
    }

    private void Refresh(IClient client, TokenCredential identity)
    {
        var host = _options.Servers.Split(':')[0];
        try
        {
            using var tooLong = new CancellationTokenSource(s_token);
            var token = identity.GetToken(new TokenRequestContext([$"https://{host}/.default"]), tooLong.Token);
            client.OAuthBearerSetToken(token.Token, token.ExpiresOn.ToUnixTimeMilliseconds(), "rmon");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever a credential throws would end the thread that reads; the client asks again after ten seconds.
            SourceLog.NoToken(_logger, e.GetType().Name);
            client.OAuthBearerSetTokenFailure(e is OperationCanceledException ? "no token in time" : e.Message.Split('\n', '\r')[0]);
        }
    }

    /// <summary>What the broker complains of, with what to do where a person has to; none of its own words, which may name hosts and groups.</summary>
    private string Said(Error error) => error.Code + error.Code switch
    {
        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed =>
            ": refused; the identity needs the role Azure Event Hubs Data Receiver there",
        ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Authentication => ": signing in was refused; it is tried again",
        ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic => $": there is no Event Hub '{_options.Topic}' there",
        ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve => $": {_options.Servers} cannot be reached; it is tried again",
        _ => "",
    };
}

internal static partial class SourceLog
{
    [LoggerMessage(300, LogLevel.Warning, "The stream's broker complains: {Code} (fatal: {Fatal})")]
    public static partial void Complained(ILogger logger, string code, bool fatal);

    [LoggerMessage(301, LogLevel.Information, "Partition {Partition}: the broker did not take note of how far it has landed ({Code})")]
    public static partial void AdviceRefused(ILogger logger, int partition, string code);

    [LoggerMessage(302, LogLevel.Warning, "No token for the stream's broker ({Cause})")]
    public static partial void NoToken(ILogger logger, string cause);
}
