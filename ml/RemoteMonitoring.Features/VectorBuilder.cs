using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features;

/// <summary>The instant a row speaks for, and what may be used for it.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">Nothing effective after it is used, Unix microseconds.</param>
/// <param name="KnownBy">Nothing known after it is used, Unix microseconds.</param>
public readonly record struct VectorKey(string PatientId, long AsOf, long KnownBy);

/// <summary>
/// Point-in-time vectors: a function of (feature set, as-of, known-by) and of the observations and reference events that
/// lie within both. Rows are independent of each other, so their order, and how they are spread over cores, changes nothing.
/// </summary>
public sealed class VectorBuilder
{
    private const int News2Hours = 24;
    private readonly FeatureSet _set;
    private readonly PatientObservations _observations;
    private readonly IReadOnlyDictionary<string, PatientRecord> _records;
    private readonly (VitalSign Vital, (Statistic Statistic, long Window)[] Columns, long[] Windows)[] _plan;

    /// <summary>Prepares to compute a set over these observations and records.</summary>
    public VectorBuilder(FeatureSet set, PatientObservations observations, IReadOnlyDictionary<string, PatientRecord> records)
    {
        _set = set;
        _observations = observations;
        _records = records;
        var lookBack = set.Definition.LookBack;
        _plan =
        [
            .. set.Definition.Groups.SelectMany(group => group.Vitals.Select(key =>
            {
                var columns = group.Statistics.OrderBy(s => s.Key)
                    .SelectMany(s => (s.Key is Statistic.Last or Statistic.Age ? [lookBack] : s.Value).Select(h => (s.Key, h * UnixMicros.PerHour)))
                    .ToArray();
                return (VitalSignCatalog.Default[key], columns, columns.Select(c => c.Item2).Append(lookBack * UnixMicros.PerHour).Distinct().Order().ToArray());
            })),
        ];
    }

    /// <summary>The vectors of these rows, in their order.</summary>
    public FeatureTable Build(IReadOnlyList<VectorKey> rows, CancellationToken cancellationToken = default)
    {
        var values = new double[_set.Columns.Count][];
        for (var c = 0; c < values.Length; c++)
        {
            values[c] = new double[rows.Count];
        }

        var news2 = new News2Score?[rows.Count];
        Parallel.For(0, rows.Count, new ParallelOptions { CancellationToken = cancellationToken }, row => news2[row] = Fill(values, row, rows[row]));
        return new FeatureTable
        {
            SetName = _set.Definition.Name,
            SetHash = _set.Hash,
            Columns = _set.Columns,
            PatientId = [.. rows.Select(r => r.PatientId)],
            AsOf = [.. rows.Select(r => r.AsOf)],
            Values = values,
            News2Low = Array.ConvertAll(news2, n => n?.Low ?? double.NaN),
            News2Point = Array.ConvertAll(news2, n => n?.Point ?? double.NaN),
            News2High = Array.ConvertAll(news2, n => n?.High ?? double.NaN),
        };
    }

    private News2Score? Fill(double[][] values, int row, in VectorKey key)
    {
        var column = 0;
        Span<WindowStatistics> windows = stackalloc WindowStatistics[8];
        foreach (var (vital, columns, lengths) in _plan)
        {
            FillVital(values, row, key, vital, columns, lengths, windows[..lengths.Length], ref column);
        }

        // Until the roster names the patient nothing is known of them, also not that nothing has happened.
        var record = _records.GetValueOrDefault(key.PatientId);
        var roster = record?.RosterAt(key.KnownBy);
        FillStatic(values, row, key, roster is null ? null : record, roster, ref column);
        var news2 = Last24Hours(key, roster);
        values[column++][row] = news2?.Low ?? double.NaN;
        values[column++][row] = news2?.Point ?? double.NaN;
        values[column][row] = news2?.High ?? double.NaN;
        return news2;
    }

