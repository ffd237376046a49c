using System.Reflection;
using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Makes a run's scores visible: documents of predictions, a list per care team, the ledger entry, and last the document of the run.</summary>
internal static class RiskPublication
{
    /// <summary>Lists written in one go: a team that nobody has stated has one of all its patients, and the text of all lists at once would take gigabytes.</summary>
    private const int ListsAtOnce = 100;

    /// <summary>The run of this id, if it was published and all of it is there still.</summary>
    public static async Task<LedgerEntry?> TryFindAsync(CohortStore store, string run, CancellationToken cancellationToken) =>
        await TryReadLedgerAsync(store.Lake, run, cancellationToken) is { } done && await IsWholeAsync(store, done, cancellationToken) ? done : null;

    /// <summary>Writes the predictions as documents, which nobody lists yet.</summary>
    public static Task<int> PredictionsAsync(DocumentStore documents, IReadOnlyList<Prediction> predictions, CancellationToken cancellationToken) =>
        documents.UpsertAsync(Containers.Predictions, [.. predictions.Select(p => new Document { PartitionKey = p.PatientId, Id = p.Id, Body = RiskDocumentJson.ToJson(p) })], cancellationToken);

    /// <summary>Writes lists and ledger entry; everybody of the plan must be in one of the parts.</summary>
    /// <param name="store">Cohort.</param>
    /// <param name="plan">The run.</param>
    /// <param name="parts">What came of its parts; their predictions are not looked at.</param>
    /// <param name="candidates">Of all predictions at least those that may be listed.</param>
    /// <param name="scored">Patients scored, by team.</param>
    /// <param name="top">The probability from which on a patient is of the riskiest tenth.</param>
    /// <param name="notices">What teams have to be told of the run as a whole.</param>
    /// <param name="time">Time: the lists say when they were there.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<(LedgerEntry Ledger, IReadOnlyList<TeamWorklist> Worklists)> FinishAsync(
        CohortStore store, RiskPlan plan, IReadOnlyList<ScoredRows> parts, IReadOnlyList<Prediction> candidates, IReadOnlyDictionary<string, int> scored, double top,
        IReadOnlyList<string> notices, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = plan.Request;
        NotScored[] notScored = [.. plan.TooLittleHistory, .. parts.SelectMany(p => p.NotScored)];
        NotScored[] setAside = [.. parts.SelectMany(p => p.SetAside)];
        if (scored.Values.Sum() + notScored.Length + setAside.Length != plan.Expected)
        {
            throw new InvalidOperationException($"Run {plan.Run} does not conserve: {plan.Expected} patients, {scored.Values.Sum()} scored, {notScored.Length} not scored, {setAside.Length} set aside.");
        }

