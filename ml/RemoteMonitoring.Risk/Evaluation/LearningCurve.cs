using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>How good models of one size of training data are.</summary>
/// <param name="Share">Share of each fold's training patients that taught.</param>
/// <param name="Patients">Mean number of them.</param>
/// <param name="Rows">Mean number of their rows.</param>
/// <param name="Events">Mean number of these with the outcome.</param>
/// <param name="Auroc">Mean over the folds.</param>
/// <param name="Auprc">Mean over the folds.</param>
public sealed record LearningCurvePoint(double Share, int Patients, int Rows, int Events, double Auroc, double Auprc);

/// <summary>Whether more patients would help: models taught by a growing part of the training patients, tested on the same held-out rows.</summary>
public static class LearningCurve
{
    private static readonly double[] s_shares = [0.1, 0.2, 0.4, 0.7, 1];

    /// <summary>By the task's first split. Patients are taken in the order of a hash of their ids, so that each size holds the smaller ones; a size at which some fold learns from one label only is left out, and all are where no fold tests both.</summary>
    public static IReadOnlyList<LearningCurvePoint> Of(LabelledRows data, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var folds = Splits.Of(data.Task.Splits[0], data, settings.Folds, settings.Seed);
        var points = new List<LearningCurvePoint>();
        foreach (var (number, share) in s_shares.Index())
        {
            progress?.Report(new("Learning curve", number, s_shares.Length));
            if (Point(data, folds, share, settings, cancellationToken) is { } point)
            {
                points.Add(point);
            }
        }

        return points;
    }

    private static LearningCurvePoint? Point(LabelledRows data, IReadOnlyList<Fold> folds, double share, TrainingSettings settings, CancellationToken cancellationToken)
    {
        var taught = folds.Select(f => Thinning.Of(data, Part(data, f.Train, share, settings.Seed), settings)).ToArray();
        if (taught.Any(rows => !rows.Any(r => data.Label[r]) || rows.All(r => data.Label[r])))
        {
            return null;
        }

        var metrics = new RankMetrics[folds.Count];
        Parallel.For(0, folds.Count, settings.Side(cancellationToken), f =>
        {
            var trees = CrossFitting.Train(data, taught[f], settings, cancellationToken).Trees.Ensemble;
            var test = folds[f].Test;
            metrics[f] = new RankedScores(trees.Raw(data.Matrix, test), [.. test.Select(r => data.Label[r])], new int[test.Length], null).Compute([1]);
        });
        double[] auroc = [.. metrics.Select(m => m.Auroc).Where(double.IsFinite)], auprc = [.. metrics.Select(m => m.Auprc).Where(double.IsFinite)];
        return auroc.Length == 0 ? null : new(
            share, Mean(rows => rows.Select(r => data.Patient[r]).Distinct().Count()), Mean(rows => rows.Length), Mean(rows => rows.Count(r => data.Label[r])),
            auroc.Average(), auprc.Average());

        int Mean(Func<int[], int> of) => (int)Math.Round(taught.Average(of));
    }

    private static int[] Part(LabelledRows data, int[] rows, double share, int seed)
    {
        // Twenty parts with as many patients with an event in each as can be; a size is the first of them.
        var part = GroupedFolds.OfRows(data, rows, 20, $"curve/{seed}");
        return [.. rows.Where((_, i) => part[i] < share * 20)];
    }
}
