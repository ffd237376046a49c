using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>Trains and tests fold by fold, the model and what it has to beat on the same rows.</summary>
public static class Evaluator
{
    /// <summary>
    /// Evaluates by a kind of split. In each fold everything fitted (trees and their number, logistic regression with
    /// its means and scales, the calibration of both, alert threshold) comes from that fold's training rows. Throws
    /// <see cref="ArgumentException"/> when no fold has rows to test and both labels to learn from. Of <paramref name="context"/>
    /// nothing is learned; without it there are no events to warn of, teams or subgroups.
    /// </summary>
    public static EvaluationResult Evaluate(
        LabelledRows data, IReadOnlyList<CohortFlowStep> flow, SplitKind kind, TrainingSettings settings,
        IProgress<TrainingProgress>? progress, CancellationToken cancellationToken, RowContext? context = null)
    {
        var folds = Splits.Of(kind, data, settings.Folds, settings.Seed);
        if (folds.Count == 0)
        {
            throw new ArgumentException(
                $"The task '{data.Task.Name}' cannot be evaluated: no fold has rows to test and both labels to learn from.", nameof(data));
        }

        var total = folds.Sum(f => f.Test.Length);
        var rows = HeldOutRows.Empty(total);
        rows.LooksBack = data.Task.Horizon.LooksBack;
        var fitted = new (CalibratedTrees Trees, (double[] Raw, PlattScaling Scaling) Logistic, int[] Train)[folds.Count];
        var done = 0;
        progress?.Report(new("Folds", 0, folds.Count));
        Parallel.For(0, folds.Count, settings.Side(cancellationToken), f =>
        {
            var train = Thinning.Of(data, folds[f].Train, settings);
            var trees = CrossFitting.Train(data, train, settings.For(SettingsSearch.FitOf(kind, folds[f].Number)), cancellationToken);
            var logistic = CrossFitting.TrainLogistic(data, train, settings, cancellationToken);
            fitted[f] = (trees, (logistic.Regression.Raw(data.Matrix, folds[f].Test), logistic.Scaling), train);
            progress?.Report(new("Folds", Interlocked.Increment(ref done), folds.Count));
        });

        var summaries = new List<FoldSummary>();
        var origin = new (CalibratedTrees Trees, int Row)[total];
        var around = context ?? RowContext.Nothing;
        var teamPatients = CapacityLists.TeamPatients(data, around);
        var at = 0;
        foreach (var (fold, (trees, logistic, train)) in folds.Zip(fitted))
        {
            Fill(rows, at, data, fold, trees, logistic);
            for (var i = 0; i < fold.Test.Length; i++)
            {
                around.Fill(rows, at + i);
                rows.TeamPatients[at + i] = teamPatients[fold.Test[i]];
                origin[at + i] = (trees, fold.Test[i]);
            }

            at += fold.Test.Length;
            summaries.Add(new(
                fold.Number, train.Length, train.Count(r => data.Label[r]), fold.Test.Length, fold.Test.Count(r => data.Label[r]),
                trees.Trees.Ensemble.Trees.Length, trees.Scaling.Slope, trees.Scaling.Intercept));
        }

        progress?.Report(new("Intervals", 0, settings.Resamples));
        rows.Rules = RulesOfThumb.Of(data, Array.ConvertAll(origin, o => o.Row));
        var figures = Figures.Of(
            rows, settings.Resamples, settings.Seed, settings.Parallelism,
            resampled => progress?.Report(new("Intervals", resampled, settings.Resamples)),
            AlertWorths.Gains(data.Task.AlertWorth, rows.PatientId, rows.Label), cancellationToken);
        rows.Ablated = Ablations.Run(data, kind, folds, settings, progress, cancellationToken);
        return new(
            new()
            {
                SchemaVersion = EvaluationReport.CurrentSchemaVersion,
                Task = data.Task.Name,
                TaskHash = data.Task.Hash,
                FeatureSet = data.Features.SetName,
                FeatureSetHash = data.Features.SetHash,
                Split = Describe(kind, folds.Count),
                Rows = total,
                Patients = figures.Patients,
                Events = rows.Label.Count(l => l),
                DistinctEvents = figures.DistinctEvents,
                Resamples = settings.Resamples,
                Seed = settings.Seed,
                Metrics = figures.Metrics,
                Differences = figures.Differences,
                Calibration = figures.Calibration,
                Folds = summaries,
                Flow = flow,
                Clinical = ClinicalFigures.Of(rows, settings.Resamples, settings.Seed, settings.Parallelism, cancellationToken),
                Variants = EvaluationVariants.Of(rows, data.Task, data.Matrix.Columns, settings.Resamples, settings.Seed, settings.Parallelism, cancellationToken),
            },
            rows,
            ErrorReview.Of(rows, row => ErrorReview.Explain(data, origin[row].Trees.Trees.Ensemble, origin[row].Row)));
    }

    private static void Fill(HeldOutRows rows, int at, LabelledRows data, Fold fold, CalibratedTrees trees, (double[] Raw, PlattScaling Scaling) logistic)
    {
        var raw = trees.Trees.Ensemble.Raw(data.Matrix, fold.Test);
        for (var i = 0; i < fold.Test.Length; i++, at++)
        {
            var row = fold.Test[i];
            var vector = data.FeatureRow[row];
            rows.PatientId[at] = data.PatientId[row];
            rows.AsOf[at] = data.AsOf[row];
            rows.Day[at] = data.Day[row];
            rows.Fold[at] = fold.Number;
            rows.Label[at] = data.Label[row];
            rows.OwnEvent[at] = data.OwnEvent[row];
            rows.Raw[at] = raw[i];
            rows.P[at] = trees.Scaling.Probability(raw[i]);
            rows.Alert[at] = raw[i] >= trees.AlertRaw;
            rows.Logistic[at] = logistic.Scaling.Probability(logistic.Raw[i]);
            rows.LogisticRaw[at] = logistic.Raw[i];
            rows.News2Low[at] = data.Features.News2Low[vector];
            rows.News2Point[at] = data.Features.News2Point[vector];
            rows.News2High[at] = data.Features.News2High[vector];
        }
    }

    private static string Describe(SplitKind kind, int folds) => kind switch
    {
        SplitKind.NewPatients => $"{folds} folds by patient: nobody is in training and test",
        SplitKind.KnownPatientsLater => $"{folds} windows forward in time, patients may be known; labels not certain at the start of a window do not teach",
        SplitKind.NewPatientsLater => $"{folds} folds by patient, tested on the last two fifths of the rows in time and taught on what was certain before",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
