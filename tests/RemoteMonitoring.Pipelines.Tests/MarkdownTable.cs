namespace RemoteMonitoring.Pipelines.Tests;

/// <summary>A table of a page, so that what people read is what is tested.</summary>
internal static class MarkdownTable
{
    /// <summary>The rows of the table whose header line has these cells; cells without the back quotes of code.</summary>
    public static IReadOnlyList<string[]> Read(string path, params string[] header)
    {
        var lines = Repository.Read(path).Split('\n');
        var at = Array.FindIndex(lines, line => line.StartsWith('|') && CellsOf(line).SequenceEqual(header));
        Assert.True(at >= 0, $"{path} has no table with the columns {string.Join(", ", header)}.");
        return [.. lines.Skip(at + 2).TakeWhile(line => line.StartsWith('|')).Select(CellsOf)];
    }

    private static string[] CellsOf(string line) => [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim().Replace("`", "", StringComparison.Ordinal))];
}
