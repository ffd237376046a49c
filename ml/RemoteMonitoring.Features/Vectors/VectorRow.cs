using System.Runtime.InteropServices;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Scores;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Features.Vectors;

/// <summary>
/// Works one row after the other out, vital by vital. Fast because each reading is looked at once, where it lies: days and
/// vitals are both in order, so one cursor a day only ever moves forward; because a reading is added to one piece only, and
/// windows and baselines are put together from the few segments between them; and because nothing is allocated for a row but by
/// statistics that read readings.
/// </summary>
internal sealed class VectorRow
{
    private readonly FeatureSet _set;
    private readonly PatientObservations _observations;
    private readonly PatientRollups? _rollups;
    private readonly (int At, int End)[] _days;
    private readonly (int At, int End)[] _tables;
    private readonly Part[] _parts;
    private readonly CellState[] _segments;
    private readonly UInt128[] _segmentDays;
    private readonly CellState[] _windows;
    private readonly CellState[] _baselines;
    private readonly List<HeldReading> _readings = [];
    private readonly List<int> _hours = [];
    private readonly List<(long Time, int Order, int Slot, double Value)> _scored = [];
    private readonly ScoreInputs _carried = new();

    public VectorRow(FeatureSet set, PatientObservations observations, PatientRollups? rollups)
    {
        (_set, _observations, _rollups) = (set, observations, rollups);
        _days = new (int, int)[observations.Days.Length];
        _tables = new (int, int)[rollups?.Tables.Length ?? 0];
        _parts = [.. Enumerable.Range(0, set.Vitals.Max(v => v.Parts.Length)).Select(_ => new Part())];
        var windows = set.Windows.Length;
        (_segments, _segmentDays, _windows, _baselines) = (new CellState[windows], new UInt128[windows], new CellState[windows], new CellState[windows]);
        VitalColumns = set.Vitals.Sum(v => v.Parts.Sum(p => p.Columns.Length));
    }

    /// <summary>Number of columns that speak of vitals; they come first.</summary>
    public int VitalColumns { get; }

    /// <summary>The latest values of the row that was filled last.</summary>
    public ScoreInputs Scores { get; } = new();

    /// <summary>Fills the columns that speak of vitals; when the latest reading of the look-back was taken, of any of them, null where there is none.</summary>
    public long? FillVitals(double[][] values, int row, in VectorKey key, VectorCalendar calendar, bool useRollups)
    {
        Begin(key, useRollups);
        Scores.Clear();
        _scored.Clear();
        long? latest = null;
        foreach (var vital in _set.Vitals)
        {
            Read(vital, key, calendar, useRollups);
            for (var p = 0; p < vital.Parts.Length; p++)
            {
                PutTogether(_parts[p], key.AsOf);
                latest = _windows[^1] is { Count: > 0, LastTime: var last } && !(last <= latest) ? last : latest;
                FillColumns(values, row, key, vital, vital.Parts[p], calendar);
            }
        }

        return latest;
    }

    /// <summary>The cells of a vital's look-back that have a reading; it goes on where the same row was asked for an earlier vital before.</summary>
    public IReadOnlyList<VitalCell> CellsOf(in VectorKey key, int vital, VectorCalendar calendar, bool useRollups, bool goesOn = false)
    {
        if (!goesOn)
        {
            Begin(key, useRollups);
        }

        var plan = Array.Find(_set.Vitals, v => v.Vital.Index == vital) ?? throw new ArgumentException($"The feature set '{_set.Name}' does not read this vital.", nameof(vital));
        Read(plan, key, calendar, useRollups);
        var cells = new List<VitalCell>();
        var part = _parts[Array.FindIndex(plan.Parts, p => p.Kind == _set.Rollup)];
        for (var i = 0; i < part.Pieces.Count; i++)
        {
            if (part.States[i] is { Count: > 0 } state)
            {
                cells.Add(new VitalCell(part.Pieces.End[i], state.Count, state.Mean, state.Last, state.LastTime));
            }
        }

        return cells;
    }

