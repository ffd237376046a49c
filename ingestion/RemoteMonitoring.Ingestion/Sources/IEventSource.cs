namespace RemoteMonitoring.Ingestion.Sources;

/// <summary>Records of one partition, in order of offset; the first lies at or after the position that was asked for.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Records">At least one, offsets rising.</param>
public sealed record StreamBatch(int Partition, IReadOnlyList<StreamRecord> Records);

/// <summary>
/// A partitioned stream of device messages, read from where the lake says it ends: the local gateway's log, or Event Hubs.
/// Used by one thread at a time.
/// </summary>
public interface IEventSource : IAsyncDisposable
{
    /// <summary>Name of the hub.</summary>
    string Hub { get; }

    /// <summary>Identity of the stream under that name.</summary>
    string Epoch { get; }

    /// <summary>
    /// What came next in the partitions that are this reader's now: returns as soon as there is something, and empty after a
    /// short wait. Where a partition becomes this reader's, it asks <paramref name="positionOf"/> at which offset to begin.
    /// Bounded: what is returned at once is at most a few megabytes.
    /// </summary>
    Task<IReadOnlyList<StreamBatch>> ReadAsync(Func<int, CancellationToken, Task<long>> positionOf, CancellationToken cancellationToken);

    /// <summary>Reads a partition again from an offset: another reader had landed what was read, or what was read could not be landed.</summary>
    Task SeekAsync(int partition, long offset, CancellationToken cancellationToken);

    /// <summary>Tells the source how far a partition has landed. Advice only, for its own figures and housekeeping: what counts is the lake.</summary>
    Task CommitAsync(int partition, long nextOffset, CancellationToken cancellationToken);

    /// <summary>The offset behind the last record of each partition that is this reader's, as far as the source knows, and the greatest number where it cannot say: for lag.</summary>
    IReadOnlyDictionary<int, long> Ends { get; }

    /// <summary>
    /// Asks the source itself, now, for the offset behind the last record of each partition that is this reader's; one that cannot be asked is left
    /// out. Unlike <see cref="Ends"/> it is never what was heard before.
    /// </summary>
    Task<IReadOnlyDictionary<int, long>> AskEndsAsync(CancellationToken cancellationToken);
}
