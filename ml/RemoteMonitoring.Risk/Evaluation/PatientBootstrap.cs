namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Resamples patients, not rows: days of one person are not independent. A resample is a function of seed and number
/// alone, so all scorers see the same draw and differences are paired, whatever the number of threads.
/// </summary>
internal static class PatientBootstrap
{
    /// <summary>[resample][scorer][metric].</summary>
    internal static double[][][] Run(
        IReadOnlyList<ScorerMetrics> scorers, int patients, int resamples, int seed, int threads, Action<int>? done, CancellationToken cancellationToken)
    {
        var results = new double[resamples][][];
        var finished = 0;
        Parallel.For(
            0, resamples, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, () => new int[patients],
            (r, _, weight) =>
            {
                Draw(weight, seed, r);
                var row = new double[scorers.Count][];
                for (var s = 0; s < row.Length; s++)
                {
                    row[s] = scorers[s].Compute(weight);
                }

                results[r] = row;
                var count = Interlocked.Increment(ref finished);
                if (count % 100 == 0)
                {
                    done?.Invoke(count);
                }

                return weight;
            },
            _ => { });
        return results;
    }

    /// <summary>How often each patient is in the resample of that number.</summary>
    internal static void Draw(int[] weight, int seed, int resample)
    {
        Array.Clear(weight);
        var random = new Random(unchecked((seed * 1_000_003) + resample));
        for (var i = 0; i < weight.Length; i++)
        {
            weight[random.Next(weight.Length)]++;
        }
    }

    /// <summary>The value with its percentile interval; resamples in which it cannot be told are left out.</summary>
    internal static Metric Interval(double value, IEnumerable<double> resampled)
    {
        var sorted = resampled.Where(double.IsFinite).Order().ToArray();
        return sorted.Length == 0
            ? new(value, double.NaN, double.NaN)
            : new(value, Percentile(sorted, 0.025), Percentile(sorted, 0.975));
    }

    private static double Percentile(double[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((at - below) * (sorted[above] - sorted[below]));
    }
}
