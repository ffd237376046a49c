using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>Scores as columns, parallel to the rows of the table that was scored.</summary>
/// <param name="Raw">Raw log-odds: the sum of the trees.</param>
/// <param name="P">Calibrated probability, in [1e-4, 1 − 1e-4].</param>
public sealed record RiskScores(double[] Raw, double[] P);

/// <summary>
/// A trained model: trees, calibration, and all that is needed to know what it may be used for. Immutable and safe to use
/// from several threads. The same table gets the same bits each time, also after saving and loading.
/// </summary>
public sealed class RiskModel
{
    // Of sums of thousands of terms in 64 bits.
    private const double Tolerance = 1e-6;

    private static readonly ParallelOptions s_alone = new() { MaxDegreeOfParallelism = 1 };

    private readonly TreeEnsemble _trees;
    private readonly TreeContributions _contributions;
    private readonly ColumnGroups _groups;

    internal RiskModel(ModelDocument document, TreeEnsemble trees, string text)
    {
        Document = document;
        _trees = trees;
        Text = text;
        _contributions = new(trees, document.Columns.Count);
        _groups = new(document.Columns);
    }

    /// <summary>Everything about the model but its trees.</summary>
    public ModelDocument Document { get; }

    /// <summary>The trees as LightGBM's model text.</summary>
    internal string Text { get; }

    internal TreeEnsemble Trees => _trees;

    /// <summary>
    /// Trains on all rows whose label was certain by <paramref name="until"/> and calibrates by cross-fitting over patients.
    /// Figures of <paramref name="evaluated"/>, where given, travel with the model, and what names the observations it was taught with.
    /// </summary>
    public static RiskModel Train(
        LabelledRows data, Instant until, TrainingSettings settings, EvaluationReport? evaluated,
        IProgress<TrainingProgress>? progress, CancellationToken cancellationToken, string? observations = null)
    {
        var cutOff = until.ToUnixMicros();
        var rows = Thinning.Of(data, [.. Enumerable.Range(0, data.Rows).Where(r => data.LabelKnown[r] <= cutOff)], settings);
        var events = rows.Count(r => data.Label[r]);
        if (events == 0 || events == rows.Length)
        {
            throw new ArgumentException(
                $"The task '{data.Task.Name}' cannot be learned by {until}: {events} of {rows.Length} rows have the outcome.", nameof(data));
        }

        settings = settings.For(SettingsSearch.Final);
        progress?.Report(new("Final model", 0, 1));
        var fitted = CrossFitting.Train(data, rows, settings, cancellationToken);
        var document = new ModelDocument
        {
            SchemaVersion = ModelDocument.CurrentSchemaVersion,
            Task = data.Task.Name,
            TaskHash = data.Task.Hash,
            FeatureSet = data.Features.SetName,
            FeatureSetHash = data.Features.SetHash,
            Columns = [.. data.Features.Columns],
            Calibration = fitted.Scaling,
            Training = new()
            {
                TrainedUntil = until,
                Rows = rows.Length,
                Patients = rows.Select(r => data.Patient[r]).Distinct().Count(),
                Events = events,
                BaseRate = (double)events / rows.Length,
                Trees = fitted.Trees.Ensemble.Trees.Length,
                Seed = settings.Seed,
                Settings = settings.Boosting,
            },
            Metrics = evaluated?.Metrics ?? new Dictionary<string, IReadOnlyDictionary<string, Metric>>(),
            Split = evaluated?.Split,
            Observations = observations,
            Sha256 = new Dictionary<string, string>(),
        };
        progress?.Report(new("Final model", 1, 1));
        return new(document, fitted.Trees.Ensemble, fitted.Trees.Text);
    }

    /// <summary>Scores every row, on so many cores (-1: all). Throws <see cref="ModelException"/> when the table is of another feature set.</summary>
    public RiskScores Score(FeatureTable table, int cores = 1)
    {
        var raw = _trees.Raw(MatrixOf(table), new ParallelOptions { MaxDegreeOfParallelism = cores });
        return new(raw, Array.ConvertAll(raw, Document.Calibration.Probability));
    }

    /// <summary>
    /// Says what each column of each row adds to its raw score (Shapley values over the trees' own paths, weighted by training
    /// rows). Base and contributions add up to the raw score; a row in which they did not would throw. They describe the
    /// model, not the causes of illness. Rows are worked on in blocks, as they are asked for.
    /// </summary>
    public IEnumerable<Explanation> Explain(FeatureTable table)
    {
        CheckSet(table);
        return Rows();

        IEnumerable<Explanation> Rows()
        {
            const int Block = 256;
            for (var start = 0; start < table.Rows; start += Block)
            {
                var matrix = FeatureMatrix.From(table, [.. Enumerable.Range(start, Math.Min(Block, table.Rows - start))]);
                var contributions = new double[matrix.Values.Length];
                _contributions.Of(matrix.Values, contributions);
                var raw = _trees.Raw(matrix, s_alone);
                for (var r = 0; r < matrix.Rows; r++)
                {
                    yield return Explained(contributions.AsSpan(r * matrix.Columns, matrix.Columns), raw[r]);
                }
            }
        }
    }

    /// <summary>The same of one row.</summary>
    public Explanation Explain(FeatureTable table, int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, table.Rows);
        CheckSet(table);
        var values = FeatureMatrix.From(table, [row]).Row(0);
        return Explained(_contributions.Of(values), _trees.Raw(values));
    }

    private Explanation Explained(ReadOnlySpan<double> contributions, double raw)
    {
        var sum = _contributions.Base;
        foreach (var contribution in contributions)
        {
            sum += contribution;
        }

        return Math.Abs(sum - raw) <= Tolerance * Math.Max(1, Math.Abs(raw))
            ? new(_contributions.Base, raw, contributions.ToArray(), _groups.Raising(contributions))
            : throw new ModelException($"The contributions of a row do not add up to its score under the model for '{Document.Task}': {sum:R} against {raw:R}.");
    }

    private FeatureMatrix MatrixOf(FeatureTable table)
    {
        CheckSet(table);
        return FeatureMatrix.From(table);
    }

    private void CheckSet(FeatureTable table)
    {
        if (table.SetHash != Document.FeatureSetHash)
        {
            throw new ModelException(
                $"The model for '{Document.Task}' was trained on feature set '{Document.FeatureSet}' {Document.FeatureSetHash} and cannot score '{table.SetName}' {table.SetHash}.");
        }

        if (table.Columns.Count != Document.Columns.Count)
        {
            throw new ModelException(
                $"The table has {table.Columns.Count} columns where the model for '{Document.Task}' knows {Document.Columns.Count}, though both name the same feature set.");
        }
    }
}
