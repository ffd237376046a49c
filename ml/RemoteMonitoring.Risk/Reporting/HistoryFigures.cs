namespace RemoteMonitoring.Risk.Reporting;

/// <summary>
/// The figures of prediction history with 95 % intervals, by the same formulas as the measures of the semantic model. A prediction a day that looks seven days ahead meets each event about seven
/// times: counts are divided by that before an interval is made, so that it is not too narrow.
/// </summary>
public static class HistoryFigures
{
    private const double Z = 1.96;

    /// <summary>Wilson's interval of a share; NaN where there is nothing to share.</summary>
    /// <remarks>Wilson, Probable inference, the law of succession, and statistical inference, J Am Stat Assoc 1927;22:209.</remarks>
    public static (double Value, double Low, double High) Share(double events, double rows, double rowsPerEvent = 1)
    {
        if (!(rows > 0))
        {
            return (double.NaN, double.NaN, double.NaN);
        }

        var (p, n) = (events / rows, rows / rowsPerEvent);
        var (centre, half) = (p + (Z * Z / (2 * n)), Z * Math.Sqrt((p * (1 - p) / n) + (Z * Z / (4 * n * n))));
        var scale = 1 + (Z * Z / n);
        return (p, Math.Max(0, (centre - half) / scale), Math.Min(1, (centre + half) / scale));
    }

    /// <summary>Observed to expected with an interval from the Poisson error of the logarithm, exp(±1.96/√observed); NaN where nothing was expected, and without an interval where nothing was observed.</summary>
    public static (double Value, double Low, double High) ObservedExpected(double observed, double expected, double rowsPerEvent = 1)
    {
        if (!(expected > 0))
        {
            return (double.NaN, double.NaN, double.NaN);
        }

        var (ratio, events) = (observed / expected, observed / rowsPerEvent);
        return events > 0 ? (ratio, ratio * Math.Exp(-Z / Math.Sqrt(events)), ratio * Math.Exp(Z / Math.Sqrt(events))) : (ratio, double.NaN, double.NaN);
    }

    /// <summary>A count to 100 patient-days; NaN without any.</summary>
    public static double PerHundred(double count, double patientDays) => patientDays > 0 ? 100 * count / patientDays : double.NaN;
}
