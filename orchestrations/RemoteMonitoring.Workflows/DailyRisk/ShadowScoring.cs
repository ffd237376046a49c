using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>What a challenger scored in the shadow of a run, or why it did not; beside the run's ledger entry.</summary>
public sealed record ShadowEntry
{
    /// <summary>The version that this program writes, and the newest it reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>What has to be known by whoever compares these scores with what happened.</summary>
    public const string OutcomesFollowed = "Nobody was called because of these scores: who was called, and so what happened next, followed the champion's list.";

    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>The run in whose shadow it is.</summary>
    public required string Run { get; init; }

    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>Instant scored.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>The model whose list went out.</summary>
    public required string Champion { get; init; }

    /// <summary>The model that scored in its shadow.</summary>
    public required string Challenger { get; init; }

    /// <summary>Up to when outcomes taught the challenger; later than as-of where it knows the future of that day. Null where it could not be loaded.</summary>
    public required Instant? TrainedUntil { get; init; }

    /// <summary>Files made.</summary>
    public required IReadOnlyList<LedgerOutput> Outputs { get; init; }

    /// <summary>Patients scored: those whom the champion scored.</summary>
    public required int Scored { get; init; }

    /// <summary>Why it did not score; null where it did.</summary>
    public required string? Problem { get; init; }

    /// <summary><see cref="OutcomesFollowed"/>.</summary>
    public string Statement { get; init; } = OutcomesFollowed;
}

/// <summary>
/// Scores with a challenger whom a run has scored: from the vectors that it wrote, or where the challenger was made for another feature set from vectors of that,
/// of the same patients, observations and known-by, which are not kept. Files only: no document, no list. What goes wrong is
/// noted, and touches nothing of the run.
/// </summary>
internal static class ShadowScoring
{
    private const string Predictions = "gold/predictions/";

    /// <summary>Scores, and notes what came of it. Faults of the store that may pass are thrown.</summary>
    public static async Task<ShadowEntry> RunAsync(CohortStore store, LedgerEntry ledger, TaskDefinition task, string challenger, CancellationToken cancellationToken)
    {
        var entry = new ShadowEntry
        {
            Run = ledger.Run,
            Task = ledger.Task,
            AsOf = ledger.AsOf,
            Champion = ledger.Model,
            Challenger = challenger,
            TrainedUntil = null,
            Outputs = [],
            Scored = 0,
            Problem = null,
        };
        try
        {
            var (model, set) = await ModelVersions.LoadAsync(store.Lake, task, challenger, cancellationToken);
            (ObservationsManifest Manifest, ReferenceData Reference)? inputs = set.Hash == ledger.FeatureSetHash ? null : await InputsAsync(store, ledger, cancellationToken);
            var outputs = new List<LedgerOutput>();
            foreach (var scored in ledger.Outputs.Where(o => o.Path.StartsWith(Predictions, StringComparison.Ordinal)))
            {
                var champion = await store.Lake.ReadVerifiedTableAsync(scored.Path, scored.Sha256, ["patient_id", "probability", "raw"], cancellationToken);
                var vectors = inputs is var (manifest, reference)
                    ? await BuildAsync(store, ledger, manifest, reference, set, champion, cancellationToken)
                    : await WrittenAsync(store.Lake, ledger, set, scored, cancellationToken);
                outputs.Add(await ScoreAsync(store.Lake, ledger, model, challenger, LakePaths.StemOf(scored.Path), champion, vectors, cancellationToken));
            }

            entry = entry with { TrainedUntil = model.Document.Training.TrainedUntil, Outputs = outputs, Scored = outputs.Sum(o => o.Rows) };
        }
        catch (Exception e) when (e is not (OperationCanceledException or IOException or OutOfMemoryException or LakeException { IsTransient: true }))
        {
            // Whatever is wrong with a model that nobody relies on yet is for those who may promote it, not for tonight's lists.
            entry = entry with { Problem = e is LakeException or ModelException or ElsewhereException ? e.Message : $"the program could not get through it ({e.GetType().Name})" };
        }

        await NoteAsync(store.Lake, entry, cancellationToken);
        return entry;
    }

    /// <summary>Notes what came of it; files of another attempt that it does not name go.</summary>
    private static async Task NoteAsync(Lake lake, ShadowEntry entry, CancellationToken cancellationToken)
    {
        await lake.ReplaceAsync(LakePaths.LedgerShadow(entry.Run), JsonSerializer.SerializeToUtf8Bytes(entry, ShadowJson.Default.ShadowEntry), cancellationToken);
        var named = entry.Outputs.Select(o => o.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var path in (await lake.ListAsync(LakePaths.ShadowFolder(LakePaths.Stamp(entry.AsOf.ToUnixMicros()), entry.Run), cancellationToken)).Where(p => !named.Contains(p)))
        {
            await lake.DeleteAsync(path, cancellationToken);
        }
    }

