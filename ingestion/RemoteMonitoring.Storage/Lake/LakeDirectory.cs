using System.Security.Cryptography;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>One file of the lake: where it is, how large, and the hash of its bytes.</summary>
/// <param name="Path">Path in the lake, with forward slashes.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Sha256">Lower-case hex.</param>
public sealed record LakeFile(string Path, long Length, string Sha256);

/// <summary>
/// A lake in a directory. A file is created once, whole, under its final name, and never changed; only manifests are
/// replaced, atomically. A file that this class says it created is on the disk: bytes and directory entry are synced.
/// Safe for several threads and processes at once.
/// </summary>
public sealed class LakeDirectory
{
    private const int NoSpaceLeft = 28;
    private readonly string _root;
    private readonly string _drafts;

    /// <summary>Opens the lake at <paramref name="root"/>, making the directory where it is not there.</summary>
    public LakeDirectory(string root)
    {
        _root = Path.GetFullPath(root);
        _drafts = Path.Combine(_root, ".drafts");
        Directory.CreateDirectory(_drafts);
    }

    /// <summary>Where the lake is.</summary>
    public string Root => _root;

    /// <summary>Where a lake path lies on this machine.</summary>
    public string FullPath(string path) => Path.Combine(_root, path.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>Creates a file, unless there is one of this name: then nothing is written and the answer is false.</summary>
    public async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
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

    /// <summary>
    /// Creates a file whose name says what it is made of, so that one that is there already must be the same: where it is not,
    /// <see cref="LakeException"/> says to delete it.
    /// </summary>
    public async Task<LakeFile> CreateDerivedAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!await TryCreateAsync(path, content, cancellationToken) && !(await ReadAsync(path, cancellationToken)).AsSpan().SequenceEqual(content.Span))
        {
            throw new LakeException($"{FullPath(path)}: is there with other bytes than are made now, so it is damaged or half made. It is derived: delete it and run again.");
        }

        return new LakeFile(path, content.Length, Hash(content.Span));
    }

    /// <summary>Replaces a manifest: readers see the old bytes or the new ones, never a mixture.</summary>
    public async Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
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

    /// <summary>Whether there is a file of this name.</summary>
    public bool Exists(string path) => File.Exists(FullPath(path));

    /// <summary>The bytes of a file; throws <see cref="LakeException"/> when it is not there or cannot be read.</summary>
    public async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(FullPath(path), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{FullPath(path)}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>The bytes of a file, or null when there is none.</summary>
    public async Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken) =>
        Exists(path) ? await ReadAsync(path, cancellationToken) : null;

    /// <summary>Reads a table, only the columns named, or all when none is; a damaged file throws <see cref="LakeException"/> naming it.</summary>
    public async Task<ParquetTable> ReadTableAsync(string path, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        await using var input = OpenRead(path);
        return await ReadTableAsync(path, input, columns, cancellationToken);
    }

    /// <summary>Reads a whole table whose bytes must have this hash: a file that was changed behind the lake's back is not even parsed.</summary>
    public async Task<ParquetTable> ReadVerifiedTableAsync(string path, string sha256, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(path, cancellationToken);
        return Hash(bytes) == sha256
            ? await ReadTableAsync(path, new MemoryStream(bytes, writable: false), null, cancellationToken)
            : throw new LakeException($"{FullPath(path)}: its bytes are not those that were written. It is derived: delete it and ingest again.");
    }

    /// <summary>The footer's metadata of a table, without reading its rows.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadMetadataAsync(string path, CancellationToken cancellationToken) =>
        (await ReadTableAsync(path, [], cancellationToken)).Metadata;

    /// <summary>Creates a table's file; false when there is one of this name already.</summary>
    public async Task<bool> TryCreateTableAsync(string path, ParquetTable table, CancellationToken cancellationToken) =>
        await TryCreateAsync(path, await table.ToBytesAsync(cancellationToken), cancellationToken);

    /// <summary>
    /// The paths of the files below a folder, in ordinal order; none when there is no such folder. Hidden files, which file
    /// managers and network shares leave behind, are not the lake's.
    /// </summary>
    public IReadOnlyList<string> List(string folder)
    {
        var full = FullPath(folder);
        if (!Directory.Exists(full))
        {
            return [];
        }

        var paths = Directory.EnumerateFiles(full, "*", SearchOption.AllDirectories)
            .Where(f => !Path.GetFileName(f).StartsWith('.'))
            .Select(f => Path.GetRelativePath(_root, f).Replace(Path.DirectorySeparatorChar, '/'))
            .ToArray();
        Array.Sort(paths, StringComparer.Ordinal);
        return paths;
    }

    /// <summary>Lower-case hex SHA-256.</summary>
    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private FileStream OpenRead(string path)
    {
        try
        {
            return File.OpenRead(FullPath(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{FullPath(path)}: cannot be read ({FirstLine(e.Message)})", e);
        }
    }

    private async Task<ParquetTable> ReadTableAsync(string path, Stream input, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        var file = FullPath(path);
        try
        {
            var table = await ParquetTable.ReadAsync(input, columns, cancellationToken);
            table.Source = file;
            return table;
        }
        catch (OutOfMemoryException e)
        {
            throw new LakeException($"{file}: not a readable Parquet file (its sizes are damaged, or larger than the memory there is). Restore it, or delete it if it is derived (silver, gold) and run again.", e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The reader throws many kinds at damaged bytes; all of them mean the same to whoever runs this.
            throw new LakeException($"{file}: not a readable Parquet file ({FirstLine(e.Message)}). Restore it, or delete it if it is derived (silver, gold) and run again.", e);
        }
    }

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

    private LakeException CannotBeWritten(string path, Exception e)
    {
        var cause = (e.HResult & 0xFFFF) == NoSpaceLeft || e.Message.Contains("No space left", StringComparison.Ordinal)
            ? "the disk is full; free some space and run again, nothing that was there has changed"
            : FirstLine(e.Message);
        return new LakeException($"{FullPath(path)}: cannot be written ({cause})", e);
    }

    private static string FirstLine(string text) => text.AsSpan().Trim().IndexOfAny('\r', '\n') is var end and >= 0 ? text.Trim()[..end] : text.Trim();
}
