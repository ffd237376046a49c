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

    // The years 1 to 9999: what is beyond is no time.
    private const long FirstMilli = -62_135_596_800_000;
    private const long LastMilli = 253_402_300_799_999;

    // Said by the hub of every message: not the device's.
    private static readonly string[] s_hubs = ["iothub-connection-auth-method", "iothub-connection-auth-generation-id", "iothub-connection-module-id", "x-opt-"];

    /// <summary>Reads a record. One that names no device, or is no telemetry, has a problem and lands in quarantine.</summary>
    /// <param name="offset">Offset in the partition.</param>
    /// <param name="timestamp">When the endpoint had it, Unix microseconds: taken where the hub's own time is missing.</param>
    /// <param name="headers">Headers in their order; of two of a name the last counts.</param>
    /// <param name="value">The body.</param>
    public static StreamRecord Read(long offset, long timestamp, IEnumerable<KeyValuePair<string, byte[]?>> headers, ReadOnlyMemory<byte> value)
    {
        string? device = null, id = null, source = null, twice = null;
        var enqueued = timestamp;
        var isAmqp = false;
        var others = new List<KeyValuePair<string, byte[]?>>();
        foreach (var (name, bytes) in headers)
        {
            switch (name)
            {
                case DeviceHeader:
                    twice = device is not null && device != Text(bytes) ? name : twice;
                    device = Text(bytes);
                    isAmqp = bytes is [0xa1 or 0xb1 or 0xa3, ..] && device != Encoding.UTF8.GetString(bytes);
                    break;
                case MessageIdHeader:
                    id = Text(bytes);
                    break;
                case SourceHeader:
                    source = Text(bytes);
                    break;
                case EnqueuedHeader:
                    var text = bytes is [0x83, ..] ? Decode(bytes) : Text(bytes);
                    enqueued = Iso8601.TryParse(Encoding.UTF8.GetBytes(text), out var time) ? time : timestamp;
                    break;
                default:
                    others.Add(new(name, bytes));
                    break;
            }
        }

        // Plain bytes may look like AMQP's: only of a record whose device is encoded so are its properties read so.
        var properties = new List<KeyValuePair<string, string>>();
        foreach (var (name, bytes) in others.Where(o => !Array.Exists(s_hubs, h => o.Key.StartsWith(h, StringComparison.Ordinal))))
        {
            properties.RemoveAll(p => p.Key == name);
            properties.Add(new(name, isAmqp ? Decode(bytes) : Encoding.UTF8.GetString(bytes ?? [])));
        }

        var problem = string.IsNullOrEmpty(device) ? $"the header {DeviceHeader} is missing: no device is known to have sent it"
            : twice is not null ? $"the header {twice} says two different things"
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

    /// <summary>A header's value that is text, in either encoding.</summary>
    private static string Text(ReadOnlySpan<byte> value) => value is [0xa1 or 0xb1 or 0xa3, ..] ? Decode(value) : Encoding.UTF8.GetString(value);

    /// <summary>A header's value as text: AMQP's encodings of text, numbers, truth and time by their first byte, else UTF-8.</summary>
    public static string Decode(ReadOnlySpan<byte> value) => value switch
    {
        [0xa1, var length, ..] when value.Length == 2 + length => Encoding.UTF8.GetString(value[2..]),
        [0xb1, _, _, _, _, ..] when value.Length == 5L + BinaryPrimitives.ReadUInt32BigEndian(value[1..]) => Encoding.UTF8.GetString(value[5..]),
        [0xa3, var length, ..] when value.Length == 2 + length => Encoding.ASCII.GetString(value[2..]),
        [0x83, ..] when value.Length == 9 && BinaryPrimitives.ReadInt64BigEndian(value[1..]) is >= FirstMilli and <= LastMilli and var milli => UnixMicros.Format(milli * 1000),
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
