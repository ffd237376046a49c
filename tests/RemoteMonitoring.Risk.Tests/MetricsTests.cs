using CsCheck;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Tests;

public sealed class MetricsTests
{
    // Few distinct scores, so that ties are common.
    private static readonly Gen<(int Score, bool Label, int Weight)[]> s_rows =
        Gen.Select(Gen.Int[0, 6], Gen.Bool, Gen.Int[0, 3]).Array[2, 40];

    [Fact]
    public void Auroc_is_the_share_of_pairs_in_the_right_order_with_ties_counting_half() => s_rows.Sample(rows =>
    {
        var (ranked, weight) = Ranked(rows);
        double right = 0, pairs = 0;
        foreach (var p in rows.Where(r => r.Label))
        {
            foreach (var n in rows.Where(r => !r.Label))
            {
                double w = p.Weight * n.Weight;
                pairs += w;
                right += w * (p.Score > n.Score ? 1 : p.Score == n.Score ? 0.5 : 0);
            }
        }

        Same(pairs == 0 ? double.NaN : right / pairs, ranked.Compute(weight).Auroc);
    });

    [Fact]
    public void Auprc_is_precision_at_each_threshold_weighted_by_the_recall_it_adds() => s_rows.Sample(rows =>
    {
        var (ranked, weight) = Ranked(rows);
        double positives = rows.Where(r => r.Label).Sum(r => r.Weight), negatives = rows.Where(r => !r.Label).Sum(r => r.Weight);
        double sum = 0, recall = 0;
        foreach (var threshold in rows.Select(r => r.Score).Distinct().OrderDescending())
        {
            var above = rows.Where(r => r.Score >= threshold).ToArray();
            double all = above.Sum(r => r.Weight), right = above.Where(r => r.Label).Sum(r => r.Weight);
            if (all > 0)
            {
                sum += ((right / positives) - recall) * right / all;
                recall = right / positives;
            }
        }

        Same(positives == 0 || negatives == 0 ? double.NaN : sum, ranked.Compute(weight).Auprc);
    });

    [Fact]
    public void A_patient_drawn_twice_counts_like_the_same_rows_twice() => s_rows.Sample(rows =>
    {
        var (ranked, weight) = Ranked(rows);
        var repeated = rows.SelectMany(r => Enumerable.Repeat((r.Score, r.Label, Weight: 1), r.Weight)).ToArray();
        var (once, ones) = Ranked(repeated);
        Same(once.Compute(ones).Auroc, ranked.Compute(weight).Auroc);
        Same(once.Compute(ones).Auprc, ranked.Compute(weight).Auprc);
        Same(once.Compute(ones).PpvTopTenth, ranked.Compute(weight).PpvTopTenth);
    });

    [Fact]
    public void Figures_over_folds_are_means_of_the_folds_with_both_labels()
    {
        double[] score = [3, 2, 1, 9, 8, 7, 5, 5];
        bool[] label = [true, false, true, false, true, false, true, true];
        int[] fold = [0, 0, 0, 1, 1, 1, 2, 2];
        var ranked = new RankedScores(score, label, [.. Enumerable.Range(0, 8)], fold);
        Same((0.5 + 0.5) / 2, ranked.Compute(Ones(8)).Auroc);
    }

    [Fact]
    public void The_top_tenth_shares_ties_out()
    {
        // Ten rows, nine of them tied at the top: the tenth holds 1/9 of each.
        double[] score = [2, 2, 2, 2, 2, 2, 2, 2, 2, 1];
        bool[] label = [true, true, true, false, false, false, false, false, false, false];
        var metrics = new RankedScores(score, label, [.. Enumerable.Range(0, 10)], null).Compute(Ones(10));
        Same(3.0 / 9, metrics.PpvTopTenth);
        Same(1.0 / 9, metrics.SensitivityTopTenth);
    }

