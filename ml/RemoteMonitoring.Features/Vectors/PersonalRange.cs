using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Vectors;

/// <summary>A patient's latest value of a vital beside what is usual for that patient; of what readings count, sums of days (or hours).</summary>
/// <param name="Value">Latest value, canonical unit.</param>
/// <param name="Time">When it was taken, Unix microseconds.</param>
/// <param name="UsualLow">10th percentile of the person's own earlier means by day (by hour in acute care), those aside that are far off; NaN where they are too few.</param>
/// <param name="UsualHigh">90th percentile of the same.</param>
/// <param name="UsualCells">How many days (or hours) with a reading the range rests on.</param>
public readonly record struct PersonalRange(double Value, long Time, double UsualLow, double UsualHigh, int UsualCells)
{
    /// <summary>Days (or hours) with a reading that a usual range needs at least.</summary>
    public const int FewestCells = 5;

    /// <summary>Deviations from the median (1.4826 times the median absolute deviation, which is the standard deviation of a normal distribution) beyond which a mean is far off. Ours.</summary>
    private const double MostDeviations = 6;

    /// <summary>Share of the vital's plausible span within which no mean is far off, however steady the person: a scale sent pounds for kilograms, or somebody else on it, is well beyond; illness that comes in days is not.</summary>
    private const double LeastShare = 0.1;

    /// <summary>
    /// Latest value and usual range, from the cells of a look-back that ends at as-of. The range is over those that end before its
    /// last eighth (three and a half of 28 days, six of 48 hours), so that what is new today does not count as usual; of means, so
    /// that a day of many readings counts as one. Means that are far off the median of them all are left out, so that a minority
    /// of wrong readings cannot widen it: percentiles alone give way from a tenth on, the median and the deviation from it only at half. Null where there is no cell.
    /// It is for people to look at; no feature of a model comes from it.
    /// </summary>
    public static PersonalRange? Of(VitalSign vital, IReadOnlyList<VitalCell> cells, long lookBack, long asOf)
    {
        if (cells.Count == 0)
        {
            return null;
        }

        var earlier = cells.Where(c => c.End <= asOf - (lookBack / 8)).Select(c => c.Told(vital).Mean).ToList();
        earlier.Sort();
        if (earlier.Count >= FewestCells)
        {
            var (median, reach) = Reach(vital, earlier);
            earlier.RemoveAll(m => Math.Abs(m - median) > reach);
        }

        var enough = earlier.Count >= FewestCells;
        return new PersonalRange(
            cells[^1].Told(vital).Last,
            cells[^1].LastTime,
            enough ? Percentile(earlier, 0.1) : double.NaN,
            enough ? Percentile(earlier, 0.9) : double.NaN,
            earlier.Count);
    }

    /// <summary>The median of sorted values, and how far from it others are not far off.</summary>
    private static (double Median, double Reach) Reach(VitalSign vital, List<double> sorted)
    {
        var median = Percentile(sorted, 0.5);
        var off = sorted.ConvertAll(v => Math.Abs(v - median));
        off.Sort();
        // What is asked has a handful of answers, of which none is wrong.
        return (median, vital.High - vital.Low <= 12 ? double.PositiveInfinity : Math.Max(MostDeviations * 1.4826 * Percentile(off, 0.5), LeastShare * (vital.High - vital.Low)));
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
