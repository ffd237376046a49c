using System.Reflection;
using Microsoft.Data.Sqlite;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Backup;

/// <summary>
/// Copies cohorts of a local home into one file while others work on them. The file holds patients' data and secrets (the key of
/// erasures, devices' keys), and only its owner may read it. It comes into being whole: killed, it leaves <c>FILE.draft</c>, which the
/// next backup of that name writes over.
/// </summary>
public static class HomeBackup
{
    private const int MostAttempts = 3;

    /// <summary>Backs up; a file that is there stays as it is, and throws <see cref="LakeException"/>.</summary>
    public static async Task<BackupSummary> RunAsync(string home, IReadOnlyList<string> cohorts, string file, TimeProvider time, CancellationToken cancellationToken)
    {
        (home, file) = (Path.GetFullPath(home), Path.GetFullPath(file));
        if (File.Exists(file) || Directory.Exists(file))
        {
            throw new LakeException($"{file}: is there already, and is not written over. Name another file.");
        }

        if (cohorts.FirstOrDefault(c => file.StartsWith(Path.Combine(home, c) + Path.DirectorySeparatorChar, StringComparison.Ordinal)) is { } inside)
        {
            throw new LakeException($"{file}: lies in the cohort '{inside}', of which it is to be the backup. Name a file elsewhere, on another disk if there is one.");
        }

        try
        {
            Durable.CreateDirectory(Path.GetDirectoryName(file)!);
            // One at a time makes a file of this name; the operating system takes the lock off a process that is gone.
            using var turn = new FileStream(file + ".draft.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            return await MakeAsync(home, cohorts, file, time, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new LakeException($"{file}: the backup cannot be made ({e.Message.Split('\n')[0]})", e);
        }
    }

    private static async Task<BackupSummary> MakeAsync(string home, IReadOnlyList<string> cohorts, string file, TimeProvider time, CancellationToken cancellationToken)
    {
        var draft = file + ".draft";
        try
        {
            var summary = await WriteAsync(home, cohorts, draft, time, cancellationToken);
            return Durable.TryMoveToNewName(draft, file) ? Synced(file, summary) : throw new LakeException($"{file}: has been made by somebody else meanwhile, and is not written over. Name another file.");
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static BackupSummary Synced(string file, BackupSummary summary)
    {
        Durable.SyncDirectory(Path.GetDirectoryName(file)!);
        return summary;
    }

    private static async Task<BackupSummary> WriteAsync(string home, IReadOnlyList<string> cohorts, string draft, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteOnceAsync(home, cohorts, draft, time, cancellationToken);
            }
            catch (VanishedException) when (attempt < MostAttempts)
            {
                // Somebody deletes meanwhile; from the start, of what is there now.
            }
            catch (VanishedException e)
            {
                throw new LakeException($"{e.Path}: was deleted while it was to be copied, {MostAttempts} times over: 'rmon rebuild', 'rmon compact --gc' or 'rmon erase' is at work. Back up when it is done.", e);
            }
        }
    }

    private static async Task<BackupSummary> WriteOnceAsync(string home, IReadOnlyList<string> cohorts, string draft, TimeProvider time, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        await using var archive = new BackupArchive(draft);
        var stores = new List<CohortStore>();
        try
        {
            foreach (var cohort in cohorts)
            {
                stores.Add(CohortStore.Open(home, cohort));
            }

            var header = new BackupHeader
            {
                SchemaVersion = BackupHeader.CurrentSchemaVersion,
                At = Instant.FromDateTimeOffset(time.GetUtcNow()),
                Program = typeof(HomeBackup).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
                Cohorts = [.. stores.Select(s => new BackupCohort(s.Cohort, HomeFormat.VersionOf(s.Folder)!.Value))],
            };
            await archive.AddEndAsync(BackupHeader.EntryName, BackupJson.ToBytes(header), cancellationToken);
            foreach (var store in stores)
            {
                var copy = new CohortCopy(store, (LakeDirectory)store.Lake, archive);
                await copy.RunAsync(cancellationToken);
                missing.AddRange(copy.Missing);
            }

            await archive.CompleteAsync(cancellationToken);
            return new BackupSummary(header, [.. archive.Entries.Values], missing);
        }
        finally
        {
            foreach (var store in stores)
            {
                await store.DisposeAsync();
            }
        }
    }
}
