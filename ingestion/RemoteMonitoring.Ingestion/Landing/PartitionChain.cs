using System.Globalization;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// The chain of bronze files of one partition. Each file is named by the offset the chain expects next, that is, where the
/// file before it ends; so of two writers that both think a partition theirs, one creates the name and the other adopts it.
/// </summary>
public sealed class PartitionChain
{
    /// <summary>
    /// A chain that has stood still for longer looks at the lake again before and after it creates. Names come free when files
    /// are sealed, an hour after they landed at the earliest: a writer that slept longer must not take such a name for the end.
    /// </summary>
    private static readonly TimeSpan s_freshness = TimeSpan.FromMinutes(10);

    private readonly Lake _lake;
    private readonly TimeProvider _time;
    private (long Stamp, DateTimeOffset Clock) _looked;

    private PartitionChain(Lake lake, StreamPartition partition, TimeProvider time)
    {
        _lake = lake;
        _time = time;
        Partition = partition;
    }

    /// <summary>The partition.</summary>
    public StreamPartition Partition { get; }

    /// <summary>The offset that the next file starts at.</summary>
    public long Next { get; private set; }

    /// <summary>The greatest known time in the chain; the next file's are no smaller.</summary>
    public long Known { get; private set; } = long.MinValue;

    /// <summary>When the last file landed; the next does no sooner.</summary>
    public long Landed { get; private set; } = long.MinValue;

    /// <summary>Hash of the source's lines up to <see cref="Next"/>; null where the chain's last file does not carry it.</summary>
    public string? SourceHash { get; private set; }

    /// <summary>Whether the chain has stood still for long, by either clock: the one stands still while the machine sleeps, the other may be set.</summary>
    private bool IsStale => _time.GetElapsedTime(_looked.Stamp) > s_freshness || (_time.GetUtcNow() - _looked.Clock).Duration() > s_freshness;

    /// <summary>Opens the chain at its end.</summary>
    public static async Task<PartitionChain> OpenAsync(Lake lake, StreamPartition partition, TimeProvider time, CancellationToken cancellationToken)
    {
        var chain = new PartitionChain(lake, partition, time);
        await chain.MoveToEndAsync(cancellationToken);
        return chain;
    }

    /// <summary>
    /// Creates the next file. When another writer created it first, nothing is written, the chain moves to its new end, and
    /// the answer is false: the caller drops what has landed meanwhile and tries again with the rest.
    /// </summary>
    public async Task<bool> TryAppendAsync(EnvelopeBatch batch, long landed, CancellationToken cancellationToken)
    {
        Check(batch, landed);
        using var file = Encode(batch, landed);
        return await TryAppendAsync(batch, landed, file.Bytes, cancellationToken);
    }

    /// <summary>The bronze file of a batch, or one sealed at an instant from several.</summary>
    public static EncodedTable Encode(EnvelopeBatch batch, long landed, long? sealedAt = null)
    {
        var table = TelemetryTables.ToTable(batch);
        table.Metadata[TelemetryTables.EndOffset] = Text(batch.Offset[^1] + 1);
        table.Metadata[TelemetryTables.KnownTime] = Text(batch.KnownTime[^1]);
        table.Metadata[TelemetryTables.LandedTime] = Text(landed);
        if (sealedAt is { } at)
        {
            table.Metadata[TelemetryTables.SealedTime] = Text(at);
        }

        if (batch.SourceHash is { } hash)
        {
            table.Metadata[TelemetryTables.SourceHash] = hash;
        }

        return table.Encode();
    }

    /// <summary>The same with the file encoded before.</summary>
    public async Task<bool> TryAppendAsync(EnvelopeBatch batch, long landed, ReadOnlyMemory<byte> file, CancellationToken cancellationToken)
    {
        Check(batch, landed);
        return await TryCreateAsync(file, batch.Offset[^1] + 1, batch.KnownTime[^1], landed, batch.SourceHash, cancellationToken);
    }

