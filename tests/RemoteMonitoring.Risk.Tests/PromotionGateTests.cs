using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Tests;

/// <summary>The gate on cases made by hand: 200 patients, ten rows each, every second patient with the outcome on one row.</summary>
public sealed class PromotionGateTests
{
    private const int Patients = 200;

    private const int RowsEach = 10;

    private static readonly GateSettings s_quick = new() { Resamples = 200 };

    [Fact]
    public void A_challenger_that_is_better_than_all_and_calibrated_passes()
    {
        var verdict = Judge(Scores(good: 0.9), Scores(good: 0.3), Report());
        Assert.Equal(Verdict.Passed, verdict.Verdict);
        Assert.All(verdict.Rules, r => Assert.Equal(RuleOutcome.Met, r.Outcome));
        Assert.Equal([PromotionGate.NotWorse, PromotionGate.BetterThanBaseline, PromotionGate.Slope, PromotionGate.ObservedExpected], verdict.Rules.Select(r => r.Name));
        Assert.Equal((Patients * RowsEach, Patients, Patients / 2), (verdict.Comparison!.Rows, verdict.Comparison.Patients, verdict.Comparison.Events));
    }

    [Fact]
    public void One_that_is_worse_than_the_champion_by_more_than_the_margin_fails_and_passes_under_a_wider_margin()
    {
        var verdict = Judge(Scores(good: 0.3), Scores(good: 0.9), Report());
        Assert.Equal(Verdict.Failed, verdict.Verdict);
        Assert.Equal([PromotionGate.NotWorse], verdict.Rules.Where(r => r.Outcome == RuleOutcome.NotMet).Select(r => r.Name));
        var wider = PromotionGate.Judge(Evidence(Scores(good: 0.3), Scores(good: 0.9), Report()), s_quick with { AurocMargin = 0.6 });
        Assert.Equal((Verdict.Passed, 0.6), (wider.Verdict, wider.Settings.AurocMargin));
    }

    [Fact]
    public void The_same_scores_differ_by_nothing_in_every_resample_though_each_sides_own_interval_is_wide()
    {
        var comparison = PairedComparison.Of(Scores(good: 0.5), Scores(good: 0.5), 200, 1);
        Assert.All(comparison.Metrics.Values, m => Assert.Equal(new Metric(0, 0, 0), m.Difference));
        var auroc = comparison.Metrics[MetricNames.Auroc].Challenger;
        Assert.True(auroc.High - auroc.Low > 0.02, $"{auroc}");
    }

    [Fact]
    public void Rows_are_joined_by_patient_and_instant_whatever_their_order_and_those_of_one_side_are_counted()
    {
        var one = Scores(good: 0.7);
        int[] order = [.. Enumerable.Range(0, one.P.Length).Reverse().Skip(5)]; // lacks the last five
        var other = new HeldOutScores
        {
            PatientId = [.. order.Select(i => one.PatientId[i]), "elsewhere"],
            AsOf = [.. order.Select(i => one.AsOf[i]), 0],
            Fold = [.. order.Select(i => one.Fold[i]), 0],
            Label = [.. order.Select(i => one.Label[i]), true],
            P = [.. order.Select(i => one.P[i]), 0.5],
        };
        var comparison = PairedComparison.Of(one, other, 50, 1);
        Assert.Equal((one.P.Length - 5, 5, 1), (comparison.Rows, comparison.OnlyChallenger, comparison.OnlyChampion));
        Assert.All(comparison.Metrics.Values, m => Assert.Equal(0, m.Difference.High - m.Difference.Low));
    }

    [Fact]
    public void Each_side_is_ranked_within_its_own_folds_and_never_over_two_of_them()
    {
        // The models of odd folds give everybody three times the risk: pooled, that would look like knowledge or hide it.
        var fair = Scores(good: 0.9);
        var shifted = fair with { P = [.. fair.P.Select((p, i) => fair.Fold[i] % 2 == 1 ? p / 3 : p)] };
        var comparison = PairedComparison.Of(shifted, fair, 50, 1);
        Assert.Equal(0, comparison.Metrics[MetricNames.Auroc].Difference.Value, 12);
        Assert.Equal(0, comparison.Metrics[MetricNames.Auprc].Difference.Value, 12);
        var pooled = PairedComparison.Of(shifted with { Fold = new int[fair.P.Length] }, fair, 50, 1);
        Assert.True(pooled.Metrics[MetricNames.Auroc].Difference.Value < -0.01, $"{pooled.Metrics[MetricNames.Auroc].Difference}");
    }

    [Fact]
    public void Rows_of_which_more_became_known_between_are_left_out_and_counted()
    {
        var one = Scores(good: 0.7);
        var other = one with { Label = [.. one.Label.Select((l, i) => i < 3 ? !l : l)] };
        var comparison = PairedComparison.Of(one, other, 20, 1);
        Assert.Equal((3, one.P.Length - 3), (comparison.OtherOutcome, comparison.Rows));
    }

