using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Features;

/// <summary>
/// Observations of many patients, indexed by (patient, vital). Batches of successive days, each sorted by
/// (patient, vital, time), become runs in time order without sorting again.
/// </summary>
public sealed class PatientObservations
{
    private readonly Dictionary<string, int> _patients;
    private readonly int[] _start;
    private readonly int _vitals = VitalSignCatalog.Default.Vitals.Count;

    /// <summary>Indexes batches that come in order of their days.</summary>
    public PatientObservations(IReadOnlyList<ObservationBatch> batches)
    {
        PatientIds = [.. batches.SelectMany(b => b.PatientId).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        _patients = new Dictionary<string, int>(PatientIds.Length, StringComparer.Ordinal);
        for (var i = 0; i < PatientIds.Length; i++)
        {
            _patients.Add(PatientIds[i], i);
        }

        // A counting sort by (patient, vital): stable, so each run keeps the order of the batches, which is that of time.
        _start = new int[(PatientIds.Length * _vitals) + 1];
        foreach (var batch in batches)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                _start[Slot(batch, i) + 1]++;
            }
        }

        for (var i = 1; i < _start.Length; i++)
        {
            _start[i] += _start[i - 1];
        }

        var count = _start[^1];
        (Time, Value, KnownFrom, KnownTo) = (new long[count], new double[count], new long[count], new long[count]);
        var next = _start.ToArray();
        foreach (var batch in batches)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                var at = next[Slot(batch, i)]++;
                Time[at] = batch.EffectiveTime[i];
                Value[at] = batch.Value[i];
                KnownFrom[at] = batch.KnownFrom[i];
                KnownTo[at] = batch.KnownTo[i];
            }
        }
    }

    /// <summary>Patients with at least one observation, in ordinal order.</summary>
    public string[] PatientIds { get; }

    /// <summary>Effective times.</summary>
    public long[] Time { get; }

    /// <summary>Values in the canonical unit.</summary>
    public double[] Value { get; }

    /// <summary>From when each version was known, inclusive.</summary>
    public long[] KnownFrom { get; }

    /// <summary>Until when, exclusive.</summary>
    public long[] KnownTo { get; }

    /// <summary>The rows of a patient's vital, in time order; empty where there are none.</summary>
    public Range RowsOf(string patientId, int vital)
    {
        if (!_patients.TryGetValue(patientId, out var patient))
        {
            return ..0;
        }

        var slot = (patient * _vitals) + vital;
        return _start[slot].._start[slot + 1];
    }

    /// <summary>Whether a row was held for true at an instant of knowing.</summary>
    public bool IsKnown(int row, long knownBy) => KnownFrom[row] <= knownBy && knownBy < KnownTo[row];

    /// <summary>The first row in a range whose time is after an instant.</summary>
    public int FirstAfter(Range rows, long time)
    {
        var (low, high) = (rows.Start.Value, rows.End.Value);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (Time[middle] <= time)
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

    private int Slot(ObservationBatch batch, int i) => (_patients[batch.PatientId[i]] * _vitals) + batch.Vital[i];
}
