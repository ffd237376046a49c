namespace RemoteMonitoring.Features.Vectors;

/// <summary>A patient's latest value of a vital beside what is usual for that patient.</summary>
/// <param name="Value">Latest value, canonical unit.</param>
/// <param name="Time">When it was taken, Unix microseconds.</param>
/// <param name="UsualLow">10th percentile of the person's own earlier means by day (by hour in acute care); NaN where they are too few.</param>
/// <param name="UsualHigh">90th percentile of the same.</param>
/// <param name="UsualCells">How many days (or hours) with a reading the range rests on.</param>
public readonly record struct PersonalRange(double Value, long Time, double UsualLow, double UsualHigh, int UsualCells)
{
    /// <summary>Days (or hours) with a reading that a usual range needs at least.</summary>
    public const int FewestCells = 5;

    /// <summary>
    /// Latest value and usual range, from the cells of a look-back that ends at as-of. The range is over those that end before its
    /// last eighth (three and a half of 28 days, six of 48 hours), so that what is new today does not count as usual; of means, so
    /// that a day of many readings counts as one. Null where there is no cell.
    /// </summary>
    public static PersonalRange? Of(IReadOnlyList<VitalCell> cells, long lookBack, long asOf)
    {
        if (cells.Count == 0)
        {
            return null;
        }

        var earlier = cells.Where(c => c.End <= asOf - (lookBack / 8)).Select(c => c.Mean).ToList();
        earlier.Sort();
        var enough = earlier.Count >= FewestCells;
        return new PersonalRange(
            cells[^1].Last,
            cells[^1].LastTime,
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
