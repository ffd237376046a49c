namespace RemoteMonitoring.Cohorts.Import;

/// <summary>Counts by reason what cannot become a message, so that nothing is lost silently.</summary>
internal sealed class LeftOutTally
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>The counts, in the order of their reasons.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>Counts one more for this reason.</summary>
    public void Add(string reason) => _counts[reason] = _counts.GetValueOrDefault(reason) + 1;
}
