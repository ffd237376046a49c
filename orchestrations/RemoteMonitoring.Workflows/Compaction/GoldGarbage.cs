using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>A file that nothing refers to.</summary>
/// <param name="Path">Where it lies, or lay.</param>
/// <param name="Bytes">Its length.</param>
public sealed record GarbageFile(string Path, long Bytes);

/// <summary>What a collection deleted, or would.</summary>
public sealed record CollectedGarbage
{
    /// <summary>Files, those of observations before the manifest that named them.</summary>
    public required IReadOnlyList<GarbageFile> Files { get; init; }

    /// <summary>Manifests of the past that stay: a ledger entry, a snapshot or a model refers to them.</summary>
    public required int Kept { get; init; }

    /// <summary>Snapshots and models that do not say what they were made of.</summary>
    public required IReadOnlyList<string> Silent { get; init; }

    /// <summary>Length of all of them.</summary>
    public long Bytes => Files.Sum(f => f.Bytes);
}

/// <summary>
/// Deletes the observations of the past that nobody can ask for any more: manifests that are not current and that no ledger entry,
/// snapshot or model refers to, and of the files they name those that no other manifest does.
/// </summary>
/// <remarks>
/// It goes by what manifests name, never by what lies in a folder. So a file of a run that has not published yet stays, whose
/// manifest is not there; and so do observations of before each had a manifest, of which a model of that time may have been
/// taught without saying so (<c>rmon rebuild</c> deletes those that no ledger entry names). Files of vectors and predictions stay
/// with their ledger entries. The manifest goes last, so a collection that was killed is completed by the next. The runs of
/// workflows pin what they read; whoever else scores or trains meanwhile reads what was current when they began: collect when they are done.
/// </remarks>
public static class GoldGarbage
{
    /// <summary>Collects while nobody compacts; what runs under way have pinned stays.</summary>
    public static Task<CollectedGarbage> CollectAsync(CohortStore store, bool dryRun, CancellationToken cancellationToken) =>
        CompactionStage.LeaseOf(store).RunAsync(token => CollectAsync(store.Lake, dryRun, token), cancellationToken);

    /// <summary>Collects; as a trial run it says what it would delete, and deletes nothing.</summary>
    public static async Task<CollectedGarbage> CollectAsync(Lake lake, bool dryRun, CancellationToken cancellationToken)
    {
        var files = new List<GarbageFile>();
        var retained = await RetainedObservations.FindAsync(lake, cancellationToken);
        var kept = 0;
        foreach (var path in await lake.ListAsync(LakePaths.ObservationsManifests, cancellationToken))
        {
            // Read anew each time: a compaction beside may have come to files that one of the past names too.
            if (await ObservationsManifest.TryReadAsync(lake, cancellationToken) is not { } current)
            {
                break;
            }

            var hash = LakePaths.StemOf(path);
            if (hash == current.InputHash || retained.InputHashes.Contains(hash))
            {
                kept += hash == current.InputHash ? 0 : 1;
                continue;
            }

            if (await ObservationsManifest.TryReadFileAsync(lake, path, cancellationToken) is { } manifest)
            {
                var named = current.Paths.ToHashSet(StringComparer.Ordinal);
                foreach (var file in manifest.Paths.Where(p => !named.Contains(p) && !retained.Retains(p)).Append(path))
                {
                    await CollectAsync(lake, file, dryRun, files, cancellationToken);
                }
            }
        }

        return new CollectedGarbage { Files = [.. files.DistinctBy(f => f.Path)], Kept = kept, Silent = retained.Silent };
    }

    private static async Task CollectAsync(Lake lake, string path, bool dryRun, List<GarbageFile> files, CancellationToken cancellationToken)
    {
        if (!await lake.ExistsAsync(path, cancellationToken))
        {
            return;
        }

        await using (var file = await lake.OpenReadAsync(path, cancellationToken))
        {
            files.Add(new GarbageFile(path, file.Length));
        }

        _ = dryRun || await lake.DeleteAsync(path, cancellationToken);
    }
}
