namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Figures that are made of sums over patients: what each patient adds to each sum is kept once, so that a resample is one
/// pass over the patients and not over their rows. Measures that need the rows stand beside the sums. The resamples are
/// those of <see cref="PatientBootstrap"/>: the same draw for all figures.
/// </summary>
internal sealed class ResampledTotals(int patients)
{
    private readonly List<double[]> _sums = [];
    private readonly List<Func<int[], double>> _measures = [];
    private double[][] _totals = [];

    /// <summary>Adds a sum; the array is what each patient adds, and may be filled until <see cref="Run"/>.</summary>
    internal Sum Add(out double[] byPatient)
    {
        _sums.Add(byPatient = new double[patients]);
        return new(_sums.Count - 1);
    }

    /// <summary>Adds a measure of the patients' multiplicities.</summary>
    internal Measure Add(Func<int[], double> measure)
    {
        _measures.Add(measure);
        return new(_measures.Count - 1);
    }

    /// <summary>Works out all of it: once with every patient counted once, then for each resample.</summary>
    internal void Run(int resamples, int seed, int threads, CancellationToken cancellationToken)
    {
        // What a patient adds lies together: a resample walks through memory once.
        var sums = _sums.Count;
        var flat = new double[patients * sums];
        for (var s = 0; s < sums; s++)
        {
            for (var p = 0; p < patients; p++)
            {
                flat[(p * sums) + s] = _sums[s][p];
            }
        }

        _totals = new double[resamples + 1][];
        Parallel.For(
            0, resamples + 1, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, () => new int[patients],
            (r, _, weight) =>
            {
                if (r == 0)
                {
                    Array.Fill(weight, 1);
                }
                else
                {
                    PatientBootstrap.Draw(weight, seed, r - 1);
                }

                _totals[r] = Totals(flat, weight);
                return weight;
            },
            _ => { });
    }

    /// <summary>A figure with its interval.</summary>
    internal Metric Of(Func<Totals, double> figure) =>
        PatientBootstrap.Interval(figure(new(_totals[0], _sums.Count)), _totals.Skip(1).Select(t => figure(new(t, _sums.Count))));

    private double[] Totals(double[] flat, int[] weight)
    {
        var sums = _sums.Count;
        var totals = new double[sums + _measures.Count];
        for (var p = 0; p < patients; p++)
        {
            if (weight[p] is var w and > 0)
            {
                var own = flat.AsSpan(p * sums, sums);
                for (var s = 0; s < own.Length; s++)
                {
                    totals[s] += w * own[s];
                }
            }
        }

        for (var m = 0; m < _measures.Count; m++)
        {
            totals[sums + m] = _measures[m](weight);
        }

        return totals;
    }
}

/// <summary>Place of a sum.</summary>
internal readonly record struct Sum(int At);

/// <summary>Place of a measure.</summary>
internal readonly record struct Measure(int At);

/// <summary>Sums and measures of one resample.</summary>
internal readonly struct Totals(double[] values, int sums)
{
    internal double this[Sum sum] => values[sum.At];

    internal double this[Measure measure] => values[sums + measure.At];

    /// <summary>One sum over another; NaN where that is 0.</summary>
    internal double Ratio(Sum over, Sum under) => values[under.At] == 0 ? double.NaN : values[over.At] / values[under.At];
}
