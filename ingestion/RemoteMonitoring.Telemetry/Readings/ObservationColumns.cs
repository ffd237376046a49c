namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// What vectors are computed from, of the observations of one file, as columns of equal length: rows sorted by patient, those of
/// one side by side. A row holds in the half-open interval [known-from, known-to). Times are Unix microseconds, values in
/// the canonical unit.
/// </summary>
public sealed class ObservationColumns
{
    /// <summary>Number of rows.</summary>
    public int Count => Vital.Length;

    /// <summary>The patients, each once, in ordinal order.</summary>
    public required string[] Patients { get; init; }

    /// <summary>Where each patient's rows begin, and behind the last where they end: those of patient p are [p] to [p + 1], exclusive.</summary>
    public required int[] PatientStart { get; init; }

    /// <summary>Index of the vital in the catalog.</summary>
    public required int[] Vital { get; init; }

    /// <summary>When it was taken.</summary>
    public required long[] EffectiveTime { get; init; }

    /// <summary>Value in the canonical unit.</summary>
    public required double[] Value { get; init; }

    /// <summary>From when we held this version for true, and the patient's, inclusive.</summary>
    public required long[] KnownFrom { get; init; }

    /// <summary>Until when, exclusive; <see cref="UnixMicros.Open"/> while nothing has replaced it.</summary>
    public required long[] KnownTo { get; init; }
}
