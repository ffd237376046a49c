using CsCheck;
using RemoteMonitoring.Risk.Scoring;

namespace RemoteMonitoring.Risk.Tests;

public sealed class RiskBandsTests
{
    private static readonly double[] s_hundred = [.. Enumerable.Range(1, 100).Select(i => i / 200.0)];

    [Fact]
    public void By_capacity_the_top_share_is_high_and_the_top_three_are_medium()
    {
        var bands = RiskBands.ByCapacity(s_hundred, 0.05);
        Assert.Equal((0.48, 0.43), (bands.High, bands.Medium));
        Assert.Equal((5, 10, 85), (Count(RiskBand.High), Count(RiskBand.Medium), Count(RiskBand.Low)));
        Assert.Equal("high: the top 5 % of held-out predictions; medium: the top 15 %", bands.Rule);
        int Count(RiskBand band) => s_hundred.Count(p => bands.Of(p) == band);
    }

    [Fact]
    public void No_more_are_high_than_can_be_called_but_for_a_tie_at_the_top() =>
        Gen.Select(Gen.Int[0, 20].Array[1, 200], Gen.Double[0.01, 0.99]).Sample((values, share) =>
        {
            double[] p = [.. values.Select(v => v / 100.0)];
            var bands = RiskBands.ByCapacity(p, share);
            var high = p.Count(v => bands.Of(v) == RiskBand.High);
            return bands.Medium <= bands.High && high > 0 && (high <= Math.Max(1, share * p.Length) || p.All(v => v <= bands.High));
        });

    [Fact]
    public void By_net_benefit_the_threshold_probability_is_where_high_begins()
    {
        // A hundred rows, ten with the outcome, all of which the model puts at 0.4.
        double[] p = [.. Enumerable.Repeat(0.4, 20), .. Enumerable.Repeat(0.02, 80)];
        bool[] label = [.. Enumerable.Range(0, 100).Select(i => i < 10)];
        var bands = RiskBands.ByNetBenefit(p, label, 0.2);
        Assert.Equal((0.2, 0.1), (bands.High, bands.Medium));
        // 10/100 − 10/100 · 0.2/0.8, and 10/100 − 90/100 · 0.2/0.8 of calling everybody.
        Assert.Contains("net benefit 0.075 on held-out rows; of calling everybody -0.125", bands.Rule, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5, "nobody (0)")]
    [InlineData(0.001, "everybody")]
    public void A_threshold_at_which_the_model_is_of_no_use_is_refused(double threshold, string says)
    {
        double[] p = [.. Enumerable.Repeat(0.4, 20), .. Enumerable.Repeat(0.02, 80)];
        bool[] label = [.. Enumerable.Range(0, 100).Select(i => i < 10)];
        Assert.Contains(says, Assert.Throws<ModelException>(() => RiskBands.ByNetBenefit(p, label, threshold)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void A_share_that_is_none_is_refused(double share)
    {
        Assert.Throws<ModelException>(() => RiskBands.ByCapacity(s_hundred, share));
        Assert.Throws<ModelException>(() => RiskBands.ByNetBenefit(s_hundred, [], share));
        Assert.Throws<ModelException>(() => RiskBands.ByCapacity([], 0.05));
    }
}
