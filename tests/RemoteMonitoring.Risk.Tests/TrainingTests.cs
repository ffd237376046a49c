using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tests;

public sealed class TrainingTests
{
    [Fact]
    public void A_planted_signal_is_found_by_trees_and_a_linear_part_by_logistic_regression()
    {
        // Neither column matters by itself: a linear score cannot see it.
        var data = SyntheticCohort.Rows(200, 10, 6, 0, row => row[1] * row[2] > 0 ? 1.5 : -2.5);
        var report = Evaluate(data);
        Assert.True(report.Metrics[MetricNames.Model][MetricNames.Auroc].Value > 0.75);
        Assert.InRange(report.Metrics[MetricNames.Logistic][MetricNames.Auroc].Value, 0.4, 0.6);
        Assert.True(report.Differences[MetricNames.Logistic][MetricNames.Auroc].Low > 0);

        var linear = Evaluate(SyntheticCohort.Rows(200, 10, 6, 0.1, row => double.IsNaN(row[3]) ? -1 : (1.5 * row[3]) - 1));
        Assert.True(linear.Metrics[MetricNames.Logistic][MetricNames.Auroc].Value > 0.75);
        Assert.InRange(linear.Metrics[MetricNames.Model][MetricNames.CalibrationSlope].Value, 0.8, 1.25);
        Assert.InRange(linear.Metrics[MetricNames.Model][MetricNames.ObservedExpected].Value, 0.9, 1.1);
    }

    [Fact]
    public void Labels_that_follow_nothing_are_not_foreseen()
    {
        // One such cohort strays from a half by .02 or so; the mean of six by less than .01.
        double Auroc(int seed) => Evaluate(SyntheticCohort.Rows(200, 10, 8, 0.3, row => -1.5, seed)).Metrics[MetricNames.Model][MetricNames.Auroc].Value;
        Assert.InRange(Enumerable.Range(30, 6).Average(Auroc), 0.47, 0.53);
    }

    [Theory]
    [InlineData(SplitKind.KnownPatientsLater)]
    [InlineData(SplitKind.NewPatientsLater)]
    public void Splits_in_time_are_evaluated_too(SplitKind kind)
    {
        var data = SyntheticCohort.Rows(120, 20, 4, 0.1, row => double.IsNaN(row[0]) ? -1 : (2 * row[0]) - 1);
        var result = Evaluator.Evaluate(data, [], kind, SyntheticCohort.Quick with { Folds = 3 }, null, CancellationToken.None);
        Assert.True(result.Report.Metrics[MetricNames.Model][MetricNames.Auroc].Value > 0.7);
        Assert.Equal(result.Report.Rows, result.HeldOut.Rows);
        Assert.True(result.HeldOut.AsOf.Min() > data.AsOf.Min());
    }

    [Fact]
    public void Training_twice_gives_the_same_bits_whatever_runs_side_by_side()
    {
        var data = SyntheticCohort.Rows(150, 10, 10, 0.4, row => double.IsNaN(row[1]) ? 0 : row[1] - 1);
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        double[] Raw(int sideBySide)
        {
            var settings = SyntheticCohort.Quick with { Parallelism = sideBySide };
            return CrossFitting.Train(data, rows, settings, CancellationToken.None).Trees.Ensemble.Raw(data.Matrix, rows);
        }

        var one = Raw(1);
        Assert.Equal(one, Raw(1));
        Assert.Equal(one, Raw(2));
        double[] Logistic() => LogisticRegression.Train(data.Matrix, data.Label, rows, 10, 1).Raw(data.Matrix, rows);
        Assert.Equal(Logistic(), Logistic());
    }

    [Fact]
    public void Logistic_regression_that_learned_chance_by_heart_is_calibrated_by_patients_it_did_not_see()
    {
        // One column tells a little, sixty nothing; without a penalty they are learned all the same.
        var data = SyntheticCohort.Rows(150, 6, 61, 0, row => (0.8 * row[0]) - 1.5);
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        var settings = SyntheticCohort.Quick with { LogisticL2 = 1e-3 };
        var own = CrossFitting.TrainLogistic(data, rows, settings, default);
        Assert.InRange(own.Scaling.Slope, 0.2, 0.8);
        var fresh = SyntheticCohort.Rows(600, 6, 61, 0, row => (0.8 * row[0]) - 1.5, seed: 77);
        double Slope(Func<double, double> probability)
        {
            var raw = Array.ConvertAll(own.Regression.Raw(fresh.Matrix, [.. Enumerable.Range(0, fresh.Rows)]), r => probability(r) is var p ? Math.Log(p / (1 - p)) : 0);
            return LogisticRecalibration.Fit(raw, fresh.Label, [.. raw.Select(_ => 1.0)]).Slope;
        }

        var (before, after) = (Slope(PlattScaling.Identity.Probability), Slope(own.Scaling.Probability));
        Assert.True(Math.Abs(after - 1) < Math.Abs(before - 1) / 2, $"slope {before} before, {after} calibrated");
        Assert.Equal(own.Scaling, CrossFitting.TrainLogistic(data, rows, settings with { Parallelism = 1 }, default).Scaling);
    }

    [Fact]
    public void Thinning_keeps_patients_evenly_and_does_not_look_at_labels()
    {
        var data = SyntheticCohort.Rows(150, 10, 10, 0.4, row => double.IsNaN(row[1]) ? 0 : row[1] - 1);
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        Assert.Same(rows, Thinning.Of(data, rows, data.Rows));
        var kept = Thinning.Of(data, rows, data.Rows / 5);
        Assert.Equal(150, kept.Select(r => data.Patient[r]).Distinct().Count());
        Assert.All(kept.CountBy(r => data.Patient[r]), patient => Assert.Equal(2, patient.Value));
        Assert.Equal(kept, Thinning.Of(data, rows, data.Rows / 5));
    }

