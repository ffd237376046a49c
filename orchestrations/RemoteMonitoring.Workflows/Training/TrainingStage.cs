using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
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
    /// <summary>Metadata key of a snapshot: the observations it was made of.</summary>
    internal const string ObservationsKey = "remotemonitoring.observations";

    private const string Rules = "training 4";

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
        var set = FeatureSet.Named(task.FeatureSet);
        var version = Hash($"{Rules}\n{manifest.InputHash}\n{task.Hash}\n{set.Hash}\n{task.EvaluationHash}\n{settings.Canonical()}");
        var features = LakePaths.Features(set.Definition.Name, "snapshots", $"{task.Name}-{version}");
        var registry = new ModelRegistry(store, TimeProvider.System);
        if (await IsWholeAsync(store.Lake, task, version, features, cancellationToken))
        {
            await registry.AddTrainedAsync(task.Name, version, ModelRegistry.Me, cancellationToken);
            return (await ReadAsync(store.Lake, task, version, features, cancellationToken), true);
        }

        await registry.CheckAsync(task.Name, cancellationToken);
        var labelled = await LabelAsync(store, manifest, task, set, settings, progress, cancellationToken);
        var (data, endOfData) = (labelled.Data, labelled.EndOfData);
        var snapshot = FeatureStage.ToParquet(data.Features, labelled.Keys);
        snapshot.Metadata[ObservationsKey] = manifest.InputHash;
        await FeatureDictionaryFile.KeepAsync(store.Lake, set, cancellationToken);
        await store.Lake.CreateDerivedAsync(features, snapshot.ToBytes(), cancellationToken);
        settings = await SearchedAsync(store.Lake, task, version, data, endOfData, settings, progress, cancellationToken);
        var context = RowContext.Of(task, labelled.Reference, endOfData);
        var results = new List<EvaluationResult>();
        foreach (var split in task.Splits)
        {
            var result = Evaluator.Evaluate(data, labelled.Flow, split, settings, progress, cancellationToken, context);
            results.Add(result);
            await store.Lake.CreateDerivedAsync(HeldOutPath(task, version, split), HeldOutTable.ToParquet(result.HeldOut).ToBytes(), cancellationToken);
            await store.Lake.CreateDerivedAsync(ReportPath(task, version, split), Encoding.UTF8.GetBytes(result.Report.ToJson()), cancellationToken);
        }

        var model = RiskModel.Train(data, endOfData, settings, results[0].Report, progress, cancellationToken, manifest.InputHash);
        await ReportFiles.WriteAsync(store.Lake, manifest, task, version, model.Document, results, cancellationToken);
        await BandDecisions.DefaultAsync(store.Lake, task.Name, version, results[0].HeldOut.P, results[0].HeldOut.Label, cancellationToken);
        foreach (var (name, bytes) in ModelFiles.Save(model))
        {
            await store.Lake.CreateDerivedAsync(LakePaths.Model(task.Name, version, name), bytes, cancellationToken);
        }

        await registry.AddTrainedAsync(task.Name, version, ModelRegistry.Me, cancellationToken);
        return (await ReadAsync(store.Lake, task, version, features, cancellationToken), false);
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
        if (task.Splits.Where(s => Splits.Of(s, data, settings.Folds, settings.Seed).Count == 0).Select(Name).FirstOrDefault() is { } impossible)
        {
            throw new LakeException(
                $"The task '{task.Name}' cannot be evaluated on this cohort ({impossible}): its {cohort.Rows.Count} rows, {cohort.Rows.Count(r => r.Label)} of them with the outcome, leave no part to test beside one with both kinds to learn from.");
        }

        return new(data, keys, reference, zones is null ? cohort.Flow : [.. cohort.Flow, zones], endOfData);
    }

    /// <summary>
    /// The settings with what searches find. It is written down before anything is trained with it, so that a training that was
    /// interrupted goes on with the same, however much time there is then.
    /// </summary>
    private static async Task<TrainingSettings> SearchedAsync(
        Lake lake, TaskDefinition task, string version, LabelledRows data, Instant until, TrainingSettings settings, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        if (settings.Trials == 0)
        {
            return settings;
        }

        var path = LakePaths.Model(task.Name, version, SearchFile.Name);
        if (await lake.TryReadAsync(path, cancellationToken) is not { } bytes)
        {
            bytes = SearchFile.Write(SettingsSearch.ForAll(data, until, settings, TimeProvider.System, progress, cancellationToken));
            await lake.CreateDerivedAsync(path, bytes, cancellationToken);
        }

        try
        {
            return settings with { Found = SearchFile.Read(bytes, lake.NameOf(path)) };
        }
        catch (ModelException e)
        {
            throw new LakeException(e.Message, e);
        }
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
            reports.Add(await ReadReportAsync(lake, ReportPath(task, version, split), cancellationToken));
        }

        return new TrainedModel
        {
            Task = task.Name,
            Version = version,
            Reports = reports,
            HeldOut = [.. task.Splits.Select(split => HeldOutPath(task, version, split))],
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

    private static Task<bool> IsWholeAsync(Lake lake, TaskDefinition task, string version, string features, CancellationToken cancellationToken) => lake.AllExistAsync(
        [
            features,
            .. task.Splits.SelectMany(split => (string[])[HeldOutPath(task, version, split), ReportPath(task, version, split)]),
            .. ReportFiles.Paths(task, version),
            .. ModelFiles.TrainedNames.Select(name => LakePaths.Model(task.Name, version, name)),
        ],
        cancellationToken);

    private static string HeldOutPath(TaskDefinition task, string version, SplitKind split) => LakePaths.Model(task.Name, version, $"held-out-{Name(split)}.parquet");

    private static string ReportPath(TaskDefinition task, string version, SplitKind split) => LakePaths.Model(task.Name, version, $"evaluation-{Name(split)}.json");

    private static string Name(SplitKind split) => JsonNamingPolicy.KebabCaseLower.ConvertName(split.ToString());

    private static string Hash(string text) => Lake.Hash(Encoding.UTF8.GetBytes(text))[..16];

    private sealed record Labelled(LabelledRows Data, VectorKey[] Keys, ReferenceData Reference, IReadOnlyList<CohortFlowStep> Flow, Instant EndOfData);
}
