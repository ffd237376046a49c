using System.Globalization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>A model that was made elsewhere, and is to be registered.</summary>
public sealed record ModelFromElsewhere
{
    /// <summary>Task it foresees.</summary>
    public required TaskDefinition Task { get; init; }

    /// <summary>What scores.</summary>
    public required ModelKind Kind { get; init; }

    /// <summary>Its file; null for an endpoint.</summary>
    public byte[]? File { get; init; }

    /// <summary>Where it is asked; null for a file.</summary>
    public HttpEndpoint? Endpoint { get; init; }

    /// <summary>The mapping of its features, as JSON.</summary>
    public required byte[] Mapping { get; init; }

    /// <summary>What the mapping is called in messages.</summary>
    public required string MappingName { get; init; }

    /// <summary>Up to when its training data were known; null where nobody says, and it may have seen all up to now.</summary>
    public Instant? TrainedUntil { get; init; }

    /// <summary>From its log-odds to probabilities; null for as given, or to be fitted.</summary>
    public PlattScaling? Calibration { get; init; }

    /// <summary>Observations on whose labelled rows it is calibrated; null for not.</summary>
    public ObservationsManifest? CalibrateOn { get; init; }

    /// <summary>Who registers it.</summary>
    public required string By { get; init; }

    /// <summary>Why.</summary>
    public required string Why { get; init; }
}

/// <summary>A registered version.</summary>
/// <param name="Version">Its name.</param>
/// <param name="Document">What it says of itself.</param>
/// <param name="AlreadyThere">Whether it was there before.</param>
/// <param name="IsChallenger">Whether it is the challenger now: not where it was decided about before, or where the task has no champion to challenge.</param>
public sealed record RegisteredModel(string Version, ModelDocument Document, bool AlreadyThere, bool IsChallenger);

/// <summary>Registers models that were made elsewhere, each an immutable version <c>models/{task}/{version}</c> named by all its scores depend on.</summary>
public static class ModelRegistration
{
    /// <summary>Rows a calibration is fitted on at the most: two numbers are told well enough, and an endpoint is asked for each.</summary>
    private const int MostRows = 20_000;

    /// <summary>
    /// Writes the version and makes it the challenger; what does not fit throws <see cref="ModelException"/> with one line, and nothing is
    /// written. An endpoint is not asked, but to calibrate. A task's first champion it never becomes: nobody has evaluated it.
    /// </summary>
    public static async Task<RegisteredModel> RegisterAsync(CohortStore store, ModelFromElsewhere asked, TimeProvider time, CancellationToken cancellationToken)
    {
        var registry = new ModelRegistry(store, time);
        await registry.CheckAsync(asked.Task.Name, cancellationToken);
        var set = FeatureSet.Named(asked.Task.FeatureSet);
        CheckColumns(asked, set);
        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        var origin = new ModelOrigin { By = asked.By, Why = asked.Why, At = now, Calibration = asked.Calibration is null ? "as given" : "calibrated as stated at registration" };
        // A whole second: the version is named by it where nobody says until when the model was taught.
        var until = asked.TrainedUntil ?? Instant.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var model = RiskModel.FromElsewhere(asked.Task, set, asked.Kind, asked.File, asked.Mapping, asked.Endpoint, origin, until, asked.Calibration);
        if (asked.CalibrateOn is { } manifest)
        {
            model = await CalibrateAsync(store, manifest, asked.Task, set, model, origin, cancellationToken);
        }

        var version = ModelFiles.VersionOf(model);
        var there = await store.Lake.TryReadAsync(LakePaths.Model(asked.Task.Name, version, ModelFiles.DocumentName), cancellationToken);
        foreach (var (name, bytes) in there is null ? ModelFiles.Save(model) : [])
        {
            await store.Lake.CreateDerivedAsync(LakePaths.Model(asked.Task.Name, version, name), bytes, cancellationToken);
        }

        var state = await registry.ReadAsync(asked.Task.Name, cancellationToken);
        if (state.Champion is not null && !state.Knows(version))
        {
            await registry.DecideAsync(state, new NewDecision(DecisionKind.Challenger, version, asked.By) { Why = asked.Why }, cancellationToken);
            state = await registry.ReadAsync(asked.Task.Name, cancellationToken);
        }

        return new RegisteredModel(version, there is null ? model.Document : ModelFiles.ReadDocument(there), there is not null, state.Challenger == version);
    }

    /// <summary>What the mapping asks of the feature set, with the nearest names where there is no such column.</summary>
    private static void CheckColumns(ModelFromElsewhere asked, FeatureSet set)
    {
        FeatureMapping mapping;
        try
        {
            mapping = FeatureMapping.Read(asked.Mapping, asked.MappingName);
        }
        catch (FormatException e)
        {
            throw new ModelException(e.Message, e);
        }

        if (mapping.FeatureSet != set.Name)
        {
            throw new ModelException($"{asked.MappingName}: featureSet '{mapping.FeatureSet}': the task '{asked.Task.Name}' is described with '{set.Name}'.");
        }

        var names = set.Columns.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        if (mapping.Features.Index().FirstOrDefault(f => !names.Contains(f.Item.Column)) is { Item: { } unknown } at)
        {
            var nearest = NearestNames.Of(unknown.Column, names, 3);
            throw new ModelException(
                $"{asked.MappingName}: features[{at.Index}].column '{unknown.Column}': feature set '{set.Name}' has no such column. {(nearest.Count > 0 ? $"Did you mean {string.Join(" or ", nearest)}?" : "'rmon features list' names them.")}");
        }
    }

    private static async Task<RiskModel> CalibrateAsync(
        CohortStore store, ObservationsManifest manifest, TaskDefinition task, FeatureSet set, RiskModel model, ModelOrigin origin, CancellationToken cancellationToken)
    {
        var (reference, _) = UsableReference.WithZonesThatExist(await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken));
        var cohort = Cohort.Build(task, reference, TrainingStage.EndOfData(task, manifest, reference));
        var every = Math.Max(1, (cohort.Rows.Count + MostRows - 1) / MostRows);
        var rows = cohort.Rows.Where((_, i) => i % every == 0).ToArray();
        if (!rows.Any(r => r.Label) || rows.All(r => r.Label))
        {
            throw new LakeException($"{store.Folder}: the model cannot be calibrated on this cohort: of {rows.Length} labelled rows {rows.Count(r => r.Label)} have the outcome, and both kinds are needed.");
        }

        VectorKey[] keys = [.. rows.Select(r => new VectorKey(r.PatientId, r.AsOf.ToUnixMicros(), r.AsOf.ToUnixMicros()))];
        var table = await FeatureStage.BuildAsync(store, manifest, set, reference, keys, null, cancellationToken);
        var data = LabelledRows.Join(cohort.Only(rows), table);
        var (calibrated, scored, events) = await Task.Run(() => model.Calibrated(data, cancellationToken), cancellationToken);
        return events > 0 && events < scored
            ? calibrated.With(origin with { Calibration = string.Create(CultureInfo.InvariantCulture, $"calibrated on {scored} labelled rows of this cohort, {events} with the outcome, which may have taught it too") }, manifest.InputHash)
            : throw new ModelException($"The model for '{task.Name}' cannot be calibrated: it gave a number for {scored} of {rows.Length} labelled rows, {events} of them with the outcome.");
    }
}
