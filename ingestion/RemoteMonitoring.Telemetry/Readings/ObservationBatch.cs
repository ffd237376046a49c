namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// Observations as columns: readings whose patient, duplicates and corrections are settled, one row a version and patient it was held
/// to be of, sorted by (patient, vital, effective time, order of knowing). A row holds in the half-open interval [known-from, known-to).
/// Times are Unix microseconds, values in the canonical unit.
/// </summary>
public sealed class ObservationBatch
{
    /// <summary>A batch of <paramref name="count"/> rows, all columns allocated.</summary>
    public ObservationBatch(int count)
    {
        PatientId = new string[count];
        Vital = new int[count];
        EffectiveTime = new long[count];
        Value = new double[count];
        KnownFrom = new long[count];
        KnownTo = new long[count];
        DeviceId = new string[count];
        Stream = new string[count];
        Offset = new long[count];
        Ordinal = new int[count];
    }

    /// <summary>Number of rows.</summary>
    public int Count => PatientId.Length;

    /// <summary>Whose.</summary>
    public string[] PatientId { get; }

    /// <summary>Index of the vital in the catalog.</summary>
    public int[] Vital { get; }

    /// <summary>When it was taken.</summary>
    public long[] EffectiveTime { get; }

    /// <summary>Value in the canonical unit.</summary>
    public double[] Value { get; }

    /// <summary>From when we held this version for true, and the patient's, inclusive.</summary>
    public long[] KnownFrom { get; }

    /// <summary>Until when, exclusive; <see cref="UnixMicros.Open"/> while nothing has replaced it.</summary>
    public long[] KnownTo { get; }

    /// <summary>Device that took it.</summary>
    public string[] DeviceId { get; }

    /// <summary>Partition of the stream that the message came in, <c>hub/epoch/partition</c>.</summary>
    public string[] Stream { get; }

    /// <summary>Offset of the message it came in.</summary>
    public long[] Offset { get; }

    /// <summary>Place in that message.</summary>
    public int[] Ordinal { get; }
}
