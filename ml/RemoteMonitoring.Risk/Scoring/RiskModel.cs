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
    private readonly TreeEnsemble _trees;
    private readonly TreeContributions _contributions;

    internal RiskModel(ModelDocument document, TreeEnsemble trees, string text)
    {
        Document = document;
        _trees = trees;
        Text = text;
        _contributions = new(trees, document.Columns.Count);
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
        var rows = Thinning.Of(data, [.. Enumerable.Range(0, data.Rows).Where(r => data.LabelKnown[r] <= cutOff)], settings.RowsPerFit);
        var events = rows.Count(r => data.Label[r]);
        if (events == 0 || events == rows.Length)
        {
            throw new ArgumentException(
                $"The task '{data.Task.Name}' cannot be learned by {until}: {events} of {rows.Length} rows have the outcome.", nameof(data));
        }

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

    /// <summary>Scores every row. Throws <see cref="ModelException"/> when the table is of another feature set.</summary>
    public RiskScores Score(FeatureTable table)
    {
        var matrix = MatrixOf(table);
        var raw = new double[table.Rows];
        var p = new double[table.Rows];
        for (var r = 0; r < raw.Length; r++)
        {
            raw[r] = _trees.Raw(matrix.Row(r));
            p[r] = Document.Calibration.Probability(raw[r]);
        }

        return new(raw, p);
    }

    /// <summary>
    /// Says what each column of one row adds to its raw score (Shapley values over the trees' own paths, weighted by training
    /// rows). Base and contributions add up to the raw score. They describe the model, not the causes of illness.
    /// </summary>
    public Explanation Explain(FeatureTable table, int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, table.Rows);
        CheckSet(table);
        var values = new float[table.Columns.Count];
        for (var c = 0; c < values.Length; c++)
        {
            values[c] = FeatureMatrix.ToFloat(table.Values[c][row]);
        }

        return Explanation.Of(Document.Columns, _contributions.Of(values), _contributions.Base, _trees.Raw(values));
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
