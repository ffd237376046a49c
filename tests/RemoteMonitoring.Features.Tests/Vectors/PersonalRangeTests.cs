using CsCheck;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Tests.Vectors;

public sealed class PersonalRangeTests
{
    private const long AsOf = History.AsOf;
    private const long Hour = UnixMicros.PerHour;
    private const long LookBack = 48 * Hour;

    private static readonly VitalSign s_heartRate = VitalSignCatalog.Default["heart_rate"];

    [Fact]
    public void The_usual_range_runs_from_the_10th_to_the_90th_percentile_between_ranks()
    {
        // 60, 61, … 70 are usual; ranks 0 to 10, so the 10th percentile is rank 1 and the 90th rank 9.
        var eleven = Enumerable.Range(0, 11).Select(i => Cell(20 - i, 60 + (i * 7 % 11)));
        Assert.Equal(new PersonalRange(99, AsOf, 61, 69, 11), PersonalRange.Of(s_heartRate, [.. eleven, Cell(0, 99)], LookBack, AsOf));

        // Five hours: the 10th percentile lies at rank 0.4.
        var five = Enumerable.Range(0, 5).Select(i => Cell(20 - i, 60 + (10 * i)));
        var range = PersonalRange.Of(s_heartRate, [.. five, Cell(0, 99)], LookBack, AsOf)!.Value;
        Assert.Equal((64, 96), (range.UsualLow, Math.Round(range.UsualHigh, 9)));
    }

    [Fact]
    public void Fewer_than_five_earlier_hours_make_no_range() => Assert.Equal(
        new PersonalRange(99, AsOf, double.NaN, double.NaN, 4),
        PersonalRange.Of(s_heartRate, [.. Enumerable.Range(0, 4).Select(i => Cell(20 - i, 60)), Cell(0, 99)], LookBack, AsOf));

    [Fact]
    public void A_day_of_many_readings_counts_as_one_and_the_last_of_them_is_the_latest()
    {
        var cells = Enumerable.Range(0, 5).Select(i => new VitalCell(AsOf - ((20 - i) * Hour), 50, 80 + i, 200, AsOf - ((20 - i) * Hour)));
        var range = PersonalRange.Of(s_heartRate, [.. cells], LookBack, AsOf)!.Value;
        Assert.Equal((200, 5), (range.Value, range.UsualCells));
        Assert.InRange(range.UsualHigh, 80, 84);
    }

    [Fact]
    public void What_is_new_within_the_last_eighth_is_not_usual()
    {
        Assert.Equal(1, PersonalRange.Of(s_heartRate, [Cell(6, 60)], LookBack, AsOf)!.Value.UsualCells);
        Assert.Equal(0, PersonalRange.Of(s_heartRate, [Cell(5, 60)], LookBack, AsOf)!.Value.UsualCells);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(9)]
    public void A_minority_of_wrong_readings_does_not_widen_it(int pounds)
    {
        // Twenty weights, some of them sent in pounds for kilograms.
        var weights = Enumerable.Range(0, 20).Select(i => Cell(30 - i, (98.4 + (i % 5 * 0.1)) * (i < pounds ? 2.2046 : 1)));
        var range = PersonalRange.Of(VitalSignCatalog.Default["weight"], [.. weights], LookBack, AsOf)!.Value;
        Assert.InRange(range.UsualLow, 98.4, 98.5);
        Assert.InRange(range.UsualHigh, 98.7, 98.81);
        Assert.Equal(20 - pounds, range.UsualCells);
    }

    [Theory]
    [InlineData("glucose", new double[] { 100, 104, 98, 180, 210, 102, 96, 160, 99, 240 })] // it swings
    [InlineData("weight", new double[] { 98, 98, 98, 98, 98, 98, 101, 104, 107, 110 })] // it rises as in heart failure
    [InlineData("swelling", new double[] { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1 })] // an answer
    public void What_varies_by_nature_stays_in_it(string vital, double[] values)
    {
        var range = PersonalRange.Of(VitalSignCatalog.Default[vital], [.. values.Select((v, i) => Cell(30 - i, v))], LookBack, AsOf)!.Value;
        Assert.Equal(values.Length, range.UsualCells);
    }

    [Fact]
    public void Without_a_known_reading_there_is_none()
    {
        Assert.Null(PersonalRange.Of(s_heartRate, [], LookBack, AsOf));
        Assert.Empty(CellsOf(Reading(AsOf + 1, 60)));
        Assert.Empty(CellsOf(Reading(AsOf - LookBack, 60))); // the look back is open where it begins
        Assert.Single(CellsOf(Reading(AsOf - LookBack + 1, 60)));
        Assert.Empty(CellsOf(Reading(AsOf - 5, 60) with { KnownFrom = AsOf + 1 }));
        Assert.Empty(CellsOf(Reading(AsOf - 5, 60) with { KnownTo = AsOf }));
    }

    [Fact]
    public void Cells_tell_how_many_readings_their_mean_and_the_last() => Assert.Equal(
        [new VitalCell(AsOf - Hour, 2, 65, 70, AsOf - Hour), new VitalCell(AsOf, 1, 80, 80, AsOf - 5)],
        CellsOf(Reading(AsOf - (2 * Hour) + 1, 60), Reading(AsOf - Hour, 70), Reading(AsOf - 5, 80)));

    [Fact]
    public void They_never_see_what_came_after_and_are_the_same_from_rollups() => Gen.Select(Gen.OneOf(FeatureSet.Home, FeatureSet.Acute), History.Any, History.Key).Sample((set, history, key) =>
    {
        var vital = VitalSignCatalog.Default["heart_rate"].Index;
        IReadOnlyList<VitalCell> At(History h) => new VectorBuilder(set, h.Observations(), PatientRecord.Index(h.Reference)).CellsOf(key, vital);
        var cells = At(history);
        return cells.SequenceEqual(At(history.Before(key.AsOf, key.KnownBy)))
            && cells.SequenceEqual(new VectorBuilder(set, history.Observations(), PatientRecord.Index(history.Reference), history.Rollups(set)).CellsOf(key, vital));
    }, iter: 500);

    /// <summary>An hour with one reading, so many hours before as-of.</summary>
    private static VitalCell Cell(int hours, double value) => new(AsOf - (hours * Hour), 1, value, value, AsOf - (hours * Hour));

    private static Version Reading(long time, double value) => new("p1", "heart_rate", time, value, 0);

    private static IReadOnlyList<VitalCell> CellsOf(params Version[] versions) =>
        new VectorBuilder(FeatureSet.Acute, new History(versions, new()).Observations(), new Dictionary<string, PatientRecord>())
            .CellsOf(new VectorKey("p1", AsOf, AsOf), VitalSignCatalog.Default["heart_rate"].Index);
}
