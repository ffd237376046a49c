using CsCheck;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Tests.Vectors;

public sealed class PersonalRangeTests
{
    private const long AsOf = History.AsOf;
    private const long Hour = UnixMicros.PerHour;
    private const long LookBack = 48 * Hour;

    [Fact]
    public void The_usual_range_runs_from_the_10th_to_the_90th_percentile_between_ranks()
    {
        // 60, 61, … 70 are usual; ranks 0 to 10, so the 10th percentile is rank 1 and the 90th rank 9.
        var eleven = Enumerable.Range(0, 11).Select(i => Reading(AsOf - (10 * Hour) - i, 60 + ((i * 7) % 11)));
        Assert.Equal(new PersonalRange(99, AsOf, 61, 69, 11), Of([.. eleven, Reading(AsOf, 99)]));

        // Five readings: the 10th percentile lies at rank 0.4.
        var five = Enumerable.Range(0, 5).Select(i => Reading(AsOf - (10 * Hour) - i, 60 + (10 * i)));
        var range = Of([.. five, Reading(AsOf, 99)])!.Value;
        Assert.Equal((64, 96), (range.UsualLow, Math.Round(range.UsualHigh, 9)));
    }

    [Fact]
    public void Fewer_than_five_earlier_readings_make_no_range()
    {
        var range = Of([.. Enumerable.Range(0, 4).Select(i => Reading(AsOf - (10 * Hour) - i, 60)), Reading(AsOf, 99)]);
        Assert.Equal(new PersonalRange(99, AsOf, double.NaN, double.NaN, 4), range);
    }

    [Theory]
    [InlineData(0, 0)] // the look back is open where it begins
    [InlineData(1, 1)]
    public void The_look_back_is_half_open(int micros, int found) =>
        Assert.Equal(found, Of([Reading(AsOf - LookBack + micros, 60)])?.UsualReadings ?? 0);

    [Fact]
    public void What_is_new_within_the_last_eighth_is_not_usual()
    {
        Assert.Equal(1, Of([Reading(AsOf - (6 * Hour), 60)])!.Value.UsualReadings);
        Assert.Equal(0, Of([Reading(AsOf - (6 * Hour) + 1, 60)])!.Value.UsualReadings);
    }

    [Fact]
    public void Without_a_known_reading_there_is_none()
    {
        Assert.Null(Of([]));
        Assert.Null(Of([Reading(AsOf + 1, 60)]));
        Assert.Null(Of([Reading(AsOf - 5, 60) with { KnownFrom = AsOf + 1 }]));
        Assert.Null(Of([Reading(AsOf - 5, 60) with { KnownTo = AsOf }]));
    }

    [Fact]
    public void It_never_sees_what_came_after() => Gen.Select(History.Any, History.Key).Sample((history, key) =>
    {
        var vital = VitalSignCatalog.Default["heart_rate"].Index;
        PersonalRange? At(History h) => PersonalRange.Of(h.Observations(), key.PatientId, vital, 28 * UnixMicros.PerDay, key.AsOf, key.KnownBy);
        return At(history).Equals(At(history.Before(key.AsOf, key.KnownBy)));
    }, iter: 1000);

    private static Version Reading(long time, double value) => new("p1", "heart_rate", time, value, 0);

    private static PersonalRange? Of(IEnumerable<Version> versions) => PersonalRange.Of(
        new History([.. versions.OrderBy(v => v.Time)], new()).Observations(), "p1", VitalSignCatalog.Default["heart_rate"].Index, LookBack, AsOf, AsOf);
}
