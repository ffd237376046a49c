using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>Which vectors are asked for.</summary>
public sealed record FeatureExportRequest
{
    /// <summary>Set.</summary>
    public required FeatureSet Set { get; init; }

    /// <summary>Task whose patients, and whose labels, are asked for; null for everybody who is enrolled.</summary>
    public TaskDefinition? Task { get; init; }

    /// <summary>The instants, in order; null for the grid of the task, which goes with labels only.</summary>
    public IReadOnlyList<Instant>? Instants { get; init; }

    /// <summary>Nothing known later is used; null for each row's own as-of.</summary>
    public Instant? KnownBy { get; init; }

    /// <summary>Whether the rows are those that have a label, as in training, and carry it.</summary>
    public bool Labels { get; init; }

    /// <summary>Only these patients; null for all. Without a task it is they, enrolled or not.</summary>
    public IReadOnlyList<string>? Patients { get; init; }
}

/// <summary>Vectors for people's tools.</summary>
public sealed class FeatureExport
{
    private readonly FeatureExportRequest _request;
    private readonly IReadOnlyList<CohortRow>? _labels;

    private FeatureExport(FeatureExportRequest request, VectorKey[] rows, FeatureTable table, IReadOnlyList<CohortRow>? labels, IReadOnlyList<CohortFlowStep> flow)
    {
        (_request, Rows, Vectors, _labels, Flow) = (request, rows, table, labels, flow);
        IsRetrospective = FeatureStage.AreRetrospective(rows);
    }

    /// <summary>The rows, sorted by patient, then as-of.</summary>
    public IReadOnlyList<VectorKey> Rows { get; }

    /// <summary>Their vectors.</summary>
    public FeatureTable Vectors { get; }

    /// <summary>From roster to rows; empty where no task says who counts, and where instants are many.</summary>
    public IReadOnlyList<CohortFlowStep> Flow { get; }

    /// <summary>Whether a row may use what was known after its as-of.</summary>
    public bool IsRetrospective { get; }

    /// <summary>Builds the vectors.</summary>
    public static async Task<FeatureExport> BuildAsync(
        CohortStore store, ObservationsManifest manifest, FeatureExportRequest request, Action<int, int>? done, CancellationToken cancellationToken)
    {
        var (reference, _) = UsableReference.WithZonesThatExist(await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken));
        IReadOnlyList<CohortRow>? labels = null;
        IReadOnlyList<CohortFlowStep> flow = [];
        List<(string Patient, Instant AsOf)> population;
        if (request is { Task: { } taught, Labels: true })
        {
            var cohort = Cohort.Build(taught, reference, request.Instants, TrainingStage.EndOfData(taught, manifest, reference));
            labels = [.. cohort.Rows.Where(r => request.Patients?.Contains(r.PatientId) != false)];
            flow = cohort.Flow;
            population = [.. labels.Select(r => (r.PatientId, r.AsOf))];
        }
        else
        {
            var instants = request.Instants ?? throw new ArgumentException("Without labels there is no grid of a task: instants are needed.", nameof(request));
            (population, flow) = request.Task is { } task
                ? Scoreable(task, reference, request, instants)
                : (await EverybodyAsync(store.Lake, manifest, reference, request, instants, cancellationToken), []);
        }

        VectorKey[] rows = [.. population.Select(p => new VectorKey(p.Patient, p.AsOf.ToUnixMicros(), (request.KnownBy ?? p.AsOf).ToUnixMicros()))];
        var table = await FeatureStage.BuildAsync(store, manifest, request.Set, reference, rows, built => done?.Invoke(built, rows.Length), cancellationToken);
        return new FeatureExport(request, rows, table, labels, flow);
    }

    /// <summary>
    /// The table: <c>patient_id, as_of, known_by</c>, the features and, where labels are asked for, <c>label</c> and <c>label_known</c>.
    /// Its bytes are a function of the rows and what was asked for: nothing that landed later, and makes no difference to them, shows.
    /// </summary>
    public ParquetTable ToParquet()
    {
        var table = FeatureStage.ToParquet(Vectors, Rows);
        if (_labels is not null)
        {
            table.Boolean("label", [.. _labels.Select(r => r.Label)]).Time("label_known", [.. _labels.Select(r => r.LabelKnown.ToUnixMicros())]);
        }

        table.Metadata["remotemonitoring.known-by"] = _request.KnownBy?.ToString() ?? "as-of";
        if (_request.Task is { } task)
        {
            table.Metadata["remotemonitoring.task"] = task.Name;
        }

        return table;
    }

    /// <summary>The data dictionary of the table.</summary>
    public IReadOnlyList<IReadOnlyList<string?>> Dictionary() => FeatureDictionaryFile.Rows(_request.Set, IsRetrospective, _labels is null ? null : _request.Task!.Title);

    /// <summary>Whom the task can score, by what was known at each instant, or by known-by where that was before.</summary>
    private static (List<(string, Instant)> Rows, IReadOnlyList<CohortFlowStep> Flow) Scoreable(
        TaskDefinition task, ReferenceData reference, FeatureExportRequest request, IReadOnlyList<Instant> instants)
    {
        var known = request.KnownBy is { } knownBy ? UsableReference.KnownBy(reference, knownBy) : reference;
        var cohorts = instants.Select(instant => Cohort.Scoreable(task, known, instant)).ToArray();
        // A task that asks once a stay gives the same row at every instant from then on.
        return (Sorted(cohorts.SelectMany(c => c.Rows).Where(r => request.Patients?.Contains(r.PatientId) != false).Select(r => (r.PatientId, r.AsOf)).Distinct()),
            cohorts is [var only] ? only.Flow : []);
    }

    private static async Task<List<(string, Instant)>> EverybodyAsync(
        Lake lake, ObservationsManifest manifest, ReferenceData reference, FeatureExportRequest request, IReadOnlyList<Instant> instants, CancellationToken cancellationToken)
    {
        if (request.Patients is { } named)
        {
            return Sorted(named.Distinct(StringComparer.Ordinal).SelectMany(patient => instants.Select(instant => (patient, instant))));
        }

        Instant KnownBy(Instant asOf) => request.KnownBy ?? asOf;
        var enrolled = instants.Select(instant => Cohort.Enrolled(reference, instant, KnownBy(instant))).ToArray();
        if (enrolled.Any(e => e is not null))
        {
            return Sorted(instants.SelectMany((instant, i) => (enrolled[i] ?? []).Select(patient => (patient, instant))));
        }

        // The census enrols nobody, as where messages came without paper: then readings are all there is to go by.
        var rows = new List<(string, Instant)>();
        var (from, to) = (FeatureStage.DaysOf(request.Set, instants.Min().ToUnixMicros()).From, FeatureStage.DaysOf(request.Set, instants.Max().ToUnixMicros()).To);
        for (var shard = 0; shard < manifest.Shards; shard++)
        {
            var observations = await CompactionStage.ReadShardAsync(lake, manifest, shard, from, to, cancellationToken);
            rows.AddRange(
                from patient in observations.PatientIds
                from instant in instants
                let asOf = instant.ToUnixMicros()
                where observations.AnyHeld(patient, asOf - request.Set.LookBack, asOf, KnownBy(instant).ToUnixMicros())
                select (patient, instant));
        }

        return Sorted(rows);
    }

    private static List<(string Patient, Instant AsOf)> Sorted(IEnumerable<(string Patient, Instant AsOf)> rows) =>
        [.. rows.OrderBy(r => r.Patient, StringComparer.Ordinal).ThenBy(r => r.AsOf)];
}