    /// <summary>What was scored in the shadow of a run; null where nothing was tried.</summary>
    public static async Task<ShadowEntry?> TryReadAsync(Lake lake, string run, CancellationToken cancellationToken)
    {
        var path = LakePaths.LedgerShadow(run);
        try
        {
            return await lake.TryReadAsync(path, cancellationToken) is { } bytes ? JsonSerializer.Deserialize(bytes, ShadowJson.Default.ShadowEntry) : null;
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(path)}: does not say what was scored in the shadow of a run ({e.Message.Split('\n')[0]}). Restore it, or delete it.", e);
        }
    }

    /// <summary>The vectors beside one file of predictions.</summary>
    private static async Task<FeatureTable> WrittenAsync(Lake lake, LedgerEntry ledger, FeatureSet set, LedgerOutput scored, CancellationToken cancellationToken)
    {
        var vectors = LakePaths.Features(ledger.FeatureSet, LakePaths.Stamp(ledger.AsOf.ToUnixMicros()), $"{ledger.Run}-{LakePaths.StemOf(scored.Path)}");
        var hash = ledger.Outputs.FirstOrDefault(o => o.Path == vectors)?.Sha256 ?? throw new LakeException($"{lake.NameOf(LakePaths.Ledger(ledger.Run))}: names no vectors of {scored.Path}.");
        return ToFeatures(await lake.ReadVerifiedTableAsync(vectors, hash, null, cancellationToken), set);
    }

    /// <summary>What the run made its vectors of.</summary>
    private static async Task<(ObservationsManifest Manifest, ReferenceData Reference)> InputsAsync(CohortStore store, LedgerEntry ledger, CancellationToken cancellationToken)
    {
        var current = await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken);
        var manifest = current?.InputHash == ledger.Observations
            ? current
            : await ObservationsManifest.TryReadAsync(store.Lake, ledger.Observations, cancellationToken)
                ?? throw new LakeException($"{store.Lake.NameOf(LakePaths.Ledger(ledger.Run))}: its observations {ledger.Observations} are not there any more, and the challenger's feature set is another than the run's.");
        var known = UsableReference.KnownBy(await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken), ledger.KnownBy);
        return (manifest, UsableReference.WithZonesThatExist(known).Reference);
    }

    /// <summary>Vectors of another set than the run's for the patients of one file of predictions.</summary>
    private static Task<FeatureTable> BuildAsync(
        CohortStore store, LedgerEntry ledger, ObservationsManifest manifest, ReferenceData reference, FeatureSet set, ParquetTable champion, CancellationToken cancellationToken) =>
        FeatureStage.BuildAsync(
            store, manifest, set, reference, [.. champion.Text("patient_id").Select(p => new VectorKey(p!, ledger.AsOf.ToUnixMicros(), ledger.KnownBy.ToUnixMicros()))], null, cancellationToken);

    /// <summary>Scores one file of predictions again, patient by patient.</summary>
    private static async Task<LedgerOutput> ScoreAsync(
        Lake lake, LedgerEntry ledger, RiskModel model, string challenger, string part, ParquetTable champion, FeatureTable table, CancellationToken cancellationToken)
    {
        var stamp = LakePaths.Stamp(ledger.AsOf.ToUnixMicros());
        var scores = model.Score(table, -1, cancellationToken);
        var row = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < table.Rows; i++)
        {
            row.Add(table.PatientId[i], i);
        }

        string[] patients = [.. champion.Text("patient_id").Select(p => p!)];
        int[] at = [.. patients.Select(p => row[p])];
        var bytes = new ParquetTable()
            .Text("patient_id", patients)
            .Time("as_of", [.. at.Select(i => table.AsOf[i])])
            .Text("task", [.. patients.Select(_ => ledger.Task)])
            .Text("run", [.. patients.Select(_ => ledger.Run)])
            .Text("model", [.. patients.Select(_ => challenger)])
            .Float64("probability", [.. at.Select(i => scores.P[i])])
            .Float64("raw", [.. at.Select(i => scores.Raw[i])])
            .Text("champion", [.. patients.Select(_ => ledger.Model)])
            .Float64("champion_probability", champion.Float64("probability"))
            .Float64("champion_raw", champion.Float64("raw"))
            .ToBytes();
        var written = await lake.CreateDerivedAsync(LakePaths.Shadow(stamp, ledger.Run, challenger, part), bytes, cancellationToken);
        return new LedgerOutput(written.Path, patients.Length, written.Sha256);
    }

    private static FeatureTable ToFeatures(ParquetTable table, FeatureSet set)
    {
        var unknown = new double[table.Rows];
        Array.Fill(unknown, double.NaN);
        return new FeatureTable
        {
            SetName = set.Name,
            SetHash = set.Hash,
            Columns = set.Columns,
            PatientId = [.. table.Text("patient_id").Select(p => p!)],
            AsOf = table.Time("as_of"),
            Values = [.. set.Columns.Select(c => table.Float64(c.Name))],
            // Of a model's score these are no part, and the table does not have them.
            News2Low = unknown,
            News2Point = unknown,
            News2High = unknown,
            HasReading = new bool[table.Rows],
        };
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(ShadowEntry))]
internal sealed partial class ShadowJson : JsonSerializerContext;
