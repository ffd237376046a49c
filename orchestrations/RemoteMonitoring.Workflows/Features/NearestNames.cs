namespace RemoteMonitoring.Workflows.Features;

/// <summary>What somebody may have meant who wrote a name that is not there.</summary>
public static class NearestNames
{
    /// <summary>Up to so many of the names, the nearest first: those that begin alike, or are few letters away; none where all are far off.</summary>
    public static IReadOnlyList<string> Of(string name, IEnumerable<string> names, int most = 5) =>
    [
        .. names.Distinct(StringComparer.Ordinal)
            .Select(n => (Name: n, Distance: Distance(name, n), Alike: n.StartsWith(name, StringComparison.Ordinal)))
            .Where(n => n.Alike || n.Distance <= Math.Max(2, name.Length / 3))
            .OrderBy(n => n.Distance).ThenBy(n => n.Name, StringComparer.Ordinal)
            .Take(most)
            .Select(n => n.Name),
    ];

    /// <summary>Letters to add, drop or change (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
