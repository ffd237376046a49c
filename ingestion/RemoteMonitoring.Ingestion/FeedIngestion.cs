using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion;

/// <summary>What landed and what became of it, over the whole cohort.</summary>
public sealed record IngestionReport
{
    /// <summary>The files of this run.</summary>
    public required IReadOnlyList<LandedFile> Files { get; init; }

    /// <summary>Reference batches that were new.</summary>
    public required int ReferenceBatches { get; init; }

    /// <summary>The cohort's account after the run.</summary>
    public required IngestionAccount Account { get; init; }

    /// <summary>Messages received: lines of the feed that are not blank.</summary>
    public long Messages => Files.Sum(f => f.Lines);

    /// <summary>Rows that bronze has in the feed's partitions.</summary>
    public long InBronze => Files.Sum(f => Account.Frontier.GetValueOrDefault(f.Partition.ToString()));

    /// <summary>Messages that this run landed.</summary>
    public long Landed => Files.Sum(f => f.Lines - f.AlreadyThere);

    /// <summary>Whether there was nothing to do.</summary>
    public bool NothingNew => Landed == 0 && ReferenceBatches == 0;
}

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

    /// <summary>Rows of bronze.</summary>
    public required long Messages { get; init; }

    /// <summary>Readings in those messages.</summary>
    public required long Received { get; init; }

    /// <summary>Rows of silver readings.</summary>
    public required long Accepted { get; init; }

    /// <summary>Rows of quarantine by reason.</summary>
    public required IReadOnlyDictionary<string, long> Rejected { get; init; }

    /// <summary>Readings rejected at the door.</summary>
    public long RejectedTotal => Rejected.Values.Sum();

    /// <summary>
    /// Takes the account from the footers, and checks it: the files of each partition follow on each other without a hole,
    /// bronze has a row for each offset, and received = accepted + rejected.
    /// </summary>
    public static async Task<IngestionAccount> TakeAsync(Lake lake, CancellationToken cancellationToken)
    {
        var frontier = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var rejected = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long messages = 0, received = 0, accepted = 0, watermark = 0;
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            var expected = 0L;
            foreach (var file in await BronzeFile.ListAsync(lake, partition, cancellationToken))
            {
                var (path, offset) = (file.Path, file.Start);
                var bronze = await lake.ReadTableAsync(path, [], cancellationToken);
                var end = TelemetryTables.Number(bronze.Metadata, TelemetryTables.EndOffset, lake.NameOf(path));
                if (offset != expected || end - offset != bronze.Rows)
                {
                    throw new LakeException($"{lake.NameOf(path)}: the chain of {partition} is broken: offset {expected} expected, the file has {offset} to {end} in {bronze.Rows} rows.");
                }

                expected = end;
                messages += bronze.Rows;
                watermark = Math.Max(watermark, TelemetryTables.Number(bronze.Metadata, TelemetryTables.KnownTime, lake.NameOf(path)));
                var (receivedHere, acceptedHere) = await TakeSilverAsync(lake, LakePaths.Readings(partition, file.Stem, Silver.MappingName), rejected, cancellationToken);
                received += receivedHere;
                accepted += acceptedHere;
            }

            frontier[partition.ToString()] = expected;
        }

        return new IngestionAccount
        {
            Frontier = frontier,
            Watermark = watermark,
            Messages = messages,
            Received = received,
            Accepted = accepted,
            Rejected = rejected,
        };
    }

    /// <summary>Checks one file of readings against its own account, and adds what it rejected by reason.</summary>
    private static async Task<(long Received, long Accepted)> TakeSilverAsync(
        Lake lake, string path, SortedDictionary<string, long> rejected, CancellationToken cancellationToken)
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

        return received == accepted + rejectedHere && accepted == silver.Rows
            ? (received, accepted)
            : throw new LakeException($"{lake.NameOf(path)}: silver does not add up: received {received}, accepted {accepted}, rejected {rejectedHere}, in {silver.Rows} rows. Delete it and run 'rmon ingest' again: it is made anew.");
    }
}

