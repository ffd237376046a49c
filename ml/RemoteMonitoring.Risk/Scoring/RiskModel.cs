using System.Text;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>Scores as columns, parallel to the rows of the table that was scored.</summary>
/// <param name="Raw">Raw log-odds: the sum of the trees, or what a model from elsewhere says; NaN where that says nothing of a row.</param>
/// <param name="P">Calibrated probability, in [1e-4, 1 − 1e-4]; NaN where raw is.</param>
public sealed record RiskScores(double[] Raw, double[] P);

/// <summary>
/// A model: trees, or a model from elsewhere, with its calibration and all that is needed to know what it may be used for.
/// Immutable and safe to use from several threads. The same table gets the same bits each time, also after saving and
/// loading; of a model behind an endpoint nobody can promise that.
/// </summary>
public sealed class RiskModel
{
    // Of sums of thousands of terms in 64 bits.
    private const double Tolerance = 1e-6;

    private static readonly ParallelOptions s_alone = new() { MaxDegreeOfParallelism = 1 };

    private readonly TreeEnsemble? _trees;
    private readonly TreeContributions? _contributions;
    private readonly IOutsideModel? _outside;
    private readonly MappedColumns? _mapping;
    private readonly ColumnGroups _groups;

    internal RiskModel(ModelDocument document, TreeEnsemble trees, MappedColumns? mapping, IReadOnlyDictionary<string, byte[]> artefacts)
        : this(document, mapping, artefacts)
    {
        _trees = trees;
        _contributions = new(trees, mapping?.Count ?? document.Columns.Count);
    }

    internal RiskModel(ModelDocument document, IOutsideModel outside, MappedColumns mapping, IReadOnlyDictionary<string, byte[]> artefacts)
        : this(document, mapping, artefacts) => _outside = outside;

    private RiskModel(ModelDocument document, MappedColumns? mapping, IReadOnlyDictionary<string, byte[]> artefacts)
    {
        Document = document;
        Artefacts = artefacts;
        _mapping = mapping;
        _groups = new(document.Columns);
    }

    /// <summary>Everything about the model but its trees.</summary>
    public ModelDocument Document { get; }

    /// <summary>Whether it says what its scores are made of: trees do, others do not.</summary>
    public bool GivesReasons => _trees is not null;

    /// <summary>Its files but for the document, by name.</summary>
    internal IReadOnlyDictionary<string, byte[]> Artefacts { get; }

