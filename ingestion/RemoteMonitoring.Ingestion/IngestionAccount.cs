using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion;

/// <summary>A bronze file of an account.</summary>
/// <param name="File">Which.</param>
/// <param name="End">Where its offsets end, exclusive.</param>
/// <param name="Silver">Its silver: that of its landing, then one for each command since.</param>
public sealed record AccountedFile(BronzeFile File, long End, IReadOnlyList<SilverPaths> Silver);

/// <summary>
/// The account of bronze and silver: every message landed, every reading received either accepted or rejected.
/// Duplicates and unassigned readings are settled by compaction and are not in it yet.
/// </summary>
public sealed record IngestionAccount
{
    /// <summary>End offset (exclusive) of each partition: the frontier.</summary>
    public required IReadOnlyDictionary<string, long> Frontier { get; init; }

    /// <summary>Greatest known time over all partitions, Unix microseconds; 0 when nothing has landed.</summary>
    public required long Watermark { get; init; }

    /// <summary>Offsets that no source had any more when they were due: holes in the stream, recorded as such.</summary>
    public long Lost { get; init; }

    /// <summary>Rows of bronze.</summary>
    public required long Messages { get; init; }

    /// <summary>Readings in those messages.</summary>
    public required long Received { get; init; }

    /// <summary>Rows of silver readings.</summary>
    public required long Accepted { get; init; }

    /// <summary>Rows of quarantine by reason.</summary>
    public required IReadOnlyDictionary<string, long> Rejected { get; init; }

    /// <summary>The bronze files it was taken of, by partition and offset.</summary>
    public IReadOnlyList<AccountedFile> Files { get; init; } = [];

    /// <summary>Readings rejected at the door.</summary>
    public long RejectedTotal => Rejected.Values.Sum();

    /// <summary>
    /// Takes the account from the footers, and checks it: the files of each partition follow on each other without a hole,
    /// bronze has a row for each offset that is not lost, and received = accepted + rejected.
    /// </summary>
    public static async Task<IngestionAccount> TakeAsync(Lake lake, Silver silver, CancellationToken cancellationToken, bool makeMissing = false)
    {
        var frontier = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var rejected = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var files = new List<AccountedFile>();
        long messages = 0, received = 0, accepted = 0, watermark = 0, lost = 0;
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            var expected = 0L;
            foreach (var file in await BronzeFile.ListAsync(lake, partition, cancellationToken))
            {
                var (path, offset) = (file.Path, file.Start);
                var bronze = await lake.ReadTableAsync(path, [], cancellationToken);
                var end = TelemetryTables.Number(bronze.Metadata, TelemetryTables.EndOffset, lake.NameOf(path));
                var isLoss = bronze.Metadata.ContainsKey(TelemetryTables.Lost);
                if (offset != expected || end - offset != (isLoss ? end - offset : bronze.Rows) || (isLoss && bronze.Rows > 0))
                {
                    throw new LakeException($"{lake.NameOf(path)}: the chain of {partition} is broken: offset {expected} expected, the file has {offset} to {end} in {bronze.Rows} rows.");
                }

                expected = end;
                lost += isLoss ? end - offset : 0;
                messages += bronze.Rows;
                watermark = Math.Max(watermark, TelemetryTables.Number(bronze.Metadata, TelemetryTables.KnownTime, lake.NameOf(path)));
                // A worker beside may have landed the file since silver was caught up, and be about to make the rest.
                if (makeMissing && !await lake.AllExistAsync(silver.PathsOf(file, BronzeFooter.LandedTime(bronze.Metadata, path)).Select(p => p.Readings), cancellationToken))
                {
                    await silver.CatchUpAsync(partition, cancellationToken);
                }

                files.Add(new AccountedFile(file, end, silver.PathsOf(file, BronzeFooter.LandedTime(bronze.Metadata, path))));
                foreach (var (paths, isFirst) in files[^1].Silver.Select((p, i) => (p, i == 0)))
                {
                    var (receivedHere, acceptedHere) = await TakeSilverAsync(lake, paths.Readings, isFirst, rejected, cancellationToken);
                    received += receivedHere;
                    accepted += acceptedHere;
                }
            }

            frontier[partition.ToString()] = expected;
        }

        return new IngestionAccount
        {
            Frontier = frontier,
            Watermark = watermark,
            Messages = messages,
            Lost = lost,
            Received = received,
            Files = files,
            Accepted = accepted,
            Rejected = new SortedDictionary<string, long>(rejected.Where(r => r.Value != 0).ToDictionary(), StringComparer.Ordinal),
        };
    }

    /// <summary>Checks one file of readings against its own account, and adds what it rejected by reason.</summary>
    private static async Task<(long Received, long Accepted)> TakeSilverAsync(
        Lake lake, string path, bool isFirst, SortedDictionary<string, long> rejected, CancellationToken cancellationToken)
    {
        if (!await lake.ExistsAsync(path, cancellationToken))
        {
            throw new LakeException($"{lake.NameOf(path)}: the readings of a landed file are not there. Run 'rmon ingest' again: it makes them.");
        }

        var silver = await lake.ReadTableAsync(path, [], cancellationToken);
        var received = TelemetryTables.Number(silver.Metadata, TelemetryTables.Received, lake.NameOf(path));
        var accepted = TelemetryTables.Number(silver.Metadata, TelemetryTables.Accepted, lake.NameOf(path));
        var rejectedHere = 0L;
        foreach (var key in silver.Metadata.Keys.Where(k => k.StartsWith(TelemetryTables.Rejected, StringComparison.Ordinal)))
        {
            var (reason, count) = (key[TelemetryTables.Rejected.Length..], TelemetryTables.Number(silver.Metadata, key, lake.NameOf(path)));
            rejected[reason] = rejected.GetValueOrDefault(reason) + count;
            rejectedHere += count;
        }

        return received == accepted + rejectedHere && (accepted == silver.Rows || !isFirst)
            ? (received, accepted)
            : throw new LakeException($"{lake.NameOf(path)}: silver does not add up: received {received}, accepted {accepted}, rejected {rejectedHere}, in {silver.Rows} rows. Delete it and run 'rmon ingest' again: it is made anew.");
    }
}
