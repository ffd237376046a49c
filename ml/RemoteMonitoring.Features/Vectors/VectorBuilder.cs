using System.Collections.Concurrent;
using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Vectors;

/// <summary>The instant a row speaks for, and what may be used for it.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">Nothing effective after it is used, Unix microseconds.</param>
/// <param name="KnownBy">Nothing known after it is used, Unix microseconds.</param>
public readonly record struct VectorKey(string PatientId, long AsOf, long KnownBy);

/// <summary>The readings of a vital in one cell of local time (a day of <c>home</c>, an hour of <c>acute</c>), or in the part of it that lies in the look-back.</summary>
/// <param name="End">End of the cell, Unix microseconds.</param>
/// <param name="Readings">How many there are, at least one.</param>
/// <param name="Mean">Their mean, canonical unit.</param>
/// <param name="Last">The last of them.</param>
/// <param name="LastTime">When that was taken.</param>
public readonly record struct VitalCell(long End, int Readings, double Mean, double Last, long LastTime)
{
    /// <summary>The cell as people are told of it: of what readings count, their sum stands for each of them.</summary>
    public VitalCell Told(VitalSign vital)
    {
        if (!vital.IsCounted)
        {
            return this;
        }

        // The mean of whole numbers, times how many, is off by rounding alone.
        var sum = Math.Round(Mean * Readings, 6);
        return this with { Mean = sum, Last = sum };
    }
}

/// <summary>
/// Point-in-time vectors: a function of (feature set, as-of, known-by) and of the observations and reference events that
/// lie within both. Rows are independent of each other, so their order, and how they are spread over cores, changes nothing;
/// nor does it, to the last bit, whether a cell's state comes from a rollup or is made of its readings.
/// </summary>
public sealed class VectorBuilder
{
    private readonly FeatureSet _set;
    private readonly PatientObservations _observations;
    private readonly IReadOnlyDictionary<string, PatientRecord> _records;
    private readonly PatientRollups? _rollups;
    private readonly ConcurrentDictionary<(DateTimeZone Zone, long AsOf), VectorCalendar> _calendars = new();

    /// <summary>Prepares to compute a set over these observations and records.</summary>
    /// <param name="set">Set.</param>
    /// <param name="observations">Readings of the look-back, or, where there are rollups, of the parts of it that they do not speak of.</param>
    /// <param name="records">Reference data of the patients; their zones must exist.</param>
    /// <param name="rollups">Rollups of all vitals of the set, of the kinds of cells and dates that have them; null to work from readings alone.</param>
    public VectorBuilder(FeatureSet set, PatientObservations observations, IReadOnlyDictionary<string, PatientRecord> records, PatientRollups? rollups = null)
    {
        _set = set;
        _observations = observations;
        _records = records;
        _rollups = rollups;
    }

