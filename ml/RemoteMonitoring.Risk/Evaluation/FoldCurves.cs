namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>ROC and precision-recall curves over a fixed grid: the mean height over the folds that have both labels.</summary>
internal static class FoldCurves
{
    /// <summary>Distance between points of the grid: 1 over this.</summary>
    internal const int Steps = 50;

    /// <summary>Sensitivity at each share of false alarms; between two scores a straight line, as ties counting half have it.</summary>
    internal static double[] Roc(double[] score, HeldOutRows rows) => Mean(score, rows, (points, positives, negatives) =>
    {
        var heights = new double[Steps + 1];
        var at = 0;
        for (var g = 0; g <= Steps; g++)
        {
            var x = negatives * g / Steps;
            while (points[at + 1].FalsePositives < x)
            {
                at++;
            }

            // Of a vertical stretch the top counts, so that the curve ends at 1.
            var end = at + 1;
            while (end + 1 < points.Count && points[end + 1].FalsePositives <= x)
            {
                end++;
            }

            var (from, to) = (points[end - 1], points[end]);
            var share = to.FalsePositives > from.FalsePositives ? (x - from.FalsePositives) / (to.FalsePositives - from.FalsePositives) : 1;
            heights[g] = (from.TruePositives + (Math.Min(1, share) * (to.TruePositives - from.TruePositives))) / positives;
        }

        return heights;
    });

    /// <summary>Precision at the highest score that reaches each share of the outcomes; NaN at the share 0, where there is none.</summary>
    internal static double[] PrecisionRecall(double[] score, HeldOutRows rows) => Mean(score, rows, (points, positives, _) =>
    {
        var heights = new double[Steps + 1];
        heights[0] = double.NaN;
        var at = 1;
        for (var g = 1; g <= Steps; g++)
        {
            while (points[at].TruePositives < (positives * g / Steps) - 1e-9)
            {
                at++;
            }

            heights[g] = points[at].TruePositives / (points[at].TruePositives + points[at].FalsePositives);
        }

        return heights;
    });

    private static double[] Mean(
        double[] score, HeldOutRows rows, Func<IReadOnlyList<(double TruePositives, double FalsePositives)>, double, double, double[]> curve)
    {
        var sum = new double[Steps + 1];
        var folds = 0;
        foreach (var fold in Enumerable.Range(0, rows.Rows).GroupBy(i => rows.Fold[i]).OrderBy(g => g.Key))
        {
            var points = new List<(double TruePositives, double FalsePositives)> { (0, 0) };
            foreach (var tied in fold.GroupBy(i => score[i]).OrderByDescending(g => g.Key))
            {
                var positive = tied.Count(i => rows.Label[i]);
                points.Add((points[^1].TruePositives + positive, points[^1].FalsePositives + tied.Count() - positive));
            }

            var (positives, negatives) = points[^1];
            if (positives == 0 || negatives == 0)
            {
                continue;
            }

            folds++;
            var heights = curve(points, positives, negatives);
            for (var g = 0; g < sum.Length; g++)
            {
                sum[g] += heights[g];
            }
        }

        return folds == 0 ? [] : Array.ConvertAll(sum, s => s / folds);
    }
}
