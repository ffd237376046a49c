using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Workflows.Housekeeping;

/// <summary>Does the steps of housekeeping.</summary>
/// <param name="cohorts">Opens a cohort by its name; it is not closed here.</param>
/// <param name="client">The engine's client.</param>
/// <param name="time">Time.</param>
public sealed class HousekeepingActivities(Func<string, CancellationToken, ValueTask<CohortStore>> cohorts, Func<IWorkflowClient> client, TimeProvider time)
{
    /// <summary>Adds the workflow and its steps.</summary>
    public void AddTo(WorkflowRegistry registry) => registry
        .Add(HousekeepingWorkflow.Definition)
        .Add(HousekeepingWorkflow.PurgeRuns, PurgeAsync)
        .Add(HousekeepingWorkflow.Seal, SealAsync)
        .Add(HousekeepingWorkflow.Collect, CollectAsync)
        .Add(HousekeepingWorkflow.Expire, ExpireAsync);

    private async Task<int> PurgeAsync(HousekeepingAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        return await client().PurgeAsync(
            asked.Before,
            // Also where an engine has no history to give: that something is there is what keeps the id from being used again.
            // Of a follow-up nothing more is kept: its history names a patient.
            (archived, token) => RunArchive.WriteAsync(store.Lake, archived.Instance.Id, archived.Instance.Workflow == WorkflowNames.FollowUp ? "" : archived.History ?? "", token),
            cancellationToken);
    }

    private async Task<int> SealAsync(HousekeepingAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        var files = 0;
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            files += (await new Sealing(store.Lake, silver, time).RunAsync(partition, cancellationToken)).Sealed;
        }

        return files;
    }

    private async Task<int> CollectAsync(HousekeepingAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        // First, since what dead runs have pinned is kept for them.
        var dead = await CompactionStage.LeaseOf(store).RunAsync(token => DeadWorkAsync(store, token), cancellationToken);
        await CompactionStage.RunAsync(store, cancellationToken);
        return dead + (await GoldGarbage.CollectAsync(store, dryRun: false, cancellationToken)).Files.Count;
    }

    private async Task<int> ExpireAsync(HousekeepingAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        var now = asked.Before.ToUnixMicros();
        return await store.Documents.DeleteExpiredAsync(Containers.Telemetry, now, cancellationToken)
            + await store.Documents.DeleteExpiredAsync(Containers.Logins, now, cancellationToken)
            + await store.Documents.DeleteExpiredAsync(Containers.Urgent, now, cancellationToken);
    }

    /// <summary>
    /// What instances pinned that have ended, and the parts of runs that nobody will publish: they were tried again, or given up. With the lease of compaction,
    /// which every run needs before it comes to any of this: one that begins meanwhile finds it gone, and does not lose it half way.
    /// </summary>
    private async Task<int> DeadWorkAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var register = new RunRegister(store.Lake, client(), time);
        var deleted = 0;
        // A run is named by its hash, and not by who makes it: its parts go when nobody runs at all.
        var anybody = (await client().ListExceptAsync(WorkflowNames.FollowUp, int.MaxValue, cancellationToken)).Any(i => i.Status == InstanceStatus.Running && i.Workflow != HousekeepingWorkflow.Definition.Name);
        foreach (var path in await store.Lake.ListAsync(LakePaths.WorkFolder, cancellationToken))
        {
            var owner = path.Split('/')[1];
            var isAlive = await register.FindAsync(owner, cancellationToken) is null
                ? anybody
                : (await client().FindAsync(owner, cancellationToken))?.Status == InstanceStatus.Running;
            deleted += !isAlive && await store.Lake.DeleteAsync(path, cancellationToken) ? 1 : 0;
        }

        return deleted;
    }
}
