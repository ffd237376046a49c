using CsCheck;
using RemoteMonitoring.Risk.Evaluation;

namespace RemoteMonitoring.Risk.Tests;

public sealed class SepsisScorerTests
{
    /// <summary>Worked out by hand from the published figure: 30 hours, labels positive from hour 14, so sepsis at hour 20.</summary>
    [Theory]
    [InlineData(0, -0.05)]
    [InlineData(7, -0.05)]
    [InlineData(8, 0)]
    [InlineData(11, 0.5)]
    [InlineData(14, 1)]
    [InlineData(17, 2.0 / 3 + 2.0 / 3)]
    [InlineData(20, 1.0 / 3 + 4.0 / 3)]
    [InlineData(23, 2)]
    [InlineData(24, 0)]
    [InlineData(29, 0)]
    public void An_alert_gains_what_the_figure_says(int hour, double gain)
    {
        var labels = new bool[30];
        labels.AsSpan(14).Fill(true);
        Assert.Equal(gain, SepsisScorer.Gains(labels)[hour], 12);
    }

    [Fact]
    public void Without_sepsis_every_alert_costs_a_twentieth() => Assert.All(SepsisScorer.Gains(new bool[10]), g => Assert.Equal(-0.05, g));

    [Fact]
    public void Labels_that_begin_positive_have_sepsis_at_the_sixth_hour()
    {
        var gains = SepsisScorer.Gains([true, true]);
        Assert.Equal(1, gains[0], 12);
        Assert.Equal((8.0 / 9) + (2.0 / 9), gains[1], 12);
    }

    [Fact]
    public void No_alert_scores_0_and_the_best_alerts_score_1()
    {
        bool[][] labels = [[.. Enumerable.Range(0, 30).Select(i => i >= 14)], new bool[20]];
        bool[][] best = [[.. SepsisScorer.Gains(labels[0]).Select(g => g > 0)], new bool[20]];
        double[][] unknown = [[.. labels[0].Select(_ => 0.5)], [.. labels[1].Select(_ => 0.5)]];
        Assert.Equal(0, SepsisScorer.Score(labels, [new bool[30], new bool[20]], unknown).Utility);
        Assert.Equal(1, SepsisScorer.Score(labels, best, unknown).Utility);
    }

    [Fact]
    public void Where_nobody_can_be_helped_there_is_no_utility() => Assert.True(double.IsNaN(SepsisScorer.Score([new bool[3]], [new bool[3]], [[0.1, 0.2, 0.3]]).Utility));

    [Fact]
    public void The_best_threshold_gains_at_least_as_much_as_any_other() =>
        Gen.Select(Gen.Int[0, 5], Gen.Double[-1, 1]).Array[1, 30].Sample(rows =>
        {
            double[] score = [.. rows.Select(r => (double)r.Item1)], gains = [.. rows.Select(r => r.Item2)];
            double Gained(double threshold) => rows.Where(r => r.Item1 >= threshold).Sum(r => r.Item2);
            var best = Gained(SepsisScorer.BestThreshold(score, gains));
            Assert.All(score.Append(double.PositiveInfinity), t => Assert.True(best >= Gained(t) - 1e-12));
        });

    [Fact]
    public void Alerts_that_do_not_fit_the_labels_are_refused() =>
        Assert.Throws<ArgumentException>(() => SepsisScorer.Score([new bool[3]], [new bool[2]], [new double[3]]));
}
