using System.Text.Json;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Backup;

/// <summary>
/// Copies a cohort while others write to it. Files are created once and created before what refers to them, so the order makes the
/// copy whole: first what refers (journals, documents, ledger, models, manifests), then what is referred to, each listed anew;
/// then bronze up to where it had come, the reference log, and last the hub's log, which so is never behind bronze.
/// </summary>
internal sealed class CohortCopy(CohortStore store, LakeDirectory lake, BackupArchive archive)
{
    private const string Documents = "documents.db";

    private static readonly byte[] s_sqlite = "SQLite format 3\0"u8.ToArray();

    private readonly HashSet<string> _named = new(StringComparer.Ordinal);

    /// <summary>Paths below the home that something names and that are not there: rollups, which only save time, aside.</summary>
    public IEnumerable<string> Missing => _named.Where(p => !archive.Entries.ContainsKey(p)).Order(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var erasures = await ErasuresAsync(cancellationToken);
        foreach (var file in Directory.EnumerateFiles(store.Folder).Where(IsDatabase).OrderBy(Rank).ThenBy(f => f, StringComparer.Ordinal))
        {
            await archive.AddDatabaseAsync(NameOf(file), file, cancellationToken);
        }

        await AddAsync(await ReferringAsync(cancellationToken), cancellationToken);
        await AddAsync(await lake.ListAsync(LakePaths.ObservationsManifests, cancellationToken), cancellationToken);
        await AddAsync((await lake.ListAsync("", cancellationToken)).Where(p => !Refers(p) && !IsBronze(p) && !p.StartsWith(LakePaths.ObservationsManifests + "/", StringComparison.Ordinal)), cancellationToken);
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            await AddAsync((await LandedAsync(partition, cancellationToken)).Select(f => f.Path), cancellationToken);
        }

        foreach (var (kind, last) in await store.Reference.PositionAsync(cancellationToken))
        {
            for (var sequence = 1L; sequence <= last; sequence++)
            {
                await AddAsync([LakePaths.Reference(kind, sequence)], cancellationToken);
            }
        }

