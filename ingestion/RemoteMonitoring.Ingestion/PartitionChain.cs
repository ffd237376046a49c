using System.Globalization;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// The chain of bronze files of one partition. Each file is named by the offset the chain expects next, that is, where the
/// file before it ends; so of two writers that both think a partition theirs, one creates the name and the other adopts it.
/// </summary>
public sealed class PartitionChain
{
    private readonly Lake _lake;

    private PartitionChain(Lake lake, StreamPartition partition)
    {
        _lake = lake;
        Partition = partition;
    }

    /// <summary>The partition.</summary>
    public StreamPartition Partition { get; }

    /// <summary>The offset that the next file starts at.</summary>
    public long Next { get; private set; }

    /// <summary>The greatest known time in the chain; the next file's are no smaller.</summary>
    public long Known { get; private set; } = long.MinValue;

    /// <summary>Hash of the source's lines up to <see cref="Next"/>; null where the chain's last file does not carry it.</summary>
    public string? SourceHash { get; private set; }

    /// <summary>Opens the chain at its end.</summary>
    public static async Task<PartitionChain> OpenAsync(Lake lake, StreamPartition partition, CancellationToken cancellationToken)
    {
        var chain = new PartitionChain(lake, partition);
        await chain.MoveToEndAsync(cancellationToken);
        return chain;
    }

    /// <summary>
    /// Creates the next file. When another writer created it first, nothing is written, the chain moves to its new end, and
    /// the answer is false: the caller drops what has landed meanwhile and tries again with the rest.
    /// </summary>
    public async Task<bool> TryAppendAsync(EnvelopeBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0 || batch.Offset[0] != Next)
        {
            throw new InvalidOperationException($"The chain of {Partition} expects offset {Next}; the batch starts elsewhere.");
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Offset[i] != Next + i || batch.KnownTime[i] < (i == 0 ? Known : batch.KnownTime[i - 1]))
            {
                throw new InvalidOperationException($"The chain of {Partition} expects every offset from {Next} on, with known times that never fall; row {i} of the batch breaks that.");
            }
        }

        var end = batch.Offset[^1] + 1;
        var table = TelemetryTables.ToTable(batch);
        table.Metadata[TelemetryTables.EndOffset] = end.ToString(CultureInfo.InvariantCulture);
        table.Metadata[TelemetryTables.KnownTime] = batch.KnownTime[^1].ToString(CultureInfo.InvariantCulture);
        if (batch.SourceHash is { } hash)
        {
            table.Metadata[TelemetryTables.SourceHash] = hash;
        }

        if (!await _lake.TryCreateTableAsync(LakePaths.Bronze(Partition, Next), table, cancellationToken))
        {
            await MoveToEndAsync(cancellationToken);
            return false;
        }

        Next = end;
        Known = batch.KnownTime[^1];
        SourceHash = batch.SourceHash;
        return true;
    }

    /// <summary>Every partition that has a bronze file.</summary>
    public static async Task<IReadOnlyList<StreamPartition>> ListAsync(Lake lake, CancellationToken cancellationToken) =>
        [.. (await lake.ListAsync(LakePaths.BronzeTelemetry, cancellationToken))
            .Where(LakePaths.IsBronze)
            .Select(path => path.Split('/'))
            .Select(parts => new StreamPartition(parts[2], parts[3], int.Parse(parts[4], CultureInfo.InvariantCulture)))
            .Distinct()];

    /// <summary>The bronze files of a partition, by offset.</summary>
    public static async Task<IReadOnlyList<string>> FilesAsync(Lake lake, StreamPartition partition, CancellationToken cancellationToken) =>
        [.. (await lake.ListAsync(LakePaths.Bronze(partition), cancellationToken)).Where(LakePaths.IsBronze)];

    private async Task MoveToEndAsync(CancellationToken cancellationToken)
    {
        if (await FilesAsync(_lake, Partition, cancellationToken) is [.., var last])
        {
            var metadata = await _lake.ReadMetadataAsync(last, cancellationToken);
            Next = TelemetryTables.Number(metadata, TelemetryTables.EndOffset, _lake.NameOf(last));
            Known = TelemetryTables.Number(metadata, TelemetryTables.KnownTime, _lake.NameOf(last));
            SourceHash = metadata.GetValueOrDefault(TelemetryTables.SourceHash);
        }
    }
}
