using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Watermarks;

/// <summary>
/// Up to when everything that the hubs had is landed: the least that is stated of any partition of the streams in force. Of a hub whose stream was made anew
/// that is the epoch begun last; where nothing is stated of that yet, or none was ever begun by name, the one that was last stated something of.
/// </summary>
/// <param name="Partitions">The statements it is made of, in order of hub and partition; at least one.</param>
public sealed record IngestionWatermark(IReadOnlyList<LandingStatement> Partitions)
{
    /// <summary>The statement that holds it back.</summary>
    public LandingStatement HeldBackBy { get; } = Partitions.MinBy(s => s.Through)!;

    /// <summary>All that the hubs had before this instant is landed.</summary>
    public Instant Through => HeldBackBy.Through;

    /// <summary>The statement of the partition that is furthest behind: the one with the oldest message that is not landed.</summary>
    public LandingStatement FurthestBehind(Instant now) => Partitions.MaxBy(s => s.Behind(now))!;

    /// <summary>
    /// How old the statement is that holds it back. Workers renew theirs every few seconds, so an old one means that nobody reads its
    /// partition: whether to go on waiting is the caller's to decide.
    /// </summary>
    public Duration Age(Instant now) => now - HeldBackBy.Stated;

    /// <summary>Reads it; null where no worker ever stated anything, as where all came from files: then there is nothing to wait for.</summary>
    public static async Task<IngestionWatermark?> ReadAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var statements = await LandingStatement.ListAsync(store.Documents, cancellationToken);
        if (statements.Count == 0)
        {
            return null;
        }

        var position = (await store.Reference.PositionAsync(cancellationToken)).Where(p => p.Key == ReferenceKinds.Epochs).ToDictionary(StringComparer.Ordinal);
        var epochs = (await store.Reference.LoadAsync(position, cancellationToken)).Epochs;
        return new IngestionWatermark([.. statements.GroupBy(s => s.Partition.Hub, StringComparer.Ordinal).SelectMany(hub =>
        {
            var begun = epochs.LastOrDefault(e => e.Hub == hub.Key)?.Epoch;
            var inForce = hub.Any(s => s.Partition.Epoch == begun) ? begun : hub.MaxBy(s => s.Stated)!.Partition.Epoch;
            return hub.Where(s => s.Partition.Epoch == inForce);
        })]);
    }
}
