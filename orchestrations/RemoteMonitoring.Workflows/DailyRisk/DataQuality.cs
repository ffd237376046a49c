using System.Globalization;
using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// The gate before scoring: whether as many readings have come as usual. It stops nothing, since a list of little data is better than
/// none; what it finds is told to the teams.
/// </summary>
public static class DataQuality
{
    /// <summary>Days that the usual is taken of.</summary>
    public const int Days = 7;

    /// <summary>Less than this share of the usual is told.</summary>
    public const double LeastShare = 0.5;

    /// <summary>What is out of the ordinary on the last whole UTC day before an instant, in sentences; none where there were too few days to tell.</summary>
    public static IReadOnlyList<string> Judge(ObservationsManifest manifest, Instant asOf)
    {
        var last = UnixMicros.DateOf(UnixMicros.DayOf(asOf.ToUnixMicros() - UnixMicros.PerDay));
        var byDay = manifest.Partitions.GroupBy(p => p.EventDate).ToDictionary(g => g.Key, g => g.Sum(p => (long)p.Accepted));
        long[] before = [.. Enumerable.Range(1, Days).Select(d => byDay.GetValueOrDefault(last.AddDays(-d))).Order()];
        var (usual, came) = (before[Days / 2], byDay.GetValueOrDefault(last));
        if (usual == 0 && came == 0 && byDay.Any(d => d.Key < last && d.Value > 0))
        {
            return [string.Create(CultureInfo.InvariantCulture, $"No data: of {last:yyyy-MM-dd} (UTC) no readings have come, and hardly any of the {Days} days before. Who seems quiet here may not be well.")];
        }

        return usual == 0 || came >= LeastShare * usual
            ? []
            : [string.Create(CultureInfo.InvariantCulture, $"Few data: of {last:yyyy-MM-dd} (UTC) {came:N0} readings have come, where {usual:N0} a day are usual. Who seems quiet here may not be well.")];
    }
}
