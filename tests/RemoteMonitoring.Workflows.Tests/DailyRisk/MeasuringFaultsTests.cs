using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class MeasuringFaultsTests
{
    private const int Days = 40;
    private static readonly long s_asOf = Days * UnixMicros.PerDay;

    /// <summary>A reading at 07:00 of each of the days before as-of, the last value on the last day; NaN for a day without.</summary>
    private static VitalCell[] Cells(params double[] values) =>
    [
        .. values.Select((value, i) => (value, Day: Days - values.Length + i)).Where(v => !double.IsNaN(v.value))
            .Select(v => new VitalCell((v.Day + 1) * UnixMicros.PerDay, 1, v.value, v.value, (v.Day * UnixMicros.PerDay) + (7 * UnixMicros.PerHour))),
    ];

    [Theory]
    [InlineData(7, 0, true)]
    [InlineData(6, 0, false)]
    [InlineData(7, 0.1, false)] // not every reading of a day was that
    public void The_same_value_in_every_reading_of_seven_days_is_a_flat_line(int days, double meanOff, bool isFlat)
    {
        VitalCell[] cells = [.. Cells([80, 81.2, .. Enumerable.Repeat(80.5, days)])];
        cells[^2] = cells[^2] with { Mean = cells[^2].Mean + meanOff };
        var fault = MeasuringFaults.FlatLine(VitalSignCatalog.Default["weight"], cells);
        Assert.Equal(isFlat, fault is not null);
        if (fault is not null)
        {
            Assert.Equal(("flat-line", "weight", "Weight has been 80.5 kg in every reading of 7 days: it varies in everybody, so look at the device"), (fault.Kind, fault.Vital, fault.Text));
            Assert.Equal(cells[^1].LastTime, fault.Evidence);
        }
    }

    [Theory]
    [InlineData("Weight: 2 readings near 218 kg, 2.2 times the others: pounds sent as kilograms, or somebody else", new double[] { 98.7, 98.9, 217.6, 98.4, 99.1, 98.8, 218, 98.9 })]
    [InlineData("Weight: 1 reading near 44.8 kg, 0.45 times the others: kilograms taken for pounds, or somebody else", new double[] { 98.7, 98.9, 98.4, 99.1, 44.8 })]
    [InlineData("Weight: 1 reading near 70 kg, 0.71 times the others: somebody else may be using the scale", new double[] { 98.7, 98.9, 98.4, 99.1, 70 })]
    [InlineData(null, new double[] { 98.7, 98.9, 98.4, 99.1, 112 })]
    [InlineData(null, new double[] { 98, 100, 103, 106, 109, 112, 115, 118 })] // it rises
    [InlineData(null, new double[] { 98.7, 98.9, 218 })] // too few to tell
    public void Weights_that_cannot_be_the_persons_are_told_with_what_they_may_be(string? text, double[] weights) =>
        Assert.Equal(text, MeasuringFaults.OddWeights(Cells(weights), s_asOf)?.Text);

    [Fact]
    public void Of_what_illness_moves_nothing_is_odd() =>
        Assert.Null(OddReadings.Of(VitalSignCatalog.Default["glucose"], [100, 101, 99, 100, 500]));

    [Fact]
    public void Odd_weights_are_told_for_a_week() =>
        Assert.Null(MeasuringFaults.OddWeights(Cells([98, 98, 98, 218, .. Enumerable.Repeat(98.0, 8)]), s_asOf));

    [Theory]
    [InlineData(true, 80, 85, 80)]
    [InlineData(true, 80, 74.9, 81.5)]
    [InlineData(false, 80, 84.9, 80)] // not far enough
    [InlineData(false, 80, 85, 81.6)] // not back
    [InlineData(false, 80, 85, 85)] // it stayed
    public void A_weight_that_jumps_and_comes_back_is_somebody_elses(bool isFault, double before, double odd, double after) =>
        Assert.Equal(isFault, MeasuringFaults.OtherOnTheScale(Cells(79, before, odd, after, after), s_asOf) is { Kind: "technique", Vital: "weight" });

    [Fact]
    public void A_jump_is_told_for_a_week_and_over_a_gap_of_days_it_is_none()
    {
        double[] after = [80, 80, 80, 80, 80, 80];
        Assert.NotNull(MeasuringFaults.OtherOnTheScale(Cells([80, 90, 80, .. after]), s_asOf));
        Assert.Null(MeasuringFaults.OtherOnTheScale(Cells([80, 90, 80, .. after, 80]), s_asOf));
        Assert.NotNull(MeasuringFaults.OtherOnTheScale(Cells(80, double.NaN, 90, double.NaN, 80), s_asOf));
        Assert.Null(MeasuringFaults.OtherOnTheScale(Cells(80, double.NaN, double.NaN, 90, 80), s_asOf));
    }

    [Theory]
    [InlineData(true, 96, 86, 94)]
    [InlineData(false, 96, 87, 94)]
    [InlineData(false, 96, 80, 93)] // not normal before and after: that may be illness
    public void An_spo2_that_falls_for_a_day_between_normal_ones_is_a_spike(bool isFault, double before, double odd, double after) =>
        Assert.Equal(isFault, MeasuringFaults.SpikeDown(Cells(before, odd, after), s_asOf) is { Kind: "technique", Vital: "spo2" });

    [Fact]
    public void An_spo2_that_has_not_come_back_is_no_spike() => Assert.Null(MeasuringFaults.SpikeDown(Cells(96, 96, 80), s_asOf));

    [Theory]
    [InlineData(120, 111, true)]
    [InlineData(120, 110, false)]
    [InlineData(80, 120, true)]
    public void Pressures_that_are_too_close_or_the_wrong_way_round_are_mismeasured(double systolic, double diastolic, bool isFault) =>
        Assert.Equal(isFault, MeasuringFaults.Pair(Cells(130, systolic), Cells(80, diastolic), s_asOf) is not null);

    [Fact]
    public void Pressures_of_different_times_are_no_pair()
    {
        VitalCell[] later = [Cells(100)[0] with { LastTime = s_asOf }];
        Assert.Null(MeasuringFaults.Pair(Cells(100), later, s_asOf));
    }

    [Fact]
    public void A_person_as_people_are_has_no_fault()
    {
        double[] Wave(double middle, double by) => [.. Enumerable.Range(0, 28).Select(i => Math.Round(middle + (by * Math.Sin(i)), 1))];
        var cells = new Dictionary<string, VitalCell[]>
        {
            ["weight"] = Cells(Wave(80, 0.8)),
            ["heart_rate"] = Cells(Wave(70, 5)),
            ["systolic_bp"] = Cells(Wave(130, 9)),
            ["diastolic_bp"] = Cells(Wave(80, 6)),
            ["spo2"] = Cells(Enumerable.Repeat(97.0, 28).ToArray()),
        };
        Assert.Empty(MeasuringFaults.Of(v => cells.GetValueOrDefault(v, []), s_asOf));
    }

    [Fact]
    public void All_rules_are_asked()
    {
        var cells = new Dictionary<string, VitalCell[]>
        {
            ["weight"] = Cells(80, 90, 80),
            ["heart_rate"] = Cells([.. Enumerable.Repeat(70.0, 9)]),
            ["systolic_bp"] = Cells(80, 81),
            ["diastolic_bp"] = Cells(79, 78),
            ["spo2"] = Cells(97, 80, 97),
        };
        Assert.Equal(
            ["flat-line heart_rate", "technique weight", "technique spo2", "technique systolic_bp"],
            MeasuringFaults.Of(v => cells.GetValueOrDefault(v, []), s_asOf).Select(f => $"{f.Kind} {f.Vital}"));
    }
}
