using NodaTime;
using RemoteMonitoring.Cohorts.Simulation;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Tests.Simulation;

/// <summary>
/// Every local midnight of every patient who is enrolled, alive and at home, with the plain features that one would try
/// first and whether an admission followed within seven days. Written from the feed alone, as a newcomer would, and so a
/// second opinion on the project's own features.
/// </summary>
internal sealed class PatientGrid
{
    private const int Horizon = 7;
    private static readonly string[] s_vitals =
    [
        "weight", "systolic_bp", "diastolic_bp", "heart_rate", "spo2", "respiratory_rate", "temperature",
        "capillary_glucose", "steps", "peak_flow", "breathlessness", "swelling", "sputum",
    ];

    private static readonly string[] s_valueParts =
        ["last", "mean_1d", "mean_3d", "mean_7d", "mean_28d", "mean_3d_less_28d", "mean_1d_less_28d", "slope_7d", "sd_7d", "sd_28d", "min_7d", "max_7d"];

    private static readonly string[] s_countParts = ["n_1d", "n_3d", "n_7d", "n_28d", "age_of_last"];
    private static readonly string[] s_patientParts =
        ["age", "conditions", "days_since_discharge", "prior_admissions", "days_enrolled", "calls_7d", "calls_28d", "day"];

    private readonly List<float>[] _columns;
    private readonly List<bool> _labels = [];

    private PatientGrid()
    {
        Names =
        [
            .. s_vitals.SelectMany(v => s_valueParts.Select(p => $"{v}.{p}")),
            .. s_vitals.Append("any").SelectMany(v => s_countParts.Select(p => $"{v}.{p}")),
            .. s_patientParts,
        ];
        _columns = [.. Names.Select(_ => new List<float>())];
    }

    public IReadOnlyList<string> Names { get; }

    public int Rows => _labels.Count;

    public double Prevalence => _labels.Count(l => l) / (double)Rows;

    public IReadOnlyList<float> Column(int feature) => _columns[feature];

    public IReadOnlyList<bool> Labels => _labels;

    /// <summary>Whether a feature says only how much and how lately somebody measured.</summary>
    public bool IsAdherence(int feature) => s_countParts.Any(p => Names[feature].EndsWith("." + p, StringComparison.Ordinal));

    public static PatientGrid Of(SimulatedCohort cohort, SimulationOptions options)
    {
        var grid = new PatientGrid();
        var readings = ReadingsByPatient(cohort);
        var end = options.Start.PlusDays(options.Days).AtMidnight().InUtc().ToInstant().ToUnixMicros();
        var census = cohort.Reference.Census.ToLookup(c => c.PatientId);
        var contacts = cohort.Reference.Contacts.ToLookup(c => c.PatientId);
        var admissions = cohort.Truth.Episodes.Where(e => e.Admitted is not null).ToLookup(e => e.PatientId, e => e.Admitted!.Value.ToUnixMicros());
        foreach (var patient in cohort.Reference.Patients)
        {
            var zone = DateTimeZoneProviders.Tzdb[patient.TimeZone];
            var steps = census[patient.PatientId].OrderBy(c => c.Effective).ToList();
            var own = readings.GetValueOrDefault(patient.PatientId) ?? [];
            var calls = contacts[patient.PatientId].Select(c => (Effective: c.Effective.ToUnixMicros(), Known: c.Known.ToUnixMicros())).ToList();
            var theirs = admissions[patient.PatientId].ToList();
            for (var day = 1; day < options.Days; day++)
            {
                var at = zone.AtStartOfDay(options.Start.PlusDays(day)).ToInstant().ToUnixMicros();
                if (at + (Horizon * UnixMicros.PerDay) > end)
                {
                    break;
                }

                var last = steps.LastOrDefault(s => s.Effective.ToUnixMicros() <= at);
                if (last?.Kind is CensusKind.Enrolled or CensusKind.Discharged)
                {
                    grid._labels.Add(theirs.Exists(a => a > at && a <= at + (Horizon * UnixMicros.PerDay)));
                    grid.AddRow(patient, own, steps, calls, day, at);
                }
            }
        }

        return grid;
    }

