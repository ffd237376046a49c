using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class TrendTests
{
    private static readonly VitalSign s_spo2 = VitalSignCatalog.Default["spo2"];
    private static readonly DateTimeZone s_berlin = DateTimeZoneProviders.Tzdb["Europe/Berlin"];
    private static readonly long s_midnight = s_berlin.AtStartOfDay(new LocalDate(2025, 4, 10)).ToInstant().ToUnixMicros();

    private static VitalCell Cell(int daysBefore, double value, double hours = 16, DateTimeZone? zone = null)
    {
        zone ??= s_berlin;
        var end = zone.AtStartOfDay(new LocalDate(2025, 4, 10).PlusDays(1 - daysBefore)).ToInstant().ToUnixMicros();
        var start = zone.AtStartOfDay(new LocalDate(2025, 4, 10).PlusDays(-daysBefore)).ToInstant().ToUnixMicros();
        return new VitalCell(end, 1, value, value, start + (long)(hours * UnixMicros.PerHour));
    }

    private static Trend Of(params VitalCell[] cells) => Trend.Of(s_spo2, cells, 28 * UnixMicros.PerDay, s_midnight, s_berlin);

    [Fact]
    public void The_day_before_a_midnight_is_the_last_and_days_without_a_reading_are_gaps()
    {
        var trend = Of(Cell(28, 91), Cell(3, 95), Cell(1, 97));
        Assert.Equal("spo2", trend.Vital);
        Assert.Equal(Trend.Days, trend.Values.Count);
        Assert.Equal([91, .. Enumerable.Repeat<double?>(null, 24), 95, null, 97], trend.Values);
    }

    [Fact]
    public void Of_what_readings_count_a_day_has_their_sum()
    {
        var trend = Trend.Of(VitalSignCatalog.Default["activity_kitchen"], [Cell(2, 1) with { Readings = 7 }, Cell(1, 1) with { Readings = 3, Mean = 7 / 3.0 }], 28 * UnixMicros.PerDay, s_midnight, s_berlin);
        Assert.Equal([7, 7], trend.Values.TakeLast(2));
    }

    [Fact]
    public void Days_are_those_of_the_patients_zone_also_where_the_clocks_change()
    {
        // Summer time began on 30 March 2025: that day, eleven before, had 23 hours.
        var trend = Of(Cell(11, 90, hours: 0.5), Cell(11, 91, hours: 22.5), Cell(10, 92, hours: 0.5));
        Assert.Equal((91, 92), (trend.Values[17], trend.Values[18]));
        Assert.Equal(26, trend.Values.Count(v => v is null));
    }

    [Fact]
    public void A_reading_of_midnight_itself_belongs_to_the_day_that_ends_there() => Assert.Equal(96, Of(Cell(1, 96, hours: 24)).Values[^1]);

    [Fact]
    public void Of_an_instant_within_a_day_the_day_that_has_begun_is_the_last()
    {
        var trend = Trend.Of(s_spo2, [Cell(1, 95), Cell(0, 97, hours: 8)], 28 * UnixMicros.PerDay, s_midnight + (12 * UnixMicros.PerHour), s_berlin);
        Assert.Equal([95, 97], trend.Values.TakeLast(2));
    }

    [Fact]
    public void The_usual_range_is_that_of_the_reasons_and_none_where_days_are_too_few()
    {
        VitalCell[] days = [.. Enumerable.Range(4, 10).Select(d => Cell(d, 90 + d)).Reverse()];
        var range = PersonalRange.Of(VitalSignCatalog.Default["weight"], days, 28 * UnixMicros.PerDay, s_midnight)!.Value;
        Assert.Equal((range.UsualLow, range.UsualHigh), (Of(days).UsualLow!.Value, Of(days).UsualHigh!.Value));
        Assert.Null(Of(days[..4]).UsualLow);
        Assert.Null(Of(days[..4]).UsualHigh);
    }
}
