using System.Buffers;
using System.IO.Pipelines;
using MQTTnet.Adapter;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Packets;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// MQTT packets over a stream. Frames are cut here, so that a length is refused before any memory is taken for it; what
/// is in them is MQTTnet's to read and write. One thread may read while another writes.
/// </summary>
internal sealed class MqttStream(Stream stream)
{
    /// <summary>Client id, user name and password of a device stay far below.</summary>
    public const int MostConnectBytes = 16 << 10;

    /// <summary>The body, the longest topic MQTT knows, and what tells them apart.</summary>
    public const int MostPacketBytes = GatewayOptions.MostBodyBytes + ushort.MaxValue + 4;

    private readonly PipeReader _input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 << 10, minimumReadSize: 2 << 10, leaveOpen: true));
    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly MqttPacketFormatterAdapter _format = new(MqttProtocolVersion.V311, new MqttBufferWriter(256, 4096));

    /// <summary>The next packet; null where the stream has ended between two.</summary>
    public async ValueTask<MqttPacket?> ReadAsync(int mostBytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _input.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (TryCut(buffer, mostBytes, out var header, out var body, out var consumed))
            {
                var frame = body.ToArray();
                _input.AdvanceTo(consumed);
                return Decode(header, frame);
            }

            if (read.IsCompleted)
            {
                return buffer.IsEmpty ? null : throw new EndOfStreamException();
            }

            _input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Puts a packet behind those that wait to be sent.</summary>
    public void Write(MqttPacket packet)
    {
        var encoded = _format.Encode(packet);
        _output.Write(encoded.Packet.AsSpan());
        foreach (var part in encoded.Payload)
        {
            _output.Write(part.Span);
        }

        _format.Cleanup();
    }

    /// <summary>Sends what waits.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_output.WrittenCount > 0)
        {
            await stream.WriteAsync(_output.WrittenMemory, cancellationToken);
            _output.ResetWrittenCount();
        }
    }

    private static bool TryCut(ReadOnlySequence<byte> buffer, int mostBytes, out byte header, out ReadOnlySequence<byte> body, out SequencePosition consumed)
    {
        var reader = new SequenceReader<byte>(buffer);
        (body, consumed) = (default, default);
        if (!reader.TryRead(out header))
        {
            return false;
        }

        var length = 0;
        for (var shift = 0; ; shift += 7)
        {
            if (shift > 21)
            {
                throw new RefusedException(Refusal.Malformed);
            }

            if (!reader.TryRead(out var part))
            {
                return false;
            }

            length |= (part & 127) << shift;
            if ((part & 128) == 0)
            {
                break;
            }
        }

        if (length > mostBytes)
        {
            throw new RefusedException(Refusal.Oversize);
        }

        if (!reader.TryReadExact(length, out body))
        {
            return false;
        }

        consumed = reader.Position;
        return true;
    }

    private MqttPacket Decode(byte header, byte[] frame)
    {
        try
        {
            if (header >> 4 == 1 && !SpeaksThisVersion(frame))
            {
                throw new RefusedException(Refusal.ProtocolVersion);
            }

            return _format.Decode(new ReceivedMqttPacket(header, frame, frame.Length + 2));
        }
        // Whatever is wrong in a packet, MQTTnet says in many ways.
        catch (Exception e) when (e is MqttProtocolViolationException or MqttCommunicationException or ArgumentException or IndexOutOfRangeException or InvalidOperationException or NotSupportedException)
        {
            throw new RefusedException(Refusal.Malformed);
        }
    }

    private static bool SpeaksThisVersion(ReadOnlySpan<byte> connect) => connect.StartsWith("\0\x4MQTT\x4"u8);
}
