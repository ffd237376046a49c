using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>What a run of daily risk is asked for.</summary>
public sealed record DailyRiskRequest
{
    /// <summary>Task.</summary>
    public required TaskDefinition Task { get; init; }

    /// <summary>Instant to score.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>Nothing known later is used; by default as-of itself.</summary>
    public Instant? KnownBy { get; init; }

    /// <summary>Version of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Lake that holds the model, where it is not the cohort's own.</summary>
    public Lake? ModelLake { get; init; }
}

/// <summary>
/// Scores a cohort at an instant: vectors → scores and reasons → predictions in lake and documents → a list per care team →
/// ledger. The run's id is the hash of all it depends on; the ledger entry is written last, and the same request again
/// returns it. What was deleted of the run's files and documents meanwhile is made again, to the same bytes.
/// </summary>
public static class DailyRiskRun
{
    /// <summary>Name in ledger and run ids.</summary>
    public const string Workflow = "daily-risk";

    private const string Rules = "daily-risk 5";

    /// <summary>Scores.</summary>
    /// <returns>The ledger entry, the lists by team, and whether the run was there already.</returns>
    public static async Task<(LedgerEntry Ledger, IReadOnlyList<TeamWorklist> Worklists, bool AlreadyThere)> RunAsync(
        CohortStore store, ObservationsManifest manifest, DailyRiskRequest request, CancellationToken cancellationToken)
    {
        var set = FeatureSet.Named(request.Task.FeatureSet);
        var asOf = request.AsOf.ToUnixMicros();
        var knownBy = (request.KnownBy ?? request.AsOf).ToUnixMicros();
        var run = Lake.Hash(Encoding.UTF8.GetBytes(
            $"{Rules}\n{manifest.InputHash}\n{request.Task.Hash}\n{set.Hash}\n{request.Model}\n{asOf}\n{knownBy}"))[..16];
        var done = await TryReadLedgerAsync(store.Lake, run, cancellationToken);
        if (done is not null && await IsWholeAsync(store, done, cancellationToken))
        {
            return (done, await WorklistsAsync(store, run, cancellationToken), true);
        }

        var known = UsableReference.KnownBy(
            await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken), UnixMicros.ToInstant(knownBy));
        var (reference, zones) = UsableReference.WithZonesThatExist(known);
        var model = await LoadModelAsync(store, request, set, cancellationToken);
        manifest = await CompactionStage.RollUpAsync(store, manifest, set, cancellationToken);
        var cohort = Cohort.Scoreable(request.Task, reference, request.AsOf);
        var records = PatientRecord.Index(reference);
        var notScored = TooLittleHistory(request, reference, cohort);
        var expected = cohort.Rows.Count + notScored.Count;
        await FeatureDictionaryFile.KeepAsync(store.Lake, set, cancellationToken);
        var vectors = await FeatureStage.ShardsAsync(store, manifest, set, reference, cancellationToken);
        var shards = new ScoredShard[manifest.Shards];
        await Parallel.ForAsync(0, manifest.Shards, cancellationToken, async (shard, token) =>
        {
            VectorKey[] keys =
            [
                .. cohort.Rows
                    .Where(r => Partitioning.PartitionOf(r.PatientId, manifest.Shards) == shard)
                    .Select(r => new VectorKey(r.PatientId, r.AsOf.ToUnixMicros(), knownBy)),
            ];
            var builder = await vectors.OpenAsync(shard, keys, token);
            var table = builder.Build(keys, manifest.Shards == 1 ? -1 : 1, token);
            var (scored, notScoredHere) = Score(request, set, run, model, table, keys, builder, records);
            shards[shard] = new ScoredShard(
                scored,
                notScoredHere,
                await WriteAsync(store.Lake, LakePaths.Features(set.Definition.Name, LakePaths.Stamp(asOf), $"{run}-{shard:D4}"), FeatureStage.ToParquet(table, keys), token),
                await WriteAsync(store.Lake, LakePaths.Predictions(LakePaths.Stamp(asOf), run, shard), ToParquet(scored), token));
        });
        Prediction[] predictions = [.. shards.SelectMany(s => s.Predictions)];
        notScored.AddRange(shards.SelectMany(s => s.NotScored));
        LedgerOutput[] outputs = [.. shards.SelectMany(s => (LedgerOutput[])[s.Features, s.Scores])];
        if (predictions.Length + notScored.Count != expected)
        {
            throw new InvalidOperationException($"Run {run} does not conserve: {expected} patients, {predictions.Length} scored, {notScored.Count} not scored.");
        }