    /// <summary>The vectors of these rows, in their order, on up to so many cores.</summary>
    public FeatureTable Build(IReadOnlyList<VectorKey> rows, int cores = -1, CancellationToken cancellationToken = default)
    {
        var table = FeatureTable.Empty(_set, rows);
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = cores };
        Parallel.For(0, rows.Count, options, () => new VectorRow(_set, _observations, _rollups), (row, _, workspace) =>
        {
            Fill(table, row, rows[row], workspace);
            return workspace;
        }, _ => { });
        return table;
    }

    private void Fill(FeatureTable table, int row, in VectorKey key, VectorRow workspace)
    {
        // Until the roster names the patient nothing is known of them, also not that nothing has happened.
        var record = _records.GetValueOrDefault(key.PatientId);
        var roster = record?.RosterAt(key.KnownBy);
        var (calendar, useRollups) = CalendarOf(key, record);
        var last = workspace.FillVitals(table.Values, row, key, calendar, useRollups);
        (table.HasReading[row], table.LastReading[row]) = (last is not null, last ?? 0);
        var column = workspace.VitalColumns;
        FillReference(table.Values, row, key, roster is null ? null : record, roster, ref column);
        FillScores(table, row, key, roster?.Attributes.GetValueOrDefault("spo2_scale_2") == 1, workspace, column);
    }

    /// <summary>The cells of a vital's look-back that have a reading, in order of time: what a patient's usual is told from.</summary>
    public IReadOnlyList<VitalCell> CellsOf(in VectorKey key, int vital)
    {
        var (calendar, useRollups) = CalendarOf(key, _records.GetValueOrDefault(key.PatientId));
        return new VectorRow(_set, _observations, _rollups).CellsOf(key, vital, calendar, useRollups);
    }

    /// <summary>The same for many, one after the other, fastest where those of a patient are asked for in the catalog's order: what it answers with reuses its workspace, and is for one thread. A vital that the set does not read has no cells.</summary>
    public Func<VectorKey, int, IReadOnlyList<VitalCell>> CellsReader()
    {
        var (row, last) = (new VectorRow(_set, _observations, _rollups), (Key: default(VectorKey), Vital: int.MaxValue));
        return (key, vital) =>
        {
            if (!Array.Exists(_set.Vitals, v => v.Vital.Index == vital))
            {
                return [];
            }

            var (calendar, useRollups) = CalendarOf(key, _records.GetValueOrDefault(key.PatientId));
            var goesOn = last.Key == key && vital > last.Vital;
            last = (key, vital);
            return row.CellsOf(key, vital, calendar, useRollups, goesOn);
        };
    }

    private (VectorCalendar Calendar, bool UseRollups) CalendarOf(in VectorKey key, PatientRecord? record)
    {
        var zone = PatientRecord.ZoneAt(record, key.KnownBy);
        var calendar = _calendars.GetOrAdd((zone, key.AsOf), static (of, builder) => new VectorCalendar(builder._set, builder._rollups, of.Zone, of.AsOf), this);
        return (calendar, _rollups?.IsCutBy(key.PatientId, zone) == true);
    }

    private void FillReference(double[][] values, int row, in VectorKey key, PatientRecord? record, Patient? roster, ref int column)
    {
        var definition = _set.Definition;
        foreach (var field in definition.Roster)
        {
            values[column++][row] = field == "age" ? roster?.Age ?? double.NaN : roster?.Sex switch { "female" => 1, "male" => 0, _ => double.NaN };
        }

        foreach (var condition in definition.Conditions)
        {
            values[column++][row] = roster is null ? double.NaN : roster.Conditions.Contains(condition) ? 1 : 0;
        }

        foreach (var attribute in definition.Attributes)
        {
            values[column++][row] = roster is not null && roster.Attributes.TryGetValue(attribute, out var value) ? value : double.NaN;
        }

        // Of outcomes that end before the day nothing counts that was heard of later, or it would tell of the day after all.
        var until = definition.PriorOutcomes?.BeforeDay == true ? PatientRecord.DayStart(record, key.AsOf, key.KnownBy) : key.AsOf;
        var heardBy = definition.PriorOutcomes?.BeforeDay == true ? Math.Min(until, key.KnownBy) : key.KnownBy;
        foreach (var kind in definition.PriorOutcomes?.Kinds ?? [])
        {
            foreach (var days in definition.PriorOutcomes!.Days)
            {
                values[column++][row] = record?.CountOutcomes(kind, until - (days * Telemetry.UnixMicros.PerDay), until, heardBy) ?? double.NaN;
            }

            values[column++][row] = DaysSince(record?.LastOutcome(kind, until, heardBy), key.AsOf);
        }

        foreach (var field in definition.Stay)
        {
            var kind = field == "since_enrolled" ? CensusKind.Enrolled : CensusKind.Discharged;
            values[column++][row] = DaysSince(record?.LastCensus(kind, key.AsOf, key.KnownBy), key.AsOf);
        }
    }

    private static double DaysSince(long? then, long asOf) => then is { } t ? (asOf - t) / (double)Telemetry.UnixMicros.PerDay : double.NaN;

    private void FillScores(FeatureTable table, int row, in VectorKey key, bool scale2, VectorRow workspace, int column)
    {
        var after = key.AsOf - ScoreColumn.LooksBack;
        var news2 = workspace.Scores.News2(scale2, after);
        table.News2Low[row] = news2?.Low ?? double.NaN;
        table.News2Point[row] = news2?.Point ?? double.NaN;
        table.News2High[row] = news2?.High ?? double.NaN;
        foreach (var name in _set.Definition.Scores)
        {
            table.Values[column++][row] = name switch
            {
                "news2_low" => table.News2Low[row],
                "news2_point" => table.News2Point[row],
                "news2_high" => table.News2High[row],
                "news2_max_24h" => workspace.HighestNews2(scale2, key.AsOf) ?? double.NaN,
                "qsofa_low" => workspace.Scores.Qsofa(after)?.Low ?? double.NaN,
                "qsofa_high" => workspace.Scores.Qsofa(after)?.High ?? double.NaN,
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
    }
}

/// <summary>The pieces of a set's look-back at an instant and in a zone, and where their rollups are.</summary>
internal sealed class VectorCalendar
{
    private readonly (Pieces Pieces, int[]? Tables)?[] _kinds = new (Pieces, int[]?)?[Enum.GetValues<CellKind>().Length];

    public VectorCalendar(FeatureSet set, PatientRollups? rollups, DateTimeZone zone, long asOf)
    {
        foreach (var kind in set.Cells)
        {
            var pieces = Pieces.Of(kind, zone, asOf, set.Windows);
            _kinds[(int)kind] = (pieces, rollups?.TablesOf(pieces));
        }

        HourEnds = [.. LocalCells.Overlapping(CellKind.Hour, zone, asOf - set.HoursBack, asOf).Select(c => c.End)];
    }

    /// <summary>Ends of the local hours by which columns count readings, ascending.</summary>
    public long[] HourEnds { get; }

    /// <summary>The pieces, and the table of each; null without rollups.</summary>
    public (Pieces Pieces, int[]? Tables) this[CellKind kind] => _kinds[(int)kind]!.Value;
}
