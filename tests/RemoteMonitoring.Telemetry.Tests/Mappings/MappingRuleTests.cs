using System.Text;
using NodaTime;
using RemoteMonitoring.Telemetry.Tests.Readings;

namespace RemoteMonitoring.Telemetry.Tests.Mappings;

/// <summary>What each part of a rule makes of a body.</summary>
public sealed class MappingRuleTests
{
    private static Extraction Run(string rules, string body, string time = "") => Extraction.By(MappingText.SetWith(MappingText.WithRules(rules, time)), body);

    [Theory]
    [InlineData("\"x\"", """{"x":72}""", 72.0)]
    [InlineData("\"x\"", """{"x":"72.5"}""", 72.5)]
    [InlineData("\"x\"", """{"x":"7\u0032"}""", 72.0)]
    [InlineData("\"x\"", """{"\u0078":72}""", 72.0)]
    [InlineData("\"x.y\"", """{"x":{"z":{"y":1},"y":72}}""", 72.0)]
    [InlineData("\"x[1].y\"", """{"x":[{"y":1},{"y":72}]}""", 72.0)]
    [InlineData("\"x[k=b].y\"", """{"x":[{"k":"a","y":1},{"k":"b","y":72}]}""", 72.0)]
    [InlineData("\"$.x.'a b.c'\"", """{"x":{"a b.c":72}}""", 72.0)]
    [InlineData("[\"y\", \"x\"]", """{"x":72,"y":null}""", 72.0)]
    [InlineData("{\"path\": \"x\"}", """{"x":72}""", 72.0)]
    [InlineData("70", """{"x":72}""", 70.0)]
    [InlineData("{\"lookup\": \"x\", \"table\": {\"calm\": 60, \"wild\": \"120\"}}", """{"x":"wild"}""", 120.0)]
    [InlineData("{\"calc\": \"x * 2 + 4\"}", """{"x":"34"}""", 72.0)]
    [InlineData("{\"calc\": \"4 + x * 2\"}", """{"x":34}""", 72.0)]
    [InlineData("{\"calc\": \"(4 + x) * 2 - -8 / 4\"}", """{"x":31}""", 72.0)]
    [InlineData("{\"calc\": \"x * 10 ^ e\"}", """{"x":725,"e":-1}""", 72.5)]
    [InlineData("{\"calc\": \"2 ^ 3 ^ 2 - 440 + x\"}", """{"x":0}""", 72.0)]
    [InlineData("{\"calc\": \"(y ?? 70) + x\"}", """{"x":2}""", 72.0)]
    [InlineData("{\"calc\": \"a.b[0] + 'x'\"}", """{"x":2,"a":{"b":[70]}}""", 72.0)]
    public void A_value_is_found_or_calculated(string value, string body, double expected)
    {
        var x = Run($$"""{"code": "8867-4", "value": {{value}}, "unit": "/min"}""", body);
        Assert.Equal([expected], x.Accepted.Value);
        Assert.Equal(["trial/1"], x.Accepted.Mapping);
    }

    [Theory]
    [InlineData("\"x\"", """{"x":"high"}""", "unparsable", "the field 'x' is not a number")]
    [InlineData("\"x\"", """{"x":[72]}""", "unparsable", "the field 'x' is not a number")]
    [InlineData("\"x\"", """{"x":1e400}""", "unparsable", "the field 'x' is not a number")]
    [InlineData("\"x\"", """{"x":"NaN"}""", "unparsable", "the field 'x' is not a number")]
    [InlineData("\"x\"", """{"x":"Infinity"}""", "unparsable", "the field 'x' is not a number")]
    [InlineData("\"x\"", """{"x":72,"x":73}""", "unparsable", "the field 'x' appears twice")]
    [InlineData("\"x.y\"", """{"x":{"y":1,"y":1}}""", "unparsable", "the field 'x.y' appears twice")]
    [InlineData("{\"calc\": \"1 / (x - 1)\"}", """{"x":1}""", "unparsable", "the value calculated is not a finite number")]
    [InlineData("{\"calc\": \"x ^ x\"}", """{"x":1e9}""", "unparsable", "the value calculated is not a finite number")]
    [InlineData("{\"lookup\": \"x\", \"table\": {\"calm\": 60}}", """{"x":"odd"}""", "unparsable", "what 'x' stands for is not a number")]
    [InlineData("\"x\"", """{"x":7}""", "implausible", "Heart rate (8867-4) of 7 /min lies outside 20 to 300")]
    [InlineData("\"y\"", """{"x":7}""", "missing-field", "the body holds no reading that the mapping trial/1 knows (it looks for y)")]
    public void A_value_that_cannot_be_meant_is_rejected(string value, string body, string reason, string hint)
    {
        var x = Run($$"""{"code": "8867-4", "value": {{value}}, "unit": "/min"}""", body);
        Assert.Equal((reason, hint), (Assert.Single(x.Reasons), x.Rejected.Hint[0]));
        Assert.Equal((0, "trial/1"), (x.Accepted.Count, x.Rejected.Mapping[0]));
        Assert.Equal(body, Encoding.UTF8.GetString(x.Rejected.Raw[0]));
    }

