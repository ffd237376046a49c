using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>What training made, and where it lies in the lake.</summary>
public sealed record TrainedModel
{
    /// <summary>Task, and name of the model.</summary>
    public required string Task { get; init; }

    /// <summary>Version: a hash of everything the model was made of.</summary>
    public required string Version { get; init; }

    /// <summary>Report of each evaluation; the first is the one the model is judged by.</summary>
    public required IReadOnlyList<EvaluationReport> Reports { get; init; }

    /// <summary>Lake path of the held-out predictions of each evaluation, parallel to <see cref="Reports"/>.</summary>
    public required IReadOnlyList<string> HeldOut { get; init; }

    /// <summary>Lake path of the vectors that were trained on.</summary>
    public required string Features { get; init; }

    /// <summary>Lake path of the report for people: one HTML page.</summary>
    public string Report => LakePaths.Model(Task, Version, ReportPage.FileName);

    /// <summary>Lake path of the model card.</summary>
    public string Card => LakePaths.Model(Task, Version, ReportPage.CardName);

    /// <summary>Lake folder of the model.</summary>
    public string Folder => LakePaths.Model(Task, Version, "").TrimEnd('/');
}

/// <summary>
/// Cohort and labels → vectors as known at each instant → evaluation on held-out rows → final model. The version is the hash
/// of the inputs, so the same training again finds its model and returns it; of one that was interrupted it makes what is
/// missing.
/// </summary>
public static class TrainingStage
{
    private const string Rules = "training 7";

    /// <summary>Trains a task's model over what has been compacted.</summary>
    /// <returns>The model, and whether it was there already.</returns>
    public static async Task<(TrainedModel Model, bool AlreadyThere)> RunAsync(
        CohortStore store,
        ObservationsManifest manifest,
        TaskDefinition task,
        TrainingSettings settings,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        var (version, features) = Names(manifest, task, settings);
        var registry = new ModelRegistry(store, TimeProvider.System);
        var alreadyThere = await store.Lake.ExistsAsync(features, cancellationToken) && await ModelTraining.IsWholeAsync(store.Lake, task, version, cancellationToken);
        if (!alreadyThere)
        {
            await registry.CheckAsync(task.Name, cancellationToken);
            var (snapshot, file) = await SnapshotAsync(store, manifest, task, settings, features, progress, cancellationToken);
            await ModelTraining.RunAsync(store.Lake, snapshot, new GivenSnapshot(store, task.Name, version, file.Path, file.Sha256), progress, cancellationToken);
        }

        await registry.AddTrainedAsync(task.Name, version, ModelRegistry.Me, cancellationToken);
        return (await ReadAsync(store.Lake, task, version, features, cancellationToken), alreadyThere);
    }

    /// <summary>
    /// Makes the snapshot that a training is made of, where it is not there yet, and says where it lies; and whether the model is there already. Where nothing could
    /// be decided about the model, throws <see cref="LakeException"/>.
    /// </summary>
    public static async Task<(string Version, LakeFile Snapshot, bool IsTrained)> PrepareAsync(
        CohortStore store, ObservationsManifest manifest, TaskDefinition task, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var (version, features) = Names(manifest, task, settings);
        await new ModelRegistry(store, TimeProvider.System).CheckAsync(task.Name, cancellationToken);
        if (await store.Lake.TryReadAsync(features, cancellationToken) is { } bytes)
        {
            return (version, new LakeFile(features, bytes.Length, Lake.Hash(bytes)), await ModelTraining.IsWholeAsync(store.Lake, task, version, cancellationToken));
        }

        return (version, (await SnapshotAsync(store, manifest, task, settings, features, progress, cancellationToken)).File, false);
    }

    /// <summary>
    /// What training makes the model of, and where it was written. Of an erasure meanwhile it cannot be told whether it found the file: then nothing of it stays, and
    /// <see cref="LakeException"/> says so.
    /// </summary>
    private static async Task<(TrainingSnapshot Snapshot, LakeFile File)> SnapshotAsync(
        CohortStore store, ObservationsManifest manifest, TaskDefinition task, TrainingSettings settings, string path, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var erasures = manifest.Inputs.Reference.GetValueOrDefault(ReferenceKinds.Erasures);
        async Task<bool> IsErasedAsync() => (await store.Reference.ErasuresAsync(cancellationToken)).Count != erasures;
        LakeException Erased() => new($"{store.Lake.NameOf(path)}: somebody was erased since the observations that it is made of were compacted. Nothing of it is kept: train again.");
        TrainingSnapshot snapshot;
        try
        {
            snapshot = await MakeAsync(store, manifest, task, settings, progress, cancellationToken);
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            // Files that it reads are other files then.
            if (await IsErasedAsync())
            {
                throw Erased();
            }

            throw;
        }

        var file = await WriteAsync(store.Lake, snapshot, path, cancellationToken);
        if (await IsErasedAsync())
        {
            await store.Lake.DeleteAsync(path, CancellationToken.None);
            throw Erased();
        }

        return (snapshot, file);
    }

    private static async Task<TrainingSnapshot> MakeAsync(
        CohortStore store, ObservationsManifest manifest, TaskDefinition task, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var labelled = await LabelAsync(store, manifest, task, FeatureSet.Named(task.FeatureSet), settings, progress, cancellationToken);
        return new TrainingSnapshot
        {
            Version = Names(manifest, task, settings).Version,
            Settings = settings,
            Data = labelled.Data,
            Flow = labelled.Flow,
            EndOfData = labelled.EndOfData,
            Context = RowContext.Of(task, labelled.Reference, labelled.EndOfData),
            Observations = manifest.InputHash,
            Streams = [.. manifest.Inputs.Frontier.Keys.Select(k => k.Split('/')[0]).Distinct(StringComparer.Ordinal)],
        };
    }

