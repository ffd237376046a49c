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
/// Files go together by the UTC day they landed on, the mappings in force, and a range of offsets, up to a number of bytes:
/// that is a function of the chain, so of two that seal at once both make the same rows. A group is sealed when the chain has
/// gone on behind it; the small files and their silver stay for an hour from then, for whoever is reading them.
/// </summary>
/// <param name="lake">The lake.</param>
/// <param name="silver">Makes the silver of sealed files.</param>
/// <param name="time">The clock.</param>
/// <param name="most">Bytes of bodies of a sealed file at the most, and so of what is held in memory. Default 64 MiB.</param>
public sealed class Sealing(Lake lake, Silver silver, TimeProvider time, long most = 64 << 20)
{
    /// <summary>Files go together that start in the same range of so many offsets: those of a full row group.</summary>
    public const long Window = ParquetTable.RowGroupRows;

    private const long Grace = 3600L * 1_000_000;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    /// <summary>Seals what is due in a partition, and deletes what was sealed an hour ago.</summary>
    public async Task<SealedFiles> RunAsync(StreamPartition partition, CancellationToken cancellationToken)
    {
        // Leftovers go only where what stands for them is whole.
        await silver.CatchUpAsync(partition, cancellationToken);
        var all = await BronzeFile.AllAsync(lake, partition, cancellationToken);
        var counts = await DeleteLeftoversAsync(all, cancellationToken);
        var group = new List<Member>();
        foreach (var file in BronzeFile.InForce(all))
        {
            var member = await ReadAsync(file, cancellationToken);
            if (group.Count > 0 && (member is null || member.Key != group[0].Key))
            {
                // The chain goes on behind the group, so nothing can be added to it any more.
                if (file.Start == group[^1].End && group[^1].Landed + Grace <= Now)
                {
                    counts = await SealAsync(partition, group, counts, cancellationToken);
                }

                group.Clear();
            }

            if (group.Count > 0 && member!.File.Start != group[^1].End)
            {
                // A list that was taken while files came and went. What is not in it must not be covered; next time.
                return counts;
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

        var name = lake.NameOf(file.Path);
        var landed = BronzeFooter.LandedTime(metadata, name);
        return new Member(
            file,
            TelemetryTables.Number(metadata, TelemetryTables.EndOffset, name),
            landed,
            (landed / UnixMicros.PerDay, file.Start / Window, string.Join('-', silver.GenerationsOf(landed))),
            metadata.GetValueOrDefault(TelemetryTables.SourceHash));
    }

    /// <summary>Seals a group, in as many files as its bytes ask for; what a single file would be made of stays as it is.</summary>
    private async Task<SealedFiles> SealAsync(StreamPartition partition, List<Member> group, SealedFiles counts, CancellationToken cancellationToken)
    {
        var rows = new EnvelopeBatch();
        var bytes = 0L;
        var members = new List<Member>();
        foreach (var member in group)
        {
            var more = TelemetryTables.ToEnvelopes(await lake.ReadTableAsync(member.File.Path, null, cancellationToken));
            var moreBytes = more.Body.Sum(b => (long)b.Length);
            if (more.Count != member.End - member.File.Start)
            {
                throw new LakeException($"{lake.NameOf(member.File.Path)}: has {more.Count} rows for the offsets from {member.File.Start} to {member.End}, and is not sealed. Restore it.");
            }

            if (members.Count > 0 && bytes + moreBytes > most)
            {
                counts = await WriteAsync(partition, members, rows, counts, cancellationToken);
                members.Clear();
                rows.Clear();
                bytes = 0;
            }

            members.Add(member);
            rows.AddRange(more);
            bytes += moreBytes;
        }

        return await WriteAsync(partition, members, rows, counts, cancellationToken);
    }

    private async Task<SealedFiles> WriteAsync(StreamPartition partition, List<Member> members, EnvelopeBatch rows, SealedFiles counts, CancellationToken cancellationToken)
    {
        if (members.Count < 2)
        {
            return counts;
        }

        var last = members[^1];
        rows.SourceHash = last.SourceHash;
        var file = new BronzeFile(partition, members[0].File.Start, last.End);
        using (var encoded = PartitionChain.Encode(rows, last.Landed, Now))
        {
            await lake.TryCreateAsync(file.Path, encoded.Bytes, cancellationToken);
        }

        // From when the file is there, it is what readers read.
        await silver.CatchUpAsync(partition, cancellationToken);
        return counts with { Sealed = counts.Sealed + members.Count, Into = counts.Into + 1 };
    }

    private async Task<SealedFiles> DeleteLeftoversAsync(IReadOnlyList<BronzeFile> all, CancellationToken cancellationToken)
    {
        var counts = default(SealedFiles);
        var inForce = BronzeFile.InForce(all).ToHashSet();
        foreach (var large in inForce.Where(f => f.SealedEnd is not null))
        {
            var covered = all.Where(f => !inForce.Contains(f) && f.Start >= large.Start && f.Start < large.SealedEnd).ToArray();
            if (covered.Length == 0 || !await IsOldAsync(large, cancellationToken))
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

    /// <summary>
    /// Whether an hour has gone by since a file was sealed. One that does not say when: since it could be at the earliest, an
    /// hour after its last row landed.
    /// </summary>
    private async Task<bool> IsOldAsync(BronzeFile file, CancellationToken cancellationToken)
    {
        var metadata = await lake.ReadMetadataAsync(file.Path, cancellationToken);
        var name = lake.NameOf(file.Path);
        var sealedAt = metadata.ContainsKey(TelemetryTables.SealedTime)
            ? TelemetryTables.Number(metadata, TelemetryTables.SealedTime, name)
            : BronzeFooter.LandedTime(metadata, name) + Grace;
        return sealedAt + Grace <= Now;
    }

    private sealed record Member(BronzeFile File, long End, long Landed, (long Day, long Window, string Mappings) Key, string? SourceHash);
}
