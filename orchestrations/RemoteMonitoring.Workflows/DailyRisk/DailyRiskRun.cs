using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Scores a cohort at an instant, in one go and in this process: vectors → scores and reasons → predictions in lake and documents →
/// a list per care team → ledger. The run's id is the hash of all it depends on; the same request again returns it. What was deleted of the run's
/// files and documents meanwhile is made again, to the same bytes. The night does the same by <see cref="DailyRiskWorkflow"/>.
/// </summary>
public static class DailyRiskRun
{
    /// <summary>Name in ledger and run ids.</summary>
    public const string Workflow = "daily-risk";

    /// <summary>Scores.</summary>
    /// <returns>The ledger entry, the lists by team, and whether the run was there already.</returns>
    public static async Task<(LedgerEntry Ledger, IReadOnlyList<TeamWorklist> Worklists, bool AlreadyThere)> RunAsync(
        CohortStore store, ObservationsManifest manifest, DailyRiskRequest request, CancellationToken cancellationToken)
    {
        var run = RiskPlan.IdOf(request, manifest, RemoteMonitoring.Features.Sets.FeatureSet.Named(request.Task.FeatureSet));
        if (await RiskPublication.TryFindAsync(store, run, cancellationToken) is { SetAside: 0 } done)
        {
            return (done, await WorklistsAsync(store, run, cancellationToken), true);
        }

        var plan = await RiskPlan.MakeAsync(store, manifest, request, cancellationToken);
        var shards = new ScoredRows[plan.Shards.Count];
        await Parallel.ForAsync(0, shards.Length, cancellationToken, async (shard, token) => shards[shard] =
            await RiskScoring.RunAsync(store.Lake, plan, new ShardPart(shard, 0, plan.Shards[shard].Length), shards.Length == 1 ? -1 : 1, null, token));
        await RiskPublication.PredictionsAsync(store.Documents, [.. shards.SelectMany(s => s.Predictions)], cancellationToken);
        var (ledger, worklists) = await RiskPublication.FinishAsync(store, plan, shards, TeamWorklists.Count(plan, shards.SelectMany(s => s.Predictions)), [], cancellationToken);
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
}