/// <summary>Lands a whole feed: its reference events, then its partitions side by side, then the telemetry documents.</summary>
public static class FeedIngestion
{
    /// <summary>Runs it; <paramref name="progress"/> is told of messages landed, batch by batch.</summary>
    public static async Task<IngestionReport> RunAsync(
        CohortStore store, FeedFolder feed, TimeProvider time, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        await RefuseOtherSourceAsync(store, feed, cancellationToken);
        var reference = new List<(string Kind, byte[] Lines)>();
        foreach (var (kind, file) in feed.ReferenceFiles)
        {
            var lines = await File.ReadAllBytesAsync(file, cancellationToken);
            Check(kind, lines, file);
            reference.Add((kind, lines));
        }

        var batches = 0;
        foreach (var (kind, lines) in reference)
        {
            if (lines.Length > 0 && await store.Reference.AppendAsync(kind, lines, cancellationToken))
            {
                batches++;
            }
        }

        var landing = new FileLanding(store.Lake, new Silver(store.Lake), time);
        var files = new LandedFile[feed.MessageFiles.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, files.Length),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken },
            async (p, token) => files[p] = await landing.LandAsync(
                feed.MessageFiles[p], new StreamPartition(feed.Hub, feed.Epoch, p), feed.Imported, progress, token));

        if (feed.Messages is { } promised && promised != files.Sum(f => f.Lines))
        {
            throw new LakeException($"The feed's header promises {promised} messages; its files hold {files.Sum(f => f.Lines)}. Those have landed; make the feed again to get the rest.");
        }

        // Of every stream, not only this feed's: the account is over all, and another run may have been stopped half way.
        var silver = new Silver(store.Lake);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            await silver.CatchUpAsync(partition, cancellationToken);
        }

        var account = await IngestionAccount.TakeAsync(store.Lake, cancellationToken);
        var report = new IngestionReport { Files = files, ReferenceBatches = batches, Account = account };
        if (report.InBronze < report.Messages)
        {
            throw new LakeException($"{store.Lake.NameOf("")}: of {report.Messages} messages of this feed {report.InBronze} are in bronze.");
        }

        await DocumentProjection.RunAsync(store, account, cancellationToken);
        return report;
    }

    // Two sources under one name would become one cohort, in which two people share an id.
    private static async Task RefuseOtherSourceAsync(CohortStore store, FeedFolder feed, CancellationToken cancellationToken)
    {
        if (feed is { Messages: not null, Imported: true }
            && (await BronzeFile.PartitionsAsync(store.Lake, cancellationToken)).FirstOrDefault(p => p.Hub == feed.Hub && p.Epoch != feed.Epoch) is { } other)
        {
            throw new LakeException($"{store.Folder}: already holds '{feed.Hub}' from another source or with other settings (epoch {other.Epoch}, this feed has {feed.Epoch}). Give this one a cohort of its own with --cohort NAME, or another --home.");
        }
    }

    // Before anything of any kind is appended: a log that is create-only must not take in what it cannot read back.
    private static void Check(string kind, byte[] lines, string file)
    {
        _ = kind switch
        {
            ReferenceKinds.Teams => ReferenceLog.Parse<CareTeam>(lines, file).Count,
            ReferenceKinds.Roster => ReferenceLog.Parse<Patient>(lines, file).Count,
            ReferenceKinds.Assignments => ReferenceLog.Parse<DeviceAssignment>(lines, file).Count,
            ReferenceKinds.Census => ReferenceLog.Parse<CensusEvent>(lines, file).Count,
            ReferenceKinds.Outcomes => ReferenceLog.Parse<Outcome>(lines, file).Count,
            ReferenceKinds.Contacts => ReferenceLog.Parse<Contact>(lines, file).Count,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