    private static async Task<LakeFile> WriteAsync(Lake lake, TrainingSnapshot snapshot, string path, CancellationToken cancellationToken)
    {
        await FeatureDictionaryFile.KeepAsync(lake, FeatureSet.Named(snapshot.Task.FeatureSet), cancellationToken);
        return await lake.CreateDerivedAsync(path, snapshot.ToParquet().ToBytes(), cancellationToken);
    }

    private static (string Version, string Features) Names(ObservationsManifest manifest, TaskDefinition task, TrainingSettings settings)
    {
        var set = FeatureSet.Named(task.FeatureSet);
        var version = Hash($"{Rules}\n{manifest.InputHash}\n{task.Hash}\n{set.Hash}\n{task.EvaluationHash}\n{settings.Canonical()}");
        return (version, LakePaths.Features(set.Definition.Name, "snapshots", $"{task.Name}-{version}"));
    }

    /// <summary>How good models taught by fewer patients are, on the held-out rows of the task's first split.</summary>
    public static async Task<IReadOnlyList<LearningCurvePoint>> LearningCurveAsync(
        CohortStore store, ObservationsManifest manifest, TaskDefinition task, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken) =>
        LearningCurve.Of((await LabelAsync(store, manifest, task, FeatureSet.Named(task.FeatureSet), settings, progress, cancellationToken)).Data, settings, progress, cancellationToken);

    /// <summary>The rows of the task with labels and vectors. Throws <see cref="LakeException"/> where nothing can be learned from them, or nothing tested.</summary>
    private static async Task<Labelled> LabelAsync(
        CohortStore store, ObservationsManifest manifest, TaskDefinition task, FeatureSet set, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var (reference, zones) = UsableReference.WithZonesThatExist(await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken));
        var endOfData = EndOfData(task, manifest, reference);
        var cohort = Cohort.Build(task, reference, endOfData);
        if (!cohort.Rows.Any(r => r.Label) || cohort.Rows.All(r => r.Label))
        {
            throw new LakeException(
                $"The task '{task.Name}' cannot be learned from this cohort: of {cohort.Rows.Count} rows {cohort.Rows.Count(r => r.Label)} have the outcome, and both kinds are needed.");
        }

        progress?.Report(new TrainingProgress("Vectors", 0, cohort.Rows.Count));
        // In training nothing counts that was not known at the row's own instant.
        VectorKey[] keys = [.. cohort.Rows.Select(r => new VectorKey(r.PatientId, r.AsOf.ToUnixMicros(), r.AsOf.ToUnixMicros()))];
        var table = await FeatureStage.BuildAsync(
            store, manifest, set, reference, keys, done => progress?.Report(new TrainingProgress("Vectors", done, keys.Length)), cancellationToken);
        var data = LabelledRows.Join(cohort, table);
        if (task.Splits.Where(s => Splits.Of(s, data, settings.Folds, settings.Seed).Count == 0).Select(ModelTraining.Name).FirstOrDefault() is { } impossible)
        {
            throw new LakeException(
                $"The task '{task.Name}' cannot be evaluated on this cohort ({impossible}): its {cohort.Rows.Count} rows, {cohort.Rows.Count(r => r.Label)} of them with the outcome, leave no part to test beside one with both kinds to learn from.");
        }

        return new(data, reference, zones is null ? cohort.Flow : [.. cohort.Flow, zones], endOfData);
    }

    /// <summary>The instant up to which outcomes had the time to become known.</summary>
    /// <remarks>A task that looks to the end of a stay, or whose outcome is told at its end, waits for outcomes long after the last reading; the others must not look past the readings, since nobody says that outcomes were watched for longer.</remarks>
    internal static Instant EndOfData(TaskDefinition task, ObservationsManifest manifest, ReferenceData reference)
    {
        var watermark = UnixMicros.ToInstant(manifest.Inputs.Watermark);
        return task.Horizon.Unit is HorizonUnit.RestOfStay or HorizonUnit.Ongoing
            ? reference.Outcomes.Select(o => o.Known).Concat(reference.Census.Select(c => c.Known)).Append(watermark).Max()
            : watermark;
    }

    private static async Task<TrainedModel> ReadAsync(Lake lake, TaskDefinition task, string version, string features, CancellationToken cancellationToken)
    {
        var reports = new List<EvaluationReport>();
        foreach (var split in task.Splits)
        {
            reports.Add(await ReadReportAsync(lake, ModelTraining.ReportPath(task, version, split), cancellationToken));
        }

        return new TrainedModel
        {
            Task = task.Name,
            Version = version,
            Reports = reports,
            HeldOut = [.. task.Splits.Select(split => ModelTraining.HeldOutPath(task, version, split))],
            Features = features,
        };
    }

    private static async Task<EvaluationReport> ReadReportAsync(Lake lake, string path, CancellationToken cancellationToken)
    {
        var bytes = await lake.ReadAsync(path, cancellationToken);
        try
        {
            return EvaluationReport.FromJson(Encoding.UTF8.GetString(bytes));
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(path)}: not an evaluation report ({e.Message.Split('\n')[0]}). Delete it and train again: it comes out the same.", e);
        }
    }

    private static string Hash(string text) => Lake.Hash(Encoding.UTF8.GetBytes(text))[..16];

    private sealed record Labelled(LabelledRows Data, ReferenceData Reference, IReadOnlyList<CohortFlowStep> Flow, Instant EndOfData);
}
