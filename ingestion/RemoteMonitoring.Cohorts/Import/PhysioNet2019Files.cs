using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Finds and reads the files of the PhysioNet/CinC Challenge 2019: <c>*.psv</c> in a folder or anywhere below it, or packed as
/// <c>.tar.gz</c>. Of a folder with neither its <c>training*.tar.gz</c> are read.
/// </summary>
internal static class PhysioNet2019Files
{
    private const string Ending = ".psv";

    /// <summary>All stays with the hash of each file's name and content (so that packed and unpacked sets are the same source), in the order of patients' identities.</summary>
    public static IReadOnlyList<(PhysioNet2019Stay Stay, byte[] Hash)> ReadStays(string path, LeftOutTally leftOut, CancellationToken cancellationToken)
    {
        var stays = new SortedDictionary<string, (PhysioNet2019Stay, byte[])>(StringComparer.Ordinal);
        var files = File.Exists(path) ? [] : SourceFile.Guard(path, () => Directory.GetFiles(path, "*" + Ending, SearchOption.AllDirectories));
        foreach (var file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            SourceFile.Guard(Path.GetFileName(file), () => Add(Path.GetFileName(file), File.ReadAllBytes(file), stays, leftOut));
        }

        var archives = File.Exists(path) ? [path] : files.Length > 0 ? [] : Directory.GetFiles(path, "training*.tar.gz").Order(StringComparer.Ordinal).ToArray();
        foreach (var archive in archives)
        {
            SourceFile.Guard(Path.GetFileName(archive), () => ReadPacked(archive, stays, leftOut, cancellationToken));
        }

        return stays.Count > 0
            ? [.. stays.Values]
            : throw new ImportException($"'{path}' holds neither '*{Ending}' nor 'training*.tar.gz' with such files; download a training set from the page of the PhysioNet Challenge 2019.");
    }

    private static int ReadPacked(
        string path, SortedDictionary<string, (PhysioNet2019Stay, byte[])> stays, LeftOutTally leftOut, CancellationToken cancellationToken)
    {
        using var unpacked = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var tar = new TarReader(unpacked, leaveOpen: true);
        using var content = new MemoryStream();
        while (tar.GetNextEntry() is { } entry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            {
                continue;
            }

            content.SetLength(0);
            entry.DataStream?.CopyTo(content); // none where the file is empty
            Add(Path.GetFileName(entry.Name), content.GetBuffer().AsSpan(0, (int)content.Length), stays, leftOut);
        }

        unpacked.CopyTo(Stream.Null); // to the very end, so that the check sum is verified
        return stays.Count;
    }

    private static int Add(string file, ReadOnlySpan<byte> content, SortedDictionary<string, (PhysioNet2019Stay, byte[])> stays, LeftOutTally leftOut)
    {
        var id = Path.GetFileNameWithoutExtension(file);
        if (Path.GetExtension(file) != Ending || id.Length == 0 || id[0] == '.')
        {
            leftOut.Add("file that is no stay");
            return stays.Count;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(file + "\n"));
        hash.AppendData(content);
        return stays.TryAdd(id, (PhysioNet2019Stay.Read(file, Encoding.UTF8.GetString(content), leftOut), hash.GetHashAndReset()))
            ? stays.Count
            : throw new ImportException($"The stay of '{file}' is there twice; keep each set once in the folder.");
    }
}