        await AddOthersAsync(cancellationToken);
        if (await ErasuresAsync(cancellationToken) != erasures)
        {
            throw new LakeException($"{store.Folder}: a patient was erased while the backup was made, so it may hold what was erased. Nothing was kept; run it again.");
        }
    }

    /// <summary>
    /// The bronze files of a partition up to where it had come. A list that is taken while files come may have a later one and not an
    /// earlier one; of a second list all up to the end of the first are there.
    /// </summary>
    private async Task<IReadOnlyList<BronzeFile>> LandedAsync(StreamPartition partition, CancellationToken cancellationToken)
    {
        var first = await BronzeFile.ListAsync(lake, partition, cancellationToken);
        return first is [.., var last] ? [.. (await BronzeFile.ListAsync(lake, partition, cancellationToken)).Where(f => f.Start <= last.Start)] : [];
    }

    /// <summary>What refers to others. Of decisions about models, as of bronze, a second list has all up to the last of the first.</summary>
    private async Task<IReadOnlyList<string>> ReferringAsync(CancellationToken cancellationToken)
    {
        string[] first = [.. (await lake.ListAsync("", cancellationToken)).Where(Refers)];
        var last = first.Where(LakePaths.IsDecision).GroupBy(LakePaths.FolderOf).ToDictionary(g => g.Key, g => g.Last());
        var decisions = (await lake.ListAsync("models", cancellationToken)).Where(p => LakePaths.IsDecision(p) && last.TryGetValue(LakePaths.FolderOf(p), out var to) && string.CompareOrdinal(p, to) <= 0);
        return [.. first.Where(p => !LakePaths.IsDecision(p)), .. decisions];
    }

    private async Task AddAsync(IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        foreach (var path in paths)
        {
            try
            {
                await archive.AddAsync(NameOf(lake.FullPath(path)), lake.FullPath(path), cancellationToken);
                await NoteAsync(path, cancellationToken);
            }
            catch (VanishedException) when (path.StartsWith("silver/", StringComparison.Ordinal) || path.StartsWith(LakePaths.RollupsFolder + "/", StringComparison.Ordinal))
            {
                // Silver of bronze that was sealed, or rollups that others have replaced: who needs them makes them.
            }
        }
    }

    /// <summary>Everything of the cohort's folder that is not in the lake: the hub's log and devices, certificates, keys.</summary>
    private async Task AddOthersAsync(CancellationToken cancellationToken)
    {
        string[] endings = ["-wal", "-shm", "-journal", ".lock", ".draft"];
        var files = Directory.EnumerateFiles(store.Folder, "*", SearchOption.AllDirectories)
            .Where(f => !f.StartsWith(lake.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal) && !endings.Any(e => f.EndsWith(e, StringComparison.Ordinal)))
            .Where(f => !archive.Entries.ContainsKey(NameOf(f)))
            .Order(StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (IsDatabase(file))
            {
                await archive.AddDatabaseAsync(NameOf(file), file, cancellationToken);
            }
            else
            {
                await archive.AddAsync(NameOf(file), file, cancellationToken);
            }
        }
    }

    /// <summary>Notes what a file names that was copied: that is to be there too.</summary>
    private async Task NoteAsync(string path, CancellationToken cancellationToken)
    {
        IEnumerable<string> names = [];
        if (LakePaths.IsLedgerShadow(path))
        {
            names = await ShadowOutputsAsync(path, cancellationToken);
        }
        else if (LakePaths.IsLedgerEntry(path))
        {
            names = Outputs(await lake.ReadAsync(path, cancellationToken));
        }
        else if (path == LakePaths.ObservationsManifest || path.StartsWith(LakePaths.ObservationsManifests + "/", StringComparison.Ordinal))
        {
            names = (await ObservationsManifest.TryReadFileAsync(lake, path, cancellationToken))?.Files.Select(f => f.Path) ?? [];
        }

        _named.UnionWith(names.Select(n => NameOf(lake.FullPath(n))));
    }

    private async Task<IEnumerable<string>> ShadowOutputsAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await DailyRiskRun.ShadowOfAsync(store, LakePaths.StemOf(path), cancellationToken))?.Outputs.Select(o => o.Path) ?? [];
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            return []; // as below
        }
    }

    private static IEnumerable<string> Outputs(byte[] ledger)
    {
        try
        {
            return RiskDocumentJson.ReadLedger(ledger).Outputs.Select(o => o.Path);
        }
        catch (JsonException)
        {
            return []; // it is copied as it is; who reads it says what is wrong with it
        }
    }

    /// <summary>How many erasures were stated. One that was begun and not completed throws: half of what it takes may still be there.</summary>
    private async Task<long> ErasuresAsync(CancellationToken cancellationToken)
    {
        var stated = (await store.Reference.PositionAsync(cancellationToken))[ReferenceKinds.Erasures];
        for (var sequence = 1L; sequence <= stated; sequence++)
        {
            if (!await lake.ExistsAsync(LakePaths.ErasureProof(sequence), cancellationToken))
            {
                throw new LakeException($"{store.Folder}: erasure {sequence} was begun and is not completed. Run the same 'rmon erase' again, then back up.");
            }
        }

        return stated;
    }

    private string NameOf(string file) => $"{store.Cohort}/{Path.GetRelativePath(store.Folder, file).Replace(Path.DirectorySeparatorChar, '/')}";

    private static bool IsBronze(string path) => path.StartsWith(LakePaths.BronzeTelemetry + "/", StringComparison.Ordinal) || path.StartsWith(LakePaths.BronzeReference + "/", StringComparison.Ordinal);

    /// <summary>What refers to other files of the lake, but for the manifests of the past, which are referred to themselves.</summary>
    private static bool Refers(string path) =>
        path.StartsWith("ledger/", StringComparison.Ordinal) || path == LakePaths.ObservationsManifest
        || (path.StartsWith("models/", StringComparison.Ordinal) && (path.EndsWith("/current", StringComparison.Ordinal) || LakePaths.IsDecision(path) || path.EndsWith("/" + ModelFiles.DocumentName, StringComparison.Ordinal)));

    private static int Rank(string file) => Path.GetFileName(file) switch { WorkflowCatalog.Journal => 0, Documents => 2, _ => 1 };

    private static bool IsDatabase(string file)
    {
        if (!file.EndsWith(".db", StringComparison.Ordinal))
        {
            return false;
        }

        var start = new byte[s_sqlite.Length];
        using var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return input.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(s_sqlite);
    }
}