    private void Begin(in VectorKey key, bool useRollups)
    {
        var patient = _observations.Find(key.PatientId);
        for (var d = 0; d < _days.Length; d++)
        {
            _days[d] = _observations.RowsOf(d, patient, key.AsOf - _set.LookBack, key.AsOf);
        }

        if (useRollups)
        {
            var place = _rollups!.Find(key.PatientId);
            for (var t = 0; t < _tables.Length; t++)
            {
                _tables[t] = _rollups.RowsOf(t, place);
            }
        }
    }

    private void Read(VitalPlan vital, in VectorKey key, VectorCalendar calendar, bool useRollups)
    {
        for (var p = 0; p < vital.Parts.Length; p++)
        {
            var (pieces, tables) = calendar[vital.Parts[p].Kind];
            _parts[p].Begin(pieces, useRollups ? tables : null, key.KnownBy);
            ReadRollups(vital, _parts[p], tables, key.KnownBy);
        }

        ReadReadings(vital, key, key.AsOf - _set.LookBack);
    }

    /// <summary>The highest NEWS2 at any reading of the last 24 hours, each input carried forward for as long; null where there is none.</summary>
    public int? HighestNews2(bool scale2, long asOf)
    {
        _scored.Sort(); // by time, and of one instant in the order of the readings
        _carried.Clear();
        int? highest = null;
        for (var i = 0; i < _scored.Count; i++)
        {
            var (time, _, slot, value) = _scored[i];
            _carried.Set(slot, value, time);
            if (time > asOf - ScoreColumn.LooksBack && (i + 1 == _scored.Count || _scored[i + 1].Time != time)
                && _carried.News2(scale2, time - ScoreColumn.LooksBack) is { } score)
            {
                highest = Math.Max(highest ?? 0, score.Point);
            }
        }

        return highest;
    }

    private void ReadRollups(VitalPlan vital, Part part, int[]? tables, long knownBy)
    {
        for (var i = 0; i < part.Rolled.Length; i++)
        {
            if (part.Rolled[i] && tables![i] is var table
                && _rollups!.TryRead(table, ref _tables[table].At, _tables[table].End, vital.Vital.Index, part.Pieces.Start[i], knownBy, out var state))
            {
                part.Set(i, state);
            }
        }
    }

    private void ReadReadings(VitalPlan plan, in VectorKey key, long first)
    {
        _readings.Clear();
        var vital = plan.Vital.Index;
        var parts = _parts.AsSpan(0, plan.Parts.Length);
        var keptAfter = key.AsOf - plan.ReadsBack;
        for (var d = 0; d < _days.Length; d++)
        {
            var (at, end) = _days[d];
            if (at == end)
            {
                continue;
            }

            var day = _observations.Days[d];
            while (at < end && day.Vital[at] < vital)
            {
                at++;
            }

            for (; at < end && day.Vital[at] == vital; at++)
            {
                var time = day.EffectiveTime[at];
                if (time <= first || time > key.AsOf || day.KnownFrom[at] > key.KnownBy || key.KnownBy >= day.KnownTo[at])
                {
                    continue;
                }

                foreach (var part in parts)
                {
                    part.Add(day.Value[at], time);
                }

                if (time > keptAfter)
                {
                    _readings.Add(new HeldReading(time, day.Value[at]));
                }
            }

            _days[d].At = at;
        }

        if (plan.ScoreSlot >= 0)
        {
            foreach (var reading in _readings)
            {
                _scored.Add((reading.Time, _scored.Count, plan.ScoreSlot, reading.Value));
            }
        }
    }

    /// <summary>Windows are segments put behind each other, oldest first; baselines are the segments before.</summary>
    private void PutTogether(Part part, long asOf)
    {
        Array.Clear(_segmentDays);
        for (var s = 0; s < _segments.Length; s++)
        {
            _segments[s].Count = _windows[s].Count = _baselines[s].Count = 0;
        }

        if (!part.Any)
        {
            return;
        }

        var pieces = part.Pieces;
        for (var i = 0; i < pieces.Count; i++)
        {
            if (part.States[i].Count > 0)
            {
                var segment = pieces.Segment[i];
                _segments[segment].Append(part.States[i], (pieces.End[i] - asOf) / (double)UnixMicros.PerDay);
                _segmentDays[segment] |= pieces.DayBit[i];
            }
        }

        _windows[0] = _segments[0];
        for (var w = 1; w < _segments.Length; w++)
        {
            _windows[w] = _segments[w];
            _windows[w].Append(_windows[w - 1], 0);
            _segmentDays[w] |= _segmentDays[w - 1];
        }

        for (var w = _segments.Length - 2; w >= 0; w--)
        {
            _baselines[w] = _baselines[w + 1];
            _baselines[w].Append(_segments[w + 1], 0);
        }
    }

