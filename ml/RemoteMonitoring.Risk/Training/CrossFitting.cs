using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;

namespace RemoteMonitoring.Risk.Training;

/// <summary>How far a long training has come.</summary>
/// <param name="Stage">What is being done, in words.</param>
/// <param name="Done">Parts done of this stage.</param>
/// <param name="Total">Parts of this stage.</param>
public readonly record struct TrainingProgress(string Stage, int Done, int Total);

/// <summary>Settings of training and evaluation.</summary>
public sealed record TrainingSettings
{
    /// <summary>Seed of everything that is drawn.</summary>
    public int Seed { get; init; } = 2012;

    /// <summary>The boosted trees.</summary>
    public BoostingSettings Boosting { get; init; } = new();

    /// <summary>
    /// Parts the training patients are cut into for early stopping and calibration. Trees of fewer rows foresee too low a
    /// risk for rows they have not seen; the more parts, the nearer they are to the final fit, and the less its
    /// calibration overshoots.
    /// </summary>
    public int InnerFolds { get; init; } = 5;

    /// <summary>Rows from which two inner parts do: there the difference is small and the time is not.</summary>
    public int TwoInnerFoldsFrom { get; init; } = 15_000;

    /// <summary>
    /// Rows that one fit learns from at the most: beyond it patients keep every second, third, … of their instants. The
    /// instants of a patient that lie a day or an hour apart are nearly the same row, so that they cost time and teach little.
    /// </summary>
    public int RowsPerFit { get; init; } = 50_000;

    /// <summary>Rows of each patient that a fit may learn from all the same, on average, where there are many patients: it is they who teach.</summary>
    public int RowsPerPatient { get; init; } = 20;

    /// <summary>Rows of a fit that no number of patients exceeds.</summary>
    public int MostRowsPerFit { get; init; } = 250_000;

    /// <summary>Penalty of the logistic regression, against the sum of its losses over the rows.</summary>
    public double LogisticL2 { get; init; } = 150;

    /// <summary>Fits that run side by side; the results do not depend on it.</summary>
    public int Parallelism { get; init; } = 2;

    /// <summary>Trials of a search for better settings of the trees, beside those given; 0 for none.</summary>
    public int Trials { get; init; }

    /// <summary>Longest time all searches of a training may take together; what they found by then stands. Default: 10 minutes.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What searches found, by the fit they were for; where there is nothing, <see cref="Boosting"/> holds.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, BoostingSettings> Found { get; init; } = new Dictionary<string, BoostingSettings>();

    /// <summary>Outer folds of an evaluation.</summary>
    public int Folds { get; init; } = 5;

    /// <summary>Patient-level bootstrap resamples.</summary>
    public int Resamples { get; init; } = 1000;

    /// <summary>The settings that decide results, as text: how many fits run side by side is none of them, nor how long a search may take where there is none.</summary>
    public string Canonical() => JsonSerializer.Serialize(this with { Parallelism = 1, Budget = Trials == 0 ? new TrainingSettings().Budget : Budget }, RiskJsonContext.Default.TrainingSettings);

    /// <summary>Reads what <see cref="Canonical"/> wrote; throws <see cref="JsonException"/> where it is none.</summary>
    public static TrainingSettings Read(string canonical) =>
        (JsonSerializer.Deserialize(canonical, RiskJsonContext.Default.TrainingSettings) ?? throw new JsonException("null are no settings")) with { Parallelism = new TrainingSettings().Parallelism };

    /// <summary>The settings for one fit, by its name: those that its search found.</summary>
    internal TrainingSettings For(string fit) => Found.TryGetValue(fit, out var boosting) ? this with { Boosting = boosting } : this;

    internal ParallelOptions Side(CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
}

/// <summary>Trees with the calibration that belongs to them.</summary>
/// <param name="Trees">Trained on all rows given.</param>
/// <param name="Scaling">
/// Fitted on predictions for patients that the predicting trees were not grown on. The same patients decided how many trees
/// there are, which makes these predictions a little better than those for strangers.
/// </param>
/// <param name="AlertRaw">
/// Raw score from which on to alert: where alerts have a worth of their own the one that gains the most on these predictions, else the one above which as
/// many rows lay as had the outcome.
/// </param>
internal sealed record CalibratedTrees(BoostedTrees Trees, PlattScaling Scaling, double AlertRaw);

/// <summary>Logistic regression with the calibration that belongs to it, fitted as that of the trees is.</summary>
internal sealed record CalibratedLogistic(LogisticRegression Regression, PlattScaling Scaling);

/// <summary>
/// Trains on some rows and calibrates on the same rows without letting any patient be predicted by trees that saw them:
/// the patients are cut into inner parts; for each part trees are grown on the others until the part gains nothing more;
/// the number of trees of the final fit follows from these, and the calibration from their predictions.
/// </summary>
internal static class CrossFitting
{
    private const int ManyEvents = 1000;

