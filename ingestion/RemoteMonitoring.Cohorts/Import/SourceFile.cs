using System.IO.Compression;
using System.Security.Cryptography;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Reads a source file, unpacked on the way if it is gzip, and hashes the unpacked content while it is read: whether the
/// file was packed makes no difference to the identity of a feed.
/// </summary>
internal sealed class SourceFile : IDisposable
{
    private readonly SHA256 _sha = SHA256.Create();
    private readonly CryptoStream _content;

    private SourceFile(string name, Stream content)
    {
        Name = name;
        _content = new CryptoStream(content, _sha, CryptoStreamMode.Read);
    }

    /// <summary>Name of the file, as messages to people state it.</summary>
    public string Name { get; }

    /// <summary>The unpacked content.</summary>
    public Stream Content => _content;

    /// <summary>Opens <paramref name="name"/> in <paramref name="folder"/>, or <paramref name="name"/> with <c>.gz</c> added.</summary>
    public static SourceFile Open(string folder, string name)
    {
        var plain = Path.Combine(folder, name);
        if (File.Exists(plain))
        {
            return new SourceFile(name, File.OpenRead(plain));
        }

        var packed = plain + ".gz";
        return File.Exists(packed)
            ? new SourceFile(name + ".gz", new GZipStream(File.OpenRead(packed), CompressionMode.Decompress))
            : throw new ImportException($"The file '{name}' (or '{name}.gz') is not in '{folder}'; download the data set and name the folder that holds its files.");
    }

    /// <summary>Fails unless <paramref name="folder"/> exists and <paramref name="outFolder"/> can take a feed.</summary>
    public static void CheckFolders(string folder, string outFolder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ImportException($"The folder '{folder}' does not exist; name the folder that holds the files of the data set.");
        }

        if (File.Exists(outFolder) || (Directory.Exists(outFolder) && Directory.EnumerateFileSystemEntries(outFolder).Any()))
        {
            throw new ImportException($"The output '{outFolder}' is a file or a folder that is not empty; name a new folder.");
        }
    }

    /// <summary>Runs <paramref name="read"/>; what a damaged or unreadable file throws becomes one line that names it.</summary>
    public static T Guard<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new ImportException($"The file '{name}' is damaged or cut short; download it again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImportException($"The file '{name}' cannot be read ({e.GetType().Name}); check that it may be read and that nothing else holds it.", e);
        }
    }

    /// <summary>SHA-256 of the whole content; what was not read yet is read.</summary>
    public byte[] ContentHash()
    {
        // To the very end, so that the check sum of a packed file is verified as well.
        _content.CopyTo(Stream.Null);
        return _sha.Hash!;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _content.Dispose();
        _sha.Dispose();
    }
}