    [Theory]
    [InlineData(600, 0, 5000, 600)]
    [InlineData(600, 5, 5000, 750)]
    [InlineData(600, 5, 500, 600)]
    [InlineData(600, 100, 5000, 1500)]
    public void A_fit_learns_from_more_rows_where_there_are_more_patients(int rowsPerFit, int rowsPerPatient, int most, int expected)
    {
        var data = SyntheticCohort.Rows(150, 10, 10, 0.4, row => double.IsNaN(row[1]) ? 0 : row[1] - 1);
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        var settings = SyntheticCohort.Quick with { RowsPerFit = rowsPerFit, RowsPerPatient = rowsPerPatient, MostRowsPerFit = most };
        Assert.InRange(Thinning.Of(data, rows, settings).Length, expected * 0.75, expected);
    }

    [Fact]
    public void Being_missing_is_told_apart_from_every_value()
    {
        // LightGBM splits "known or missing" at infinity.
        var data = SyntheticCohort.Rows(200, 10, 3, 0.5, row => double.IsNaN(row[0]) ? 1.5 : -2);
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        var trees = Boosting.Train(data.Matrix, data.Label, rows, null, 30, SyntheticCohort.Quick.Boosting, 1);
        var raw = trees.Ensemble.Raw(data.Matrix, rows);
        var missing = rows.Where(r => float.IsNaN(data.Matrix.Row(r)[0])).Average(r => raw[r]);
        var known = rows.Where(r => !float.IsNaN(data.Matrix.Row(r)[0])).Average(r => raw[r]);
        Assert.True(missing - known > 1.5, $"missing {missing}, known {known}");
    }

    [Fact]
    public void A_column_never_missing_in_training_does_not_read_missing_as_zero()
    {
        // Training values lie far from zero, with nine rows in ten above the step.
        var random = new Random(2);
        var values = new float[2000];
        var label = new bool[2000];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = i % 10 == 0 ? 10 + random.NextSingle() : 20 + random.NextSingle();
            label[i] = i % 10 == 0 ? i % 20 == 0 : i % 50 == 1;
        }

        var matrix = new FeatureMatrix(values, 1);
        var trees = Boosting.Train(matrix, label, [.. Enumerable.Range(0, 2000)], null, 10, SyntheticCohort.Quick.Boosting with { Leaves = 2 }, 1).Ensemble;
        Assert.Equal(trees.Raw([20.5f]), trees.Raw([float.NaN]));
        Assert.NotEqual(trees.Raw([10.5f]), trees.Raw([float.NaN]));
    }

    [Fact]
    public void Large_values_keep_their_order_and_what_is_no_number_is_unknown()
    {
        double[] rising = [-1e300, -1e12, -2e6, -1, 0, 1, 1 << 20, 2e6, 1e7, 1e12, 1e300];
        var floats = rising.Select(FeatureMatrix.ToFloat).ToArray();
        Assert.True(floats.SequenceEqual(floats.Order().Distinct()));
        Assert.True(float.IsNaN(FeatureMatrix.ToFloat(double.PositiveInfinity)));
    }

    [Fact]
    public void Figures_come_again_from_the_held_out_rows_alone()
    {
        var data = SyntheticCohort.Rows(100, 8, 4, 0.1, row => double.IsNaN(row[0]) ? -1 : row[0] - 1);
        var result = Evaluator.Evaluate(data, [], SplitKind.NewPatients, SyntheticCohort.Quick, null, CancellationToken.None);
        var again = Figures.Of(result.HeldOut, result.Report.Resamples, result.Report.Seed);
        Assert.Equal(result.Report.Metrics[MetricNames.Model], again.Metrics[MetricNames.Model]);
        Assert.Equal(result.Report.ToJson(), EvaluationReport.FromJson(result.Report.ToJson()).ToJson());
    }

    [Fact]
    public void Progress_is_reported_and_cancelling_stops()
    {
        var data = SyntheticCohort.Rows(60, 8, 3, 0.1, row => -1);
        using var source = new CancellationTokenSource();
        var seen = new List<TrainingProgress>();
        Assert.ThrowsAny<OperationCanceledException>(() => Evaluator.Evaluate(
            data, [], SplitKind.NewPatients, SyntheticCohort.Quick with { Parallelism = 1 }, new Reports(p =>
            {
                seen.Add(p);
                if (p is { Stage: "Folds", Done: 1 })
                {
                    source.Cancel();
                }
            }), source.Token));
        Assert.Equal(new TrainingProgress("Folds", 0, 5), seen[0]);
        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void Data_without_an_event_is_refused_with_the_reason()
    {
        var data = SyntheticCohort.Rows(20, 4, 2, 0, row => -50);
        var e = Assert.Throws<ArgumentException>(
            () => Evaluator.Evaluate(data, [], SplitKind.NewPatients, SyntheticCohort.Quick, null, CancellationToken.None));
        Assert.Contains("both labels", e.Message, StringComparison.Ordinal);
    }

    private static EvaluationReport Evaluate(LabelledRows data) =>
        Evaluator.Evaluate(data, [], SplitKind.NewPatients, SyntheticCohort.Quick, null, CancellationToken.None).Report;

    private sealed class Reports(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
