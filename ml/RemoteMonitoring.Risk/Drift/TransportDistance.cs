namespace RemoteMonitoring.Risk.Drift;

/// <summary>
/// 1-Wasserstein distance of two samples, in standard deviations of the reference: how far, on average, values have to move to turn one into the
/// other. Unlike Kolmogorov and Smirnov's it goes on growing where the samples no longer overlap, and it is a length people can picture.
/// </summary>
internal static class TransportDistance
{
    /// <summary>The distance; what is no finite number is left out. NaN where a side has none, or the reference does not vary and the other differs.</summary>
    internal static double Of(IEnumerable<double> now, IEnumerable<double> reference)
    {
        double[] x = [.. now.Where(double.IsFinite).Order()];
        double[] y = [.. reference.Where(double.IsFinite).Order()];
        if (x.Length == 0 || y.Length == 0)
        {
            return double.NaN;
        }

        var (i, j, at, moved) = (0, 0, Math.Min(x[0], y[0]), 0.0);
        while (i < x.Length || j < y.Length)
        {
            var next = j == y.Length || (i < x.Length && x[i] <= y[j]) ? x[i] : y[j];
            moved += Math.Abs(((double)i / x.Length) - ((double)j / y.Length)) * (next - at);
            at = next;
            while (i < x.Length && x[i] == next)
            {
                i++;
            }

            while (j < y.Length && y[j] == next)
            {
                j++;
            }
        }

        var mean = y.Average();
        var deviation = Math.Sqrt(y.Average(v => (v - mean) * (v - mean)));
        return deviation > 0 ? moved / deviation : moved == 0 ? 0 : double.NaN;
    }
}
