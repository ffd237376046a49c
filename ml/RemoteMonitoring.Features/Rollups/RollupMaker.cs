using System.Runtime.InteropServices;
using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Features.Rollups;

/// <summary>
/// Rolls observations up by cells of the patient's local time. What comes out is a function of the observations and of the
/// zones alone: of the versions of a cell, those that held at or after the cell's end.
/// </summary>
public static class RollupMaker
{
    /// <summary>The rollups of one local date.</summary>
    /// <param name="kind">Kind of cells.</param>
    /// <param name="date">Local date, days since 1970-01-01.</param>
    /// <param name="vitals">Vitals to roll up, by index in the catalog.</param>
    /// <param name="days">Observations that cover the local date in every zone: the UTC days around it, in order.</param>
    /// <param name="zoneOf">Zone of a patient.</param>
    public static RollupColumns Make(
        CellKind kind, int date, IReadOnlyCollection<int> vitals, IReadOnlyList<ObservationColumns> days, Func<string, DateTimeZone> zoneOf)
    {
        var places = new PatientPlaces([.. days.Select(d => d.Patients)]);
        var wanted = new bool[vitals.DefaultIfEmpty(-1).Max() + 1];
        foreach (var vital in vitals)
        {
            wanted[vital] = true;
        }

        var cells = new Dictionary<string, List<Cell>>(StringComparer.Ordinal);
        var rows = new List<Row>();
        var patients = new List<string>();
        var starts = new List<int>();
        var readings = new List<Version>();
        for (var p = 0; p < places.PatientIds.Count; p++)
        {
            var zone = zoneOf(places.PatientIds[p]);
            ref var ofZone = ref CollectionsMarshal.GetValueRefOrAddDefault(cells, zone.Id, out _);
            if (ofZone is null)
            {
                LocalCells.Add(kind, zone, date, ofZone = []);
            }

            Gather(days, places, p, ofZone, wanted, readings);
            var before = rows.Count;
            AddRows(readings, ofZone, rows);
            if (rows.Count > before)
            {
                patients.Add(places.PatientIds[p]);
                starts.Add(before);
            }
        }

        return ToColumns(kind, date, [.. patients], [.. starts, rows.Count], rows);
    }

    /// <summary>The local dates that readings of a UTC day belong to, days since 1970-01-01.</summary>
    public static IEnumerable<int> LocalDatesOf(DateTimeZone zone, int utcDate)
    {
        var first = LocalCells.DateOf(zone, utcDate * UnixMicros.PerDay);
        return Enumerable.Range(first, LocalCells.DateOf(zone, ((utcDate + 1) * UnixMicros.PerDay) - 1) - first + 1);
    }

    /// <summary>The UTC days that readings of a local date belong to.</summary>
    public static IEnumerable<int> UtcDatesOf(DateTimeZone zone, int localDate)
    {
        var cells = new List<Cell>();
        LocalCells.Add(CellKind.Day, zone, localDate, cells);
        return cells.SelectMany(c => Enumerable.Range(UnixMicros.DayOf(c.Start + 1), UnixMicros.DayOf(c.End) - UnixMicros.DayOf(c.Start + 1) + 1));
    }

    /// <summary>The patient's rows within the cells, sorted by (vital, time, order of knowing).</summary>
    private static void Gather(IReadOnlyList<ObservationColumns> days, PatientPlaces places, int patient, List<Cell> cells, bool[] wanted, List<Version> readings)
    {
        readings.Clear();
        if (cells.Count == 0)
        {
            return;
        }

        var (from, to) = (cells[0].Start, cells[^1].End);
        for (var d = 0; d < days.Count; d++)
        {
            if (places[patient, d] is not (>= 0 and var place))
            {
                continue;
            }

            var day = days[d];
            for (var i = day.PatientStart[place]; i < day.PatientStart[place + 1]; i++)
            {
                if (day.Vital[i] < wanted.Length && wanted[day.Vital[i]] && day.EffectiveTime[i] > from && day.EffectiveTime[i] <= to)
                {
                    readings.Add(new Version(day.Vital[i], day.EffectiveTime[i], readings.Count, day.Value[i], day.KnownFrom[i], day.KnownTo[i]));
                }
            }
        }

        readings.Sort();
    }

