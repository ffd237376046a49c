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

    private static readonly Instant s_end = SyntheticCohort.Start + Duration.FromDays(100);

    [Fact]
    public void The_settings_given_are_the_first_trial_and_the_best_comes_first()
    {
        var trials = SettingsSearch.Run(s_data, [.. Enumerable.Range(0, s_data.Rows)], SyntheticCohort.Quick, 4, () => true, null, default);
        Assert.Equal(5, trials.Count);
        Assert.Contains(trials, t => t.Settings == SyntheticCohort.Quick.Boosting);
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
        Assert.Equal(SyntheticCohort.Quick.Boosting, Assert.Single(SettingsSearch.Run(s_data, rows, SyntheticCohort.Quick, 3, () => false, null, default)).Settings);
    }

    [Fact]
    public void Held_out_patients_have_no_say_in_the_settings_that_foresee_them()
    {
        var kind = s_data.Task.Splits[0];
        var folds = Splits.Of(kind, s_data, SyntheticCohort.Quick.Folds, SyntheticCohort.Quick.Seed);
        var settings = SyntheticCohort.Quick with { Trials = 2 };
        var before = SettingsSearch.ForAll(s_data, s_end, settings, TimeProvider.System, null, default);
        Assert.Equal([.. s_data.Task.Splits.SelectMany(k => Splits.Of(k, s_data, settings.Folds, settings.Seed).Select(f => SettingsSearch.FitOf(k, f.Number))), SettingsSearch.Final], before.Select(s => s.Fit));
        // Turning round the labels of the last fold's test rows changes the searches of other folds, and not its own.
        var turned = SyntheticCohort.Rows(120, 10, 6, 0.2, row => row[1] * row[2] > 0 ? 1.5 : -2.5);
        var train = folds[^1].Train.ToHashSet();
        foreach (var row in folds[^1].Test.Where(r => !train.Contains(r)))
        {
            turned.Label[row] = !turned.Label[row];
        }

        int[] own = folds[^1].Train;
        Assert.Equal(
            SettingsSearch.Run(s_data, own, settings, 2, () => true, null, default),
            SettingsSearch.Run(turned, own, settings, 2, () => true, null, default));
        int[] all = [.. Enumerable.Range(0, s_data.Rows)];
        Assert.NotEqual(
            SettingsSearch.Run(s_data, all, settings, 2, () => true, null, default),
            SettingsSearch.Run(turned, all, settings, 2, () => true, null, default));
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