    [Theory]
    [InlineData("""{"x":70,"u":"kilo"}""", 70.0, null)]
    [InlineData("""{"x":150,"u":"[lb_av]"}""", 68.0388555, null)]
    [InlineData("""{"x":70}""", 70.0, null)]
    [InlineData("""{"x":70,"u":"stone"}""", 0.0, "wrong-dimension")]
    [InlineData("""{"x":70,"u":{}}""", 0.0, "unparsable")]
    [InlineData("""{"x":70,"u":"\ud800"}""", 0.0, "unparsable")]
    public void A_unit_in_a_field_is_looked_up_and_converted_by_the_catalog(string body, double value, string? reason)
    {
        var x = Run("""{"code": "29463-7", "value": "x", "unit": [{"lookup": "u", "table": {"kilo": "kg"}}, "kg"]}""", body);
        Assert.Equal(reason is null ? [] : [reason], x.Reasons);
        Assert.Equal(reason is null ? 1 : 0, x.Accepted.Count);
        Assert.All(x.Accepted.Value, v => Assert.Equal(value, v, 1e-9));
    }

    [Theory]
    [InlineData("""{"x":72,"t":"2025-01-31T07:40:00Z"}""", "\"t\"", "2025-01-31T07:40:00Z")]
    [InlineData("""{"x":72,"t":"2025-01-31T08:40:00\u002B01:00"}""", "\"t\"", "2025-01-31T07:40:00Z")]
    [InlineData("""{"x":72,"t":1738309200}""", "{\"path\": \"t\", \"format\": \"epoch-seconds\"}", "2025-01-31T07:40:00Z")]
    [InlineData("""{"x":72,"t":"1738309200.25"}""", "{\"path\": \"t\", \"format\": \"epoch-seconds\"}", "2025-01-31T07:40:00.25Z")]
    [InlineData("""{"x":72,"t":1738309200001}""", "{\"path\": \"t\", \"format\": \"epoch-milliseconds\"}", "2025-01-31T07:40:00.001Z")]
    [InlineData("""{"x":72,"t":"2025-01-31T07:40:00"}""", "{\"path\": \"t\", \"zone\": \"UTC\"}", "2025-01-31T07:40:00Z")]
    [InlineData("""{"x":72,"t":"2025-01-31T02:40:00"}""", "{\"path\": \"t\", \"zone\": \"America/New_York\"}", "2025-01-31T07:40:00Z")]
    [InlineData("""{"x":72,"t":"2024-11-03T01:30:00"}""", "{\"path\": \"t\", \"zone\": \"America/New_York\"}", "2024-11-03T05:30:00Z")] // comes twice: the earlier
    [InlineData("""{"x":72}""", "\"t\"", "2025-01-31T08:00:00Z")] // when the hub had it
    [InlineData("""{"x":72,"t":null,"b":1738309000,"o":200}""", "{\"calc\": \"b + (o ?? 0)\", \"format\": \"epoch-seconds\"}", "2025-01-31T07:40:00Z")]
    [InlineData("""{"x":72,"o":-1200}""", "{\"calc\": \"o\", \"format\": \"senml-seconds\"}", "2025-01-31T07:40:00Z")] // 20 minutes ago
    public void A_time_is_read_in_the_form_the_mapping_states(string body, string source, string expected)
    {
        var x = Run("""{"code": "8867-4", "value": "x", "unit": "/min"}""", body, $$"""{"from": [{{source}}]}""");
        Assert.Equal([expected], x.Accepted.EffectiveTime.Select(UnixMicros.Format));
    }

