using System.IO.Compression;
using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Tests.Erasure;

/// <summary>Looks for words in every byte below a folder: in files as they lie, and in what tables and gzip hold when they are read.</summary>
internal static class HomeSearch
{
    /// <summary>The files that hold one of the words, each with the word.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(string root, params string[] words)
    {
        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            byte[][] forms = file.EndsWith(".parquet", StringComparison.Ordinal) ? [bytes, await CellsAsync(bytes)]
                : file.EndsWith(".gz", StringComparison.Ordinal) ? [bytes, Unpacked(bytes)]
                : [bytes];
            found.AddRange(words
                .Where(word => file.Contains(word, StringComparison.Ordinal) || forms.Any(f => f.AsSpan().IndexOf(Encoding.UTF8.GetBytes(word)) >= 0))
                .Select(word => $"{Path.GetRelativePath(root, file)}: {word}"));
        }

        return found;
    }

    private static async Task<byte[]> CellsAsync(byte[] bytes)
    {
        var table = await ParquetTable.ReadAsync(new MemoryStream(bytes), null, default);
        using var cells = new MemoryStream();
        foreach (var cell in table.ColumnNames.SelectMany(name => table.Column(name).Cast<object?>()))
        {
            cells.Write(cell is ReadOnlyMemory<byte> raw ? raw.Span : Encoding.UTF8.GetBytes(cell as string ?? ""));
            cells.WriteByte((byte)'\n');
        }

        cells.Write(Encoding.UTF8.GetBytes(string.Join('\n', table.Metadata.Select(m => $"{m.Key}={m.Value}"))));
        return cells.ToArray();
    }

    private static byte[] Unpacked(byte[] bytes)
    {
        using var output = new MemoryStream();
        using var input = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        input.CopyTo(output);
        return output.ToArray();
    }
}