    /// <summary>Probability that a row with an admission ahead has the higher value; rows without a value are left out, or come lowest.</summary>
    /// <returns>NaN where fewer than 100 rows with an admission have a value.</returns>
    public double Auroc(int feature, bool missingIsLowest)
    {
        var column = _columns[feature];
        var positives = new List<float>();
        for (var row = 0; row < column.Count; row++)
        {
            if (_labels[row] && (missingIsLowest || !float.IsNaN(column[row])))
            {
                positives.Add(column[row]);
            }
        }

        if (positives.Count < 100)
        {
            return double.NaN;
        }

        positives.Sort(); // NaN sorts first
        var sorted = positives.ToArray();
        var wins = 0.0;
        var negatives = 0L;
        for (var row = 0; row < column.Count; row++)
        {
            var value = column[row];
            if (_labels[row] || (!missingIsLowest && float.IsNaN(value)))
            {
                continue;
            }

            negatives++;
            var below = Bound(sorted, value, orEqual: false);
            var isTied = below < sorted.Length && sorted[below].Equals(value);
            var notAbove = isTied ? Bound(sorted, value, orEqual: true) : below;
            wins += sorted.Length - notAbove + (0.5 * (notAbove - below));
        }

        return wins / negatives / sorted.Length;
    }

    private static int Bound(float[] sorted, float value, bool orEqual)
    {
        var low = 0;
        var high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = sorted[middle].CompareTo(value);
            if (order < 0 || (orEqual && order == 0))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static Dictionary<string, List<Row>> ReadingsByPatient(SimulatedCohort cohort)
    {
        var extractor = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled);
        var assignments = new AssignmentIndex(cohort.Reference.Assignments);
        var place = s_vitals.Select((v, i) => (VitalSignCatalog.Default[v].Index, i)).ToDictionary(p => p.Index, p => p.i);
        var byPatient = new Dictionary<string, List<Row>>();
        var seen = new HashSet<(string, string?, long, long, int)>();
        var accepted = new ReadingBatch();
        var rejected = new QuarantineBatch();
        foreach (var message in cohort.Messages)
        {
            var enqueued = message.EnqueuedTime.ToUnixMicros();
            extractor.Extract(message.ReceivedAt(0, enqueued), accepted, rejected);
            for (var i = 0; i < accepted.Count; i++)
            {
                var time = accepted.EffectiveTime[i];
                if (seen.Add((accepted.DeviceId[i], accepted.MessageId[i], accepted.BodyHash[i], time, accepted.Ordinal[i]))
                    && assignments.Find(accepted.DeviceId[i], time, out var patient, out var known) == AssignmentStatus.Assigned)
                {
                    if (!byPatient.TryGetValue(patient!, out var rows))
                    {
                        byPatient.Add(patient!, rows = []);
                    }

                    rows.Add(new Row(time, Math.Max(enqueued, known), place[accepted.Vital[i]], accepted.Value[i]));
                }
            }

            accepted.Truncate(0);
            rejected.Truncate(0);
        }

        foreach (var rows in byPatient.Values)
        {
            rows.Sort((a, b) => a.Time.CompareTo(b.Time));
        }

        return byPatient;
    }