    [Theory]
    [InlineData("""{"x":72,"t":"2025-01-31T07:40:00"}""", "\"t\"", "unparsable", "the field 't' is not an ISO 8601 instant with its offset")]
    [InlineData("""{"x":72,"t":"noon"}""", "{\"path\": \"t\", \"zone\": \"UTC\"}", "unparsable", "the field 't' is not an ISO 8601 time")]
    [InlineData("""{"x":72,"t":1738309200}""", "\"t\"", "unparsable", "the field 't' is not an ISO 8601 instant with its offset")]
    [InlineData("""{"x":72,"t":1e300}""", "{\"path\": \"t\", \"format\": \"epoch-seconds\"}", "unparsable", "the field 't' is not an instant in seconds since 1970")]
    [InlineData("""{"x":72,"t":"2025-01-31T07:40:00Z","t":"2025-01-31T07:40:00Z"}""", "\"t\"", "unparsable", "the field 't' appears twice")]
    [InlineData("""{"x":72}""", "\"t\"", "missing-field", "the reading has no time")]
    public void A_time_that_is_no_instant_or_missing_where_it_is_required_rejects_the_reading(string body, string source, string reason, string hint)
    {
        var x = Run("""{"code": "8867-4", "value": "x", "unit": "/min"}""", body, $$"""{"from": [{{source}}], "required": true}""");
        Assert.Equal((reason, hint), (Assert.Single(x.Reasons), Assert.Single(x.Rejected.Hint)));
    }

    [Fact]
    public void Local_times_are_resolved_as_NodaTime_resolves_them_leniently()
    {
        foreach (var name in new[] { "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia" })
        {
            var zone = DateTimeZoneProviders.Tzdb[name];
            var local = new LocalDateTime(2011, 12, 1, 0, 7);
            for (var i = 0; i < 20_000; i++, local = local.PlusMinutes(31))
            {
                Assert.True(Telemetry.Mappings.LocalTime.TryToInstant(local.InUtc().ToInstant().ToUnixMicros(), zone, out var instant));
                Assert.Equal(local.InZoneLeniently(zone).ToInstant().ToUnixMicros(), instant);
            }
        }
    }

    [Fact]
    public void Arrays_within_arrays_are_gone_through_and_outer_fields_are_at_hand()
    {
        var x = Run(
            """{"each": "x[].y[]", "code": "8867-4", "value": {"calc": "v + ..base + $.root"}, "unit": "/min"}""",
            """{"x":[{"base":10,"y":[{"v":60},{"v":61}]},{"base":20,"y":[{"v":62},{"w":1}]},{"base":1}],"root":100}""");
        Assert.Equal([170.0, 171, 182], x.Accepted.Value);
        Assert.Equal(["{\"w\":1}", "{\"base\":1}"], x.Rejected.Raw.Select(Encoding.UTF8.GetString));
        Assert.Equal(["missing-field", "missing-field"], x.Reasons);
        Assert.Equal([0, 1, 2], x.Accepted.Ordinal);
    }

    [Theory]
    [InlineData("""{"x":{"s":120,"d":80}}""", 2, "")]
    [InlineData("""{"x":{"s":120}}""", 0, "the measurement has no x.d")]
    [InlineData("""{"x":{"s":null,"d":80}}""", 0, "the measurement has no x.s")]
    [InlineData("""{"x":{"s":120,"d":"?"}}""", 1, "the field 'x.d' is not a number")]
    [InlineData("""{"x":{"s":120,"d":8}}""", 1, "8 mm[Hg] lies outside 20 to 200 mm[Hg], but 8 kPa would not: is the unit right?")]
    public void A_measurement_of_two_parts_needs_both(string body, int accepted, string hint)
    {
        var x = Run("""{"parts": [{"code": "8480-6", "value": "x.s", "unit": "mm[Hg]"}, {"code": "8462-4", "value": "x.d", "unit": "mm[Hg]"}]}""", body);
        Assert.Equal(accepted, x.Accepted.Count);
        Assert.Equal(hint.Length == 0 ? [] : [hint], x.Rejected.Hint);
    }

    [Fact]
    public void A_part_that_is_not_required_leaves_the_others_standing() => Assert.Equal([120.0], Run(
        """{"parts": [{"code": "8480-6", "value": "x", "unit": "mm[Hg]"}, {"code": "8462-4", "value": "d", "unit": "mm[Hg]", "required": false}]}""", """{"x":120}""").Accepted.Value);

    [Fact]
    public void Null_in_a_table_says_that_something_is_no_reading()
    {
        var x = Run("""{"each": "x[]", "code": {"lookup": "t", "table": {"hr": "8867-4", "fat": null}}, "value": "v", "unit": "/min"}""", """{"x":[{"t":"hr","v":72},{"t":"fat","v":20},{"t":"ppg","v":1}]}""");
        Assert.Equal((1, "unknown-code", "ppg"), (x.Accepted.Count, Assert.Single(x.Reasons), x.Rejected.Code[0]));
    }

    [Fact]
    public void No_body_names_its_device() =>
        Assert.Equal(["d1"], Run("""{"code": "8867-4", "value": "x", "unit": "/min"}""", """{"x":72,"deviceId":"other","iothub-connection-device-id":"other"}""").Accepted.DeviceId);
}
