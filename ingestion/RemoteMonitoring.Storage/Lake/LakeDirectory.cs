using System.Security.Cryptography;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>
/// A lake in a directory. A file that this class says it created is on the disk: bytes and directory entry are synced.
/// </summary>
public sealed class LakeDirectory : Lake
{
    private const int NoSpaceLeft = 28;

    /// <summary>No draft takes so long to write: one that is older was left by a process that was killed.</summary>
    private static readonly TimeSpan s_draftLifetime = TimeSpan.FromDays(1);

    private readonly string _root;
    private readonly string _drafts;

    /// <summary>
    /// Opens the lake at <paramref name="root"/>, making the directory where it is not there, and deletes drafts that were
    /// left over more than a day ago, by <paramref name="time"/> or the system's.
    /// </summary>
    public LakeDirectory(string root, TimeProvider? time = null)
    {
        _root = Path.GetFullPath(root);
        _drafts = Path.Combine(_root, ".drafts");
        Directory.CreateDirectory(_drafts);
        DeleteOldDrafts((time ?? TimeProvider.System).GetUtcNow().UtcDateTime - s_draftLifetime);
    }

    /// <summary>Where the lake is.</summary>
    public string Root => _root;

    /// <summary>Where a lake path lies on this machine.</summary>
    public string FullPath(string path) => Path.Combine(_root, path.Replace('/', Path.DirectorySeparatorChar));

    /// <inheritdoc />
    public override string NameOf(string path) => FullPath(path);

    /// <inheritdoc />
    public override async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var target = FullPath(path);
        if (File.Exists(target))
        {
            return false;
        }

        var draft = await WriteDraftAsync(path, content, cancellationToken);
        try
        {
            var folder = Path.GetDirectoryName(target)!;
            Durable.CreateDirectory(folder);
            if (!Durable.TryMoveToNewName(draft, target))
            {
                return false;
            }

            Durable.SyncDirectory(folder);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(draft);
            throw CannotBeWritten(path, e);
        }
    }

    /// <inheritdoc />
    public override async Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var target = FullPath(path);
        var draft = await WriteDraftAsync(path, content, cancellationToken);
        try
        {
            var folder = Path.GetDirectoryName(target)!;
            Durable.CreateDirectory(folder);
            File.Move(draft, target, overwrite: true);
            Durable.SyncDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(draft);
            throw CannotBeWritten(path, e);
        }
    }

    /// <inheritdoc />
    public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) => Task.FromResult(File.Exists(FullPath(path)));

    /// <inheritdoc />
    public override async Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(FullPath(path), cancellationToken);
        }
        catch (Exception e) when (IsAbsent(path, e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotBeRead(path, e);
        }
    }

    /// <inheritdoc />
    public override Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult<Stream>(new FileStream(FullPath(path), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        }
        catch (Exception e) when (IsAbsent(path, e))
        {
            throw Missing(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotBeRead(path, e);
        }
    }

    /// <inheritdoc />
    public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var full = FullPath(folder);
        if (!Directory.Exists(full))
        {
            return Task.FromResult<IReadOnlyList<string>>([]);
        }

        try
        {
            var paths = Directory.EnumerateFiles(full, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(_root, f).Replace(Path.DirectorySeparatorChar, '/'))
                .Where(p => p[0] != '.' && !p.Contains("/.", StringComparison.Ordinal))
                .ToArray();
            Array.Sort(paths, StringComparer.Ordinal);
            return Task.FromResult<IReadOnlyList<string>>(paths);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotBeRead(folder, e);
        }
    }

    /// <inheritdoc />
    public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var target = FullPath(path);
        if (!File.Exists(target))
        {
            return Task.FromResult(false);
        }

        try
        {
            File.Delete(target);
            Durable.SyncDirectory(Path.GetDirectoryName(target)!);
            return Task.FromResult(true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{target}: cannot be deleted ({FirstLine(e.Message)})", e) { IsTransient = TransientFault.Is(e) };
        }
    }

    /// <inheritdoc />
    public override Task<int> DeleteDraftsAsync(CancellationToken cancellationToken)
    {
        var deleted = 0;
        foreach (var draft in Directory.EnumerateFiles(_drafts))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                // Who is writing it holds it alone; of one who is giving it its name just now the write fails, and is tried again.
                using (new FileStream(draft, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                {
                    File.Delete(draft);
                }

                deleted++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Somebody is writing it, or has given it its name.
            }
        }

        return Task.FromResult(deleted);
    }

    private void DeleteOldDrafts(DateTime before)
    {
        try
        {
            foreach (var draft in Directory.EnumerateFiles(_drafts).Where(d => File.GetLastWriteTimeUtc(d) < before))
            {
                File.Delete(draft);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They only take up space, and whoever opens the lake next tries again; it may be one that must not be written to.
        }
    }

    /// <summary>Whether reading failed because there is no file of this name; a folder is none.</summary>
    private bool IsAbsent(string path, Exception e) =>
        e is FileNotFoundException or DirectoryNotFoundException || (e is UnauthorizedAccessException && Directory.Exists(FullPath(path)));

    private async Task<string> WriteDraftAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // A name of its own, not one from the process's number: processes in two containers may have the same.
        var draft = Path.Combine(_drafts, RandomNumberGenerator.GetHexString(32, lowercase: true));
        try
        {
            await using var output = new FileStream(draft, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            await output.WriteAsync(content, cancellationToken);
            output.Flush(flushToDisk: true);
            return draft;
        }
        catch (Exception e)
        {
            File.Delete(draft);
            if (e is not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            throw CannotBeWritten(path, e);
        }
    }

    private LakeException CannotBeRead(string path, Exception e) => new($"{FullPath(path)}: cannot be read ({FirstLine(e.Message)})", e) { IsTransient = TransientFault.Is(e) };

    private LakeException CannotBeWritten(string path, Exception e)
    {
        var cause = (e.HResult & 0xFFFF) == NoSpaceLeft || e.Message.Contains("No space left", StringComparison.Ordinal)
            ? "the disk is full; free some space and run again, nothing that was there has changed"
            : FirstLine(e.Message);
        return new LakeException($"{FullPath(path)}: cannot be written ({cause})", e) { IsTransient = TransientFault.Is(e) };
    }
}