    [Theory]
    [InlineData(1.0, 0.0)]
    [InlineData(0.6, -0.4)]
    [InlineData(1.7, 0.8)]
    public void Recalibration_finds_the_slope_and_intercept_that_made_the_labels(double slope, double intercept)
    {
        var random = new Random(3);
        var x = new double[200_000];
        var y = new bool[x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            x[i] = (random.NextDouble() * 6) - 3;
            y[i] = random.NextDouble() < 1 / (1 + Math.Exp(-((slope * x[i]) + intercept)));
        }

        var once = Enumerable.Repeat(1.0, x.Length).ToArray();
        var fit = LogisticRecalibration.Fit(x, y, once);
        Assert.Equal(slope, fit.Slope, 0.03);
        Assert.Equal(intercept, fit.Intercept, 0.03);
    }

    [Fact]
    public void Platt_scaling_never_turns_the_order_round_and_keeps_off_0_and_1()
    {
        double[] raw = [.. Enumerable.Range(0, 100).Select(i => i / 10.0)];
        bool[] reversed = [.. raw.Select(r => r < 5)];
        var scaling = PlattScaling.Fit(raw, reversed);
        Assert.True(scaling.Slope > 0);
        Assert.Equal(1e-4, PlattScaling.Identity.Probability(-1e6));
        Assert.Equal(1 - 1e-4, PlattScaling.Identity.Probability(1e6));
        Assert.True(double.IsNaN(PlattScaling.Identity.Probability(double.NaN)));
    }

    [Fact]
    public void At_the_alert_threshold_as_many_rows_alarm_as_have_the_outcome()
    {
        double[] score = [0.1, 0.9, 0.5, 0.7, 0.3];
        var threshold = CrossFitting.AlertThreshold(score, [false, true, true, false, false]);
        Assert.Equal(2, score.Count(s => s >= threshold));
    }

    [Fact]
    public void Intervals_depend_on_the_seed_and_not_on_the_number_of_threads()
    {
        var rows = HeldOut(400, 40, 11);
        var one = Figures.Of(rows, 200, seed: 4, threads: 1);
        var two = Figures.Of(rows, 200, seed: 4, threads: 2);
        var other = Figures.Of(rows, 200, seed: 5, threads: 1);
        foreach (var (scorer, metrics) in one.Metrics)
        {
            foreach (var (name, metric) in metrics)
            {
                Assert.Equal(metric, two.Metrics[scorer][name]);
            }
        }

        var auroc = one.Metrics[MetricNames.Model][MetricNames.Auroc];
        Assert.NotEqual(auroc.Low, other.Metrics[MetricNames.Model][MetricNames.Auroc].Low);
        Assert.InRange(auroc.Value, auroc.Low, auroc.High);
    }

    [Fact]
    public void A_paired_difference_of_a_scorer_with_itself_is_zero_with_no_width()
    {
        var rows = HeldOut(300, 30, 12);
        rows.P.CopyTo(rows.Logistic, 0);
        var difference = Figures.Of(rows, 100, 1).Differences[MetricNames.Logistic][MetricNames.Auroc];
        Assert.Equal(new Metric(0, 0, 0), difference);
    }

    [Fact]
    public void Rows_of_one_clipped_probability_are_ranked_by_the_raw_score()
    {
        // Of four rows at the lowest probability there is, the raw score knows which two have the outcome.
        double[] p = [1e-4, 1e-4, 1e-4, 1e-4, 0.5, 0.5];
        double[] raw = [-12, -11, -10, -9.5, 0, 0];
        var rank = Scorer.RankOf(p, raw);
        Assert.Equal([0, 1, 2, 3, 4, 4], rank);
        var rows = HeldOut(6, 6, 3);
        p.CopyTo(rows.P, 0);
        raw.CopyTo(rows.Raw, 0);
        ((bool[])[false, false, true, true, true, true]).CopyTo(rows.Label, 0);
        Array.Clear(rows.Fold);
        var metrics = Figures.Of(rows, 5, 1).Metrics[MetricNames.Model];
        Same(1, metrics[MetricNames.Auroc].Value);
        Same(1, metrics[MetricNames.AurocPooled].Value);
        Same(1, ClinicalFigures.Of(rows, 5, 1).Roc[0].Y[0]);
        var scores = new HeldOutScores { PatientId = rows.PatientId, AsOf = rows.AsOf, Fold = rows.Fold, Label = rows.Label, P = p, Raw = raw };
        var paired = PairedComparison.Of(scores, scores with { Raw = null }, 5, 1).Metrics[MetricNames.Auroc];
        Same(1, paired.Challenger.Value);
        Same(((2 * 2 * 0.5) + (2 * 2)) / 8.0, paired.Champion.Value);
    }

