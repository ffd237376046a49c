using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>How a stay ended, as the outcomes file states it.</summary>
/// <param name="Died">Whether in death in hospital.</param>
/// <param name="Days">Days from admission to death, or to discharge; -1 where it is not known.</param>
internal readonly record struct PhysioNet2012StayEnd(bool Died, int Days);

/// <summary>
/// Finds and reads the files of the PhysioNet/CinC Challenge 2012: <c>set-?.tar.gz</c> or the unpacked folder
/// <c>set-?</c> (the packed one is taken where both are there), each with its <c>Outcomes-?.txt</c>.
/// </summary>
internal static class PhysioNet2012Files
{
    private const string OutcomesHeader = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death";

    /// <summary>The letters of the sets in the folder, in order.</summary>
    public static IReadOnlyList<char> Sets(string folder)
    {
        var sets = Enumerable.Range('a', 26).Select(c => (char)c)
            .Where(c => File.Exists(PackedPath(folder, c)) || Directory.Exists(UnpackedPath(folder, c)))
            .ToList();
        return sets.Count > 0
            ? sets
            : throw new ImportException($"The folder '{folder}' holds neither 'set-a.tar.gz' nor 'set-a/'; download them from the page of the PhysioNet Challenge 2012.");
    }

    /// <summary>
    /// All stays of a set, by record id, with the hash of each file's name and content (so that packed and unpacked sets
    /// are the same source).
    /// </summary>
    public static IReadOnlyList<(PhysioNet2012Stay Stay, byte[] Hash)> ReadStays(
        string folder, char set, TextPool pool, LeftOutTally leftOut, CancellationToken cancellationToken)
    {
        var packed = PackedPath(folder, set);
        var stays = File.Exists(packed)
            ? SourceFile.Guard(Path.GetFileName(packed), () => ReadPacked(packed, pool, leftOut, cancellationToken))
            : SourceFile.Guard($"set-{set}", () => ReadUnpacked(UnpackedPath(folder, set), pool, leftOut, cancellationToken));
        if (stays.Count == 0)
        {
            throw new ImportException($"The set '{(File.Exists(packed) ? Path.GetFileName(packed) : $"set-{set}/")}' holds no stay; download it again.");
        }

        return stays;
    }

    /// <summary>How each stay of a set ended.</summary>
    /// <remarks>The severity scores are not even read.</remarks>
    public static IReadOnlyDictionary<string, PhysioNet2012StayEnd> ReadStayEnds(string folder, char set, out byte[] hash)
    {
        var name = $"Outcomes-{set}.txt";
        using var source = SourceFile.Open(folder, name);
        var ends = SourceFile.Guard(source.Name, () => ParseStayEnds(source));
        hash = SourceFile.Guard(source.Name, source.ContentHash);
        return ends;
    }

    private static Dictionary<string, PhysioNet2012StayEnd> ParseStayEnds(SourceFile source)
    {
        using var reader = new StreamReader(source.Content, Encoding.UTF8, leaveOpen: true);
        if (reader.ReadLine() != OutcomesHeader)
        {
            throw new ImportException($"The file '{source.Name}', line 1, is not '{OutcomesHeader}'; name the folder of the PhysioNet Challenge 2012 as downloaded.");
        }

        var ends = new Dictionary<string, PhysioNet2012StayEnd>(StringComparer.Ordinal);
        var number = 1;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            var fields = line.Split(',');
            if (fields.Length != 6 || fields[5] is not ("0" or "1")
                || !TryParseDays(fields[3], out var lengthOfStay) || !TryParseDays(fields[4], out var survival))
            {
                throw new ImportException($"The file '{source.Name}', line {number}, is not a row of 6 fields with Length_of_stay and Survival numbers of days and In-hospital_death 0 or 1; download it again.");
            }

            var died = fields[5] == "1";
            if (!ends.TryAdd(fields[0], new PhysioNet2012StayEnd(died, died ? survival : lengthOfStay)))
            {
                throw new ImportException($"The file '{source.Name}', line {number}, states an outcome for a stay that already has one; download it again.");
            }
        }

        return ends;
    }

    private static bool TryParseDays(string text, out int days) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out days) && days is >= -1 and <= 36_500;

    private static List<(PhysioNet2012Stay Stay, byte[] Hash)> ReadPacked(
        string path, TextPool pool, LeftOutTally leftOut, CancellationToken cancellationToken)
    {
        var stays = new List<(PhysioNet2012Stay, byte[])>();
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
            Add(Path.GetFileName(entry.Name), content.GetBuffer().AsSpan(0, (int)content.Length), stays, pool, leftOut);
        }

        unpacked.CopyTo(Stream.Null); // to the very end, so that the check sum is verified
        return stays;
    }

    private static List<(PhysioNet2012Stay Stay, byte[] Hash)> ReadUnpacked(
        string path, TextPool pool, LeftOutTally leftOut, CancellationToken cancellationToken)
    {
        var stays = new List<(PhysioNet2012Stay, byte[])>();
        foreach (var file in Directory.EnumerateFiles(path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Add(Path.GetFileName(file), File.ReadAllBytes(file), stays, pool, leftOut);
        }

        return stays;
    }

    private static void Add(
        string file, ReadOnlySpan<byte> content, List<(PhysioNet2012Stay Stay, byte[] Hash)> stays, TextPool pool, LeftOutTally leftOut)
    {
        var id = Path.GetFileNameWithoutExtension(file);
        if (Path.GetExtension(file) != ".txt" || id.Length == 0 || !id.All(char.IsAsciiDigit))
        {
            leftOut.Add("file that is no stay");
            return;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(file + "\n"));
        hash.AppendData(content);
        stays.Add((PhysioNet2012Stay.Read(file, Encoding.UTF8.GetString(content), pool, leftOut), hash.GetHashAndReset()));
    }

    private static string PackedPath(string folder, char set) => Path.Combine(folder, $"set-{set}.tar.gz");

    private static string UnpackedPath(string folder, char set) => Path.Combine(folder, $"set-{set}");
}
