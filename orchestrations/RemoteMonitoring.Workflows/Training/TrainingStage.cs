using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
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

    private const string Rules = "training 3";

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

        var snapshot = FeatureStage.ToParquet(table, keys);
        snapshot.Metadata[ObservationsKey] = manifest.InputHash;
        await FeatureDictionaryFile.KeepAsync(store.Lake, set, cancellationToken);
        await store.Lake.CreateDerivedAsync(features, snapshot.ToBytes(), cancellationToken);
        var reports = new List<EvaluationReport>();
        foreach (var split in task.Splits)
        {
            var (report, heldOut) = Evaluator.Evaluate(data, zones is null ? cohort.Flow : [.. cohort.Flow, zones], split, settings, progress, cancellationToken);
            reports.Add(report);
            await store.Lake.CreateDerivedAsync(HeldOutPath(task, version, split), ToParquet(heldOut).ToBytes(), cancellationToken);
            await store.Lake.CreateDerivedAsync(ReportPath(task, version, split), Encoding.UTF8.GetBytes(report.ToJson()), cancellationToken);
        }

        var model = RiskModel.Train(data, endOfData, settings, reports[0], progress, cancellationToken, manifest.InputHash);
        foreach (var (name, bytes) in ModelFiles.Save(model))
        {
            await store.Lake.CreateDerivedAsync(LakePaths.Model(task.Name, version, name), bytes, cancellationToken);
        }

        await registry.AddTrainedAsync(task.Name, version, ModelRegistry.Me, cancellationToken);
        return (await ReadAsync(store.Lake, task, version, features, cancellationToken), false);
    }

    /// <summary>The instant up to which outcomes had the time to become known.</summary>
    /// <remarks>A task that looks to the end of a stay waits for outcomes long after the last reading; the others must not look past the readings, since nobody says that outcomes were watched for longer.</remarks>
    internal static Instant EndOfData(TaskDefinition task, ObservationsManifest manifest, ReferenceData reference)
    {
        var watermark = UnixMicros.ToInstant(manifest.Inputs.Watermark);
        return task.Horizon.Unit == HorizonUnit.RestOfStay
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
            .. ModelFiles.Names.Select(name => LakePaths.Model(task.Name, version, name)),
        ],
        cancellationToken);

    private static ParquetTable ToParquet(HeldOutRows rows) => new ParquetTable()
        .Text("patient_id", rows.PatientId)
        .Time("as_of", rows.AsOf)
        .Int32("fold", rows.Fold)
        .Boolean("label", rows.Label)
        .Float64("p", rows.P)
        .Float64("news2_low", rows.News2Low)
        .Float64("news2_point", rows.News2Point)
        .Float64("news2_high", rows.News2High)
        .Float64("p_logistic", rows.Logistic)
        .Float64("raw", rows.Raw)
        .Boolean("alert", rows.Alert)
        .Float64("trailing_7d", rows.TrailingCount7Days)
        .Float64("trailing_28d", rows.TrailingCount28Days);

    private static string HeldOutPath(TaskDefinition task, string version, SplitKind split) => LakePaths.Model(task.Name, version, $"held-out-{Name(split)}.parquet");

    private static string ReportPath(TaskDefinition task, string version, SplitKind split) => LakePaths.Model(task.Name, version, $"evaluation-{Name(split)}.json");

    private static string Name(SplitKind split) => JsonNamingPolicy.KebabCaseLower.ConvertName(split.ToString());

    private static string Hash(string text) => Lake.Hash(Encoding.UTF8.GetBytes(text))[..16];
}