    [Fact]
    public void Across_folds_probabilities_rank_first_and_raw_scores_only_among_equals() =>
        // The second fold's raw scores are on another scale.
        Assert.Equal([0, 2, 1, 3], Scorer.RankOf([0.1, 0.3, 0.2, 0.4], [-1, 1, 50, 60]));

    [Fact]
    public void Only_probabilities_have_calibration()
    {
        var metrics = Figures.Of(HeldOut(200, 20, 13), 20, 1).Metrics;
        Assert.Contains(MetricNames.CalibrationSlope, metrics[MetricNames.Model].Keys);
        Assert.Contains(MetricNames.CalibrationSlope, metrics[MetricNames.Logistic].Keys);
        Assert.DoesNotContain(MetricNames.Brier, metrics[MetricNames.News2].Keys);
        Assert.DoesNotContain(MetricNames.CalibrationSlope, metrics[MetricNames.TrailingRate].Keys);
    }

    internal static HeldOutRows HeldOut(int count, int patients, int seed)
    {
        var random = new Random(seed);
        var p = new double[count];
        var label = new bool[count];
        for (var i = 0; i < count; i++)
        {
            p[i] = 0.05 + (0.9 * random.NextDouble());
            label[i] = random.NextDouble() < p[i];
        }

        double[] Some() => [.. Enumerable.Range(0, count).Select(_ => (double)random.Next(0, 8))];
        return new()
        {
            PatientId = [.. Enumerable.Range(0, count).Select(i => $"p{i % patients}")],
            AsOf = new long[count],
            Day = new LocalDate[count],
            Fold = [.. Enumerable.Range(0, count).Select(i => i % patients % 3)],
            Label = label,
            P = p,
            Raw = [.. p.Select(x => Math.Log(x / (1 - x)))],
            Alert = [.. p.Select(x => x > 0.5)],
            Logistic = [.. p.Select(x => Math.Clamp(x + ((random.NextDouble() - 0.5) / 10), 0.01, 0.99))],
            LogisticRaw = new double[count],
            News2Low = Some(),
            News2Point = Some(),
            News2High = Some(),
            Rules = [new(MetricNames.TrailingRate, Some()), new(MetricNames.TrailingRate28Days, Some())],
            OwnEvent = [.. Enumerable.Repeat(UnixMicros.Open, count)],
            NextEvent = [.. Enumerable.Repeat(UnixMicros.Open, count)],
            Team = [.. Enumerable.Repeat("", count)],
            TeamCapacity = [.. Enumerable.Repeat(double.NaN, count)],
            TeamPatients = new int[count],
            Age = [.. Enumerable.Repeat(double.NaN, count)],
            Sex = [.. Enumerable.Repeat("unknown", count)],
            Conditions = [.. Enumerable.Repeat("", count)],
            DeviceModels = [.. Enumerable.Repeat("", count)],
            Contacts7Days = [.. Enumerable.Repeat(double.NaN, count)],
        };
    }

    private static (RankedScores Ranked, int[] Weight) Ranked((int Score, bool Label, int Weight)[] rows) => (
        new([.. rows.Select(r => (double)r.Score)], [.. rows.Select(r => r.Label)], [.. Enumerable.Range(0, rows.Length)], null),
        [.. rows.Select(r => r.Weight)]);

    private static int[] Ones(int count) => [.. Enumerable.Repeat(1, count)];

    private static void Same(double expected, double actual)
    {
        if (!(double.IsNaN(expected) && double.IsNaN(actual)))
        {
            Assert.Equal(expected, actual, 1e-12);
        }
    }
}