    internal TreeEnsemble Trees => _trees!;

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
        return new(document, fitted.Trees.Ensemble, null, new Dictionary<string, byte[]> { [ModelFiles.TreesName] = Encoding.UTF8.GetBytes(fitted.Trees.Text) });
    }

    /// <summary>
    /// A model that was made elsewhere, of its mapping and its file (of an endpoint none), for a task and the feature set that the mapping names.
    /// It is loaded, and tried where it is a file; what does not fit throws <see cref="ModelException"/> with one line.
    /// </summary>
    public static RiskModel FromElsewhere(
        TaskDefinition task, FeatureSet set, ModelKind kind, byte[]? file, byte[] mapping, HttpEndpoint? endpoint, ModelOrigin origin, Instant trainedUntil, PlattScaling? calibration)
    {
        var artefacts = new Dictionary<string, byte[]>(StringComparer.Ordinal) { [ModelFiles.MappingName] = mapping };
        if (kind != ModelKind.Http)
        {
            artefacts.Add(kind == ModelKind.Onnx ? ModelFiles.OnnxName : ModelFiles.TreesName, file ?? throw new ArgumentNullException(nameof(file)));
        }

        var document = new ModelDocument
        {
            SchemaVersion = ModelDocument.CurrentSchemaVersion,
            Kind = kind,
            Origin = origin,
            Endpoint = endpoint,
            Task = task.Name,
            TaskHash = task.Hash,
            FeatureSet = set.Name,
            FeatureSetHash = set.Hash,
            Columns = [.. set.Columns],
            Calibration = calibration ?? PlattScaling.Identity,
            Training = new() { TrainedUntil = trainedUntil, Rows = 0, Patients = 0, Events = 0, BaseRate = double.NaN, Trees = 0, Seed = 0, Settings = new() },
            Metrics = new Dictionary<string, IReadOnlyDictionary<string, Metric>>(),
            Sha256 = new Dictionary<string, string>(),
        };
        var model = ModelFiles.Make(document, artefacts);
        return calibration is null && kind == ModelKind.LightGbm
            ? model.With(document with { Calibration = new(TreesFromElsewhere.Sigmoid(Encoding.UTF8.GetString(file!)), 0) })
            : model;
    }

    /// <summary>The same model with a calibration that is fitted on labelled rows; rows it gives no number for do not count.</summary>
    /// <returns>The model, and how many rows and events it was calibrated on.</returns>
    public (RiskModel Model, int Rows, int Events) Calibrated(LabelledRows data, CancellationToken cancellationToken)
    {
        var raw = RawOf(data.Matrix, -1, cancellationToken);
        int[] rows = [.. Enumerable.Range(0, data.Rows).Where(r => double.IsFinite(raw[r]))];
        var scaling = PlattScaling.Fit(Array.ConvertAll(rows, r => raw[r]), Array.ConvertAll(rows, r => data.Label[r]));
        return (With(Document with { Calibration = scaling }), rows.Length, rows.Count(r => data.Label[r]));
    }

    /// <summary>The same model under another word of how it came here, and of the observations it was calibrated on.</summary>
    public RiskModel With(ModelOrigin origin, string observations) => With(Document with { Origin = origin, Observations = observations });

    /// <summary>
    /// Scores every row, on so many cores (-1: all). Throws <see cref="ModelException"/> when the table is of another feature set, and
    /// <see cref="ElsewhereException"/> when a model from elsewhere does not answer.
    /// </summary>
    public RiskScores Score(FeatureTable table, int cores = 1, CancellationToken cancellationToken = default)
    {
        CheckSet(table);
        var raw = RawOf(FeatureMatrix.From(table), cores, cancellationToken);
        return new(raw, Array.ConvertAll(raw, Document.Calibration.Probability));
    }

    /// <summary>
    /// Says what each column of each row adds to its raw score (Shapley values over the trees' own paths, weighted by training
    /// rows). Base and contributions add up to the raw score; a row in which they did not would throw. They describe the
    /// model, not the causes of illness. Rows are worked on in blocks, as they are asked for. A model that gives no reasons
    /// explains no row.
    /// </summary>
    public IEnumerable<Explanation> Explain(FeatureTable table)
    {
        CheckSet(table);
        return _trees is null ? Enumerable.Repeat(Explanation.None, table.Rows) : Rows(_trees, _contributions!);

        IEnumerable<Explanation> Rows(TreeEnsemble trees, TreeContributions shares)
        {
            const int Block = 256;
            for (var start = 0; start < table.Rows; start += Block)
            {
                var matrix = FeatureMatrix.From(table, [.. Enumerable.Range(start, Math.Min(Block, table.Rows - start))]);
                matrix = _mapping?.Of(matrix) ?? matrix;
                var contributions = new double[matrix.Values.Length];
                shares.Of(matrix.Values, contributions);
                var raw = trees.Raw(matrix, s_alone);
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
        if (_trees is null)
        {
            return Explanation.None;
        }

        var matrix = FeatureMatrix.From(table, [row]);
        var values = (_mapping?.Of(matrix) ?? matrix).Row(0);
        return Explained(_contributions!.Of(values), _trees.Raw(values));
    }

    private RiskModel With(ModelDocument document) =>
        _trees is not null ? new(document, _trees, _mapping, Artefacts) : new(document, _outside!, _mapping!, Artefacts);

    private double[] RawOf(FeatureMatrix matrix, int cores, CancellationToken cancellationToken)
    {
        matrix = _mapping?.Of(matrix) ?? matrix;
        return _outside is not null ? _outside.Raw(matrix, cancellationToken) : _trees!.Raw(matrix, new ParallelOptions { MaxDegreeOfParallelism = cores });
    }

    private Explanation Explained(ReadOnlySpan<double> contributions, double raw)
    {
        var start = _contributions!.Base;
        var sum = start;
        foreach (var contribution in contributions)
        {
            sum += contribution;
        }

        if (!(Math.Abs(sum - raw) <= Tolerance * Math.Max(1, Math.Abs(raw))))
        {
            throw new ModelException($"The contributions of a row do not add up to its score under the model for '{Document.Task}': {sum:R} against {raw:R}.");
        }

        var shares = _mapping?.ByColumn(contributions) ?? contributions.ToArray();
        return new(start, raw, shares, _groups.Raising(shares));
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
