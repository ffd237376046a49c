using CsCheck;
using RemoteMonitoring.Features.Rollups;

namespace RemoteMonitoring.Features.Tests.Rollups;

public sealed class CellStateTests
{
    private static readonly Gen<double[]> s_values = Gen.OneOf(
        Gen.Double[-1000, 1000],
        Gen.Double[98, 99],
        Gen.Int[360, 400].Select(tenths => tenths / 10.0)).Array[2, 300];

    [Fact]
    public void Readings_that_are_all_98_3_have_a_spread_of_exactly_zero()
    {
        var statistics = new CellState();
        for (var i = 0; i < 672; i++)
        {
            statistics.Add(98.3, i, i / 24.0);
        }

        Assert.Equal(672, statistics.Count);
        Assert.Equal(0, statistics.Sd);
        Assert.Equal(98.3, statistics.Mean);
        Assert.Equal(0, statistics.Slope);
    }

    [Fact]
    public void Nothing_is_known_of_no_readings_and_little_of_one()
    {
        var statistics = new CellState();
        Assert.Equal(0, statistics.Count);
        Assert.All([statistics.Sd, statistics.Slope], v => Assert.Equal(double.NaN, v));

        statistics.Add(7, 5, -1);
        Assert.Equal((1, 7, 7, 7), (statistics.Count, statistics.Mean, statistics.Min, statistics.Max));
        Assert.All([statistics.Sd, statistics.Slope], v => Assert.Equal(double.NaN, v));
    }

    [Fact]
    public void Readings_of_one_instant_have_a_spread_but_no_slope()
    {
        var statistics = Of([1, 2, 3], [-0.3, -0.3, -0.3]);
        Assert.Equal(1, statistics.Sd);
        Assert.Equal(double.NaN, statistics.Slope);
    }

    [Fact]
    public void A_line_gives_back_its_slope()
    {
        var days = Enumerable.Range(0, 28).Select(d => d - 27.5).ToArray();
        Assert.Equal(-0.25, Of(days.Select(d => 70 - (0.25 * d)).ToArray(), days).Slope, 12);
    }

    [Fact]
    public void All_agree_with_formulas_that_pass_twice() => Gen.Select(s_values, Gen.Double[0, 28].Array[2, 300]).Sample((values, days) =>
    {
        var n = Math.Min(values.Length, days.Length);
        (values, days) = (values[..n], days[..n]);
        Array.Sort(days);
        var statistics = Of(values, days);
        var (mean, meanDay) = (values.Average(), days.Average());
        var squares = values.Sum(v => (v - mean) * (v - mean));
        var daySquares = days.Sum(d => (d - meanDay) * (d - meanDay));
        var products = values.Zip(days, (v, d) => (v - mean) * (d - meanDay)).Sum();
        // A slope near zero is a difference of large sums: its error is measured against the steepest the spreads allow.
        var steepest = Math.Sqrt(squares / daySquares);
        return statistics.Count == n
            && statistics.Min.Equals(values.Min())
            && statistics.Max.Equals(values.Max())
            && Math.Abs(statistics.Mean - mean) <= 1e-9 * Math.Max(Math.Abs(mean), values.Max(Math.Abs))
            && Math.Abs(statistics.Sd - Math.Sqrt(squares / (n - 1))) <= 1e-9 * Math.Sqrt(squares / (n - 1))
            && (daySquares == 0 || Math.Abs(statistics.Slope - (products / daySquares)) <= 1e-9 * steepest);
    }, iter: 2000);

    [Fact]
    public void Stretches_put_together_say_what_all_their_readings_say() => Gen.Select(s_values, Gen.Double[0, 28].Array[2, 300], Gen.Int[0, 300].Array[0, 8]).Sample((values, days, cuts) =>
    {
        var n = Math.Min(values.Length, days.Length);
        (values, days) = (values[..n], days[..n]);
        Array.Sort(days);
        var whole = Of(values, days);
        var together = new CellState();
        int[] bounds = [.. cuts.Where(c => c < n).Append(0).Append(n).Distinct().Order()];
        for (var b = 0; b + 1 < bounds.Length; b++)
        {
            // Each stretch counts its time from an origin of its own.
            var stretch = new CellState();
            for (var i = bounds[b]; i < bounds[b + 1]; i++)
            {
                stretch.Add(values[i], i, days[i] - (b * 3));
            }

            together.Append(stretch, b * 3);
        }

        var scale = Math.Max(1, values.Max(Math.Abs));
        return (together.Count, together.Min, together.Max, together.First, together.Last, together.LastTime) == (whole.Count, whole.Min, whole.Max, whole.First, whole.Last, whole.LastTime)
            && Math.Abs(together.Mean - whole.Mean) <= 1e-9 * scale
            && Math.Abs(together.Squares - whole.Squares) <= 1e-9 * scale * scale * n
            && Math.Abs(together.TimeSquares - whole.TimeSquares) <= 1e-9 * 28 * 28 * n
            && Math.Abs(together.Products - whole.Products) <= 1e-9 * scale * 28 * n;
    }, iter: 2000);

    [Fact]
    public void Equal_readings_in_many_stretches_have_a_spread_of_exactly_zero()
    {
        var together = new CellState();
        for (var day = 0; day < 28; day++)
        {
            var cell = new CellState();
            for (var hour = 0; hour < 24; hour++)
            {
                cell.Add(98.3, (day * 24) + hour, (hour - 24) / 24.0);
            }

            together.Append(cell, day);
        }

        Assert.Equal((672, 98.3, 0, 0), (together.Count, together.Mean, together.Sd, together.Slope));
    }

    private static CellState Of(double[] values, double[] days)
    {
        var statistics = new CellState();
        for (var i = 0; i < values.Length; i++)
        {
            statistics.Add(values[i], i, days[i]);
        }

        return statistics;
    }
}
