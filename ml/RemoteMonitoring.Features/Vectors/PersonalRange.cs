namespace RemoteMonitoring.Features.Vectors;

/// <summary>A patient's latest value of a vital beside what is usual for that patient.</summary>
/// <param name="Value">Latest value, canonical unit.</param>
/// <param name="Time">When it was taken, Unix microseconds.</param>
/// <param name="UsualLow">10th percentile of the person's own earlier readings; NaN where they are too few.</param>
/// <param name="UsualHigh">90th percentile of the same.</param>
/// <param name="UsualReadings">How many readings the range rests on.</param>
public readonly record struct PersonalRange(double Value, long Time, double UsualLow, double UsualHigh, int UsualReadings)
{
    /// <summary>Readings that a usual range needs at least.</summary>
    public const int FewestReadings = 5;

    /// <summary>
    /// Latest value and usual range as of an instant, as known by another. The range is over the look back without its last
    /// eighth (three and a half of 28 days, six of 48 hours), so that what is new today does not count as usual.
    /// Null where nothing was known within the look back.
    /// </summary>
    public static PersonalRange? Of(PatientObservations observations, string patientId, int vital, long lookBack, long asOf, long knownBy)
    {
        var held = observations.Held(patientId, vital, asOf - lookBack, asOf, knownBy);
        if (held.Count == 0)
        {
            return null;
        }

        var earlier = held.Where(r => r.Time <= asOf - (lookBack / 8)).Select(r => r.Value).ToList();
        earlier.Sort();
        var enough = earlier.Count >= FewestReadings;
        return new PersonalRange(
            held[^1].Value,
            held[^1].Time,
            enough ? Percentile(earlier, 0.1) : double.NaN,
            enough ? Percentile(earlier, 0.9) : double.NaN,
            earlier.Count);
    }

    /// <summary>Linear between the two nearest ranks.</summary>
    private static double Percentile(List<double> sorted, double share)
    {
        var at = share * (sorted.Count - 1);
        var below = (int)at;
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((sorted[above] - sorted[below]) * (at - below));
    }
}