    private void FillColumns(double[][] values, int row, in VectorKey key, VitalPlan plan, VitalPart part, VectorCalendar calendar)
    {
        var window = new StatisticWindow { Age = (key.AsOf - _windows[^1].LastTime) / (double)UnixMicros.PerHour };
        foreach (var column in part.Columns)
        {
            var at = column.Window;
            window.State = ref _windows[at];
            window.Baseline = ref _baselines[at];
            window.Days = _segmentDays[at];
            window.Length = _set.Windows[at] / (double)UnixMicros.PerDay;
            window.Values = column.Statistic.Input == StatisticInput.Readings ? ValuesSince(key.AsOf - _set.Windows[at]) : [];
            window.Hours = column.Statistic.Input == StatisticInput.Hours ? CountHours(key.AsOf - _set.Windows[at], calendar.HourEnds) : [];
            values[column.At][row] = column.Statistic.Formula(in window);
        }

        if (plan.ScoreSlot >= 0 && part.Kind == _set.Rollup && _windows[_set.ScoreWindow] is { Count: > 0 } latest)
        {
            Scores.Set(plan.ScoreSlot, latest.Last, latest.LastTime);
        }
    }

    /// <summary>Readings after an instant by the local hour, of hours that have one.</summary>
    private ReadOnlySpan<int> CountHours(long after, long[] ends)
    {
        _hours.Clear();
        var (hour, last) = (0, -1);
        foreach (var reading in _readings)
        {
            if (reading.Time <= after)
            {
                continue;
            }

            while (ends[hour] < reading.Time)
            {
                hour++;
            }

            if (hour != last)
            {
                _hours.Add(0);
                last = hour;
            }

            _hours[^1]++;
        }

        return CollectionsMarshal.AsSpan(_hours);
    }

    private double[] ValuesSince(long after) => [.. _readings.Where(r => r.Time > after).Select(r => r.Value)];

    /// <summary>One kind of cells of a vital: a state for each piece of the look-back.</summary>
    private sealed class Part
    {
        private bool[] _rolled = [];
        private int[]? _tables;
        private long _knownBy;
        private int _next;

        public Pieces Pieces { get; private set; } = null!;

        public CellState[] States { get; private set; } = [];

        /// <summary>Whether any piece has a reading: most patients have few of the vitals there are.</summary>
        public bool Any { get; private set; }

        /// <summary>The pieces whose state is that of a rollup.</summary>
        public Span<bool> Rolled => _rolled.AsSpan(0, _tables is null ? 0 : Pieces.Count);

        public void Begin(Pieces pieces, int[]? tables, long knownBy)
        {
            if (States.Length < pieces.Count)
            {
                (States, _rolled, Any) = (new CellState[pieces.Count], new bool[pieces.Count], true);
            }

            for (var i = 0; i < States.Length && Any; i++)
            {
                States[i].Count = 0;
            }

            (Any, _next) = (false, 0);
            if ((Pieces, _tables, _knownBy) == (pieces, tables, knownBy))
            {
                return;
            }

            (Pieces, _tables, _knownBy) = (pieces, tables, knownBy);
            for (var i = 0; i < pieces.Count; i++)
            {
                _rolled[i] = tables is not null && tables[i] >= 0 && pieces.IsWhole[i] && pieces.End[i] <= knownBy;
            }
        }

        public void Set(int piece, in CellState state)
        {
            States[piece] = state;
            Any = true;
        }

        /// <summary>Adds a reading that is not before those it has, where it lies in a piece and no rollup has it.</summary>
        public void Add(double value, long time)
        {
            while (_next < Pieces.Count && Pieces.End[_next] < time)
            {
                _next++;
            }

            if (_next < Pieces.Count && time > Pieces.Start[_next] && !_rolled[_next])
            {
                States[_next].Add(value, time, (time - Pieces.End[_next]) / (double)UnixMicros.PerDay);
                Any = true;
            }
        }
    }
}
