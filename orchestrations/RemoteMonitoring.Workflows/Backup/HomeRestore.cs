using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Backup;

/// <summary>
/// Puts cohorts of a backup into a local home. Everything is written aside and held against its hash first; then each cohort
/// gets its name in one step. Killed, it leaves only <c>.restore-draft</c> in the home, which the next restore removes.
/// </summary>
public static class HomeRestore
{
    private const string DraftName = ".restore-draft";

    /// <summary>
    /// Restores all cohorts of a backup, or one; a cohort that is there throws <see cref="LakeException"/>, and so does a file that is damaged,
    /// cut short or of a newer program.
    /// </summary>
    /// <returns>What was restored.</returns>
    public static async Task<BackupSummary> RunAsync(string file, string home, string? cohort, CancellationToken cancellationToken)
    {
        home = Path.GetFullPath(home);
        var wasThere = Directory.Exists(home);
        var draft = Path.Combine(home, DraftName);
        try
        {
            Durable.CreateDirectory(home);
            // Held while it is at work; the operating system takes the lock off a process that is gone.
            using var turn = new FileStream(Path.Combine(home, DraftName + ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            Forget(draft);
            try
            {
                var aside = Path.Combine(draft, "cohorts");
                var summary = await ReadAsync(file, header => Check(header, file, home, cohort), cohort, aside, cancellationToken);
                foreach (var folder in Directory.EnumerateDirectories(aside, "*", SearchOption.AllDirectories).Append(aside))
                {
                    Durable.SyncDirectory(folder);
                }

                foreach (var restored in summary.Header.Cohorts.Where(c => cohort is null || c.Name == cohort))
                {
                    Directory.Move(Path.Combine(aside, restored.Name), Path.Combine(home, restored.Name));
                }

                Durable.SyncDirectory(home);
                wasThere = true;
                return summary;
            }
            finally
            {
                Forget(draft);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{home}: cannot be restored into ({e.Message.Split('\n')[0]}). Nothing was restored.", e);
        }
        finally
        {
            if (!wasThere && Directory.Exists(home) && !Directory.EnumerateFileSystemEntries(home).Any())
            {
                Directory.Delete(home);
            }
        }
    }

    /// <summary>Reads a whole backup and holds every file against its hash, and writes nothing.</summary>
    public static Task<BackupSummary> VerifyAsync(string file, string? cohort, CancellationToken cancellationToken) =>
        ReadAsync(file, header => CheckHas(header, file, cohort), cohort, null, cancellationToken);

    /// <summary>What a backup has, from its first and its last entry; with a folder to put it in, its files go there, hashes checked.</summary>
    private static async Task<BackupSummary> ReadAsync(string file, Action<BackupHeader> check, string? cohort, string? folder, CancellationToken cancellationToken)
    {
        FileStream input;
        try
        {
            input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{file}: cannot be read ({(e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message)})", e);
        }

        await using (input)
        {
            try
            {
                return await ReadAsync(input, file, check, cohort, folder, cancellationToken);
            }
            catch (Exception e) when (e is InvalidDataException or EndOfStreamException or JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
            {
                throw new LakeException($"{file}: is no backup, or is damaged or cut short ({e.Message.Split('\n')[0].TrimEnd('.')}). Nothing was restored; take another copy of it.", e);
            }
        }
    }

    private static async Task<BackupSummary> ReadAsync(Stream input, string file, Action<BackupHeader> check, string? cohort, string? folder, CancellationToken cancellationToken)
    {
        await using var zip = new GZipStream(input, CompressionMode.Decompress);
        await using var tar = new TarReader(zip);
        var first = await tar.GetNextEntryAsync(copyData: false, cancellationToken);
        var header = first is { Name: BackupHeader.EntryName, EntryType: TarEntryType.RegularFile }
            ? BackupJson.ReadHeader(await BytesAsync(first, cancellationToken), file)
            : throw new InvalidDataException("it does not begin as one");
        check(header);
        var found = new Dictionary<string, BackupEntry>(StringComparer.Ordinal);
        BackupContents? contents = null;
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (contents is not null)
            {
                throw new InvalidDataException("it goes on behind its end");
            }

            if (entry.Name == BackupContents.EntryName)
            {
                contents = BackupJson.ReadContents(await BytesAsync(entry, cancellationToken));
                continue;
            }

            var parts = PartsOf(entry, header);
            var target = folder is null || (cohort is not null && parts[0] != cohort) ? null : Path.Combine([folder, .. parts]);
            if (!found.TryAdd(entry.Name, await TakeAsync(entry, target, cancellationToken)))
            {
                throw new InvalidDataException("it has a file twice");
            }
        }

        // To the very end: the sum of all bytes stands there.
        await zip.CopyToAsync(Stream.Null, cancellationToken);
        if (contents is null)
        {
            throw new InvalidDataException("its end is missing");
        }

        if (contents.Files.Count != found.Count || contents.Files.Any(f => found.GetValueOrDefault(f.Path) != f))
        {
            throw new InvalidDataException("its files are not those that it lists");
        }

        return new BackupSummary(header, [.. contents.Files.Where(f => cohort is null || f.Path.StartsWith(cohort + "/", StringComparison.Ordinal))], []);
    }

    private static async Task<BackupEntry> TakeAsync(TarEntry entry, string? target, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var output = target is null ? null : Create(target, entry.Mode);
        try
        {
            var buffer = new byte[1 << 16];
            var bytes = 0L;
            while (entry.DataStream is { } data && await data.ReadAsync(buffer, cancellationToken) is var read and > 0)
            {
                hash.AppendData(buffer, 0, read);
                bytes += read;
                if (output is not null)
                {
                    await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
            }

            output?.Flush(flushToDisk: true);
            return new BackupEntry(entry.Name, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            await (output?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private static FileStream Create(string target, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var options = BackupArchive.Private(FileMode.CreateNew);
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = (mode & (UnixFileMode)0x1FF) | BackupArchive.OwnerOnly;
        }

        return new FileStream(target, options);
    }

    /// <summary>The parts of a file's path; what does not lead to a file of one of the cohorts is refused.</summary>
    private static string[] PartsOf(TarEntry entry, BackupHeader header)
    {
        var parts = entry.Name.Split('/');
        return entry.EntryType is TarEntryType.RegularFile
            && parts.Length > 1
            && header.Cohorts.Any(c => c.Name == parts[0])
            && parts.All(p => p is not ("" or "." or "..") && p.IndexOfAny(Path.GetInvalidFileNameChars()) < 0)
            ? parts
            : throw new InvalidDataException("it has an entry that is no file of a cohort");
    }

    private static async Task<byte[]> BytesAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await (entry.DataStream ?? Stream.Null).CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }

    private static void Check(BackupHeader header, string file, string home, string? cohort)
    {
        CheckHas(header, file, cohort);
        foreach (var (name, version) in header.Cohorts.Where(c => cohort is null || c.Name == cohort))
        {
            HomeFormat.Current.Checked($"{file}, cohort '{name}'", version);
            if (Path.Exists(Path.Combine(home, name)))
            {
                throw new LakeException($"{Path.Combine(home, name)}: is there already, and is not written over. Restore into another --home{(header.Cohorts.Count > 1 ? ", or another cohort with --cohort" : "")}. Nothing was restored.");
            }
        }
    }

    private static void CheckHas(BackupHeader header, string file, string? cohort)
    {
        if (header.Cohorts.Count == 0 || header.Cohorts.Any(c => !LakePaths.IsName(c.Name)))
        {
            throw new InvalidDataException("it names no cohort");
        }

        if (cohort is not null && header.Cohorts.All(c => c.Name != cohort))
        {
            throw new LakeException($"{file}: has no cohort '{cohort}'; it has {string.Join(", ", header.Cohorts.Select(c => c.Name))}.");
        }
    }

    private static void Forget(string draft)
    {
        if (Directory.Exists(draft))
        {
            Directory.Delete(draft, recursive: true);
        }
    }
}
