using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Rebuild;

/// <summary>One part of the derived state, before and after.</summary>
/// <param name="Place">Which.</param>
/// <param name="Before">Files or documents that were there and are to be made again.</param>
/// <param name="Made">Files or documents that are there now.</param>
/// <param name="Same">How many of those are what they were, byte for byte.</param>
/// <param name="Superseded">Files of generations that are no longer current and that nothing refers to: deleted, not made again.</param>
public sealed record RebuiltPlace(string Place, long Before, long Made, long Same, long Superseded)
{
    /// <summary>Whether what is there now is what was there before.</summary>
    public bool IsEqual => Before == Made && Made == Same;
}

/// <summary>
/// Deletes what is derived (silver, observations, documents of messages, patients and urgent readings) and makes it again from bronze and the
/// reference log. Predictions, lists, models and the ledger are not derived in this sense, and stay; so do older generations
/// of observations that a ledger entry, a snapshot or a model refers to. Stopped half way and run again it makes what is missing.
/// </summary>
public static class RebuildStage
{
    private static readonly (string Place, string Folder)[] s_folders =
        [("silver readings", LakePaths.SilverReadings), ("silver quarantine", LakePaths.SilverQuarantine), ("observations", "gold/observations"), ("readings of nobody", "gold/unassigned"), ("rollups", LakePaths.RollupsFolder)];

    private static readonly string[] s_containers = [Containers.Telemetry, Containers.Patients, Containers.Urgent];

    /// <summary>What a rebuild would delete and make again, by place; <see cref="RebuiltPlace.Made"/> stays 0.</summary>
    public static async Task<IReadOnlyList<RebuiltPlace>> TryOutAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var before = await TakeAsync(store, cancellationToken);
        return [.. before.Select(p => new RebuiltPlace(p.Place, p.Current.Count, 0, 0, p.Superseded.Count))];
    }

    /// <summary>Rebuilds.</summary>
    public static async Task<IReadOnlyList<RebuiltPlace>> RunAsync(CohortStore store, CancellationToken cancellationToken)
    {
        // First all that is behind, so that what is compared is of the same inputs.
        var isCompacted = await store.Lake.ExistsAsync(LakePaths.ObservationsManifest, cancellationToken);
        var before = await MakeAsync(store, isCompacted ? new CompactionOptions() : null, cancellationToken);
        var there = await TakeAsync(store, cancellationToken);
        foreach (var path in there.SelectMany(p => p.Files))
        {
            await store.Lake.DeleteAsync(path, cancellationToken);
        }

        await DocumentProjection.ForgetAsync(store.Documents, cancellationToken);
        await MakeAsync(store, before is null ? null : new CompactionOptions { Before = (before.Shards, before.Index!.ShardsAreSet), RollupsFor = before.Rollups?.Sets ?? [], ReadingsPerCell = before.Rollups?.ReadingsPerCell }, cancellationToken);
        var after = await TakeAsync(store, cancellationToken);
        return
        [
            .. there.Zip(after, (b, a) => new RebuiltPlace(
                b.Place, b.Current.Count, a.Current.Count, a.Current.Count(c => b.Current.TryGetValue(c.Key, out var hash) && hash == c.Value), b.Superseded.Count)),
        ];
    }

    /// <summary>Makes what is missing, observations as the options say, if they do; answers with their manifest.</summary>
    private static async Task<ObservationsManifest?> MakeAsync(CohortStore store, CompactionOptions? options, CancellationToken cancellationToken)
    {
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            await silver.CatchUpAsync(partition, cancellationToken);
        }

        var manifest = options is null ? null : (await CompactionStage.RunAsync(store, options, cancellationToken)).Manifest;
        await DocumentProjection.RunAsync(store, silver, cancellationToken);
        return manifest;
    }

    /// <summary>Hashes of what is there, and what of it is no longer current.</summary>
    private static async Task<List<Part>> TakeAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var parts = new List<Part>();
        var current = await CurrentAsync(store, cancellationToken);
        var kept = await RetainedObservations.FindAsync(store.Lake, cancellationToken);
        foreach (var (place, folder) in s_folders)
        {
            var part = new Part(place);
            foreach (var path in (await store.Lake.ListAsync(folder, cancellationToken)).Where(p => !kept.Retains(p) || current.Contains(p)))
            {
                part.Files.Add(path);
                if (current.Contains(path))
                {
                    part.Current.Add(path, Lake.Hash(await store.Lake.ReadAsync(path, cancellationToken)));
                }
                else
                {
                    part.Superseded.Add(path);
                }
            }

            parts.Add(part);
        }

        foreach (var container in s_containers)
        {
            var part = new Part($"{container} documents");
            await foreach (var document in store.Documents.ListAsync(container, cancellationToken))
            {
                part.Current.Add($"{document.PartitionKey}\n{document.Id}", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{document.Body}\n{document.Expires}"))));
            }

            parts.Add(part);
        }

        return parts;
    }

    /// <summary>The files that are current: silver of the bronze files there are, by the history there is, and what the manifest names.</summary>
    private static async Task<HashSet<string>> CurrentAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var current = new HashSet<string>(StringComparer.Ordinal) { LakePaths.ObservationsManifest };
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            foreach (var file in await BronzeFile.ListAsync(store.Lake, partition, cancellationToken))
            {
                current.UnionWith((await silver.PathsAsync(file, cancellationToken)).SelectMany(p => (string[])[p.Readings, p.Quarantine]));
            }
        }

        if (await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken) is { } manifest)
        {
            current.UnionWith(manifest.Paths);
            current.Add(LakePaths.ObservationsManifestOf(manifest.InputHash));
        }

        return current;
    }

    private sealed record Part(string Place)
    {
        public List<string> Files { get; } = [];

        public SortedDictionary<string, string> Current { get; } = new(StringComparer.Ordinal);

        public List<string> Superseded { get; } = [];
    }
}
