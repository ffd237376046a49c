using System.Threading.Channels;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// One device's connection after its login: takes its messages into the log and acknowledges each, in the order they came,
/// when it is durable and not before. What waits to be durable is bounded; then no more is read.
/// </summary>
internal sealed class GatewayConnection : IDisposable
{
    /// <summary>The longest keep-alive of IoT Hub, in seconds, which also stands for none.</summary>
    private const int MostKeepAlive = 1177;

    private const int NotImplemented = 501;

    private readonly MqttStream _mqtt;
    private readonly GatewayLog _log;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly Channel<Outgoing> _outgoing;
    private readonly CancellationTokenSource _closing;
    private readonly TimeSpan _mostIdle;
    private readonly MqttConnectPacket _connect;
    private readonly DeviceTopic? _willTopic;
    private long _lastRead;
    private int _closed;

    public GatewayConnection(
        MqttStream mqtt, MqttConnectPacket connect, DeviceLogin login, GatewayLog log, GatewayOptions options, TimeProvider time, CancellationToken stopping)
    {
        (_mqtt, _connect, Login, _log, _options, _time) = (mqtt, connect, login, log, options, time);
        _outgoing = Channel.CreateBounded<Outgoing>(new BoundedChannelOptions(options.MostInFlight) { SingleReader = true, SingleWriter = true });
        _closing = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _mostIdle = TimeSpan.FromSeconds(1.5 * (connect.KeepAlivePeriod is 0 or > MostKeepAlive ? MostKeepAlive : connect.KeepAlivePeriod));
        _lastRead = time.GetTimestamp();
        if (connect.WillFlag)
        {
            _willTopic = DeviceTopic.TryParse(connect.WillTopic, login.DeviceId) ?? throw new RefusedException(Refusal.WrongTopic);
            Check(connect.WillQoS, connect.WillMessage?.Length ?? 0);
        }
    }

    public DeviceLogin Login { get; }

    /// <summary>Why the gateway closed it; null where it did not.</summary>
    public Refusal? ClosedFor { get; private set; }

    public bool IsIdle => _time.GetElapsedTime(Volatile.Read(ref _lastRead)) > _mostIdle;

