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

        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        var landing = new FileLanding(store.Lake, silver, time);
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
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            await silver.CatchUpAsync(partition, cancellationToken);
        }

        var account = await IngestionAccount.TakeAsync(store.Lake, silver, cancellationToken);
        var report = new IngestionReport { Files = files, ReferenceBatches = batches, Account = account };
        if (report.InBronze < report.Messages)
        {
            throw new LakeException($"{store.Lake.NameOf("")}: of {report.Messages} messages of this feed {report.InBronze} are in bronze.");
        }

        await DocumentProjection.RunAsync(store, silver, cancellationToken);
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

    // A limit of a vital that nobody knows would never alarm.
    private static int CheckLimits(IReadOnlyList<CarePlan> plans, string file) =>
        plans.Select(CarePlanRule.Fault).OfType<string>().FirstOrDefault() is { } fault ? throw new LakeException($"{file}: of a care plan {fault}.") : plans.Count;

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
            ReferenceKinds.CarePlans => CheckLimits(ReferenceLog.Parse<CarePlan>(lines, file), file),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
