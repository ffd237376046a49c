using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Scores a cohort at an instant, in one go and in this process: vectors → scores and reasons → predictions in lake and documents →
/// a list per care team → ledger. The run's id is the hash of all it depends on; the same request again returns it. What was deleted of the run's
/// files and documents meanwhile is made again, to the same bytes. The night does the same by <see cref="DailyRiskWorkflow"/>.
/// </summary>
public static class DailyRiskRun
{
    /// <summary>Name in ledger and run ids.</summary>
    public const string Workflow = WorkflowNames.DailyRisk;

    /// <summary>Scores.</summary>
    /// <returns>The ledger entry, the lists by team, and whether the run was there already.</returns>
    public static async Task<(LedgerEntry Ledger, IReadOnlyList<TeamWorklist> Worklists, bool AlreadyThere)> RunAsync(
        CohortStore store, ObservationsManifest manifest, DailyRiskRequest request, CancellationToken cancellationToken)
    {
        (request, var ofBands) = await BandDecisions.PinAsync(store.Lake, request, cancellationToken);
        var set = await ModelVersions.SetOfAsync(request.ModelLake ?? store.Lake, request.Task.Name, request.Model, cancellationToken);
        var run = RiskPlan.IdOf(request, manifest, set);
        if (await RiskPublication.TryFindAsync(store, run, cancellationToken) is { SetAside: 0 } done)
        {
            return (done, await WorklistsAsync(store, run, cancellationToken), true);
        }

        var plan = await RiskPlan.MakeAsync(store, manifest, request, cancellationToken);
        ShardPart[] shards = [.. plan.Parts];
        var scored = new ScoredRows[shards.Length];
        await Parallel.ForAsync(0, shards.Length, cancellationToken, async (i, token) => scored[i] = await RiskScoring.RunAsync(store.Lake, plan, shards[i], shards.Length == 1 ? -1 : 1, null, token));
        var registry = request.ModelLake is null ? await new ModelRegistry(store, TimeProvider.System).ReadAsync(request.Task.Name, cancellationToken) : null;
        string[] notices = [.. registry is { Warning: { } warning } && registry.Champion == request.Model ? [warning] : (string[])[], .. ofBands];
        await RiskPublication.PredictionsAsync(store.Documents, [.. scored.SelectMany(s => s.Predictions)], cancellationToken);
        var trends = scored.SelectMany(s => s.Trends).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
        Prediction[] candidates = [.. TeamWorklists.Candidates(plan, scored.SelectMany(s => s.Predictions)).Select(p => p with { Trends = trends[p.PatientId] })];
        var (ledger, worklists) = await RiskPublication.FinishAsync(store, plan, scored, candidates, TeamWorklists.Count(plan, scored.SelectMany(s => s.Predictions)),
            Silence.TopTenth([.. scored.SelectMany(s => s.Predictions).Select(p => p.Probability)]), notices, TimeProvider.System, cancellationToken);
        if (registry?.Challenger is { } challenger && registry.Champion == request.Model)
        {
            await ShadowAsync(store, ledger, request.Task, challenger, cancellationToken);
        }

        return (ledger, worklists, false);
    }

    /// <summary>What the challenger scored in the shadow of a run, or why it did not; null where there was none.</summary>
    public static Task<ShadowEntry?> ShadowOfAsync(CohortStore store, string run, CancellationToken cancellationToken) => ShadowScoring.TryReadAsync(store.Lake, run, cancellationToken);

    /// <summary>
    /// Makes the files of a run again that an entry names, and nothing else: the shards that were scored whole, and of those that were
    /// split, or of which patients were set aside, the parts, as far as <paramref name="patientsOf"/> can say who was in them.
    /// </summary>
    public static async Task<(string Run, IReadOnlyList<LedgerOutput> Outputs)> RemakeAsync(
        CohortStore store, ObservationsManifest manifest, DailyRiskRequest request, LedgerEntry entry, Func<string, Task<IReadOnlySet<string>?>> patientsOf, CancellationToken cancellationToken)
    {
        var plan = await RiskPlan.MakeAsync(store, manifest, request, cancellationToken);
        var outputs = new List<LedgerOutput>();
        // Vectors have everybody in them, predictions those who had a reading.
        foreach (var path in entry.Outputs.Select(o => o.Path).Where(p => p.StartsWith("gold/features/", StringComparison.Ordinal)))
        {
            var (shard, isWhole) = RiskScoring.ShardOf(path, entry.Run);
            if ((isWhole ? plan.Shards[shard].Select(k => k.PatientId).ToHashSet(StringComparer.Ordinal) : await patientsOf(path)) is { } patients)
            {
                outputs.AddRange(await RiskScoring.RemakeAsync(store.Lake, plan, shard, patients, cancellationToken));
            }
        }

        return (plan.Run, outputs);
    }

    /// <summary>
    /// The instant to score when none is named: on a daily grid the last midnight before the watermark in the zone that most
    /// patients live in, else the watermark itself.
    /// </summary>
    public static Instant LatestAsOf(TaskDefinition task, ReferenceData reference, Instant watermark)
    {
        if (task.Grid != AsOfGrid.DailyLocalMidnight || UsableReference.ZoneOfMost(UsableReference.KnownBy(reference, watermark)) is not { } name)
        {
            return watermark;
        }

        var zone = DateTimeZoneProviders.Tzdb[name];
        return zone.AtStartOfDay(watermark.InZone(zone).Date).ToInstant();
    }

    /// <summary>The lists are out: whatever happens to the challenger does not take them back.</summary>
    private static async Task ShadowAsync(CohortStore store, LedgerEntry ledger, TaskDefinition task, string challenger, CancellationToken cancellationToken)
    {
        try
        {
            await ShadowScoring.RunAsync(store, ledger, task, challenger, cancellationToken);
        }
        catch (Exception e) when (e is LakeException or IOException)
        {
            // The store is away, and with it the place to say so: a run without an entry of its shadow had none.
        }
    }

    /// <summary>The lists of a run, by team.</summary>
    public static async Task<IReadOnlyList<TeamWorklist>> WorklistsAsync(CohortStore store, string run, CancellationToken cancellationToken) =>
        await store.Documents.ListAsync(Containers.Worklists, cancellationToken)
            .Where(d => d.Id.EndsWith($"-{run}", StringComparison.Ordinal))
            .OrderBy(d => d.PartitionKey, StringComparer.Ordinal)
            .Select(d => RiskDocumentJson.ReadWorklist(d.Body))
            .ToArrayAsync(cancellationToken);
}