    private void AddRow(Patient patient, List<Row> readings, List<CensusEvent> census, List<(long Effective, long Known)> calls, int day, long at)
    {
        var windows = new Window[s_vitals.Length];
        var any = default(Window);
        foreach (ref readonly var row in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(readings)[From(readings, at)..])
        {
            if (row.Time >= at)
            {
                break;
            }

            if (row.Known <= at)
            {
                windows[row.Vital].Add((double)(at - row.Time) / UnixMicros.PerDay, row.Value);
                any.Add((double)(at - row.Time) / UnixMicros.PerDay, 0);
            }
        }

        var column = 0;
        foreach (ref var w in windows.AsSpan())
        {
            foreach (var value in w.Values())
            {
                _columns[column++].Add((float)value);
            }
        }

        foreach (ref var w in windows.AsSpan())
        {
            AddCounts(w, ref column);
        }

        AddCounts(any, ref column);
        var known = census.Where(c => c.Known.ToUnixMicros() <= at).ToList();
        var discharged = known.FindLast(c => c.Kind == CensusKind.Discharged);
        double[] own =
        [
            patient.Age ?? double.NaN,
            patient.Conditions.Count,
            discharged is null ? 1000 : (double)(at - discharged.Effective.ToUnixMicros()) / UnixMicros.PerDay,
            known.Count(c => c.Kind == CensusKind.Admitted),
            (double)(at - census[0].Effective.ToUnixMicros()) / UnixMicros.PerDay,
            calls.Count(c => c.Known <= at && c.Effective > at - (7 * UnixMicros.PerDay)),
            calls.Count(c => c.Known <= at && c.Effective > at - (28 * UnixMicros.PerDay)),
            day,
        ];
        foreach (var value in own)
        {
            _columns[column++].Add((float)value);
        }
    }

    private void AddCounts(Window w, ref int column)
    {
        foreach (var count in w.Counts())
        {
            _columns[column++].Add((float)count);
        }
    }

    private static int From(List<Row> readings, long at)
    {
        var low = 0;
        var high = readings.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (readings[middle].Time < at - (28 * UnixMicros.PerDay))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private readonly record struct Row(long Time, long Known, int Vital, double Value);

    /// <summary>Sums over the windows of 1, 3, 7 and 28 days, fed from the oldest reading to the newest.</summary>
    private struct Window
    {
        private int _n1, _n3, _n7, _n28;
        private double _s1, _s3, _s7, _s28, _ss7, _ss28, _t7, _tt7, _tv7, _min7, _max7, _last, _age;

        public void Add(double age, double value)
        {
            _n28++;
            _s28 += value;
            _ss28 += value * value;
            _last = value;
            _age = age;
            if (age <= 7)
            {
                _min7 = _n7 == 0 ? value : Math.Min(_min7, value);
                _max7 = _n7 == 0 ? value : Math.Max(_max7, value);
                _n7++;
                _s7 += value;
                _ss7 += value * value;
                _t7 -= age;
                _tt7 += age * age;
                _tv7 -= age * value;
            }

            if (age <= 3)
            {
                _n3++;
                _s3 += value;
            }

            if (age <= 1)
            {
                _n1++;
                _s1 += value;
            }
        }

        public readonly double[] Values()
        {
            var spread = (_n7 * _tt7) - (_t7 * _t7);
            return
            [
                _n28 > 0 ? _last : double.NaN,
                _s1 / _n1,
                _s3 / _n3,
                _s7 / _n7,
                _s28 / _n28,
                (_s3 / _n3) - (_s28 / _n28),
                (_s1 / _n1) - (_s28 / _n28),
                _n7 >= 3 && spread > 1e-6 ? ((_n7 * _tv7) - (_t7 * _s7)) / spread : double.NaN,
                _n7 >= 3 ? Math.Sqrt(Math.Max(0, (_ss7 / _n7) - (_s7 / _n7 * (_s7 / _n7)))) : double.NaN,
                _n28 >= 3 ? Math.Sqrt(Math.Max(0, (_ss28 / _n28) - (_s28 / _n28 * (_s28 / _n28)))) : double.NaN,
                _n7 > 0 ? _min7 : double.NaN,
                _n7 > 0 ? _max7 : double.NaN,
            ];
        }

        public readonly double[] Counts() => [_n1, _n3, _n7, _n28, _n28 > 0 ? _age : 28];
    }
}
