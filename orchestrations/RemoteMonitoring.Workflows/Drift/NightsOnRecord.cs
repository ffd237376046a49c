using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Lineage;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>The runs of a task that the ledger names, one for each instant: the one whose data had come furthest.</summary>
internal sealed class NightsOnRecord
{
    /// <summary>As for the night itself: a model that is trained on the data of a day may score that day.</summary>
    private static readonly Duration s_today = Duration.FromDays(1);

    private readonly LedgerEntry[] _entries;

    private NightsOnRecord(LedgerEntry[] entries) => _entries = entries;

    /// <summary>Reads those that speak for an instant up to another.</summary>
    internal static async Task<NightsOnRecord> ReadAsync(Lake lake, string task, Instant asOf, CancellationToken cancellationToken)
    {
        var entries = new Dictionary<Instant, LedgerEntry>();
        foreach (var path in (await lake.ListAsync(LakePaths.LedgerFolder, cancellationToken)).Where(LakePaths.IsLedgerEntry).Order(StringComparer.Ordinal))
        {
            if ((await LedgeredRun.TryReadAsync(lake, LakePaths.StemOf(path), cancellationToken))?.Entry is { } entry && entry.Task == task && entry.AsOf <= asOf
                && (!entries.TryGetValue(entry.AsOf, out var other) || other.Inputs.Watermark < entry.Inputs.Watermark))
            {
                entries[entry.AsOf] = entry;
            }
        }

        return new([.. entries.Values.OrderBy(e => e.AsOf)]);
    }

    /// <summary>Those of a stretch of time, (after, to].</summary>
    internal IReadOnlyList<LedgerEntry> Between(Instant after, Instant to) => [.. _entries.Where(e => e.AsOf > after && e.AsOf <= to)];

    /// <summary>Those of a stretch that a model scored which did not know the future of the instant.</summary>
    internal IReadOnlyList<LedgerEntry> Between(Instant after, Instant to, string model, Instant trainedUntil) =>
        [.. Between(after, to).Where(e => e.Model == model && !(trainedUntil > e.AsOf && UnixMicros.ToInstant(e.Inputs.Watermark) > e.AsOf + s_today))];
}
