using System.IO.Compression;
using System.Text;
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
            async (archived, token) =>
            {
                if (archived.History is { } history)
                {
                    await store.Lake.TryCreateAsync(LakePaths.RunArchive(archived.Instance.Id), Zipped(history), token);
                }
            },
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
        await CompactionStage.RunAsync(store, cancellationToken);
        return (await GoldGarbage.CollectAsync(store, dryRun: false, cancellationToken)).Files.Count + await DeadWorkAsync(store, cancellationToken);
    }

    private async Task<int> ExpireAsync(HousekeepingAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        var now = asked.Before.ToUnixMicros();
        return await store.Documents.DeleteExpiredAsync(Containers.Telemetry, now, cancellationToken);
    }

    /// <summary>What instances that ended long ago pinned, and the parts of runs that nobody will publish: they were tried again, or given up.</summary>
    private async Task<int> DeadWorkAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var register = new RunRegister(store.Lake, client(), time);
        var deleted = 0;
        foreach (var path in await store.Lake.ListAsync(LakePaths.WorkFolder, cancellationToken))
        {
            var owner = path.Split('/')[1];
            // A run is named by its hash, and not by who makes it: it goes when nobody runs at all.
            var isAlive = await register.FindAsync(owner, cancellationToken) is null
                ? (await client().ListAsync(null, 100, cancellationToken)).Any(i => i.Status == InstanceStatus.Running && i.Workflow != HousekeepingWorkflow.Definition.Name)
                : (await client().FindAsync(owner, cancellationToken))?.Status == InstanceStatus.Running;
            deleted += !isAlive && await store.Lake.DeleteAsync(path, cancellationToken) ? 1 : 0;
        }

        return deleted;
    }

    private static byte[] Zipped(string text)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return zipped.ToArray();
    }
}
