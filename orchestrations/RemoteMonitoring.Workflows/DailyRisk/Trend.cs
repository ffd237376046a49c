using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>A vital over the local days that end at as-of, for a small picture.</summary>
public sealed record Trend
{
    /// <summary>Days it covers.</summary>
    public const int Days = 28;

    /// <summary>The vital, by its key.</summary>
    public required string Vital { get; init; }

    /// <summary>Last value of each local day, or the sum of what its readings count, in the vital's unit, oldest first, the day before as-of last; null for a day without: a gap is a gap.</summary>
    public required IReadOnlyList<double?> Values { get; init; }

    /// <summary>Low end of the person's usual range; null where there is none yet.</summary>
    public double? UsualLow { get; init; }

    /// <summary>High end.</summary>
    public double? UsualHigh { get; init; }

    /// <summary>
    /// The days as the cells of a look-back have them, in order of time. The last day is the one in which the microsecond before as-of
    /// lies: at a midnight the day before. Days before the look-back have no value.
    /// </summary>
    public static Trend Of(VitalSign vital, IReadOnlyList<VitalCell> cells, long lookBack, long asOf, DateTimeZone zone)
    {
        var today = DateOf(asOf - 1, zone);
        var values = new double?[Days];
        foreach (var cell in cells)
        {
            if (Days - 1 - Period.DaysBetween(DateOf(cell.LastTime - 1, zone), today) is >= 0 and < Days and var day)
            {
                values[day] = cell.Told(vital).Last;
            }
        }

        var range = PersonalRange.Of(vital, cells, lookBack, asOf);
        return new Trend
        {
            Vital = vital.Key,
            Values = values,
            UsualLow = range is { UsualLow: var low } && !double.IsNaN(low) ? low : null,
            UsualHigh = range is { UsualHigh: var high } && !double.IsNaN(high) ? high : null,
        };
    }

    // Of midnight itself the day before: cells and look-back are closed at their ends.
    private static LocalDate DateOf(long time, DateTimeZone zone) => UnixMicros.ToInstant(time).InZone(zone).Date;
}