        notices = plan.IsRetrospective
            ? [.. notices, $"Retrospective: the model was taught what became known up to {plan.Model.Document.Training.TrainedUntil}, after this day."]
            : notices;
        // The documents as they stand: what of them cannot be read keeps no list from its team.
        var urgent = await UrgentTimes.ReadAsync(store.Documents, UnixMicros.ToInstant(plan.KnownBy), cancellationToken);
        notices = urgent.Unreadable > 0 ? [.. notices, TeamWorklists.UnreadableNotice(urgent.Unreadable)] : notices;
        var bands = request.Bands is { } pinned ? await BandDecisions.InWordsAsync(request.ModelLake ?? store.Lake, request.Task.Name, request.Model, pinned, cancellationToken) : null;
        await Features.FeatureDictionaryFile.KeepAsync(store.Lake, plan.Set, cancellationToken);
        var calibration = await ListCalibration.TryMeasureAsync(store.Lake, plan, cancellationToken);
        var lanes = Lanes.Of(plan, parts, await DeviceFaults.ReadAsync(store.Documents, plan, cancellationToken), urgent, top);
        var worklists = TeamWorklists.Make(plan, candidates, scored, notScored, setAside, notices, bands, calibration, lanes, urgent,
            await ListOrder.BeforeAsync(store.Documents, request.Task.Name, request.AsOf, scored.Keys, cancellationToken));
        LedgerOutput[] outputs = [.. parts.SelectMany(p => p.Outputs)];
        var ledger = new LedgerEntry
        {
            Run = plan.Run,
            Workflow = DailyRiskRun.Workflow,
            Task = request.Task.Name,
            TaskHash = request.Task.Hash,
            AsOf = request.AsOf,
            KnownBy = UnixMicros.ToInstant(plan.KnownBy),
            Inputs = plan.Manifest.Inputs,
            Observations = plan.Manifest.InputHash,
            FeatureSet = plan.Set.Definition.Name,
            FeatureSetHash = plan.Set.Hash,
            Model = request.Model,
            Bands = request.Bands,
            Code = typeof(DailyRiskRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            Shards = plan.Manifest.Shards,
            TimeZones = DateTimeZoneProviders.Tzdb.VersionId,
            Outputs = outputs,
            Flow = [.. plan.Flow, .. NotScoredSteps(parts)],
            Scored = scored.Values.Sum(),
            NotScored = notScored.Length,
            SetAside = setAside.Length,
            Notices = notices,
            Listed = worklists.Sum(w => w.Listed.Count),
        };
        var done = await TryReadLedgerAsync(store.Lake, plan.Run, cancellationToken);
        if (done is not null && Differ(done.Outputs, outputs))
        {
            throw new LakeException($"{store.Lake.NameOf(LakePaths.Ledger(plan.Run))}: this version of the program does not make what this entry names. Its predictions stand as they are.");
        }

        if (done is not null && done.Scored > ledger.Scored && await store.Lake.AllExistAsync(done.Outputs.Select(o => o.Path), cancellationToken))
        {
            // A late attempt, or one on a worse day: what stands has more in it, and is not taken back.
            await DeleteOthersAsync(store.Lake, plan, done, cancellationToken);
            return (done, await DailyRiskRun.WorklistsAsync(store, plan.Run, cancellationToken));
        }

        ledger = done is { SetAside: 0 } ? done : ledger;
        foreach (var some in worklists.Chunk(ListsAtOnce))
        {
            await store.Documents.UpsertAsync(
                Containers.Worklists, [.. some.Select(w => new Document { PartitionKey = w.CareTeamId, Id = DocumentId(ledger), Body = RiskDocumentJson.ToJson(w) })], cancellationToken);
        }

        var shipped = Instant.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        await ListsIndex.AddAsync(
            store.Documents, new ListsMade(plan.Run, request.Task.Name, request.Task.Title, request.AsOf, UnixMicros.ToInstant(plan.Manifest.Inputs.Watermark), ledger.Scored), shipped, cancellationToken);
        // Last of the documents: where it is, the others are.
        await store.Documents.UpsertAsync(
            Containers.Runs, [new Document { PartitionKey = DailyRiskRun.Workflow, Id = DocumentId(ledger), Body = Encoding.UTF8.GetString(RiskDocumentJson.ToBytes(ledger)) }], cancellationToken);
        if (!await store.Lake.TryCreateAsync(LakePaths.Ledger(plan.Run), RiskDocumentJson.ToBytes(ledger), cancellationToken) && !ReferenceEquals(ledger, done))
        {
            // What was set aside then was got through now, or the other way round.
            await store.Lake.ReplaceAsync(LakePaths.Ledger(plan.Run), RiskDocumentJson.ToBytes(ledger), cancellationToken);
        }

        await DeleteOthersAsync(store.Lake, plan, ledger, cancellationToken);
        return (ledger, worklists);
    }

    /// <summary>Of those who are in the plan and have no score: why, and how many.</summary>
    private static IEnumerable<CohortFlowStep> NotScoredSteps(IReadOnlyList<ScoredRows> parts) => parts.SelectMany(p => p.NotScored)
        .CountBy(n => n.Why, StringComparer.Ordinal)
        .OrderBy(w => w.Key, StringComparer.Ordinal)
        .Select(w => new CohortFlowStep("not-scored", false, w.Value, w.Value, $"Not scored: {w.Key}"));

    /// <summary>A shard that was scored, and whose process was stopped before it could say so, was split: its files are in nobody's name, and would count its patients twice.</summary>
    private static async Task DeleteOthersAsync(Lake lake, RiskPlan plan, LedgerEntry ledger, CancellationToken cancellationToken)
    {
        var named = ledger.Outputs.Select(o => o.Path).ToHashSet(StringComparer.Ordinal);
        var stamp = LakePaths.Stamp(ledger.AsOf.ToUnixMicros());
        var made = (await lake.ListAsync(LakePaths.PredictionsFolder(stamp, ledger.Run), cancellationToken))
            .Concat((await lake.ListAsync(LakePaths.FeaturesFolder(plan.Set.Definition.Name, stamp), cancellationToken)).Where(p => LakePaths.StemOf(p).StartsWith(ledger.Run + "-", StringComparison.Ordinal)));
        foreach (var path in made.Where(p => !named.Contains(p)))
        {
            await lake.DeleteAsync(path, cancellationToken);
        }
    }

    private static bool Differ(IReadOnlyList<LedgerOutput> then, IReadOnlyList<LedgerOutput> now)
    {
        var byPath = then.ToDictionary(o => o.Path, StringComparer.Ordinal);
        return now.Any(o => byPath.TryGetValue(o.Path, out var before) && before != o);
    }

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
        && await store.Documents.FindAsync(Containers.Runs, DailyRiskRun.Workflow, DocumentId(ledger), cancellationToken) is not null;
}
