using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>What sealing a partition did.</summary>
/// <param name="Sealed">Small files sealed.</param>
/// <param name="Into">Large files made of them.</param>
/// <param name="Deleted">Files deleted that had been sealed before.</param>
public readonly record struct SealedFiles(int Sealed, int Into, int Deleted);

/// <summary>
/// Seals the many small bronze files of micro-batches into few large ones. The rows stay what they were, offset by offset.
/// Files go together by the UTC day they landed on, the mappings in force, and a range of offsets: that is a function of the
/// chain, so of two that seal at once both make the same file. A group is sealed when the chain has gone on behind it; the
/// small files and their silver stay for another hour, for whoever is reading them.
/// </summary>
public sealed class Sealing(Lake lake, Silver silver, TimeProvider time)
{
    /// <summary>Offsets of a sealed file at the most: a full row group.</summary>
    public const long Window = ParquetTable.RowGroupRows;

    private static readonly long s_grace = 3600L * 1_000_000;

    /// <summary>Seals what is due in a partition, and deletes what was sealed an hour ago.</summary>
    public async Task<SealedFiles> RunAsync(StreamPartition partition, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
        var all = await BronzeFile.AllAsync(lake, partition, cancellationToken);
        var counts = await DeleteLeftoversAsync(all, now, cancellationToken);
        var inForce = BronzeFile.InForce(all);
        var group = new List<Member>();
        foreach (var file in inForce)
        {
            var member = await ReadAsync(file, cancellationToken);
            if (group.Count > 0 && (member is null || member.Key != group[0].Key))
            {
                // The chain goes on behind the group, so nothing can be added to it any more.
                if (group.Count > 1 && group[^1].Landed + s_grace <= now)
                {
                    await SealAsync(partition, group, cancellationToken);
                    counts = counts with { Sealed = counts.Sealed + group.Count, Into = counts.Into + 1 };
                }

                group.Clear();
            }

            if (member is not null)
            {
                group.Add(member);
            }
        }

        return counts;
    }

    /// <summary>What is to be known of a small file; null for a sealed one, and for a record of lost offsets.</summary>
    private async Task<Member?> ReadAsync(BronzeFile file, CancellationToken cancellationToken)
    {
        if (file.SealedEnd is not null)
        {
            return null;
        }

        var metadata = await lake.ReadMetadataAsync(file.Path, cancellationToken);
        if (metadata.ContainsKey(TelemetryTables.Lost))
        {
            return null;
        }

        var landed = BronzeFooter.LandedTime(metadata, lake.NameOf(file.Path));
        return new Member(file, landed, (landed / UnixMicros.PerDay, file.Start / Window, string.Join('-', silver.GenerationsOf(landed))), metadata);
    }

    private async Task SealAsync(StreamPartition partition, List<Member> group, CancellationToken cancellationToken)
    {
        var rows = new EnvelopeBatch();
        foreach (var member in group)
        {
            rows.AddRange(TelemetryTables.ToEnvelopes(await lake.ReadTableAsync(member.File.Path, null, cancellationToken)));
        }

        var last = group[^1];
        rows.SourceHash = last.Metadata.GetValueOrDefault(TelemetryTables.SourceHash);
        var file = new BronzeFile(partition, rows.Offset[0], rows.Offset[^1] + 1);
        using (var encoded = PartitionChain.Encode(rows, last.Landed))
        {
            await lake.TryCreateAsync(file.Path, encoded.Bytes, cancellationToken);
        }

        await silver.CatchUpAsync(partition, cancellationToken);
    }

    private async Task<SealedFiles> DeleteLeftoversAsync(IReadOnlyList<BronzeFile> all, long now, CancellationToken cancellationToken)
    {
        var counts = default(SealedFiles);
        var inForce = BronzeFile.InForce(all).ToHashSet();
        foreach (var large in inForce.Where(f => f.SealedEnd is not null))
        {
            var covered = all.Where(f => !inForce.Contains(f) && f.Start >= large.Start && f.Start < large.SealedEnd).ToArray();
            if (covered.Length == 0 || !await IsOldAsync(large, now, cancellationToken))
            {
                continue;
            }

            foreach (var file in covered)
            {
                // Silver first: found without its bronze, nobody would know whose it was.
                foreach (var folder in new[] { LakePaths.SilverReadings, LakePaths.SilverQuarantine })
                {
                    foreach (var path in (await lake.ListAsync($"{folder}/{file.Partition}", cancellationToken)).Where(p => LakePaths.StemOf(p) == file.Stem))
                    {
                        await lake.DeleteAsync(path, cancellationToken);
                    }
                }

                await lake.DeleteAsync(file.Path, cancellationToken);
                counts = counts with { Deleted = counts.Deleted + 1 };
            }
        }

        return counts;
    }

    /// <summary>A sealed file is old two hours after its last row landed: one before it could be sealed, one for the readers of what it was made of.</summary>
    private async Task<bool> IsOldAsync(BronzeFile file, long now, CancellationToken cancellationToken) =>
        BronzeFooter.LandedTime(await lake.ReadMetadataAsync(file.Path, cancellationToken), lake.NameOf(file.Path)) + (2 * s_grace) <= now;

    private sealed record Member(BronzeFile File, long Landed, (long Day, long Window, string Mappings) Key, IReadOnlyDictionary<string, string> Metadata);
}
