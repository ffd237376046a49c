using System.Buffers;
using System.Text;
using CsCheck;
using NodaTime;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Tests.Messages;

public sealed class RoutedMessageJsonTests
{
    private static readonly Gen<string> s_json = Gen.OneOf(
        "{}", """{"readings":[]}""", """{"time":"2025-01-31T07:40:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""",
        """{"a":"é \u00e9 \" \\"}""", """ {"a":1}""", """{"a":1} """, "{\"a\":1}\n", "{\n\"a\":1}", """{"a":1}{"b":2}""", """{"a":1""", "[1]", "1", "\"text\"", "true", "null",
        "{\"a\":" + new string('[', 62) + new string(']', 62) + "}", "{\"a\":" + new string('[', 63) + new string(']', 63) + "}", "{\"a\":" + new string('[', 300) + new string(']', 300) + "}");

    private static readonly Gen<byte[]> s_bodies = Gen.OneOf(
        s_json.Select(Encoding.UTF8.GetBytes), Gen.Byte.Array[0, 200], Gen.Byte.Array[0, 20].Select(noise => (byte[])[.. "{\"a\":\""u8, .. noise, .. "\"}"u8]));

    private static readonly Gen<string> s_text = Gen.OneOf(Gen.String[0, 12], Gen.OneOf("é", "漢字", "😀", "a\"b", "a\\b", "a\nb", "\u2028", "\0", "<&'>"));

    private static readonly Gen<DeviceMessage> s_messages = Gen.Select(
        s_text.Where(s => s.Length > 0),
        Gen.Long[-2_000_000_000_000_000, 4_000_000_000_000_000],
        Gen.OneOf(Gen.Const(() => (string?)null), s_text.Select(s => (string?)s)),
        Gen.Select(s_text, s_text, KeyValuePair.Create).List[0, 4],
        s_bodies,
        (device, micros, id, properties, body) => new DeviceMessage
        {
            DeviceId = device,
            EnqueuedTime = UnixMicros.ToInstant(micros),
            MessageId = id,
            Properties = properties,
            Body = body,
        });

    private static byte[] Line(DeviceMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        RoutedMessageJson.Write(output, message);
        return output.WrittenSpan.ToArray();
    }

    private static DeviceMessage Read(string line)
    {
        Assert.True(RoutedMessageJson.TryParse(Encoding.UTF8.GetBytes(line), out var message, out var problem), problem);
        return message!;
    }

    [Fact]
    public void Any_message_reads_back_as_it_was_written() => s_messages.Sample(message =>
    {
        Assert.True(RoutedMessageJson.TryParse(Line(message), out var read, out var problem), problem);
        Assert.Equal(message.DeviceId, read!.DeviceId);
        Assert.Equal(message.EnqueuedTime, read.EnqueuedTime);
        Assert.Equal(message.MessageId, read.MessageId);
        Assert.Equal(message.Properties, read.Properties);
        Assert.Equal(message.Body.ToArray(), read.Body.ToArray());
    }, iter: 5000);

    [Fact]
    public void Any_message_is_one_line_of_valid_utf8() => s_messages.Sample(message =>
    {
        var line = Line(message);
        return !line.AsSpan().ContainsAny((byte)'\n', (byte)'\r') && System.Text.Unicode.Utf8.IsValid(line);
    }, iter: 2000);

    [Fact]
    public void Any_line_is_read_or_refused_with_a_problem_and_never_throws() => Gen.OneOf(
        Gen.Byte.Array[0, 200],
        Gen.Select(s_messages, Gen.Select(Gen.Int[0, 10_000], Gen.Byte).Array[0, 3], Gen.Double[0, 1.5], (message, changes, keep) =>
        {
            var line = Line(message);
            foreach (var (at, value) in changes)
            {
                line[at % line.Length] = value;
            }

            return line[..(int)(line.Length * Math.Min(1, keep))];
        })).Sample(line => RoutedMessageJson.TryParse(line, out var message, out var problem)
            ? message is { DeviceId.Length: > 0 } && problem is null
            : message is null && problem is { Length: > 0 }, iter: 5000);

    [Fact]
    public void The_routed_line_of_a_JSON_body_is_readable_by_people() => Assert.Equal(
        """{"EnqueuedTimeUtc":"2025-01-31T07:40:05Z","Properties":{"site":"north"},"SystemProperties":{"messageId":"m-1","connectionDeviceId":"cuff-7","contentType":"application/json","contentEncoding":"utf-8","enqueuedTime":"2025-01-31T07:40:05Z"},"Body":{"readings":[]}}""",
        Encoding.UTF8.GetString(Line(new DeviceMessage
        {
            DeviceId = "cuff-7",
            EnqueuedTime = Instant.FromUtc(2025, 1, 31, 7, 40, 5),
            MessageId = "m-1",
            Properties = [new("site", "north")],
            Body = "{\"readings\":[]}"u8.ToArray(),
        })));

