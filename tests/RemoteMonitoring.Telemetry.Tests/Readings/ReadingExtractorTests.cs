using System.Text;
using NodaTime;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Tests.Readings;

public sealed class ReadingExtractorTests
{
    private const string Pulse = """{"code":"8867-4","value":72,"unit":"/min"}""";

    [Fact]
    public void A_reading_carries_device_vital_value_times_and_origin()
    {
        var x = Extraction.Of("""{"time":"2025-01-31T07:40:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"},{"code":"8310-5","value":98.6,"unit":"[degF]","time":"2025-01-31T07:39:00Z"}]}""");
        Assert.Equal(2, x.Received);
        Assert.Equal(0, x.Rejected.Count);
        Assert.Equal(["d1", "d1"], x.Accepted.DeviceId);
        Assert.Equal([VitalSignCatalog.Default["heart_rate"].Index, VitalSignCatalog.Default["temperature"].Index], x.Accepted.Vital);
        Assert.Equal(72, x.Accepted.Value[0]);
        Assert.Equal(37, x.Accepted.Value[1], 1e-12);
        Assert.Equal([Instant.FromUtc(2025, 1, 31, 7, 40).ToUnixMicros(), Instant.FromUtc(2025, 1, 31, 7, 39).ToUnixMicros()], x.Accepted.EffectiveTime);
        Assert.All(x.Accepted.EnqueuedTime, t => Assert.Equal(Extraction.Enqueued.ToUnixMicros(), t));
        Assert.All(x.Accepted.KnownFrom, t => Assert.Equal(Extraction.Enqueued.ToUnixMicros() + 7, t));
        Assert.Equal(["m1", "m1"], x.Accepted.MessageId);
        Assert.Equal([42L, 42L], x.Accepted.Offset);
        Assert.Equal([0, 1], x.Accepted.Ordinal);
        Assert.Equal(x.Accepted.BodyHash[0], x.Accepted.BodyHash[1]);
    }

    [Theory]
    [InlineData("""{"time":"2025-01-31T07:30:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min","time":"2025-01-31T07:20:00Z"}]}""", 20)]
    [InlineData("""{"time":"2025-01-31T07:30:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""", 30)]
    [InlineData("""{"readings":[{"code":"8867-4","value":72,"unit":"/min"}],"time":"2025-01-31T07:30:00Z"}""", 30)]
    [InlineData("""{"time":null,"readings":[{"code":"8867-4","value":72,"unit":"/min","time":null}]}""", 40)]
    [InlineData("""{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""", 40)]
    public void The_time_is_that_of_the_reading_else_of_the_body_else_of_the_creation_property(string body, int minute) => Assert.Equal(
        [Instant.FromUtc(2025, 1, 31, 7, minute).ToUnixMicros()],
        Extraction.Of(body, new KeyValuePair<string, string>(DeviceMessage.CreationTimeProperty, "2025-01-31T07:40:00Z")).Accepted.EffectiveTime);

    [Fact]
    public void Without_any_time_a_reading_was_taken_when_the_hub_had_it() =>
        Assert.Equal([Extraction.Enqueued.ToUnixMicros()], Extraction.OfReadings(Pulse).Accepted.EffectiveTime);

    [Theory]
    [InlineData("72")]
    [InlineData("72.0")]
    [InlineData("7.2e1")]
    [InlineData("\"72\"")]
    [InlineData("\"72.0\"")]
    [InlineData("\"7\\u0032\"")]
    public void A_number_may_be_a_number_or_its_text(string value) =>
        Assert.Equal([72.0], Extraction.OfReadings($$"""{"code":"8867-4","value":{{value}},"unit":"/min"}""").Accepted.Value);

    [Theory]
    [InlineData("2025-01-31T08:40:00+01:00")]
    [InlineData("2025-01-31T08:40:00\\u002B01:00")] // how .NET writes a plus sign by default
    [InlineData("2025-01-31T07\\u003a40:00Z")]
    public void A_time_may_be_escaped_as_any_text_may(string time) => Assert.Equal(
        [Instant.FromUtc(2025, 1, 31, 7, 40).ToUnixMicros()],
        Extraction.OfReadings($$"""{"code":"8867-4","value":72,"unit":"/min","time":"{{time}}"}""").Accepted.EffectiveTime);