    [Fact]
    public void The_figures_are_the_same_on_any_number_of_threads()
    {
        var (one, two) = (PairedComparison.Of(Scores(0.9), Scores(0.3), 100, 1, threads: 1), PairedComparison.Of(Scores(0.9), Scores(0.3), 100, 1, threads: 3));
        Assert.Equal(one.Metrics, two.Metrics);
        Assert.True(one.Metrics[MetricNames.Auroc].Difference.Low > 0.05);
    }

    [Fact]
    public void With_fewer_than_a_hundred_common_events_there_is_no_saying()
    {
        var few = Some(Scores(good: 0.1), patients: 198);
        var verdict = Judge(few, Some(Scores(good: 0.9), patients: 198), Report());
        Assert.Equal(99, verdict.Comparison!.DistinctEvents);
        Assert.Equal(Verdict.InsufficientEvidence, verdict.Verdict);
        Assert.Contains("99 events are common to both, fewer than 100", verdict.Rules[0].Said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_and_forty_positive_rows_of_twenty_events_are_too_few_to_conclude_from()
    {
        // Twenty patients with seven positive rows each before their one admission, and many without.
        var all = Scores(good: 0.9);
        bool[] label = [.. Enumerable.Range(0, all.P.Length).Select(i => i / RowsEach < 20 && i % RowsEach < 7)];
        long[] own = [.. label.Select(l => l ? 8 * 86_400_000_000L : UnixMicros.Open)];
        foreach (var scores in (HeldOutScores[])[all with { Label = label, OwnEvent = own }, all with { Label = label }])
        {
            var verdict = Judge(scores, scores, Report(events: 20, rows: 140));
            Assert.Equal((140, 20), (verdict.Comparison!.Events, verdict.Comparison.DistinctEvents));
            Assert.Equal(Verdict.InsufficientEvidence, verdict.Verdict);
            Assert.All(verdict.Rules, r => Assert.Equal(RuleOutcome.InsufficientEvidence, r.Outcome));
            Assert.All(verdict.Rules.Skip(1), r => Assert.Equal("20 events were held out, fewer than 100", r.Said));
        }
    }

    [Fact]
    public void A_report_that_did_not_count_events_proves_nothing_however_many_rows_it_has()
    {
        var verdict = Judge(Scores(0.9), Scores(0.3), Report(rows: 5000) with { DistinctEvents = null });
        Assert.Equal(Verdict.InsufficientEvidence, verdict.Verdict);
        Assert.Contains("train it again", verdict.Rules[1].Said, StringComparison.Ordinal);
        Assert.Equal(RuleOutcome.Met, verdict.Rules[0].Outcome);
    }

    [Fact]
    public void Without_held_out_rows_or_an_evaluation_there_is_no_saying_either()
    {
        Assert.Equal(Verdict.InsufficientEvidence, Judge(Scores(0.9), null, Report()).Verdict);
        var nothing = PromotionGate.Judge(new GateEvidence(), s_quick);
        Assert.Equal(Verdict.InsufficientEvidence, nothing.Verdict);
        Assert.All(nothing.Rules, r => Assert.Equal(RuleOutcome.InsufficientEvidence, r.Outcome));
        Assert.Null(nothing.Comparison);
    }

    [Theory]
    [InlineData(99, 0.2, 0.5, 0.9, 1.0, Verdict.InsufficientEvidence)] // nothing is concluded from 99 events
    [InlineData(100, 0.2, 0.5, 0.9, 1.0, Verdict.Failed)] // the slope's interval ends below 0.9
    [InlineData(100, 0.2, 0.9, 0.9, 1.0, Verdict.Passed)] // it meets the range at its edge
    [InlineData(100, 1.1, 2.0, 0.9, 1.0, Verdict.Passed)]
    [InlineData(100, 1.2, 2.0, 0.9, 1.0, Verdict.Failed)]
    [InlineData(100, 0.9, 1.1, 1.26, 1.5, Verdict.Failed)] // more events than expected
    [InlineData(100, 0.9, 1.1, 0.5, 0.79, Verdict.Failed)]
    [InlineData(100, 0.9, 1.1, 0.5, 0.8, Verdict.Passed)]
    [InlineData(100, double.NaN, double.NaN, 0.9, 1.0, Verdict.InsufficientEvidence)]
    public void Calibration_is_judged_by_whether_its_intervals_meet_the_ranges(int events, double slopeLow, double slopeHigh, double ratioLow, double ratioHigh, Verdict verdict) =>
        Assert.Equal(verdict, Judge(Scores(0.9), Scores(0.3), Report(events: events, slope: Between(slopeLow, slopeHigh), ratio: Between(ratioLow, ratioHigh))).Verdict);

    [Fact]
    public void It_has_to_beat_the_best_of_the_simple_baselines_and_not_only_the_worst()
    {
        var report = Report(better: new(0.02, -0.01, 0.05));
        Assert.Equal(MetricNames.TrailingRate, PromotionGate.BestBaseline(report));
        var verdict = Judge(Scores(0.9), Scores(0.3), report);
        Assert.Equal(Verdict.Failed, verdict.Verdict);
        var rule = Assert.Single(verdict.Rules, r => r.Outcome == RuleOutcome.NotMet);
        Assert.Equal(PromotionGate.BetterThanBaseline, rule.Name);
        Assert.Contains("against trailing_rate", rule.Said, StringComparison.Ordinal);
    }

    [Fact]
    public void Logistic_regression_and_another_cohort_are_told_and_decide_nothing()
    {
        var elsewhere = Report(events: 7, slope: new(0.1, 0.05, 0.2));
        var verdict = PromotionGate.Judge(Evidence(Scores(0.9), Scores(0.3), Report()) with { External = elsewhere }, s_quick);
        Assert.Equal(Verdict.Passed, verdict.Verdict);
        Assert.Equal(["difference to logistic regression", "external: made up"], verdict.Reported.Select(r => r.What));
        Assert.True(verdict.Reported[0].Figures[MetricNames.Auroc].High < 0); // it is worse, which is told
        Assert.Equal((7, 0.1), (verdict.Reported[1].Events, verdict.Reported[1].Figures[MetricNames.CalibrationSlope].Value));
    }

    private static GateVerdict Judge(HeldOutScores challenger, HeldOutScores? champion, EvaluationReport report) => PromotionGate.Judge(Evidence(challenger, champion, report), s_quick);

    private static GateEvidence Evidence(HeldOutScores challenger, HeldOutScores? champion, EvaluationReport report) => new() { Challenger = challenger, Champion = champion, Report = report };

    /// <summary>Scores of which so much is knowledge, and the rest noise that is the same each time.</summary>
    private static HeldOutScores Scores(double good)
    {
        var rows = Patients * RowsEach;
        bool[] label = [.. Enumerable.Range(0, rows).Select(i => i % RowsEach == 3 && i / RowsEach % 2 == 0)];
        var noise = new Random(5);
        return new()
        {
            PatientId = [.. Enumerable.Range(0, rows).Select(i => $"p{i / RowsEach:D3}")],
            AsOf = [.. Enumerable.Range(0, rows).Select(i => i % RowsEach * 86_400_000_000L)],
            Fold = [.. Enumerable.Range(0, rows).Select(i => i / RowsEach / 2 % 4)],
            Label = label,
            P = [.. label.Select(l => (0.5 * noise.NextDouble() * (2 - good)) + (l ? good * 0.4 : 0) + 0.01)],
        };
    }

    private static HeldOutScores Some(HeldOutScores all, int patients) => new()
    {
        PatientId = all.PatientId[..(patients * RowsEach)],
        AsOf = all.AsOf[..(patients * RowsEach)],
        Fold = all.Fold[..(patients * RowsEach)],
        Label = all.Label[..(patients * RowsEach)],
        P = all.P[..(patients * RowsEach)],
    };

    private static Metric Between(double low, double high) => new((low + high) / 2, low, high);

    private static EvaluationReport Report(int events = 100, int? rows = null, Metric? slope = null, Metric? ratio = null, Metric? better = null)
    {
        Dictionary<string, Metric> Ranked(double auroc) => new() { [MetricNames.Auroc] = new(auroc, auroc - 0.02, auroc + 0.02) };
        var model = Ranked(0.8);
        model[MetricNames.CalibrationSlope] = slope ?? new(1, 0.95, 1.05);
        model[MetricNames.ObservedExpected] = ratio ?? new(1, 0.9, 1.1);
        return new()
        {
            SchemaVersion = 1,
            Task = "t",
            TaskHash = "",
            FeatureSet = "",
            FeatureSetHash = "",
            Split = "made up",
            Rows = 2000,
            Patients = 200,
            Events = rows ?? events,
            DistinctEvents = events,
            Resamples = 200,
            Seed = 1,
            Metrics = new Dictionary<string, IReadOnlyDictionary<string, Metric>>
            {
                [MetricNames.Model] = model,
                [MetricNames.Logistic] = Ranked(0.85),
                [MetricNames.News2] = Ranked(0.6),
                [MetricNames.TrailingRate] = Ranked(0.7),
            },
            Differences = new Dictionary<string, IReadOnlyDictionary<string, Metric>>
            {
                [MetricNames.Logistic] = new Dictionary<string, Metric> { [MetricNames.Auroc] = new(-0.05, -0.08, -0.02) },
                [MetricNames.News2] = new Dictionary<string, Metric> { [MetricNames.Auroc] = new(0.2, 0.15, 0.25) },
                [MetricNames.TrailingRate] = new Dictionary<string, Metric> { [MetricNames.Auroc] = better ?? new(0.1, 0.05, 0.15) },
            },
            Calibration = [],
            Folds = [],
            Flow = [],
        };
    }
}
