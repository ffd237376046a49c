using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Reproduction;

/// <summary>
/// A cohort as it was when a run pinned its inputs: bronze up to the frontier, the reference log up to its position, and nothing that
/// was made of them but silver. Tombstones of later erasures stay, so that what was erased stays erased.
/// </summary>
internal static class PinnedPast
{
    /// <summary>Prepares the past in the upper lake, and says which paths of the lower one are of later, or are to be made again.</summary>
    public static async Task<Func<string, bool>> PrepareAsync(CohortStore store, PinnedInputs inputs, Lake upper, CancellationToken cancellationToken)
    {
        var hidden = new HashSet<string>(StringComparer.Ordinal);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            var end = inputs.Frontier.GetValueOrDefault(partition.ToString());
            hidden.UnionWith((await store.Lake.ListAsync(LakePaths.Bronze(partition), cancellationToken))
                .Where(path => LakePaths.IsBronze(path) && LakePaths.RangeOf(LakePaths.StemOf(path))!.Value.Start >= end));
            if ((await BronzeFile.ListAsync(store.Lake, partition, cancellationToken)).LastOrDefault(f => f.Start < end) is { Partition: not null } last
                && await CutAsync(store.Lake, last, end, upper, cancellationToken))
            {
                hidden.Add(last.Path);
            }
        }

        foreach (var kind in ReferenceKinds.All.Where(k => k != ReferenceKinds.Erasures))
        {
            var last = inputs.Reference.GetValueOrDefault(kind);
            hidden.UnionWith((await store.Lake.ListAsync($"{LakePaths.BronzeReference}/{kind}", cancellationToken))
                .Where(path => string.CompareOrdinal(path, LakePaths.Reference(kind, last)) > 0));
        }

        string[] made = ["gold/observations/", "gold/unassigned/", LakePaths.RollupsFolder + "/"];
        return path => hidden.Contains(path) || made.Any(folder => path.StartsWith(folder, StringComparison.Ordinal));
    }

    /// <summary>Sealing joins files of before and after a frontier; what is before it is made a file again. False where the file ends at it.</summary>
    private static async Task<bool> CutAsync(Lake lake, BronzeFile file, long end, Lake upper, CancellationToken cancellationToken)
    {
        var metadata = await lake.ReadMetadataAsync(file.Path, cancellationToken);
        var name = lake.NameOf(file.Path);
        if (TelemetryTables.Number(metadata, TelemetryTables.EndOffset, name) <= end)
        {
            return false;
        }

        var all = TelemetryTables.ToEnvelopes(await lake.ReadTableAsync(file.Path, null, cancellationToken));
        var rows = new EnvelopeBatch();
        for (var i = 0; i < all.Count && all.Offset[i] < end; i++)
        {
            rows.Offset.Add(all.Offset[i]);
            rows.DeviceId.Add(all.DeviceId[i]);
            rows.MessageId.Add(all.MessageId[i]);
            rows.EnqueuedTime.Add(all.EnqueuedTime[i]);
            rows.KnownTime.Add(all.KnownTime[i]);
            rows.Properties.Add(all.Properties[i]);
            rows.Body.Add(all.Body[i]);
            rows.Problem.Add(all.Problem[i]);
        }

        var landed = TelemetryTables.Number(metadata, metadata.ContainsKey(TelemetryTables.LandedTime) ? TelemetryTables.LandedTime : TelemetryTables.KnownTime, name);
        using var encoded = PartitionChain.Encode(rows, landed);
        await upper.TryCreateAsync(LakePaths.Sealed(file.Partition, file.Start, end), encoded.Bytes, cancellationToken);
        return true;
    }
}