    /// <summary>
    /// Records that no source has the offsets from <see cref="Next"/> to <paramref name="until"/> (exclusive) any more: a file
    /// without rows that says so. False when another writer went on first.
    /// </summary>
    public async Task<bool> TryRecordLossAsync(long until, string why, long landed, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(until, Next);
        var known = Math.Max(Known, landed);
        var table = TelemetryTables.ToTable(new EnvelopeBatch());
        table.Metadata[TelemetryTables.EndOffset] = Text(until);
        table.Metadata[TelemetryTables.KnownTime] = Text(known);
        table.Metadata[TelemetryTables.LandedTime] = Text(Math.Max(Landed, landed));
        table.Metadata[TelemetryTables.Lost] = why;
        using var file = table.Encode();
        return await TryCreateAsync(file.Bytes, until, known, Math.Max(Landed, landed), null, cancellationToken);
    }

    private void Check(EnvelopeBatch batch, long landed)
    {
        if (batch.Count == 0 || batch.Offset[0] != Next)
        {
            throw new InvalidOperationException($"The chain of {Partition} expects offset {Next}; the batch starts elsewhere.");
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Offset[i] != Next + i || batch.KnownTime[i] < (i == 0 ? Known : batch.KnownTime[i - 1]) || landed < Landed)
            {
                throw new InvalidOperationException($"The chain of {Partition} expects every offset from {Next} on, with known and landed times that never fall; row {i} of the batch breaks that.");
            }
        }
    }

    private async Task<bool> TryCreateAsync(ReadOnlyMemory<byte> file, long end, long known, long landed, string? sourceHash, CancellationToken cancellationToken)
    {
        var expected = Next;
        if (IsStale)
        {
            await MoveToEndAsync(cancellationToken);
            if (Next != expected)
            {
                return false;
            }
        }

        if (!await _lake.TryCreateAsync(LakePaths.Bronze(Partition, expected), file, cancellationToken))
        {
            await MoveToEndAsync(cancellationToken);
            return false;
        }

        if (IsStale
            && !(await BronzeFile.ListAsync(_lake, Partition, cancellationToken)).Contains(new BronzeFile(Partition, expected, null)))
        {
            // The name had come free by sealing while this writer slept: nobody reads the file, and it goes.
            await _lake.DeleteAsync(LakePaths.Bronze(Partition, expected), cancellationToken);
            await MoveToEndAsync(cancellationToken);
            return false;
        }

        _looked = (_time.GetTimestamp(), _time.GetUtcNow());
        (Next, Known, Landed, SourceHash) = (end, known, landed, sourceHash);
        return true;
    }

    private async Task MoveToEndAsync(CancellationToken cancellationToken)
    {
        if (await BronzeFile.ListAsync(_lake, Partition, cancellationToken) is [.., var last])
        {
            var metadata = await _lake.ReadMetadataAsync(last.Path, cancellationToken);
            var name = _lake.NameOf(last.Path);
            Next = TelemetryTables.Number(metadata, TelemetryTables.EndOffset, name);
            Known = TelemetryTables.Number(metadata, TelemetryTables.KnownTime, name);
            Landed = BronzeFooter.LandedTime(metadata, name);
            SourceHash = metadata.GetValueOrDefault(TelemetryTables.SourceHash);
        }

        _looked = (_time.GetTimestamp(), _time.GetUtcNow());
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What the footer of a bronze file says beside its rows.</summary>
internal static class BronzeFooter
{
    /// <summary>When the file landed; files of a version that did not say so landed when they were known.</summary>
    public static long LandedTime(IReadOnlyDictionary<string, string> metadata, string file) =>
        TelemetryTables.Number(metadata, metadata.ContainsKey(TelemetryTables.LandedTime) ? TelemetryTables.LandedTime : TelemetryTables.KnownTime, file);
}