    private void FillVital(
        double[][] values, int row, in VectorKey key, VitalSign vital, (Statistic Statistic, long Window)[] columns, long[] lengths, Span<WindowStatistics> windows, ref int column)
    {
        var all = _observations.RowsOf(key.PatientId, vital.Index);
        var end = _observations.FirstAfter(all, key.AsOf);
        var longest = lengths[^1];
        windows.Fill(new WindowStatistics());
        var (time, value) = (_observations.Time, _observations.Value);
        var last = -1;
        for (var i = _observations.FirstAfter(all, key.AsOf - longest); i < end; i++)
        {
            if (!_observations.IsKnown(i, key.KnownBy))
            {
                continue;
            }

            last = i;
            var days = (time[i] - key.AsOf) / (double)UnixMicros.PerDay;
            for (var w = lengths.Length - 1; w >= 0 && time[i] > key.AsOf - lengths[w]; w--)
            {
                windows[w].Add(value[i], days);
            }
        }

        WindowStatistics baseline = default;
        var baselineOf = -1L;
        foreach (var (statistic, length) in columns)
        {
            ref readonly var window = ref windows[Array.IndexOf(lengths, length)];
            if (statistic is Statistic.Change or Statistic.Z && length != baselineOf)
            {
                (baseline, baselineOf) = (Baseline(all, key, length, longest), length);
            }

            values[column++][row] = statistic switch
            {
                Statistic.Count => window.Count,
                Statistic.Mean => window.Count == 0 ? double.NaN : window.Mean,
                Statistic.Min => window.Min,
                Statistic.Max => window.Max,
                Statistic.Sd => window.Sd,
                Statistic.Slope => window.Slope,
                Statistic.Last => last < 0 ? double.NaN : value[last],
                Statistic.Age => last < 0 ? double.NaN : (key.AsOf - time[last]) / (double)UnixMicros.PerHour,
                Statistic.Change or Statistic.Z => AgainstBaseline(statistic, window, baseline),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
    }

    /// <summary>The readings of the longest window that lie before the shorter one.</summary>
    private WindowStatistics Baseline(Range all, in VectorKey key, long length, long longest)
    {
        var baseline = new WindowStatistics();
        var end = _observations.FirstAfter(all, key.AsOf - length);
        for (var i = _observations.FirstAfter(all, key.AsOf - longest); i < end; i++)
        {
            if (_observations.IsKnown(i, key.KnownBy))
            {
                baseline.Add(_observations.Value[i], 0);
            }
        }

        return baseline;
    }

    private static double AgainstBaseline(Statistic statistic, in WindowStatistics window, in WindowStatistics baseline)
    {
        if (window.Count == 0 || baseline.Count == 0)
        {
            return double.NaN;
        }

        var change = window.Mean - baseline.Mean;
        return statistic == Statistic.Change ? change : baseline.Sd > 0 ? change / baseline.Sd : double.NaN;
    }

    private void FillStatic(double[][] values, int row, in VectorKey key, PatientRecord? record, Patient? roster, ref int column)
    {
        var definition = _set.Definition;
        values[column++][row] = roster?.Age ?? double.NaN;
        values[column++][row] = roster?.Sex switch { "female" => 1, "male" => 0, _ => double.NaN };
        foreach (var condition in definition.Conditions)
        {
            values[column++][row] = roster is null ? double.NaN : roster.Conditions.Contains(condition) ? 1 : 0;
        }

        foreach (var attribute in definition.Attributes)
        {
            values[column++][row] = roster is not null && roster.Attributes.TryGetValue(attribute, out var value) ? value : double.NaN;
        }

        foreach (var kind in definition.PriorOutcomes)
        {
            foreach (var days in definition.PriorOutcomeDays)
            {
                values[column++][row] = record?.CountOutcomes(kind, key.AsOf - (days * UnixMicros.PerDay), key.AsOf, key.KnownBy) ?? double.NaN;
            }

            values[column++][row] = DaysSince(record?.LastOutcome(kind, key.AsOf, key.KnownBy), key.AsOf);
        }

        if (definition.StayTimes)
        {
            values[column++][row] = DaysSince(record?.LastCensus(CensusKind.Enrolled, key.AsOf, key.KnownBy), key.AsOf);
            values[column++][row] = DaysSince(record?.LastCensus(CensusKind.Discharged, key.AsOf, key.KnownBy), key.AsOf);
        }
    }

    private static double DaysSince(long? then, long asOf) => then is { } t ? (asOf - t) / (double)UnixMicros.PerDay : double.NaN;

    /// <summary>NEWS2 of the last values within 24 hours; null where none of its inputs is there.</summary>
    private News2Score? Last24Hours(in VectorKey key, Patient? roster)
    {
        var inputs = new News2Inputs
        {
            RespiratoryRate = Latest(key, "respiratory_rate"),
            Spo2 = Latest(key, "spo2", "sao2"),
            Spo2Scale2 = roster?.Attributes.GetValueOrDefault("spo2_scale_2") == 1,
            OnOxygen = OnOxygen(Latest(key, "oxygen_flow"), Latest(key, "fio2")),
            Systolic = Latest(key, "systolic_bp", "noninvasive_systolic_bp", "invasive_systolic_bp"),
            Pulse = Latest(key, "heart_rate"),
            Alert = Latest(key, "acvpu") is { } acvpu ? acvpu == 0 : Latest(key, "gcs") is { } gcs ? gcs >= 15 : null,
            Temperature = Latest(key, "temperature"),
        };
        var score = News2.Score(inputs);
        return score.InputsPresent == 0 ? null : score;
    }

    /// <summary>Whether either says that more than room air is breathed; a flow of zero is room air, no word at all is unknown.</summary>
    private static bool? OnOxygen(double? flow, double? fio2) => flow is > 0 || fio2 is > 21 ? true : flow is null && fio2 is null ? null : false;

    /// <summary>The latest value of any of these vitals within 24 hours.</summary>
    private double? Latest(in VectorKey key, params ReadOnlySpan<string> vitals)
    {
        var latest = -1;
        foreach (var vital in vitals)
        {
            var all = _observations.RowsOf(key.PatientId, VitalSignCatalog.Default[vital].Index);
            var end = _observations.FirstAfter(all, key.AsOf);
            for (var i = end - 1; i >= all.Start.Value && _observations.Time[i] > key.AsOf - (News2Hours * UnixMicros.PerHour); i--)
            {
                if (_observations.IsKnown(i, key.KnownBy))
                {
                    latest = latest < 0 || _observations.Time[i] > _observations.Time[latest] ? i : latest;
                    break;
                }
            }
        }

        return latest < 0 ? null : _observations.Value[latest];
    }
}
