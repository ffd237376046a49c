using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Lineage;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>
/// The runs of a task that the ledger names, one for each instant: one that knew nothing later than its instant before one that did, then the one whose data had come furthest.
/// </summary>
internal sealed class NightsOnRecord
{
    /// <summary>As for the night itself: a model that is trained on the data of a day may score that day.</summary>
    private static readonly Duration s_today = Duration.FromDays(1);

    private readonly LedgerEntry[] _entries;

    private NightsOnRecord(LedgerEntry[] entries) => _entries = entries;

    /// <summary>Reads those that speak for an instant up to another, and knew nothing after it.</summary>
    internal static async Task<NightsOnRecord> ReadAsync(Lake lake, string task, Instant asOf, CancellationToken cancellationToken)
    {
        var entries = new List<LedgerEntry>();
        foreach (var path in (await lake.ListAsync(LakePaths.LedgerFolder, cancellationToken)).Where(LakePaths.IsLedgerEntry).Order(StringComparer.Ordinal))
        {
            if ((await LedgeredRun.TryReadAsync(lake, LakePaths.StemOf(path), cancellationToken))?.Entry is { } entry && entry.Task == task && entry.AsOf <= asOf && entry.KnownBy <= asOf)
            {
                entries.Add(entry);
            }
        }

        return new([.. entries]);
    }

    /// <summary>Those of a stretch of time, (after, to]; of an instant that several models scored the run of the one that is preferred, where it has one.</summary>
    internal IReadOnlyList<LedgerEntry> Between(Instant after, Instant to, string preferred) => OneEach(Within(after, to), preferred);

    /// <summary>Those of a stretch that a model scored which did not know the future of the instant, whatever other models scored.</summary>
    internal IReadOnlyList<LedgerEntry> Between(Instant after, Instant to, string model, Instant trainedUntil) =>
        OneEach(Within(after, to).Where(e => e.Model == model && !(trainedUntil > e.AsOf && UnixMicros.ToInstant(e.Inputs.Watermark) > e.AsOf + s_today)), model);

    private IEnumerable<LedgerEntry> Within(Instant after, Instant to) => _entries.Where(e => e.AsOf > after && e.AsOf <= to);

    private static LedgerEntry[] OneEach(IEnumerable<LedgerEntry> entries, string preferred) =>
        [.. entries.GroupBy(e => e.AsOf).OrderBy(g => g.Key).Select(g => g
            .OrderByDescending(e => e.Model == preferred)
            .ThenBy(e => e.KnownBy > e.AsOf)
            .ThenByDescending(e => e.Inputs.Watermark)
            .ThenBy(e => e.Run, StringComparer.Ordinal)
            .First())];
}
