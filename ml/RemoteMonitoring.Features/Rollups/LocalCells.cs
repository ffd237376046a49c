using NodaTime;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Features.Rollups;

/// <summary>The stretches of a patient's local time over which readings are rolled up.</summary>
public enum CellKind
{
    /// <summary>The local day.</summary>
    Day,

    /// <summary>From one whole hour of the local clock to the next.</summary>
    Hour,

    /// <summary>
    /// From midnight to 06:00 of the local clock: the night of the short fixed-clock intervals (O'Brien et al.,
    /// J Hypertens 2003;21:821), which leave out the hours in which people go to bed and get up.
    /// </summary>
    Night,

    /// <summary>From 10:00 to 20:00 of the local clock: the daytime of the same intervals.</summary>
    Daytime,
}

/// <summary>A cell: the half-open interval (<paramref name="Start"/>, <paramref name="End"/>] of effective time, as windows are.</summary>
/// <param name="Date">Local date, in days since 1970-01-01.</param>
/// <param name="Start">Unix microseconds, exclusive.</param>
/// <param name="End">Unix microseconds, inclusive.</param>
internal readonly record struct Cell(int Date, long Start, long End);

/// <summary>Cells by zone. On days when the clocks change they are shorter or longer; a time that the clocks skip stands as much later as they skip.</summary>
internal static class LocalCells
{
    private static readonly LocalTime s_six = new(6, 0);
    private static readonly LocalTime s_ten = new(10, 0);
    private static readonly LocalTime s_twenty = new(20, 0);
    private static readonly LocalDate s_epoch = new(1970, 1, 1);

    /// <summary>The cells of a kind that overlap an interval (from, to], in order of time.</summary>
    public static List<Cell> Overlapping(CellKind kind, DateTimeZone zone, long from, long to)
    {
        var cells = new List<Cell>();
        if (to > from)
        {
            for (var date = DateOf(zone, from); date <= DateOf(zone, to); date++)
            {
                Add(kind, zone, date, cells);
            }
        }

        cells.RemoveAll(c => c.End <= from || c.Start >= to);
        return cells;
    }

    /// <summary>The cells of a kind in a local day, in order.</summary>
    public static void Add(CellKind kind, DateTimeZone zone, int date, List<Cell> cells)
    {
        var day = s_epoch.PlusDays(date);
        var (start, end) = kind switch
        {
            CellKind.Day or CellKind.Hour => (At(zone, day, LocalTime.Midnight), At(zone, day.PlusDays(1), LocalTime.Midnight)),
            CellKind.Night => (At(zone, day, LocalTime.Midnight), At(zone, day, s_six)),
            CellKind.Daytime => (At(zone, day, s_ten), At(zone, day, s_twenty)),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (kind == CellKind.Hour)
        {
            AddHours(zone, date, start, end, cells);
        }
        else if (start < end)
        {
            cells.Add(new Cell(date, start, end)); // a date that a zone skipped has none
        }
    }

    /// <summary>The local day that an instant belongs to; midnight belongs to the day that ends with it.</summary>
    public static int DateOf(DateTimeZone zone, long time)
    {
        var date = UnixMicros.ToInstant(time).InZone(zone).Date;
        var days = Period.DaysBetween(s_epoch, date);
        return time <= At(zone, date, LocalTime.Midnight) ? days - 1 : days;
    }

    /// <summary>When a local day begins, days since 1970-01-01.</summary>
    public static long StartOf(DateTimeZone zone, int date) => At(zone, s_epoch.PlusDays(date), LocalTime.Midnight);

    private static void AddHours(DateTimeZone zone, int date, long start, long end, List<Cell> cells)
    {
        for (var from = start; from < end;)
        {
            // The next instant at which the clock shows a whole hour; a change of the clocks moves what it shows.
            var interval = zone.GetZoneInterval(UnixMicros.ToInstant(from));
            var offset = interval.WallOffset.Ticks / 10;
            var shown = from + offset;
            var to = shown - Modulo(shown, UnixMicros.PerHour) + UnixMicros.PerHour - offset;
            if (interval.HasEnd && interval.End.ToUnixMicros() is var change && change < to)
            {
                var after = change + (zone.GetZoneInterval(interval.End).WallOffset.Ticks / 10);
                to = change + Modulo(-after, UnixMicros.PerHour);
            }

            to = Math.Min(to, end);
            cells.Add(new Cell(date, from, to));
            from = to;
        }
    }

    private static long Modulo(long value, long by) => ((value % by) + by) % by;

    private static long At(DateTimeZone zone, LocalDate date, LocalTime time) => zone.AtLeniently(date.At(time)).ToInstant().ToUnixMicros();
}