    [Theory]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","note":{"deep":[1,{"code":"x"}]},"code2":1}""")]
    [InlineData("""{"c\u006fde":"8867-4","value":72,"unit":"\/min"}""")]
    [InlineData("""{"unit":"bpm","value":72,"code":"8867-4"}""")]
    public void Unknown_fields_order_and_escapes_do_not_matter(string reading) => Assert.Equal(1, Extraction.OfReadings(reading).Accepted.Count);

    [Theory]
    // The body as a whole
    [InlineData("", "unparsable")]
    [InlineData("   ", "unparsable")]
    [InlineData("hello", "unparsable")]
    [InlineData("[]", "unparsable")]
    [InlineData("null", "unparsable")]
    [InlineData("{", "unparsable")]
    [InlineData("{}", "missing-field")]
    [InlineData("""{"readings":[]}""", "missing-field")]
    [InlineData("""{"readings":null}""", "missing-field")]
    [InlineData("""{"readings":{}}""", "unparsable")]
    [InlineData("""{"readings":"[]"}""", "unparsable")]
    [InlineData("""{"Readings":[]}""", "missing-field")]
    [InlineData("""{"readings":[],"readings":[]}""", "unparsable")]
    [InlineData("""{"readings":null,"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""", "unparsable")]
    [InlineData("""{"time":"2025-01-31T07:30:00Z","time":"2025-01-31T07:30:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""", "unparsable")]
    [InlineData("""{"time":"noon","readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""", "unparsable")]
    [InlineData("""{"time":1738310400,"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""", "unparsable")]
    [InlineData("""{"readings":[{"code":"8867-4","value":72,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]} trailing""", "unparsable")]
    [InlineData("""{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}{}""", "unparsable")]
    [InlineData("""{"readings":[{"code":"8867-4","value":72,"unit":"/min"},]}""", "unparsable")]
    [InlineData("""{"readings":[{"code":"8867-4","value":NaN,"unit":"/min"}]}""", "unparsable")]
    [InlineData("""{'readings':[]}""", "unparsable")]
    [InlineData("""{"readings":[] /* none */}""", "unparsable")]
    public void A_body_that_cannot_be_read_is_rejected_whole(string body, string reason)
    {
        var x = Extraction.Of(body);
        Assert.Equal([reason], x.Reasons);
        Assert.Equal((1, 0), (x.Received, x.Accepted.Count));
        Assert.Equal(body, Encoding.UTF8.GetString(x.Rejected.Raw[0]));
    }

    [Theory]
    // Fields that are not what they should be
    [InlineData("""null""", "unparsable")]
    [InlineData("""72""", "unparsable")]
    [InlineData("""[]""", "unparsable")]
    [InlineData("""{}""", "missing-field")]
    [InlineData("""{"value":72,"unit":"/min"}""", "missing-field")]
    [InlineData("""{"code":"8867-4","unit":"/min"}""", "missing-field")]
    [InlineData("""{"code":"8867-4","value":72}""", "missing-field")]
    [InlineData("""{"code":null,"value":72,"unit":"/min"}""", "missing-field")]
    [InlineData("""{"code":"8867-4","value":null,"unit":"/min"}""", "missing-field")]
    [InlineData("""{"code":"8867-4","value":72,"unit":null}""", "missing-field")]
    [InlineData("""{"code":8867,"value":72,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":true,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":[72],"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":{"v":72},"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":72,"unit":1}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":0}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"31.01.2025"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"","unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"NaN","unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"Infinity","unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"0Hi","unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"72 ","unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"1,5","unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"0x48","unit":"/min"}""", "unparsable")]
    // A field twice, whatever it says
    [InlineData("""{"code":"8867-4","code":"8867-4","value":72,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":72,"value":73,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":null,"value":73,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":73,"value":null,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","\u0075nit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"2025-01-31T07:40:00Z","time":"2025-01-31T07:40:00Z"}""", "unparsable")]
    // What it measures
    [InlineData("""{"code":"0000-0","value":72,"unit":"/min"}""", "unknown-code")]
    [InlineData("""{"code":"","value":72,"unit":"/min"}""", "unknown-code")]
    [InlineData("""{"code":" 8867-4","value":72,"unit":"/min"}""", "unknown-code")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"mm[Hg]"}""", "wrong-dimension")]
    [InlineData("""{"code":"8867-4","value":72,"unit":""}""", "wrong-dimension")]
    [InlineData("""{"code":"8310-5","value":310,"unit":"K"}""", "wrong-dimension")]
    // Limits
    [InlineData("""{"code":"8867-4","value":0,"unit":"/min"}""", "implausible")]
    [InlineData("""{"code":"8867-4","value":-72,"unit":"/min"}""", "implausible")]
    [InlineData("""{"code":"8867-4","value":301,"unit":"/min"}""", "implausible")]
    [InlineData("""{"code":"8867-4","value":1e308,"unit":"/min"}""", "implausible")]
    [InlineData("""{"code":"3150-0","value":1e308,"unit":"1"}""", "implausible")]
    [InlineData("""{"code":"8867-4","value":1e400,"unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8867-4","value":"1e400","unit":"/min"}""", "unparsable")]
    [InlineData("""{"code":"8310-5","value":98.6,"unit":"Cel"}""", "suspected-unit-mix-up")]
    [InlineData("""{"code":"8310-5","value":37,"unit":"[degF]"}""", "suspected-unit-mix-up")]
    [InlineData("""{"code":"59408-5","value":0.97,"unit":"%"}""", "suspected-unit-mix-up")]
    [InlineData("""{"code":"41653-7","value":5.5,"unit":"mg/dL"}""", "suspected-unit-mix-up")]
    [InlineData("""{"code":"8480-6","value":16,"unit":"mm[Hg]"}""", "suspected-unit-mix-up")]
    // Clocks
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"2025-01-31T08:15:00.000001Z"}""", "future-time")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"9999-12-31T23:59:59Z"}""", "future-time")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"2024-11-02T07:59:59.999999Z"}""", "too-old")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"1970-01-01T00:00:00Z"}""", "too-old")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"0001-01-01T00:00:00Z"}""", "too-old")]
    public void A_bad_reading_is_rejected_alone_and_keeps_its_raw_form(string reading, string reason)
    {
        var x = Extraction.OfReadings(Pulse, reading, Pulse);
        Assert.Equal([reason], x.Reasons);
        Assert.Equal((3, 2), (x.Received, x.Accepted.Count));
        Assert.Equal([0, 2], x.Accepted.Ordinal);
        Assert.Equal([1], x.Rejected.Ordinal);
        Assert.Equal(reading, Encoding.UTF8.GetString(x.Rejected.Raw[0]));
        Assert.NotEmpty(x.Rejected.Hint[0]);
    }

    [Theory]
    [InlineData("2025-01-31T08:15:00Z")]
    [InlineData("2024-11-02T08:00:00Z")]
    public void Clocks_may_drift_and_devices_may_buffer_up_to_the_limits(string time) =>
        Assert.Equal(1, Extraction.OfReadings($$"""{"code":"8867-4","value":72,"unit":"/min","time":"{{time}}"}""").Accepted.Count);

    [Fact]
    public void The_value_in_quarantine_is_the_one_sent_in_the_unit_sent()
    {
        var x = Extraction.OfReadings("""{"code":"8310-5","value":37,"unit":"[degF]"}""");
        Assert.Equal(("8310-5", 37.0), (x.Rejected.Code[0], x.Rejected.Value[0]));
        Assert.Equal("37 [degF] lies outside 25 to 45 Cel, but 37 Cel would not: is the unit right?", x.Rejected.Hint[0]);
    }

    [Fact]
    public void A_body_of_the_largest_size_is_read_and_one_byte_more_is_oversize()
    {
        var body = $$"""{"readings":[{{Pulse}}]}""";
        Assert.Equal(1, Extraction.Of(body.PadRight(ReadingExtractor.MaxBodyBytes)).Accepted.Count);
        var x = Extraction.Of(body.PadRight(ReadingExtractor.MaxBodyBytes + 1));
        Assert.Equal(["oversize"], x.Reasons);
        Assert.Equal(1, x.Received);
        Assert.Equal(ReadingExtractor.MaxBodyBytes + 1, x.Rejected.Raw[0].Length);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void Deep_nesting_is_unparsable_and_harmless(int depth) => Assert.Equal(
        ["unparsable"], Extraction.Of("{\"x\":" + new string('[', depth) + new string(']', depth) + $$""","readings":[{{Pulse}}]}""").Reasons);

    [Fact]
    public void A_body_cut_anywhere_is_rejected_whole()
    {
        var body = $$"""{"time":"2025-01-31T07:40:00Z","readings":[{{Pulse}},{{Pulse}}]}""";
        for (var length = 0; length < body.Length; length++)
        {
            var x = Extraction.Of(body[..length]);
            Assert.Equal((1, 0), (x.Received, x.Accepted.Count));
            Assert.Equal(["unparsable"], x.Reasons);
        }
    }

    [Fact]
    public void Text_that_is_not_utf8_is_rejected_alone()
    {
        byte[] reading = [.. """{"code":"""u8, (byte)'"', 0xC3, 0x28, (byte)'"', .. ""","value":72,"unit":"/min"}"""u8];
        var x = Extraction.Of((byte[])[.. "{\"readings\":["u8, .. reading, (byte)',', .. Encoding.UTF8.GetBytes(Pulse), .. "]}"u8]);
        Assert.Equal(["unparsable"], x.Reasons);
        Assert.Equal(reading, x.Rejected.Raw[0]);
        Assert.Equal(1, x.Accepted.Count);
    }

    [Theory]
    [InlineData("""{"code":"\ud800","value":72,"unit":"/min"}""")]
    [InlineData("""{"code":"8867-4","value":"\udc00","unit":"/min"}""")]
    [InlineData("""{"code":"8867-4","value":72,"unit":"/min","time":"\ud800\ud800"}""")]
    public void Half_a_surrogate_pair_is_rejected_alone(string reading)
    {
        var x = Extraction.OfReadings(Pulse, reading, Pulse);
        Assert.Equal(["unparsable"], x.Reasons);
        Assert.Equal(2, x.Accepted.Count);
    }

    [Fact]
    public void A_hint_never_cuts_a_character_in_two()
    {
        var code = new string('x', 39) + "😀😀";
        var hint = Extraction.OfReadings($$"""{"code":"{{code}}","value":72,"unit":"/min"}""").Rejected.Hint[0];
        Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(hint)));
    }

    [Fact]
    public void Every_reason_has_a_stable_text_of_its_own()
    {
        Assert.Equal(Enum.GetValues<RejectionReason>().Length, RejectionReasons.All.Select(r => r.Text).Distinct().Count());
        Assert.All(RejectionReasons.All, r => Assert.Matches("^[a-z]+(-[a-z]+)*$", r.Text));
    }
}
