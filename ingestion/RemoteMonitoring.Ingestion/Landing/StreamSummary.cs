using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>Offsets that no source had any more.</summary>
/// <param name="Start">First of them.</param>
/// <param name="End">The one behind the last.</param>
/// <param name="Why">Why, as recorded.</param>
public sealed record StreamLoss(long Start, long End, string Why);

/// <summary>How far one partition has landed.</summary>
/// <param name="Partition">Which.</param>
/// <param name="End">The offset that is expected next.</param>
/// <param name="Landed">When the last file landed, Unix microseconds; null where nothing has.</param>
/// <param name="Losses">What was lost, in order.</param>
public sealed record StreamSummary(StreamPartition Partition, long End, long? Landed, IReadOnlyList<StreamLoss> Losses)
{
    /// <summary>Of every partition in the lake, by hub, epoch and number; reads footers only.</summary>
    public static async Task<IReadOnlyList<StreamSummary>> ListAsync(Lake lake, CancellationToken cancellationToken)
    {
        var summaries = new List<StreamSummary>();
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            var (end, landed, losses) = (0L, (long?)null, new List<StreamLoss>());
            foreach (var file in await BronzeFile.ListAsync(lake, partition, cancellationToken))
            {
                var metadata = await lake.ReadMetadataAsync(file.Path, cancellationToken);
                var name = lake.NameOf(file.Path);
                end = TelemetryTables.Number(metadata, TelemetryTables.EndOffset, name);
                landed = Math.Max(landed ?? long.MinValue, BronzeFooter.LandedTime(metadata, name));
                if (metadata.TryGetValue(TelemetryTables.Lost, out var why))
                {
                    losses.Add(new StreamLoss(file.Start, end, why));
                }
            }

            summaries.Add(new StreamSummary(partition, end, landed, losses));
        }

        return [.. summaries.OrderBy(s => s.Partition.Hub, StringComparer.Ordinal).ThenBy(s => s.Partition.Epoch, StringComparer.Ordinal).ThenBy(s => s.Partition.Partition)];
    }
}
