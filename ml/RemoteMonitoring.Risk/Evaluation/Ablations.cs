using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>What a model says of the held-out rows that was trained without some columns, in the order of <see cref="HeldOutRows"/>.</summary>
/// <param name="Name">What was left out.</param>
/// <param name="Columns">Columns that it had.</param>
/// <param name="Raw">Raw log-odds.</param>
/// <param name="Alert">Whether they reached the threshold of the fold's training rows.</param>
public sealed record AblatedScores(string Name, int Columns, double[] Raw, bool[] Alert);

/// <summary>Trains and tests a task's model again without the columns that its ablations name, on the same folds and by the same rules.</summary>
internal static class Ablations
{
    internal static IReadOnlyList<AblatedScores> Run(
        LabelledRows data, SplitKind kind, IReadOnlyList<Fold> folds, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var all = new List<AblatedScores>();
        var (done, total) = (0, data.Task.Ablations.Count * folds.Count);
        foreach (var ablation in data.Task.Ablations)
        {
            progress?.Report(new("Ablations", done, total));
            var without = data.Without(ablation.Without);
            var raw = new double[folds.Count][];
            var alert = new bool[folds.Count][];
            Parallel.For(0, folds.Count, settings.Side(cancellationToken), f =>
            {
                var fit = settings.For(SettingsSearch.FitOf(kind, folds[f].Number));
                var trees = CrossFitting.Train(without, Thinning.Of(without, folds[f].Train, settings), fit, cancellationToken);
                raw[f] = trees.Trees.Ensemble.Raw(without.Matrix, folds[f].Test);
                alert[f] = Array.ConvertAll(raw[f], r => r >= trees.AlertRaw);
                progress?.Report(new("Ablations", Interlocked.Increment(ref done), total));
            });
            all.Add(new(ablation.Name, without.Matrix.Columns, [.. raw.SelectMany(r => r)], [.. alert.SelectMany(a => a)]));
        }

        return all;
    }
}