        var worklists = TeamWorklists.Make(request, run, UnixMicros.ToInstant(manifest.Inputs.Watermark), reference, records, knownBy, predictions, notScored);
        var ledger = new LedgerEntry
        {
            Run = run,
            Workflow = Workflow,
            Task = request.Task.Name,
            TaskHash = request.Task.Hash,
            AsOf = request.AsOf,
            KnownBy = UnixMicros.ToInstant(knownBy),
            Inputs = manifest.Inputs,
            Observations = manifest.InputHash,
            FeatureSet = set.Definition.Name,
            FeatureSetHash = set.Hash,
            Model = request.Model,
            Code = typeof(DailyRiskRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            Outputs = outputs,
            Flow = zones is null ? cohort.Flow : [.. cohort.Flow, zones],
            Scored = predictions.Length,
            NotScored = notScored.Count,
            Listed = worklists.Sum(w => w.Listed.Count),
        };
        if (done is not null && !done.Outputs.SequenceEqual(outputs))
        {
            throw new LakeException($"{store.Lake.NameOf(LakePaths.Ledger(run))}: this version of the program does not make what this entry names. Its predictions stand as they are.");
        }

        ledger = done ?? ledger;
        await store.Documents.UpsertAsync(
            Containers.Predictions, [.. predictions.Select(p => new Document { PartitionKey = p.PatientId, Id = p.Id, Body = RiskDocumentJson.ToJson(p) })], cancellationToken);
        await store.Documents.UpsertAsync(
            Containers.Worklists, [.. worklists.Select(w => new Document { PartitionKey = w.CareTeamId, Id = DocumentId(ledger), Body = RiskDocumentJson.ToJson(w) })], cancellationToken);
        // Last of the documents: where it is, the others are.
        await store.Documents.UpsertAsync(
            Containers.Runs, [new Document { PartitionKey = Workflow, Id = DocumentId(ledger), Body = Encoding.UTF8.GetString(RiskDocumentJson.ToBytes(ledger)) }], cancellationToken);
        await store.Lake.TryCreateAsync(LakePaths.Ledger(run), RiskDocumentJson.ToBytes(ledger), cancellationToken);
        return (ledger, worklists, false);
    }

    /// <summary>
    /// The instant to score when none is named: on a daily grid the last midnight before the watermark in the zone that most
    /// patients live in, else the watermark itself.
    /// </summary>
    public static Instant LatestAsOf(TaskDefinition task, ReferenceData reference, Instant watermark)
    {
        // The roster's last word on each patient by then: a patient who is stated ten times lives in one zone.
        var patients = UsableReference.WithZonesThatExist(UsableReference.KnownBy(reference, watermark)).Reference.Patients
            .GroupBy(p => p.PatientId, StringComparer.Ordinal)
            .Select(g => g.OrderBy(p => p.Known).Last())
            .ToArray();
        if (task.Grid != AsOfGrid.DailyLocalMidnight || patients.Length == 0)
        {
            return watermark;
        }

        var name = patients.CountBy(p => p.TimeZone).OrderByDescending(z => z.Value).ThenBy(z => z.Key, StringComparer.Ordinal).First().Key;
        var zone = DateTimeZoneProviders.Tzdb[name];
        return zone.AtStartOfDay(watermark.InZone(zone).Date).ToInstant();
    }

    /// <summary>The lists of a run, by team.</summary>
    public static async Task<IReadOnlyList<TeamWorklist>> WorklistsAsync(CohortStore store, string run, CancellationToken cancellationToken) =>
        await store.Documents.ListAsync(Containers.Worklists, cancellationToken)
            .Where(d => d.Id.EndsWith($"-{run}", StringComparison.Ordinal))
            .OrderBy(d => d.PartitionKey, StringComparer.Ordinal)
            .Select(d => RiskDocumentJson.ReadWorklist(d.Body))
            .ToArrayAsync(cancellationToken);

    private static string DocumentId(LedgerEntry ledger) => $"{LakePaths.Stamp(ledger.AsOf.ToUnixMicros())}-{ledger.Run}";

