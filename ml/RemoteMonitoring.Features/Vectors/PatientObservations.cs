using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Features.Vectors;

/// <summary>A reading as it was held at an instant of knowing.</summary>
/// <param name="Time">When it was taken, Unix microseconds.</param>
/// <param name="Value">Value in the canonical unit.</param>
public readonly record struct HeldReading(long Time, double Value);

/// <summary>Observations of many patients over successive days, as they lie: nothing is copied or sorted again.</summary>
public sealed class PatientObservations
{
    private readonly PatientPlaces _places;
    private readonly (long First, long Last)[] _span;

    /// <summary>Indexes the days, which come in order.</summary>
    public PatientObservations(IReadOnlyList<ObservationColumns> days)
    {
        Days = [.. days];
        _places = new PatientPlaces([.. days.Select(d => d.Patients)]);
        _span = Array.ConvertAll(Days, d => d.Count == 0 ? (long.MaxValue, long.MinValue) : (d.EffectiveTime.Min(), d.EffectiveTime.Max()));
    }

    /// <summary>Patients with at least one observation, in ordinal order.</summary>
    public IReadOnlyList<string> PatientIds => _places.PatientIds;

    internal ObservationColumns[] Days { get; }

    /// <summary>The readings of a patient's vital in (after, to], as held at an instant of knowing, in order of time; of one instant the one known last comes last.</summary>
    public List<HeldReading> Held(string patientId, int vital, long after, long to, long knownBy)
    {
        var held = new List<HeldReading>();
        var patient = _places.Find(patientId);
        for (var d = 0; d < Days.Length; d++)
        {
            var day = Days[d];
            var (start, end) = RowsOf(d, patient, after, to);
            for (var i = start; i < end; i++)
            {
                if (day.Vital[i] == vital && day.EffectiveTime[i] > after && day.EffectiveTime[i] <= to && day.KnownFrom[i] <= knownBy && knownBy < day.KnownTo[i])
                {
                    held.Add(new HeldReading(day.EffectiveTime[i], day.Value[i]));
                }
            }
        }

        return held;
    }

    /// <summary>Whether any reading of a patient in (after, to] was held at an instant of knowing.</summary>
    public bool AnyHeld(string patientId, long after, long to, long knownBy)
    {
        var patient = _places.Find(patientId);
        for (var d = 0; d < Days.Length; d++)
        {
            var day = Days[d];
            var (start, end) = RowsOf(d, patient, after, to);
            for (var i = start; i < end; i++)
            {
                if (day.EffectiveTime[i] > after && day.EffectiveTime[i] <= to && day.KnownFrom[i] <= knownBy && knownBy < day.KnownTo[i])
                {
                    return true;
                }
            }
        }

        return false;
    }

    internal int Find(string patientId) => _places.Find(patientId);

    /// <summary>The rows of a patient in a day that has anything in (after, to]; empty where there are none.</summary>
    internal (int Start, int End) RowsOf(int day, int patient, long after, long to)
    {
        if (patient < 0 || _span[day].First > to || _span[day].Last <= after)
        {
            return (0, 0);
        }

        var place = _places[patient, day];
        return place < 0 ? (0, 0) : (Days[day].PatientStart[place], Days[day].PatientStart[place + 1]);
    }
}

/// <summary>Where the patients of many tables stand in each of them.</summary>
internal sealed class PatientPlaces
{
    private readonly Dictionary<string, int> _index;
    private readonly int[] _place;
    private readonly int _tables;

    public PatientPlaces(IReadOnlyList<string[]> tables)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var patients in tables)
        {
            all.UnionWith(patients);
        }

        string[] sorted = [.. all];
        Array.Sort(sorted, StringComparer.Ordinal);
        PatientIds = sorted;
        _tables = tables.Count;
        _index = new Dictionary<string, int>(sorted.Length, StringComparer.Ordinal);
        for (var i = 0; i < sorted.Length; i++)
        {
            _index.Add(sorted[i], i);
        }

        _place = new int[sorted.Length * _tables];
        Array.Fill(_place, -1);
        for (var t = 0; t < tables.Count; t++)
        {
            for (var p = 0; p < tables[t].Length; p++)
            {
                _place[(_index[tables[t][p]] * _tables) + t] = p;
            }
        }
    }

    public IReadOnlyList<string> PatientIds { get; }

    /// <summary>Place of a patient in a table; below 0 where it has none.</summary>
    public int this[int patient, int table] => _place[(patient * _tables) + table];

    /// <summary>Index of a patient; below 0 where none has it.</summary>
    public int Find(string patientId) => _index.TryGetValue(patientId, out var i) ? i : -1;
}
