using System.Buffers;
using System.Security.Cryptography;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>One file of the lake: where it is, how large, and the hash of its bytes.</summary>
/// <param name="Path">Path in the lake, with forward slashes.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Sha256">Lower-case hex.</param>
public sealed record LakeFile(string Path, long Length, string Sha256);

/// <summary>
/// Files under paths with forward slashes. A file is created once, whole, under its final name, and never changed; only
/// manifests are replaced, and files of which something was erased, atomically. What a lake says it created, replaced or deleted stays so after a power cut. What
/// cannot be done throws <see cref="LakeException"/> naming the file. Safe for several threads and processes at once.
/// </summary>
public abstract class Lake
{
    private const int ExistsSideBySide = 16;

    /// <summary>What people are shown for a path: where it lies on disk, or its URL. The empty path is the lake itself.</summary>
    public abstract string NameOf(string path);

    /// <summary>Creates a file, unless there is one of this name: then nothing is written and the answer is false.</summary>
    /// <remarks>Of any number that race exactly one is told true, and a reader sees nothing or all of it.</remarks>
    public abstract Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Creates or replaces a manifest, or a file of which something was erased: readers see the old bytes or the new ones, never a mixture.</summary>
    public abstract Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Whether there is a file of this name.</summary>
    public abstract Task<bool> ExistsAsync(string path, CancellationToken cancellationToken);

    /// <summary>The bytes of a file, or null when there is none.</summary>
    public abstract Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken);

    /// <summary>A file to read and to seek in; one that is not there throws <see cref="LakeException"/>. Of one that is replaced or deleted meanwhile the reader has the old bytes to the end, or an exception, never a mixture.</summary>
    public abstract Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// The paths of the files below a folder, however deep, in ordinal order; none when there is no such folder. The empty
    /// folder is the whole lake. Parts that start with <c>.</c> hide what is below them: it is not the lake's.
    /// </summary>
    public abstract Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken);

    /// <summary>Deletes a file, its bytes too; false when there was none.</summary>
    public abstract Task<bool> DeleteAsync(string path, CancellationToken cancellationToken);

    /// <summary>Deletes what writers that were killed left half written, where the lake keeps such things.</summary>
    /// <returns>How many files.</returns>
    public virtual Task<int> DeleteDraftsAsync(CancellationToken cancellationToken) => Task.FromResult(0);

    /// <summary>Whether there are files of all these names.</summary>
    public async Task<bool> AllExistAsync(IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        foreach (var some in paths.Chunk(ExistsSideBySide))
        {
            if ((await Task.WhenAll(some.Select(path => ExistsAsync(path, cancellationToken)))).Contains(false))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The bytes of a file; throws <see cref="LakeException"/> when it is not there or cannot be read.</summary>
    public async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken) =>
        await TryReadAsync(path, cancellationToken) ?? throw Missing(path);

    /// <summary>
    /// Creates a file whose name says what it is made of, so that one that is there already must be the same: where it is not,
    /// <see cref="LakeException"/> says to delete it.
    /// </summary>
    public async Task<LakeFile> CreateDerivedAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!await TryCreateAsync(path, content, cancellationToken) && !(await ReadAsync(path, cancellationToken)).AsSpan().SequenceEqual(content.Span))
        {
            throw new LakeException($"{NameOf(path)}: is there with other bytes than are made now, so it is damaged or half made. It is derived: delete it and run again.");
        }

        return new LakeFile(path, content.Length, Hash(content.Span));
    }

    /// <summary>Reads a table, only the columns named, or all when none is; a damaged file throws <see cref="LakeException"/> naming it.</summary>
    public async Task<ParquetTable> ReadTableAsync(string path, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        await using var input = await OpenReadAsync(path, cancellationToken);
        return await ReadTableAsync(path, input, columns, cancellationToken);
    }

    /// <summary>Reads a whole table whose bytes must have this hash: a file that was changed behind the lake's back is not even parsed.</summary>
    public async Task<ParquetTable> ReadVerifiedTableAsync(string path, string sha256, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        await using var input = await OpenReadAsync(path, cancellationToken);
        // Files are megabytes, and a night reads thousands: a buffer of the pool is used again before the collector is at work.
        var length = checked((int)input.Length);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await input.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
            return Hash(buffer.AsSpan(0, length)) == sha256
                ? await ReadTableAsync(path, new MemoryStream(buffer, 0, length, writable: false), columns, cancellationToken)
                : throw new LakeException($"{NameOf(path)}: its bytes are not those that were written. It is derived: delete it and ingest again.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The footer's metadata of a table, without reading its rows.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadMetadataAsync(string path, CancellationToken cancellationToken) =>
        (await ReadTableAsync(path, [], cancellationToken)).Metadata;

    /// <summary>Creates a table's file; false when there is one of this name already.</summary>
    public async Task<bool> TryCreateTableAsync(string path, ParquetTable table, CancellationToken cancellationToken)
    {
        using var file = table.Encode();
        return await TryCreateAsync(path, file.Bytes, cancellationToken);
    }

    /// <summary>Lower-case hex SHA-256.</summary>
    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>What to throw where a file is not there.</summary>
    protected LakeException Missing(string path) => new($"{NameOf(path)}: cannot be read (there is no such file)");

    /// <summary>The first line of another's message.</summary>
    protected static string FirstLine(string text) => text.AsSpan().Trim().IndexOfAny('\r', '\n') is var end and >= 0 ? text.Trim()[..end] : text.Trim();

    private async Task<ParquetTable> ReadTableAsync(string path, Stream input, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        var file = NameOf(path);
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
        catch (Exception e) when (e is not (OperationCanceledException or LakeException))
        {
            // The reader throws many kinds at damaged bytes; all of them mean the same to whoever runs this.
            throw new LakeException($"{file}: not a readable Parquet file ({FirstLine(e.Message)}). Restore it, or delete it if it is derived (silver, gold) and run again.", e);
        }
    }
}