    private static void AddRows(List<Version> readings, List<Cell> cells, List<Row> rows)
    {
        var all = CollectionsMarshal.AsSpan(readings);
        var at = 0;
        while (at < all.Length)
        {
            var vital = all[at].Vital;
            foreach (var cell in cells)
            {
                while (at < all.Length && all[at].Vital == vital && all[at].Time <= cell.Start)
                {
                    at++; // between two cells
                }

                var end = at;
                while (end < all.Length && all[end].Vital == vital && all[end].Time <= cell.End)
                {
                    end++;
                }

                AddVersions(all[at..end], cell, rows);
                at = end;
            }

            while (at < all.Length && all[at].Vital == vital)
            {
                at++;
            }
        }
    }

    /// <summary>The versions of a cell that held at its end or later.</summary>
    private static void AddVersions(ReadOnlySpan<Version> readings, in Cell cell, List<Row> rows)
    {
        if (readings.IsEmpty)
        {
            return;
        }

        var (latest, isSimple) = (long.MinValue, true);
        foreach (ref readonly var reading in readings)
        {
            latest = Math.Max(latest, reading.KnownFrom);
            isSimple &= reading.KnownTo == UnixMicros.Open && reading.KnownFrom <= cell.End;
        }

        if (isSimple)
        {
            rows.Add(new Row(readings[0].Vital, cell, latest, UnixMicros.Open, StateAt(readings, latest, cell.End)));
            return;
        }

        var changes = new SortedSet<long>();
        foreach (ref readonly var reading in readings)
        {
            changes.Add(reading.KnownFrom);
            changes.Add(reading.KnownTo);
        }

        changes.Remove(UnixMicros.Open);
        long[] from = [.. changes];
        for (var i = 0; i < from.Length; i++)
        {
            var to = i + 1 < from.Length ? from[i + 1] : UnixMicros.Open;
            if (to > cell.End && StateAt(readings, from[i], cell.End) is { Count: > 0 } state)
            {
                rows.Add(new Row(readings[0].Vital, cell, from[i], to, state));
            }
        }
    }

    private static CellState StateAt(ReadOnlySpan<Version> readings, long knownBy, long end)
    {
        var state = default(CellState);
        foreach (ref readonly var reading in readings)
        {
            if (reading.KnownFrom <= knownBy && knownBy < reading.KnownTo)
            {
                state.Add(reading.Value, reading.Time, (reading.Time - end) / (double)UnixMicros.PerDay);
            }
        }

        return state;
    }

    private static RollupColumns ToColumns(CellKind kind, int date, string[] patients, int[] starts, List<Row> rows)
    {
        var columns = new RollupColumns(rows.Count) { Kind = kind, Date = date, Patients = patients, PatientStart = starts };
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            columns.Vital[i] = row.Vital;
            columns.CellStart[i] = row.Cell.Start;
            columns.CellEnd[i] = row.Cell.End;
            columns.KnownFrom[i] = row.KnownFrom;
            columns.KnownTo[i] = row.KnownTo;
            columns[i] = row.State;
        }

        return columns;
    }

    private readonly record struct Version(int Vital, long Time, int Order, double Value, long KnownFrom, long KnownTo) : IComparable<Version>
    {
        public int CompareTo(Version other)
        {
            var byVital = Vital.CompareTo(other.Vital);
            var byTime = byVital != 0 ? byVital : Time.CompareTo(other.Time);
            return byTime != 0 ? byTime : Order.CompareTo(other.Order);
        }
    }

    private readonly record struct Row(int Vital, Cell Cell, long KnownFrom, long KnownTo, CellState State);
}
