using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Training;

/// <summary>One try of a search.</summary>
/// <param name="Settings">What was tried: settings for the rows of the fit as they are, which no number of rows changes any more.</param>
/// <param name="LogLoss">Mean over the parts of the log loss on patients that the trees were not grown on; lower is better.</param>
/// <param name="Trees">Mean number of trees at which the parts gained nothing more; where there are several bags, in each of them.</param>
public sealed record SearchTrial(BoostingSettings Settings, double LogLoss, double Trees);

/// <summary>What the search for one fit tried.</summary>
/// <param name="Fit">Name of the fit: <c>SPLIT/FOLD</c>, or <c>final</c>.</param>
/// <param name="Trials">The best first.</param>
public sealed record FitSearch(string Fit, IReadOnlyList<SearchTrial> Trials);

/// <summary>
/// Looks for better settings of the trees by random trials on parts of the training patients. In an evaluation every fold
/// searches among its own training patients, so that no held-out patient has a say in the settings that foresee them.
/// </summary>
public static class SettingsSearch
{
    /// <summary>Parts of the patients that each trial is tested on in turn.</summary>
    private const int Parts = 3;

    /// <summary>Name of the fit that the final model is.</summary>
    public const string Final = "final";

    /// <summary>Name of the fit of a fold.</summary>
    public static string FitOf(SplitKind kind, int fold) => $"{JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString())}/{fold}";

    /// <summary>Searches for each fold of each split, and for the final model of the labels certain by <paramref name="until"/>.</summary>
    /// <remarks>The time of <see cref="TrainingSettings.Budget"/> is shared out evenly; a search that needs less leaves the rest to those that follow.</remarks>
    public static IReadOnlyList<FitSearch> ForAll(
        LabelledRows data, Instant until, TrainingSettings settings, TimeProvider time, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var cutOff = until.ToUnixMicros();
        List<(string Name, int[] Rows)> fits = [.. data.Task.Splits.SelectMany(kind => Splits.Of(kind, data, settings.Folds, settings.Seed).Select(f => (FitOf(kind, f.Number), f.Train)))];
        fits.Add((Final, [.. Enumerable.Range(0, data.Rows).Where(r => data.LabelKnown[r] <= cutOff)]));
        var start = time.GetTimestamp();
        var found = new List<FitSearch>();
        foreach (var (name, rows) in fits)
        {
            var share = settings.Budget * ((found.Count + 1.0) / fits.Count);
            found.Add(new(name, Run(
                data, Thinning.Of(data, rows, settings), settings, settings.Trials, () => time.GetElapsedTime(start) < share,
                new Counted(progress, found.Count * (settings.Trials + 1), fits.Count * (settings.Trials + 1)), cancellationToken)));
        }

        return found;
    }

    /// <summary>
    /// The trials, the best first; the settings given, as they are for so many rows, are one of them. Trial n is a function of seed and n alone; where
    /// <paramref name="mayGoOn"/> says no, those done so far stand.
    /// </summary>
    public static IReadOnlyList<SearchTrial> Run(
        LabelledRows data, int[] rows, TrainingSettings settings, int trials, Func<bool> mayGoOn, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var part = GroupedFolds.OfRows(data, rows, Parts, $"search/{settings.Seed}");
        var splits = Enumerable.Range(0, Parts)
            .Select(p => (Train: rows.Where((_, i) => part[i] != p).ToArray(), Held: rows.Where((_, i) => part[i] == p).ToArray()))
            .Where(s => s.Train.Any(r => data.Label[r]) && s.Held.Any(r => data.Label[r]) && s.Held.Any(r => !data.Label[r]))
            .ToArray();
        // What holds for the fit that is searched for, whose trials have fewer rows: they would fall below a limit that it does not.
        var around = settings.Boosting.For(rows.Length) with { LargeSteps = int.MaxValue, SmallTrees = int.MaxValue };
        var done = new List<SearchTrial>();
        for (var trial = 0; trial <= trials && splits.Length > 0; trial++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // The first is always tried: it is what the others have to beat.
            if (trial > 0 && !mayGoOn())
            {
                break;
            }

            progress?.Report(new("Settings", trial, trials + 1));
            var tried = trial == 0 ? around : Draw(around, settings.Seed, trial);
            var (loss, trees) = (new double[splits.Length], new double[splits.Length]);
            Parallel.For(0, splits.Length, settings.Side(cancellationToken), s =>
            {
                var fit = Boosting.Train(data.Matrix, data.Label, splits[s].Train, splits[s].Held, tried.MaximumTrees, tried, settings.Seed, cancellationToken);
                (loss[s], trees[s]) = (LogLoss(fit.Ensemble.Raw(data.Matrix, splits[s].Held), data.Label, splits[s].Held), fit.Ensemble.Trees.Length / (double)tried.Bags);
            });
            done.Add(new(tried, loss.Average(), trees.Average()));
        }

        return [.. done.Index().OrderBy(t => t.Item.LogLoss).ThenBy(t => t.Index).Select(t => t.Item)];
    }

    private static BoostingSettings Draw(BoostingSettings around, int seed, int trial)
    {
        var random = new Random(unchecked((seed * 1_000_003) + trial));
        return around with
        {
            LearningRate = Rounded(0.3 * around.LearningRate, 1.6 * around.LearningRate),
            Leaves = random.Next(4) switch { 0 => 7, 1 => 15, 2 => 23, _ => 31 },
            MinimumRowsPerLeaf = (int)Rounded(10, 120),
            FeatureFraction = Rounded(0.08, 0.8),
            RowFraction = random.Next(4) switch { 0 => 0.5, 1 => 0.65, 2 => 0.8, _ => 1 },
            L2 = Rounded(0.3, 60),
        };

        // Even on the scale of orders of magnitude, to two digits.
        double Rounded(double low, double high)
        {
            var value = low * Math.Pow(high / low, random.NextDouble());
            var digit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 1);
            return Math.Round(Math.Round(value / digit) * digit, 6);
        }
    }

    private static double LogLoss(double[] raw, bool[] label, int[] rows)
    {
        var sum = 0.0;
        for (var i = 0; i < rows.Length; i++)
        {
            var margin = label[rows[i]] ? raw[i] : -raw[i];
            // log(1 + exp(−margin)), without leaving the range of numbers.
            sum += margin > 0 ? Math.Log(1 + Math.Exp(-margin)) : -margin + Math.Log(1 + Math.Exp(margin));
        }

        return sum / rows.Length;
    }

    /// <summary>One search's trials, counted among those of all.</summary>
    private sealed class Counted(IProgress<TrainingProgress>? progress, int before, int all) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => progress?.Report(value with { Done = before + value.Done, Total = all });
    }
}
