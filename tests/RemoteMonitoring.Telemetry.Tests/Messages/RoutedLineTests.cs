using System.Text;
using System.Text.Json;
using CsCheck;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Tests.Messages;

/// <summary>The quick reader of routed lines against the one that reads all of them.</summary>
public sealed class RoutedLineTests
{
    private static readonly string[] s_times = ["2025-01-31T07:40:05Z", "2025-01-31T07:40:05.1234567Z", "2025-01-31T07:40:05+01:00", "2025-02-30T00:00:00Z", "", "yesterday", "2025-01-31T07:40:05"];
    private static readonly string[] s_ids = ["m-1", "", "a b", "é", "a\\\"b", "\\u0041", "0"];
    private static readonly string[] s_bodies =
    [
        "{}", "[]", """{"a":1}""", """{"a":"}"}""", """{"a":"\\""}""", """{"a":"\\\\"}""", """{"a":"é"}""", "[[[[1]]]]", "{]", "[}", """{"a":}""", """{"a":1}}""", "1", "null", "\"eyJhIjoxfQ==\"",
        """{"Body":{},"EnqueuedTimeUtc":"x"}""", " {}", "{} ", """{"a":"\u0001"}""", "{\"a\":\"\t\"}", """{"a":01}""", """{"a":1,"a":2}""",
    ];

    private static readonly Gen<string> s_fields = Gen.OneOf(
        Among(s_times).Select(t => $"\"EnqueuedTimeUtc\":\"{t}\""),
        Among(s_times).Select(t => $"\"enqueuedTime\":\"{t}\""),
        Among("\"Properties\":{}", "\"Properties\":{\"k\":\"v\"}", "\"Properties\":{ }", "\"Properties\":null", "\"Properties\":{}{}", "\"Other\":1"),
        Gen.Select(Among("connectionDeviceId", "iothub-connection-device-id", "connectionDeviceId\\u0020"), Among("d1", "", "é", "a\\nb", "d 1"), Among("messageId", "message-id", "enqueuedTime", "x"), Among(s_ids), Gen.Int[0, 3])
            .Select((name, device, other, value, kind) => kind switch
            {
                0 => $"\"SystemProperties\":{{\"{name}\":\"{device}\"}}",
                1 => $"\"SystemProperties\":{{\"{other}\":\"{value}\",\"{name}\":\"{device}\"}}",
                2 => $"\"SystemProperties\":{{\"{name}\":\"{device}\",\"{name}\":\"d2\"}}",
                _ => $"\"SystemProperties\":{{\"{name}\":\"{device}\",\"{other}\":\"{value}\",\"{other}\":\"{value}\"}}",
            }),
        Among(s_bodies).Select(b => $"\"Body\":{b}"));

    /// <summary>As routing writes it, in pieces that are right more often than not.</summary>
    private static readonly Gen<string> s_plain = Gen.Select(Among(s_times[..2]), Among("m-1", "m-2"), Among(s_bodies), Gen.Bool).Select((time, id, body, extra) =>
        $"{{\"EnqueuedTimeUtc\":\"{time}\",\"Properties\":{{}},\"SystemProperties\":{{\"messageId\":\"{id}\",\"connectionDeviceId\":\"d1\"{(extra ? $",\"contentType\":\"application/json\",\"enqueuedTime\":\"{time}\"" : "")}}},\"Body\":{body}}}");

    private static readonly Gen<byte[]> s_lines = Gen.OneOf(
        s_plain.Select(Encoding.UTF8.GetBytes),
        s_fields.Array[0, 6].Select(f => Encoding.UTF8.GetBytes("{" + string.Join(',', f) + "}")),
        Gen.Select(s_plain, Gen.Select(Gen.Int[0, 10_000], Gen.OneOf(Gen.Byte, Among("{}[]\",:\\ "u8.ToArray()))).Array[1, 3], Gen.Int[0, 20]).Select((line, changes, cut) =>
        {
            var bytes = Encoding.UTF8.GetBytes(line);
            foreach (var (at, value) in changes)
            {
                bytes[at % bytes.Length] = value;
            }

            return cut == 0 ? bytes[..(changes[0].Item1 % bytes.Length)] : bytes;
        }),
        Gen.Select(s_plain, Gen.Int[0, 10_000], Among("\"", "\\", "}", "{", ",", "\"Body\":{}", "}}", "\u00e9", "\0", " ")).Select((line, at, more) => Encoding.UTF8.GetBytes(line.Insert(at % (line.Length + 1), more))),
        Gen.Byte.Array[0, 60]);

    [Fact]
    public void What_the_quick_reader_takes_the_other_takes_too_and_reads_the_same()
    {
        var (taken, bodies) = (0, 0);
        s_lines.Sample(
            line =>
            {
                if (!RoutedLine.TryRead(line, out var quick))
                {
                    return;
                }

                Interlocked.Increment(ref taken);
                if (!IsJson(quick.Body))
                {
                    // Where it ends is all that the quick reader says of a body; that it is none the extractor says.
                    Interlocked.Increment(ref bodies);
                    return;
                }

                Assert.True(RoutedMessageJson.TryParse(line, out var whole, out var problem), problem);
                Assert.Equal(whole!.DeviceId, Encoding.ASCII.GetString(quick.DeviceId));
                Assert.Equal(whole.MessageId, quick.MessageId.IsEmpty ? null : Encoding.ASCII.GetString(quick.MessageId));
                Assert.Equal(whole.EnqueuedTime.ToUnixMicros(), quick.EnqueuedTime);
                Assert.Equal(whole.Body.ToArray(), quick.Body.ToArray());
                Assert.Empty(whole.Properties);
            },
            iter: 200_000);
        Assert.True(taken > 20_000 && bodies > 500, $"{taken} lines taken, {bodies} of them without a body that is JSON: too few to tell anything");
    }

    private static Gen<T> Among<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static bool IsJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 1000 });
            while (json.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
