using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace RemoteMonitoring.Workflows.Backup;

/// <summary>A file that was listed and is not there any more.</summary>
internal sealed class VanishedException(string path) : Exception
{
    public string Path => path;
}

/// <summary>
/// A backup while it is written: a gzipped tar that only its owner may read. SQLite files go in as a copy by their own backup, at one
/// instant of theirs, while others write to them.
/// </summary>
internal sealed class BackupArchive : IAsyncDisposable
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _copy;
    private readonly FileStream _file;
    private readonly GZipStream _zip;
    private readonly TarWriter _tar;
    private readonly Dictionary<string, BackupEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Begins one; a draft that was left over is written over.</summary>
    public BackupArchive(string draft)
    {
        _copy = draft + ".db";
        _file = new FileStream(draft, Private(FileMode.Create));
        _zip = new GZipStream(_file, CompressionLevel.Fastest, leaveOpen: true);
        _tar = new TarWriter(_zip, TarEntryFormat.Pax, leaveOpen: true);
    }

    /// <summary>What is in it.</summary>
    public IReadOnlyDictionary<string, BackupEntry> Entries => _entries;

    /// <summary>How to make a file that only its owner may read.</summary>
    public static FileStreamOptions Private(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }

    /// <summary>Adds a file as it lies; one that is not there any more throws <see cref="VanishedException"/>. Of one that is replaced meanwhile the old bytes go in.</summary>
    public async Task AddAsync(string path, string source, CancellationToken cancellationToken)
    {
        try
        {
            await using var input = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);
            await AddAsync(path, input, ModeOf(source), cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new VanishedException(source);
        }
    }

    /// <summary>Adds a SQLite file as it is now.</summary>
    public async Task AddDatabaseAsync(string path, string source, CancellationToken cancellationToken)
    {
        File.Delete(_copy);
        try
        {
            await using (new FileStream(_copy, Private(FileMode.CreateNew)))
            {
            }

            Copy(source, _copy);
            await using var input = new FileStream(_copy, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.Asynchronous | FileOptions.SequentialScan);
            await AddAsync(path, input, ModeOf(source), cancellationToken);
        }
        finally
        {
            File.Delete(_copy);
            File.Delete(_copy + "-journal");
        }
    }

    /// <summary>Adds what is no file of the home.</summary>
    public async Task AddEndAsync(string name, byte[] bytes, CancellationToken cancellationToken) =>
        await _tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes), Mode = OwnerOnly }, cancellationToken);

    /// <summary>Ends it; from then on it lasts.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await AddEndAsync(BackupContents.EntryName, BackupJson.ToBytes(new BackupContents { Files = [.. _entries.Values] }), cancellationToken);
        await _tar.DisposeAsync();
        await _zip.DisposeAsync();
        _file.Flush(flushToDisk: true);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _tar.DisposeAsync();
        await _zip.DisposeAsync();
        await _file.DisposeAsync();
    }

    private async Task AddAsync(string path, FileStream input, UnixFileMode mode, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(input, cancellationToken));
        var length = input.Length;
        input.Position = 0;
        await _tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = input, Mode = mode }, cancellationToken);
        _entries.Add(path, new BackupEntry(path, length, hash));
    }

    private static UnixFileMode ModeOf(string source) => OperatingSystem.IsWindows() ? OwnerOnly : File.GetUnixFileMode(source);

    private static void Copy(string source, string target)
    {
        static SqliteConnection Open(string file)
        {
            var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
            connection.Open();
            return connection;
        }

        using var from = Open(source);
        using (var patience = from.CreateCommand())
        {
            patience.CommandText = "PRAGMA busy_timeout = 30000";
            patience.ExecuteNonQuery();
        }

        using var to = Open(target);
        from.BackupDatabase(to);
    }
}
