namespace RemoteMonitoring.Risk.Drift;

/// <summary>
/// Bins of a column, fixed on the rows of a reference: between its deciles, and one of its own for what is missing (NaN). A value that
/// several deciles fall on has a bin to itself, so that a column of few values is told apart as one of many is.
/// </summary>
internal sealed class ColumnBins
{
    private const int Parts = 10;

    private readonly double[] _upTo;

    private ColumnBins(double[] upTo) => _upTo = upTo;

    /// <summary>Number of bins, that of the missing included: it is the last.</summary>
    internal int Count => _upTo.Length + 2;

    /// <summary>Bins of the values of a reference.</summary>
    internal static ColumnBins Of(IEnumerable<double> reference)
    {
        double[] sorted = [.. reference.Where(double.IsFinite).Order()];
        if (sorted.Length == 0)
        {
            return new([]);
        }

        var upTo = new SortedSet<double>();
        for (var k = 1; k < Parts; k++)
        {
            var decile = sorted[((k * sorted.Length) + Parts - 1) / Parts - 1];
            if (!upTo.Add(decile))
            {
                upTo.Add(Math.BitDecrement(decile));
            }
        }

        return new([.. upTo]);
    }

    /// <summary>The bin of a value.</summary>
    internal int At(double value)
    {
        if (!double.IsFinite(value))
        {
            return Count - 1;
        }

        var at = Array.BinarySearch(_upTo, value);
        return at < 0 ? ~at : at;
    }

    /// <summary>Share of the values in each bin; all 0 where there are none.</summary>
    internal double[] Shares(IEnumerable<double> values)
    {
        var (shares, rows) = (new double[Count], 0);
        foreach (var value in values)
        {
            shares[At(value)]++;
            rows++;
        }

        return rows == 0 ? shares : Array.ConvertAll(shares, s => s / rows);
    }

    /// <summary>Population stability index of two distributions over the same bins: Σ (p − q) ln(p ÷ q), no share below <see cref="DriftLimits.LeastShare"/>.</summary>
    internal static double Psi(ReadOnlySpan<double> now, ReadOnlySpan<double> reference)
    {
        var sum = 0.0;
        for (var i = 0; i < now.Length; i++)
        {
            var (p, q) = (Math.Max(now[i], DriftLimits.LeastShare), Math.Max(reference[i], DriftLimits.LeastShare));
            sum += (p - q) * Math.Log(p / q);
        }

        return sum;
    }

    /// <summary>The same of what is there alone, without the bin of the missing; 0 where nothing is there on a side.</summary>
    internal static double PsiOfPresent(ReadOnlySpan<double> now, ReadOnlySpan<double> reference)
    {
        double[] Present(ReadOnlySpan<double> shares)
        {
            var present = 1 - shares[^1];
            return present <= 0 ? [] : Array.ConvertAll(shares[..^1].ToArray(), s => s / present);
        }

        var (p, q) = (Present(now), Present(reference));
        return p.Length == 0 || q.Length == 0 ? 0 : Psi(p, q);
    }
}