    /// <summary>Reads no more from the device; what it sent before is still acknowledged.</summary>
    public void Close(Refusal refusal)
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            ClosedFor = refusal;
            try
            {
                _closing.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It ended by itself in between.
            }
        }
    }

    /// <summary>Runs until the device goes, or is sent away: then throws <see cref="RefusedException"/>.</summary>
    public async Task RunAsync(CancellationToken aborted)
    {
        using var drain = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        await using var closing = _closing.Token.Register(() => drain.CancelAfter(_options.DrainTimeout));
        var sending = SendAsync(drain.Token);
        var left = false;
        try
        {
            left = await ReceiveAsync(sending);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
        }
        catch (ChannelClosedException)
        {
            // Nothing can be sent any more; why, the sending says below.
        }
        finally
        {
            drain.CancelAfter(_options.DrainTimeout);
            if (!left && ClosedFor is not Refusal.Revoked)
            {
                await AppendWillAsync(drain.Token);
            }

            _outgoing.Writer.TryComplete();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (ClosedFor is { } refusal and not Refusal.Storage)
        {
            throw new RefusedException(refusal);
        }

        await sending;
    }

    public void Dispose() => _closing.Dispose();

    /// <returns>Whether the device said that it leaves.</returns>
    private async Task<bool> ReceiveAsync(Task sending)
    {
        while (!sending.IsCompleted)
        {
            var packet = await _mqtt.ReadAsync(MqttStream.MostPacketBytes, _closing.Token);
            Volatile.Write(ref _lastRead, _time.GetTimestamp());
            switch (packet)
            {
                case null:
                    return false;
                case MqttPublishPacket publish:
                    await PublishedAsync(publish);
                    break;
                case MqttSubscribePacket subscribe:
                    await SendAsync(new MqttSubAckPacket
                    {
                        PacketIdentifier = subscribe.PacketIdentifier,
                        ReasonCodes = subscribe.TopicFilters.ConvertAll(f => Granted(f.Topic, f.QualityOfServiceLevel)),
                    });
                    break;
                case MqttUnsubscribePacket unsubscribe:
                    await SendAsync(new MqttUnsubAckPacket { PacketIdentifier = unsubscribe.PacketIdentifier });
                    break;
                case MqttPingReqPacket:
                    await SendAsync(MqttPingRespPacket.Instance);
                    break;
                case MqttDisconnectPacket:
                    return true;
                case MqttPubAckPacket:
                    // Of nothing that we sent: all we send is quality of service 0. It harms nobody.
                    break;
                default:
                    throw new RefusedException(Refusal.Malformed);
            }
        }

        return false;
    }

    private async ValueTask PublishedAsync(MqttPublishPacket publish)
    {
        Check(publish.QualityOfServiceLevel, publish.Payload.Length);
        var acknowledgement = publish.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtLeastOnce
            ? new MqttPubAckPacket { PacketIdentifier = publish.PacketIdentifier }
            : null;
        if (TwinRequestId(publish.Topic) is { } request)
        {
            // There are no twins; a device that asks for its own is told so, and goes on to send.
            await SendAsync(acknowledgement);
            await SendAsync(new MqttPublishPacket { Topic = $"$iothub/twin/res/{NotImplemented}/?$rid={request}" });
            return;
        }

        var topic = DeviceTopic.TryParse(publish.Topic, Login.DeviceId) ?? throw new RefusedException(Refusal.WrongTopic);
        var span = IngestionTraces.IsWanted ? IngestionTraces.Accept(topic.Properties) : null;
        topic = span?.Id is { } id ? topic.With(IngestionTraces.Property, id) : topic;
        var durable = _log.AppendAsync(
            new GatewayMessage
            {
                DeviceId = Login.DeviceId,
                MessageId = topic.MessageId,
                Properties = publish.Retain ? topic.ToJson(new KeyValuePair<string, string>(DeviceTopic.RetainProperty, "true")) : topic.ToJson(),
                Body = System.Buffers.BuffersExtensions.ToArray(publish.Payload),
            },
            _closing.Token);
        if (span is not null)
        {
            _ = EndAsync(span, durable);
        }

        // What is in the log is acknowledged, though the connection may be closing.
        await _outgoing.Writer.WriteAsync(new Outgoing(durable, acknowledgement), CancellationToken.None);
    }

    /// <summary>A message is taken in when it is durable.</summary>
    private static async Task EndAsync(System.Diagnostics.Activity span, Task durable)
    {
        await durable.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        span.SetStatus(durable.IsCompletedSuccessfully ? System.Diagnostics.ActivityStatusCode.Unset : System.Diagnostics.ActivityStatusCode.Error).Dispose();
    }

    private ValueTask SendAsync(MqttPacket? packet) => packet is null ? ValueTask.CompletedTask : _outgoing.Writer.WriteAsync(new Outgoing(Task.CompletedTask, packet), _closing.Token);

    /// <summary>The one writer of the connection: in order, each when it may, as many at once as are ready.</summary>
    private async Task SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_outgoing.Reader.TryRead(out var next))
                {
                    if (!next.When.IsCompletedSuccessfully)
                    {
                        await _mqtt.FlushAsync(cancellationToken);
                        await next.When.WaitAsync(cancellationToken);
                    }

                    if (next.Packet is { } packet)
                    {
                        _mqtt.Write(packet);
                    }
                }

                await _mqtt.FlushAsync(cancellationToken);
            }
        }
        catch (LakeException)
        {
            Close(Refusal.Storage);
            throw;
        }
        finally
        {
            // Where nothing can be sent, nothing is read either.
            _outgoing.Writer.TryComplete();
            await _closing.CancelAsync();
        }
    }

    private async Task AppendWillAsync(CancellationToken cancellationToken)
    {
        if (_willTopic is { } topic)
        {
            var type = new KeyValuePair<string, string>(DeviceTopic.MessageTypeProperty, "Will");
            await _log.AppendAsync(
                new GatewayMessage { DeviceId = Login.DeviceId, MessageId = topic.MessageId, Properties = topic.ToJson(type), Body = _connect.WillMessage ?? [] },
                cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Check(MqttQualityOfServiceLevel level, long bytes)
    {
        if (level > MqttQualityOfServiceLevel.AtLeastOnce)
        {
            throw new RefusedException(Refusal.QualityOfService2);
        }

        if (bytes > GatewayOptions.MostBodyBytes)
        {
            throw new RefusedException(Refusal.Oversize);
        }
    }

    /// <summary>What the SDKs subscribe to is granted, though nothing is ever sent there but that twins are not to be had.</summary>
    private MqttSubscribeReasonCode Granted(string topic, MqttQualityOfServiceLevel level) =>
        topic.StartsWith("$iothub/", StringComparison.Ordinal) || topic.StartsWith($"devices/{Login.DeviceId}/", StringComparison.Ordinal)
            ? level == MqttQualityOfServiceLevel.AtMostOnce ? MqttSubscribeReasonCode.GrantedQoS0 : MqttSubscribeReasonCode.GrantedQoS1
            : MqttSubscribeReasonCode.UnspecifiedError;

    private static string? TwinRequestId(string topic)
    {
        const string Id = "/?$rid=";
        var at = topic.StartsWith("$iothub/twin/", StringComparison.Ordinal) ? topic.IndexOf(Id, StringComparison.Ordinal) : -1;
        return at < 0 ? null : topic[(at + Id.Length)..].Split('&')[0];
    }

    private readonly record struct Outgoing(Task When, MqttPacket? Packet);
}
