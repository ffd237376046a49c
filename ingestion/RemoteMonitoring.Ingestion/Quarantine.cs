using System.Runtime.CompilerServices;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion;

/// <summary>A rejected reading, or message, as it lies in quarantine now.</summary>
public sealed record QuarantinedReading
{
    /// <summary>Partition of the stream.</summary>
    public required StreamPartition Partition { get; init; }

    /// <summary>Offset of its message.</summary>
    public required long Offset { get; init; }

    /// <summary>Place in its message, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary>Why it was rejected.</summary>
    public required RejectionReason Reason { get; init; }

    /// <summary>What was found, and what would be accepted.</summary>
    public required string Hint { get; init; }

    /// <summary>Authenticated device id; empty where none could be read.</summary>
    public required string DeviceId { get; init; }

    /// <summary>The code as sent, or null.</summary>
    public required string? Code { get; init; }

    /// <summary>The value as sent; NaN where none could be read.</summary>
    public required double Value { get; init; }

    /// <summary>When the hub had it, Unix microseconds.</summary>
    public required long EnqueuedTime { get; init; }

    /// <summary>Since when it is rejected, Unix microseconds.</summary>
    public required long KnownFrom { get; init; }

    /// <summary>Name and version of the mapping that judged it.</summary>
    public required string Mapping { get; init; }

    /// <summary>The reading, or the whole body, as received.</summary>
    public required byte[] Raw { get; init; }
}

/// <summary>What lies in quarantine: rejected at the door, and not read otherwise since.</summary>
public static class Quarantine
{
    /// <summary>All of it, by partition, offset and ordinal; one bronze file's is in memory at a time.</summary>
    public static async IAsyncEnumerable<QuarantinedReading> ReadAsync(
        Lake lake, Silver silver, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            foreach (var file in await BronzeFile.ListAsync(lake, partition, cancellationToken))
            {
                foreach (var row in await ReadAsync(lake, silver, file, cancellationToken))
                {
                    yield return row;
                }
            }
        }
    }

    /// <summary>The same of one message; empty where it was never landed or has none.</summary>
    public static async Task<IReadOnlyList<QuarantinedReading>> FindAsync(
        Lake lake, Silver silver, StreamPartition partition, long offset, CancellationToken cancellationToken) =>
        await FileOfAsync(lake, partition, offset, cancellationToken) is { } file
            ? [.. (await ReadAsync(lake, silver, file, cancellationToken)).Where(r => r.Offset == offset)]
            : [];

    /// <summary>A message's body as it landed; null where there is none of this offset.</summary>
    public static async Task<byte[]?> FindBodyAsync(Lake lake, StreamPartition partition, long offset, CancellationToken cancellationToken)
    {
        if (await FileOfAsync(lake, partition, offset, cancellationToken) is not { } file)
        {
            return null;
        }

        var envelopes = TelemetryTables.ToEnvelopes(await lake.ReadTableAsync(file.Path, null, cancellationToken));
        var row = envelopes.Offset.IndexOf(offset);
        return row < 0 ? null : envelopes.Body[row].ToArray();
    }

    private static async Task<BronzeFile?> FileOfAsync(Lake lake, StreamPartition partition, long offset, CancellationToken cancellationToken) =>
        (await BronzeFile.ListAsync(lake, partition, cancellationToken)).Where(f => f.Start <= offset).Select(f => (BronzeFile?)f).LastOrDefault();

    internal static async Task<IEnumerable<QuarantinedReading>> ReadAsync(Lake lake, Silver silver, BronzeFile file, CancellationToken cancellationToken)
    {
        var holds = new SortedDictionary<(long, int), QuarantinedReading>();
        foreach (var paths in await silver.PathsAsync(file, cancellationToken))
        {
            var batch = new QuarantineBatch();
            TelemetryTables.AppendQuarantine(await lake.ReadTableAsync(paths.Quarantine, null, cancellationToken), batch);
            foreach (var row in batch.TakenBack)
            {
                holds.Remove((batch.Offset[row], batch.Ordinal[row]));
            }

            for (var i = 0; i < batch.Count; i++)
            {
                if (!batch.TakenBack.Contains(i))
                {
                    holds[(batch.Offset[i], batch.Ordinal[i])] = ToRow(file.Partition, batch, i);
                }
            }
        }

        return holds.Values;
    }

    private static QuarantinedReading ToRow(StreamPartition partition, QuarantineBatch batch, int i) => new()
    {
        Partition = partition,
        Offset = batch.Offset[i],
        Ordinal = batch.Ordinal[i],
        Reason = batch.Reason[i],
        Hint = batch.Hint[i],
        DeviceId = batch.DeviceId[i],
        Code = batch.Code[i],
        Value = batch.Value[i],
        EnqueuedTime = batch.EnqueuedTime[i],
        KnownFrom = batch.KnownFrom[i],
        Mapping = batch.Mapping[i],
        Raw = batch.Raw[i],
    };
}