    private static async Task<LedgerEntry?> TryReadLedgerAsync(Lake lake, string run, CancellationToken cancellationToken)
    {
        if (await lake.TryReadAsync(LakePaths.Ledger(run), cancellationToken) is not { } bytes)
        {
            return null;
        }

        try
        {
            return RiskDocumentJson.ReadLedger(bytes);
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(LakePaths.Ledger(run))}: not a ledger entry ({e.Message.Split('\n')[0]}). Restore it, or delete it and score again: the same run makes it again.", e);
        }
    }

    private static async Task<bool> IsWholeAsync(CohortStore store, LedgerEntry ledger, CancellationToken cancellationToken) =>
        await store.Lake.AllExistAsync(ledger.Outputs.Select(o => o.Path), cancellationToken)
        && await store.Documents.FindAsync(Containers.Runs, Workflow, DocumentId(ledger), cancellationToken) is not null;

    private static async Task<RiskModel> LoadModelAsync(CohortStore store, DailyRiskRequest request, FeatureSet set, CancellationToken cancellationToken)
    {
        var lake = request.ModelLake ?? store.Lake;
        var model = await CurrentModel.LoadAsync(lake, request.Task.Name, request.Model, set.Hash, cancellationToken);
        return model.Document.TaskHash == request.Task.Hash
            ? model
            : throw new LakeException(
                $"{lake.NameOf($"models/{request.Task.Name}/{request.Model}")}: was trained for another definition of '{request.Task.Name}' than this program has: train it again.");
    }

    /// <summary>Patients who are under monitoring, but not for long enough: they are not scored, and their team is told.</summary>
    private static List<NotScored> TooLittleHistory(DailyRiskRequest request, ReferenceData reference, ScoreableCohort cohort)
    {
        var anyHistory = Cohort.Scoreable(request.Task with { MinimumUnderMonitoring = Duration.Zero }, reference, request.AsOf);
        var days = request.Task.MinimumUnderMonitoring.TotalDays;
        var why = string.Create(CultureInfo.InvariantCulture, $"under monitoring for less than {(days == 1 ? "a day" : $"{days:0.#} days")}");
        return [.. anyHistory.Rows.Except(cohort.Rows).Select(r => new NotScored(r.PatientId, why))];
    }

    private static (List<Prediction> Scored, List<NotScored> NotScored) Score(
        DailyRiskRequest request,
        FeatureSet set,
        string run,
        RiskModel model,
        FeatureTable table,
        VectorKey[] keys,
        VectorBuilder builder,
        IReadOnlyDictionary<string, PatientRecord> records)
    {
        var scores = model.Score(table);
        var (predictions, notScored) = (new List<Prediction>(), new List<NotScored>());
        for (var row = 0; row < table.Rows; row++)
        {
            if (!table.HasReading[row])
            {
                notScored.Add(new NotScored(table.PatientId[row], $"no reading in the last {set.LookBack / UnixMicros.PerDay} days"));
                continue;
            }

            var key = keys[row];
            predictions.Add(new Prediction
            {
                Id = $"{LakePaths.Stamp(key.AsOf)}-{run}",
                PatientId = key.PatientId,
                Task = request.Task.Name,
                AsOf = UnixMicros.ToInstant(key.AsOf),
                KnownBy = UnixMicros.ToInstant(key.KnownBy),
                Model = request.Model,
                FeatureSetHash = set.Hash,
                Run = run,
                Probability = scores.P[row],
                Raw = scores.Raw[row],
                News2 = double.IsNaN(table.News2Point[row]) ? null : new News2Figures((int)table.News2Low[row], (int)table.News2Point[row], (int)table.News2High[row]),
                Reasons = ReasonText.Of(
                    model.Explain(table, row), table, row, vital => builder.CellsOf(key, vital), set.LookBack, PatientRecord.ZoneAt(records.GetValueOrDefault(key.PatientId), key.KnownBy)),
            });
        }

        return (predictions, notScored);
    }

    private static ParquetTable ToParquet(List<Prediction> predictions)
    {
        T[] Column<T>(Func<Prediction, T> value) => [.. predictions.Select(value)];
        return new ParquetTable()
            .Text("patient_id", Column(p => p.PatientId))
            .Time("as_of", Column(p => p.AsOf.ToUnixMicros()))
            .Time("known_by", Column(p => p.KnownBy.ToUnixMicros()))
            .Text("task", Column(p => p.Task))
            .Text("model", Column(p => p.Model))
            .Text("run", Column(p => p.Run))
            .Float64("probability", Column(p => p.Probability))
            .Float64("raw", Column(p => p.Raw))
            .Float64("news2_low", Column(p => p.News2?.Low ?? double.NaN))
            .Float64("news2_point", Column(p => p.News2?.Point ?? double.NaN))
            .Float64("news2_high", Column(p => p.News2?.High ?? double.NaN))
            .Text("reasons", Column(p => string.Join("; ", p.Reasons.Select(r => r.Text))));
    }

    private static async Task<LedgerOutput> WriteAsync(Lake lake, string path, ParquetTable table, CancellationToken cancellationToken)
    {
        var written = await lake.CreateDerivedAsync(path, table.ToBytes(), cancellationToken);
        return new LedgerOutput(path, table.Rows, written.Sha256);
    }

    /// <summary>What came of a shard.</summary>
    private sealed record ScoredShard(IReadOnlyList<Prediction> Predictions, IReadOnlyList<NotScored> NotScored, LedgerOutput Features, LedgerOutput Scores);
}
