namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>What a scorer says of each held-out row.</summary>
/// <param name="Name">One of <see cref="MetricNames"/>.</param>
/// <param name="Score">Its score; a probability where <paramref name="IsProbability"/>.</param>
/// <param name="Rank">What rows are ranked by; of a probability, see <see cref="RankOf"/>.</param>
/// <param name="IsProbability">Whether it is one, so that calibration can be told.</param>
internal sealed record Scorer(string Name, double[] Score, double[] Rank, bool IsProbability)
{
    /// <summary>
    /// Ranks of rows by calibrated probability, and among equal ones by raw score. Probabilities are clipped, raw scores are not, and within a fold
    /// they rise together: there the ranks are those of the raw scores. Rows that are equal in both have one rank.
    /// </summary>
    internal static double[] RankOf(double[] p, double[] raw)
    {
        var order = Enumerable.Range(0, p.Length).ToArray();
        var keys = Array.ConvertAll(order, i => (p[i], raw[i]));
        Array.Sort(keys, order);
        var rank = new double[p.Length];
        for (var at = 1; at < order.Length; at++)
        {
            rank[order[at]] = rank[order[at - 1]] + (keys[at] == keys[at - 1] ? 0 : 1);
        }

        return rank;
    }
}