    internal static CalibratedTrees Train(LabelledRows data, int[] rows, TrainingSettings settings, CancellationToken cancellationToken)
    {
        var boosting = settings.Boosting.For(rows.Length);
        var (inner, part) = Parts(data, rows, rows.Length >= settings.TwoInnerFoldsFrom ? 2 : settings.InnerFolds, settings);
        var raw = new double[rows.Length];
        var predicted = new bool[rows.Length];
        var grown = new int?[inner];
        Parallel.For(0, inner, settings.Side(cancellationToken), f =>
        {
            var train = rows.Where((_, i) => part[i] != f).ToArray();
            var held = rows.Where((_, i) => part[i] == f).ToArray();
            if (held.Length == 0 || !BothLabels(data, train))
            {
                return;
            }

            var fit = Boosting.Train(
                data.Matrix, data.Label, train, BothLabels(data, held) ? held : null, boosting.MaximumTrees, boosting, settings.Seed, cancellationToken);
            grown[f] = fit.Ensemble.Trees.Length / boosting.Bags;
            for (var i = 0; i < rows.Length; i++)
            {
                if (part[i] == f)
                {
                    raw[i] = fit.Ensemble.Raw(data.Matrix.Row(rows[i]));
                    predicted[i] = true;
                }
            }
        });

        cancellationToken.ThrowIfCancellationRequested();
        // The final fit has more rows and could bear more trees; but then it would be surer of itself than the predictions
        // that its calibration is fitted on.
        var trees = (int)Math.Round(grown.Average() ?? boosting.MaximumTrees / 5.0);
        trees = Math.Clamp(trees, 10, boosting.MaximumTrees);
        var final = Boosting.Train(data.Matrix, data.Label, rows, null, trees, boosting, settings.Seed, cancellationToken);
        var outOfFold = raw.Where((_, i) => predicted[i]).ToArray();
        var label = rows.Where((_, i) => predicted[i]).Select(r => data.Label[r]).ToArray();
        var threshold = data.AlertGain is { } gain
            ? SepsisScorer.BestThreshold(outOfFold, [.. rows.Where((_, i) => predicted[i]).Select(r => gain[r])])
            : AlertThreshold(outOfFold, label);
        return new(final, PlattScaling.Fit(outOfFold, label), threshold);
    }

    /// <summary>
    /// Logistic regression of the rows, calibrated in the same way; two parts do only where half of the events are plenty too, for with few a linear score
    /// of many columns is much worse taught by half of them. The parts are fitted one after the other, since each fit uses two threads.
    /// </summary>
    internal static CalibratedLogistic TrainLogistic(LabelledRows data, int[] rows, TrainingSettings settings, CancellationToken cancellationToken)
    {
        var (inner, part) = Parts(data, rows, rows.Length >= settings.TwoInnerFoldsFrom && rows.Count(r => data.Label[r]) >= ManyEvents ? 2 : settings.InnerFolds, settings);
        var (raw, label) = (new List<double>(rows.Length), new List<bool>(rows.Length));
        for (var f = 0; f < inner; f++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var train = rows.Where((_, i) => part[i] != f).ToArray();
            var held = rows.Where((_, i) => part[i] == f).ToArray();
            if (held.Length > 0 && BothLabels(data, train))
            {
                raw.AddRange(Fit(train).Raw(data.Matrix, held));
                label.AddRange(held.Select(r => data.Label[r]));
            }
        }

        return new(Fit(rows), PlattScaling.Fit([.. raw], [.. label]));

        LogisticRegression Fit(int[] train) => LogisticRegression.Train(data.Matrix, data.Label, train, settings.LogisticL2, settings.Seed);
    }

    /// <summary>
    /// The score at which as many rows lie at or above as have the outcome. There sensitivity equals precision, which is
    /// where the smaller of the two is about as large as it gets.
    /// </summary>
    internal static double AlertThreshold(IReadOnlyList<double> score, IReadOnlyList<bool> label)
    {
        var positives = label.Count(l => l);
        if (positives == 0)
        {
            return double.PositiveInfinity;
        }

        var sorted = score.Order().ToArray();
        return sorted[sorted.Length - positives];
    }

    /// <summary>So many inner parts, and which each row is in.</summary>
    private static (int Parts, int[] Part) Parts(LabelledRows data, int[] rows, int inner, TrainingSettings settings) =>
        (inner, GroupedFolds.OfRows(data, rows, inner, $"inner/{settings.Seed}"));

    private static bool BothLabels(LabelledRows data, int[] rows) => rows.Any(r => data.Label[r]) && rows.Any(r => !data.Label[r]);
}
