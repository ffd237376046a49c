using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class PoissonBinomialTests
{
    [Fact]
    public void The_distribution_is_that_of_all_ways_it_can_happen()
    {
        double[] p = [0.05, 0.1, 0.35, 0.5, 0.9, 0, 1];
        var all = new double[p.Length + 1];
        for (var ways = 0; ways < 1 << p.Length; ways++)
        {
            all[int.PopCount(ways)] += Enumerable.Range(0, p.Length).Aggregate(1.0, (product, i) => product * ((ways >> i & 1) == 1 ? p[i] : 1 - p[i]));
        }

        Assert.All(PoissonBinomial.Distribution(p).Zip(all), pair => Assert.Equal(pair.Second, pair.First, 1e-14));
        Assert.Equal(1, PoissonBinomial.Distribution(p).Sum(), 1e-14);
    }

    [Theory]
    [InlineData(10, 0.1, 0, 2)] // binomial: P(0) = .349, P(≤ 2) = .930
    [InlineData(20, 0.5, 7, 13)] // P(≤ 6) = .058, P(≤ 7) = .132, P(≤ 12) = .868, P(≤ 13) = .942
    [InlineData(0, 0.5, 0, 0)]
    public void Of_equal_probabilities_the_percentiles_are_those_of_the_binomial(int count, double p, int low, int high) =>
        Assert.Equal((count * p, low, high), PoissonBinomial.Of([.. Enumerable.Repeat(p, count)]) is var (mean, l, h) ? (Math.Round(mean, 9), l, h) : default);

    [Fact]
    public void A_list_too_long_for_the_recursion_differs_by_less_than_one()
    {
        double[] p = [.. Enumerable.Range(0, PoissonBinomial.MostExact).Select(i => 0.02 + (0.3 * (i % 7) / 7))];
        var (_, low, high) = PoissonBinomial.Of(p);
        var (_, longLow, longHigh) = PoissonBinomial.Of([.. p, 0]);
        Assert.InRange(longLow, low - 1, low + 1);
        Assert.InRange(longHigh, high - 1, high + 1);
    }
}
