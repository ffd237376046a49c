namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// How many of some independent events happen that have a probability each. Exact by the recursion over one event after the other; above <see cref="MostExact"/> events by the normal
/// distribution of the same mean and variance, which differs by less than one there.
/// </summary>
/// <remarks>Hong, On computing the distribution function for the Poisson binomial distribution, Comput Stat Data Anal 2013;59:41: the recursive formula.</remarks>
public static class PoissonBinomial
{
    /// <summary>The recursion takes time by the square of their number.</summary>
    public const int MostExact = 3000;

    // 10 % on each side.
    private const double Tail = 0.1;
    private const double TailDeviations = 1.2815515655446004;

    /// <summary>Mean, 10th and 90th percentile: the least number that is not exceeded with that probability. All 0 where there are no events.</summary>
    public static (double Mean, int Low, int High) Of(IReadOnlyCollection<double> probabilities)
    {
        var mean = probabilities.Sum();
        if (probabilities.Count > MostExact)
        {
            var spread = TailDeviations * Math.Sqrt(probabilities.Sum(p => p * (1 - p)));
            return (mean, Math.Max(0, (int)Math.Round(mean - spread)), Math.Min(probabilities.Count, (int)Math.Round(mean + spread)));
        }

        var distribution = Distribution(probabilities);
        return (mean, Percentile(distribution, Tail), Percentile(distribution, 1 - Tail));
    }

    /// <summary>The probability of each number, from none to all.</summary>
    internal static double[] Distribution(IReadOnlyCollection<double> probabilities)
    {
        var distribution = new double[probabilities.Count + 1];
        distribution[0] = 1;
        var seen = 0;
        foreach (var p in probabilities)
        {
            seen++;
            for (var k = seen; k > 0; k--)
            {
                distribution[k] = (distribution[k] * (1 - p)) + (distribution[k - 1] * p);
            }

            distribution[0] *= 1 - p;
        }

        return distribution;
    }

    private static int Percentile(double[] distribution, double share)
    {
        var sum = 0.0;
        for (var k = 0; k < distribution.Length; k++)
        {
            sum += distribution[k];
            // What is equal but for rounding is equal.
            if (sum >= share - 1e-12)
            {
                return k;
            }
        }

        return distribution.Length - 1;
    }
}
