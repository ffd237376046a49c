using System.Text;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Tests;

public sealed class SettingsSearchTests
{
    private static readonly LabelledRows s_data = SyntheticCohort.Rows(120, 10, 6, 0.2, row => row[1] * row[2] > 0 ? 1.5 : -2.5);

    // Those given, without the limits from which on there would be others.
    private static readonly BoostingSettings s_given = SyntheticCohort.Quick.Boosting with { LargeSteps = int.MaxValue, SmallTrees = int.MaxValue };

    private static readonly Instant s_end = SyntheticCohort.Start + Duration.FromDays(100);

    [Fact]
    public void The_settings_given_are_the_first_trial_and_the_best_comes_first()
    {
        var trials = SettingsSearch.Run(s_data, [.. Enumerable.Range(0, s_data.Rows)], SyntheticCohort.Quick, 4, () => true, null, default);
        Assert.Equal(5, trials.Count);
        Assert.Contains(trials, t => t.Settings == s_given);
        Assert.Equal(trials.OrderBy(t => t.LogLoss).Select(t => t.LogLoss), trials.Select(t => t.LogLoss));
        Assert.Equal(5, trials.Select(t => t.Settings).Distinct().Count());
    }

    [Fact]
    public void A_search_again_comes_to_the_same_and_time_that_is_up_leaves_what_is_done()
    {
        int[] rows = [.. Enumerable.Range(0, s_data.Rows)];
        var whole = SettingsSearch.Run(s_data, rows, SyntheticCohort.Quick, 3, () => true, null, default);
        Assert.Equal(whole, SettingsSearch.Run(s_data, rows, SyntheticCohort.Quick with { Parallelism = 1 }, 3, () => true, null, default));
        var left = 1;
        var cut = SettingsSearch.Run(s_data, rows, SyntheticCohort.Quick, 3, () => left-- > 0, null, default);
        Assert.Equal(2, cut.Count);
        Assert.All(cut, trial => Assert.Contains(trial, whole));
        Assert.Equal(s_given, Assert.Single(SettingsSearch.Run(s_data, rows, SyntheticCohort.Quick, 3, () => false, null, default)).Settings);
    }

    [Fact]
    public void Near_a_limit_of_rows_trials_and_fit_are_on_the_same_side_of_it()
    {
        // The fit is above the limit, a trial's two thirds of its rows are below.
        var settings = SyntheticCohort.Quick with { Boosting = SyntheticCohort.Quick.Boosting with { LargeSteps = s_data.Rows * 9 / 10, Bags = 3 } };
        var trials = SettingsSearch.Run(s_data, [.. Enumerable.Range(0, s_data.Rows)], settings, 3, () => true, null, default);
        Assert.Contains(trials, t => t.Settings == settings.Boosting.For(s_data.Rows) with { SmallTrees = int.MaxValue });
        Assert.All(trials, t =>
        {
            Assert.Equal((1, settings.Boosting.Patience / 2), (t.Settings.Bags, t.Settings.Patience));
            Assert.Equal(t.Settings, t.Settings.For(s_data.Rows));
        });
    }

    [Fact]
    public void Trees_of_a_trial_are_counted_in_one_bag()
    {
        var settings = SyntheticCohort.Quick with { Boosting = SyntheticCohort.Quick.Boosting with { Bags = 3, ExtraTrees = true, MaximumTrees = 4 } };
        Assert.Equal(4, Assert.Single(SettingsSearch.Run(s_data, [.. Enumerable.Range(0, s_data.Rows)], settings, 0, () => true, null, default)).Trees);
    }

    [Fact]
    public void Held_out_patients_have_no_say_in_the_settings_that_foresee_them()
    {
        var kind = s_data.Task.Splits[0];
        var folds = Splits.Of(kind, s_data, SyntheticCohort.Quick.Folds, SyntheticCohort.Quick.Seed);
        var settings = SyntheticCohort.Quick with { Trials = 2 };
        var before = SettingsSearch.ForAll(s_data, s_end, settings, TimeProvider.System, null, default);
        Assert.Equal([.. s_data.Task.Splits.SelectMany(k => Splits.Of(k, s_data, settings.Folds, settings.Seed).Select(f => SettingsSearch.FitOf(k, f.Number))), SettingsSearch.Final], before.Select(s => s.Fit));
        // Turning round the labels of the last fold's test rows changes other searches, and not its own.
        var turned = SyntheticCohort.Rows(120, 10, 6, 0.2, row => row[1] * row[2] > 0 ? 1.5 : -2.5);
        var train = folds[^1].Train.ToHashSet();
        foreach (var row in folds[^1].Test.Where(r => !train.Contains(r)))
        {
            turned.Label[row] = !turned.Label[row];
        }

        var after = SettingsSearch.ForAll(turned, s_end, settings, TimeProvider.System, null, default).ToDictionary(s => s.Fit, s => s.Trials);
        var own = SettingsSearch.FitOf(kind, folds[^1].Number);
        Assert.Equal(before.Single(s => s.Fit == own).Trials, after[own]);
        // What the last window holds teaches the final model.
        Assert.NotEqual(before.Single(s => s.Fit == SettingsSearch.Final).Trials, after[SettingsSearch.Final]);
    }

