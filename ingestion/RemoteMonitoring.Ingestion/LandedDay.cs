using NodaTime;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// What came of the readings of the last day: the 24 hours before an instant, or before the last landing where nothing landed in those. Read from footers, newest first,
/// and only as far back as it goes. What was rejected and read again since counts as it is now.
/// </summary>
/// <param name="Received">Readings of the messages that landed.</param>
/// <param name="Rejected">Those of them that are in quarantine.</param>
/// <param name="Until">When the last of them landed; the instant itself where nothing ever did.</param>
public readonly record struct LandedDay(long Received, long Rejected, Instant Until)
{
    private static readonly Duration s_day = Duration.FromDays(1);

    /// <summary>Reads it.</summary>
    public static async Task<LandedDay> ReadAsync(CohortStore store, Instant now, CancellationToken cancellationToken)
    {
        var lake = store.Lake;
        var silver = await Silver.OpenAsync(lake, store.Reference, cancellationToken);
        var newest = new List<(IReadOnlyList<BronzeFile> Files, long Landed)>();
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            if (await BronzeFile.ListAsync(lake, partition, cancellationToken) is { Count: > 0 } files)
            {
                newest.Add((files, await LandedAsync(lake, files[^1], cancellationToken)));
            }
        }

        if (newest.Count == 0)
        {
            return new LandedDay(0, 0, now);
        }

        var until = UnixMicros.ToInstant(newest.Max(p => p.Landed));
        var from = (until < now - s_day ? until : now) - s_day;
        var (received, rejected) = (0L, 0L);
        foreach (var (files, _) in newest)
        {
            foreach (var file in files.Reverse())
            {
                var landed = await LandedAsync(lake, file, cancellationToken);
                if (UnixMicros.ToInstant(landed) < from)
                {
                    break;
                }

                foreach (var paths in silver.PathsOf(file, landed))
                {
                    // Readings that land at this moment are counted the next time.
                    if (await lake.ExistsAsync(paths.Readings, cancellationToken))
                    {
                        var footer = await lake.ReadMetadataAsync(paths.Readings, cancellationToken);
                        var name = lake.NameOf(paths.Readings);
                        received += TelemetryTables.Number(footer, TelemetryTables.Received, name);
                        rejected += footer.Keys.Where(k => k.StartsWith(TelemetryTables.Rejected, StringComparison.Ordinal)).Sum(k => TelemetryTables.Number(footer, k, name));
                    }
                }
            }
        }

        return new LandedDay(received, rejected, until);
    }

    private static async Task<long> LandedAsync(Lake lake, BronzeFile file, CancellationToken cancellationToken) =>
        BronzeFooter.LandedTime(await lake.ReadMetadataAsync(file.Path, cancellationToken), lake.NameOf(file.Path));
}