    [Fact]
    public void Protocol_names_of_system_properties_are_read_as_well()
    {
        var message = Read(
            """
            {
              "Body": { "pulse": "71" },
              "Properties": { "iothub-creation-time-utc": "2024-03-05T06:07:08.1234567Z", "tz": "Europe/Madrid", "batchsize": 60, "last": true, "none": null },
              "SystemProperties": {
                "iothub-connection-device-id": "wrist-0a1b",
                "iothub-connection-auth-method": "{\"scope\":\"device\",\"type\":\"sas\"}",
                "message-id": "7",
                "iothub-enqueuedtime": "2024-03-05T06:07:09.875Z"
              }
            }
            """);
        Assert.Equal("wrist-0a1b", message.DeviceId);
        Assert.Equal("7", message.MessageId);
        Assert.Equal(Instant.FromUtc(2024, 3, 5, 6, 7, 9) + Duration.FromMilliseconds(875), message.EnqueuedTime);
        Assert.Equal("""{ "pulse": "71" }""", Encoding.UTF8.GetString(message.Body.Span));
        Assert.Equal(
            [new("iothub-creation-time-utc", "2024-03-05T06:07:08.1234567Z"), new("tz", "Europe/Madrid"), new("batchsize", "60"), new("last", "true")],
            message.Properties);
    }

    [Fact]
    public void A_byte_order_mark_before_the_line_is_passed_over() => Assert.Equal(
        "d1", Read("\uFEFF{\"EnqueuedTimeUtc\":\"2025-01-31T07:40:05Z\",\"SystemProperties\":{\"connectionDeviceId\":\"d1\"},\"Body\":{}}").DeviceId);

    [Theory]
    [InlineData("\"eyJhIjoxfQ==\"", """{"a":1}""")]
    [InlineData("\"not base64!\"", "not base64!")]
    [InlineData("\"\"", "")]
    [InlineData("[1, 2]", "[1, 2]")]
    [InlineData("17", "17")]
    [InlineData("null", "null")]
    public void A_body_is_JSON_as_it_stands_or_base64_text(string body, string bytes) => Assert.Equal(
        bytes, Encoding.UTF8.GetString(Read($$$"""{"EnqueuedTimeUtc":"2025-01-31T07:40:05Z","SystemProperties":{"connectionDeviceId":"d1"},"Body":{{{body}}}}""").Body.Span));

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "connectionDeviceId")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":""},"EnqueuedTimeUtc":"2025-01-31T07:40:05Z","Body":{}}""", "connectionDeviceId")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"d1"},"Body":{}}""", "EnqueuedTimeUtc is missing")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"d1"},"EnqueuedTimeUtc":"today","Body":{}}""", "ISO 8601")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"d1"},"EnqueuedTimeUtc":"9999-12-31T23:59:59-14:00","Body":{}}""", "ISO 8601")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"d1"},"EnqueuedTimeUtc":7,"Body":{}}""", "valid JSON")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"d1"},"EnqueuedTimeUtc":"2025-01-31T07:40:05Z"}""", "Body is missing")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"d1"},"EnqueuedTimeUtc":"2025-01-31T07:40:05Z","Body":{}} {}""", "")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"d1"},"EnqueuedTimeUtc":"2025-01-31T07:40:05Z","Body":{}""", "valid JSON")]
    [InlineData("""{"SystemProperties":{"connectionDeviceId":"\ud800"},"EnqueuedTimeUtc":"2025-01-31T07:40:05Z","Body":{}}""", "valid JSON")]
    public void A_broken_line_is_refused_with_what_is_wrong(string line, string words)
    {
        Assert.False(RoutedMessageJson.TryParse(Encoding.UTF8.GetBytes(line), out var message, out var problem));
        Assert.Null(message);
        Assert.Contains(words, problem!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 8, 5)]
    [InlineData("cuff-7", 8, 5)]
    [InlineData("cuff-8", 8, 0)]
    [InlineData("icu-900001", 32, 17)]
    public void A_device_always_goes_to_the_same_partition(string device, int partitions, int partition) =>
        Assert.Equal(partition, Partitioning.PartitionOf(device, partitions));

    [Fact]
    public void Every_partition_is_within_bounds() =>
        Gen.Select(Gen.String, Gen.Int[1, 64]).Sample((device, partitions) => Partitioning.PartitionOf(device, partitions) is var p && p >= 0 && p < partitions);
}
