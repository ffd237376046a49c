using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Ingestion.Sources;

/// <summary>
/// A record of the Kafka endpoint as a device message. IoT Hub's system properties and the device's own come as headers;
/// their values are plain UTF-8, or bytes as AMQP encodes them, and either is read.
/// </summary>
public static class KafkaRecord
{
    private const string DeviceHeader = "iothub-connection-device-id";
    private const string EnqueuedHeader = "iothub-enqueuedtime";
    private const string SourceHeader = "iothub-message-source";
    private const string MessageIdHeader = "message-id";
    private const string TelemetrySource = "Telemetry";

    // Said by the hub of every message: not the device's.
    private static readonly string[] s_hubs = ["iothub-connection-auth-method", "iothub-connection-auth-generation-id", "iothub-connection-module-id", "x-opt-"];

    /// <summary>Reads a record. One that names no device, or is no telemetry, has a problem and lands in quarantine.</summary>
    /// <param name="offset">Offset in the partition.</param>
    /// <param name="timestamp">When the endpoint had it, Unix microseconds: taken where the hub's own time is missing.</param>
    /// <param name="headers">Headers in their order; of two of a name the last counts.</param>
    /// <param name="value">The body.</param>
    public static StreamRecord Read(long offset, long timestamp, IEnumerable<KeyValuePair<string, byte[]?>> headers, ReadOnlyMemory<byte> value)
    {
        string? device = null, id = null, source = null;
        var enqueued = timestamp;
        var properties = new List<KeyValuePair<string, string>>();
        foreach (var (name, bytes) in headers)
        {
            var text = Decode(bytes);
            switch (name)
            {
                case DeviceHeader:
                    device = text;
                    break;
                case MessageIdHeader:
                    id = text;
                    break;
                case SourceHeader:
                    source = text;
                    break;
                case EnqueuedHeader:
                    enqueued = Iso8601.TryParse(Encoding.UTF8.GetBytes(text), out var time) ? time : timestamp;
                    break;
                default:
                    if (!Array.Exists(s_hubs, h => name.StartsWith(h, StringComparison.Ordinal)))
                    {
                        properties.RemoveAll(p => p.Key == name);
                        properties.Add(new(name, text));
                    }

                    break;
            }
        }

        var problem = string.IsNullOrEmpty(device) ? $"the header {DeviceHeader} is missing: no device is known to have sent it"
            : source is not null and not TelemetrySource ? $"no telemetry, but {source}"
            : null;
        return new StreamRecord
        {
            Offset = offset,
            DeviceId = problem is null ? device! : "",
            MessageId = id,
            EnqueuedTime = enqueued,
            Properties = EnvelopeProperties.Format(properties),
            Body = value,
            Problem = problem,
        };
    }

    /// <summary>A header's value as text: AMQP's encodings of text, numbers, truth and time by their first byte, else UTF-8.</summary>
    public static string Decode(ReadOnlySpan<byte> value) => value switch
    {
        [0xa1, var length, ..] when value.Length == 2 + length => Encoding.UTF8.GetString(value[2..]),
        [0xb1, _, _, _, _, ..] when value.Length == 5L + BinaryPrimitives.ReadUInt32BigEndian(value[1..]) => Encoding.UTF8.GetString(value[5..]),
        [0xa3, var length, ..] when value.Length == 2 + length => Encoding.ASCII.GetString(value[2..]),
        [0x83, ..] when value.Length == 9 => UnixMicros.Format(BinaryPrimitives.ReadInt64BigEndian(value[1..]) * 1000),
        [0x81, ..] when value.Length == 9 => BinaryPrimitives.ReadInt64BigEndian(value[1..]).ToString(CultureInfo.InvariantCulture),
        [0x80, ..] when value.Length == 9 => BinaryPrimitives.ReadUInt64BigEndian(value[1..]).ToString(CultureInfo.InvariantCulture),
        [0x82, ..] when value.Length == 9 => BinaryPrimitives.ReadDoubleBigEndian(value[1..]).ToString("R", CultureInfo.InvariantCulture),
        [0x71, ..] when value.Length == 5 => BinaryPrimitives.ReadInt32BigEndian(value[1..]).ToString(CultureInfo.InvariantCulture),
        [0x70, ..] when value.Length == 5 => BinaryPrimitives.ReadUInt32BigEndian(value[1..]).ToString(CultureInfo.InvariantCulture),
        [0x54 or 0x55, var small] => ((sbyte)small).ToString(CultureInfo.InvariantCulture),
        [0x52 or 0x53, var small] => small.ToString(CultureInfo.InvariantCulture),
        [0x44] or [0x43] => "0",
        [0x41] => "true",
        [0x42] => "false",
        [0x40] => "",
        _ => Encoding.UTF8.GetString(value),
    };
}