    [Fact]
    public void What_was_found_is_trained_with_and_stands_in_the_model()
    {
        var found = SyntheticCohort.Quick.Boosting with { Leaves = 4, MaximumTrees = 17 };
        var bytes = SearchFile.Write([new(SettingsSearch.Final, [new(found, 0.4, 12), new(SyntheticCohort.Quick.Boosting, 0.5, 20)])]);
        var settings = SyntheticCohort.Quick with { Trials = 1, Found = SearchFile.Read(bytes, "search.json") };
        var model = RiskModel.Train(s_data, s_end, settings, null, null, default);
        Assert.Equal(4, model.Document.Training.Settings.Leaves);
        Assert.All(model.Trees.Trees, t => Assert.InRange(t.LeafValue.Length, 1, 4));
        Assert.Contains("somewhere", Assert.Throws<ModelException>(() => SearchFile.Read(Encoding.UTF8.GetBytes("[{}]"), "somewhere")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bags_have_equal_shares_in_the_score_also_in_the_text()
    {
        int[] rows = [.. Enumerable.Range(0, s_data.Rows)];
        var settings = SyntheticCohort.Quick.Boosting with { Bags = 3, ExtraTrees = true };
        var bagged = Boosting.Train(s_data.Matrix, s_data.Label, rows, null, 20, settings, 5);
        var alone = Enumerable.Range(0, 3).Select(b => Boosting.Train(s_data.Matrix, s_data.Label, rows, null, 20, settings with { Bags = 1 }, 5 + (1000 * b)).Ensemble.Raw(s_data.Matrix, rows)).ToArray();
        Assert.Equal(60, bagged.Ensemble.Trees.Length);
        Assert.NotEqual(alone[0], alone[1]);
        using var native = LightGbmLibrary.Load(bagged.Text);
        var theirs = LightGbmLibrary.Predict(native, s_data.Matrix.Values, s_data.Matrix.Columns, LightGbmLibrary.RawScore, 1);
        var ours = bagged.Ensemble.Raw(s_data.Matrix, rows);
        Assert.Equal(theirs, ours);
        Assert.All(rows, r => Assert.Equal(alone.Average(a => a[r]), ours[r], 1e-9));
    }

    [Fact]
    public void A_learning_curve_grows_with_the_patients_and_ends_at_all_of_them()
    {
        var data = SyntheticCohort.Rows(300, 6, 4, 0.1, row => double.IsNaN(row[1]) ? -1 : (2 * row[1]) - 1);
        var points = LearningCurve.Of(data, SyntheticCohort.Quick, null, default);
        Assert.Equal(1, points[^1].Share);
        Assert.Equal(points.OrderBy(p => p.Patients), points);
        Assert.True(points[^1].Auroc > points[0].Auroc);
    }

    [Fact]
    public void A_learning_curve_has_no_points_where_no_fold_tests_both_labels()
    {
        var task = SyntheticCohort.Task with { Splits = [SplitKind.KnownPatientsLater] };
        var rows = SyntheticCohort.Rows(30, 8, 2, 0, row => 0);
        // All that can be tested, the later half, has the outcome.
        var cohort = Cohort.Of(task, [.. Enumerable.Range(0, rows.Rows).Select(r => new CohortRow(
            rows.PatientId[r], UnixMicros.ToInstant(rows.AsOf[r]), rows.Label[r] || rows.Day[r] > rows.Day[0].PlusDays(2), UnixMicros.ToInstant(rows.LabelKnown[r]), 0, 0, rows.Day[r]))], []);
        Assert.Empty(LearningCurve.Of(LabelledRows.Join(cohort, rows.Features), SyntheticCohort.Quick, null, default));
    }
}
