using System.Globalization;
using System.Text;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Tests.Readings;

namespace RemoteMonitoring.Telemetry.Tests.Mappings;

public sealed class BundledMappingTests
{
    public static TheoryData<int> Bodies => [.. Enumerable.Range(0, BundledBodies.All.Length)];

    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_body_of_its_device_becomes_readings(int place)
    {
        var (mapping, body, readings) = BundledBodies.All[place];
        var x = Extraction.By(MappingSet.Bundled, body);
        Assert.Empty(x.Rejected.Hint);
        Assert.Equal(readings, string.Join(' ', x.Accepted.Vital.Zip(x.Accepted.Value, (v, value) =>
            $"{VitalSignCatalog.Default.Vitals[v].Code}={Math.Round(value, 4).ToString(value < 100 && value != Math.Round(value, 2) ? "0.###" : "0.##", CultureInfo.InvariantCulture)}")));
        Assert.All(x.Accepted.Mapping, m => Assert.Equal(mapping, m));
    }

    [Fact]
    public void Every_bundled_mapping_has_a_body_here() =>
        Assert.Equal(MappingSet.Bundled.Mappings.Select(m => m.Label).Order(), BundledBodies.All.Select(b => b.Mapping).Distinct().Order());

    [Theory]
    [InlineData("""[{"bn":"a:","bt":1738309200,"n":"heartrate","u":"beat/min","v":72},{"n":"heartrate","u":"beat/min","t":60,"v":70},{"bt":1738309000,"n":"heartrate","u":"beat/min","v":71}]""", "07:40:00 07:41:00 07:36:40")]
    [InlineData("""[{"n":"heartrate","u":"beat/min","v":72},{"n":"heartrate","u":"beat/min","v":70,"t":-300}]""", "08:00:00 07:55:00")]
    public void SenML_base_times_hold_until_given_again_and_small_times_are_from_now(string body, string times) =>
        Assert.Equal(times, string.Join(' ', Extraction.By(MappingSet.Bundled, body).Accepted.EffectiveTime.Select(t => UnixMicros.Format(t)[11..19])));

    [Theory]
    [InlineData("""{"measuregrps":[{"measures":[{"value":70250,"type":1,"unit":-3}]}]}""", "missing-field", "the reading has no time")]
    [InlineData("""{"measuregrps":[]}""", "missing-field", "the body holds no reading that the mapping withings-measures/1 knows (it looks for value * 10 ^ (unit ?? 0))")]
    [InlineData("""{"resourceType":"Observation","code":{"coding":[{"code":"8867-4"}]},"effectiveDateTime":"2025-01-31","valueQuantity":{"value":44,"code":"/min"}}""", "unparsable", "the field '$.effectiveDateTime' is not an ISO 8601 instant with its offset")]
    [InlineData("""{"resourceType":"Observation","code":{"coding":[{"code":"1234-5"}]},"valueQuantity":{"value":44,"code":"/min"}}""", "unknown-code", "the catalog has no code '1234-5'")]
    [InlineData("""{"glucose":5.5}""", "missing-field", "the reading has no unit")]
    [InlineData("""{"glucose":5.5,"unit":"mg/dL"}""", "suspected-unit-mix-up", "5.5 mg/dL lies outside 10 to 1500 mg/dL, but 5.5 mmol/L would not: is the unit right?")]
    [InlineData("""{"systolic":"111"}""", "missing-field", "the measurement has no diastolic or Diastolic")]
    [InlineData("""{"heartrate":"72","heartrate":"73"}""", "unparsable", "the field 'heartrate' appears twice")]
    [InlineData("""[{"enqueuedTime":"2025-01-31T07:40:00Z","telemetry":{"BatteryLevel":18}}]""", "missing-field", null)]
    public void A_body_that_falls_short_is_rejected_with_reason_and_hint(string body, string reason, string? hint)
    {
        var x = Extraction.By(MappingSet.Bundled, body);
        Assert.Equal(0, x.Accepted.Count);
        Assert.Equal(reason, Assert.Single(x.Reasons));
        Assert.Equal(hint ?? x.Rejected.Hint[0], x.Rejected.Hint[0]);
    }

    [Fact]
    public void An_element_that_is_no_reading_among_others_that_are_is_rejected_alone()
    {
        var x = Extraction.By(MappingSet.Bundled, """{"data":[{"systolic":120,"diastolic":80},{"sys":1},7,{"systolic":118,"diastolic":79}],"tags":[{"k":"v"}]}""");
        Assert.Equal([120.0, 80, 118, 79], x.Accepted.Value);
        Assert.Equal(["{\"sys\":1}", "7"], x.Rejected.Raw.Select(Encoding.UTF8.GetString));
    }
}
