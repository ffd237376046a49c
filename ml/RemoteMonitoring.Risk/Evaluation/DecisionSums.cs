using System.Globalization;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Decision curves (Vickers and Elkin, Med Decis Making 26:565, 2006): net benefit = true positives/n − false positives/n ×
/// threshold/(1 − threshold), over thresholds from 0 to five times the prevalence, at least 0.05 and at most 0.6.
/// </summary>
internal sealed class DecisionSums
{
    private const int Steps = 40;

    private readonly double[] _thresholds;
    private readonly (Sum Positive, Sum Negative)[] _model;
    private readonly (Sum Positive, Sum Negative)[] _logistic;
    private readonly (string Name, Sum Positive, Sum Negative)?[] _rule;

    internal DecisionSums(HeldOutRows rows, IReadOnlyList<Scorer> scorers, int[] patient, ResampledTotals totals)
    {
        _thresholds = Thresholds(rows);
        _model = Steadily(rows.P, rows, patient, totals);
        _logistic = Steadily(rows.Logistic, rows, patient, totals);
        var cuts = scorers.Where(s => !s.IsProbability).SelectMany(s => Cuts(s.Name, s.Score, rows.Label)).ToArray();
        var sums = new Dictionary<string, (string, Sum, Sum)>(StringComparer.Ordinal);
        _rule = Array.ConvertAll(_thresholds, threshold =>
        {
            if (cuts.Length == 0)
            {
                return ((string, Sum, Sum)?)null;
            }

            // The first of the best: one rule after the other, its lowest cut-off first.
            var best = cuts.MaxBy(c => NetBenefit(c.TruePositives, c.FalsePositives, rows.Rows, threshold));
            if (!sums.TryGetValue(best.Name, out var own))
            {
                own = (best.Name, totals.Add(out var positive), totals.Add(out var negative));
                for (var i = 0; i < rows.Rows; i++)
                {
                    if (best.Score[i] >= best.From)
                    {
                        (rows.Label[i] ? positive : negative)[patient[i]]++;
                    }
                }

                sums.Add(best.Name, own);
            }

            return own;
        });
    }

    internal IReadOnlyList<DecisionPoint> Points(CohortSums cohort, ResampledTotals totals) =>
    [
        .. _thresholds.Select((threshold, at) =>
        {
            double Of((Sum Positive, Sum Negative)[] steps, Totals t)
            {
                double positive = 0, negative = 0;
                for (var s = at; s < steps.Length; s++)
                {
                    positive += t[steps[s].Positive];
                    negative += t[steps[s].Negative];
                }

                return NetBenefit(positive, negative, t[cohort.Rows], threshold);
            }

            double Rule(Totals t) => _rule[at] is { } rule ? NetBenefit(t[rule.Positive], t[rule.Negative], t[cohort.Rows], threshold) : double.NaN;
            double All(Totals t) => NetBenefit(t[cohort.Positive], t[cohort.Rows] - t[cohort.Positive], t[cohort.Rows], threshold);
            return new DecisionPoint(
                threshold,
                totals.Of(t => Of(_model, t)),
                totals.Of(t => Of(_logistic, t)),
                totals.Of(Rule),
                totals.Of(All),
                totals.Of(t => Of(_model, t) - Rule(t)),
                totals.Of(t => Of(_model, t) - Math.Max(0, All(t))),
                _rule[at]?.Name ?? "");
        }),
    ];

    internal static double NetBenefit(double truePositives, double falsePositives, double rows, double threshold) =>
        (truePositives - (falsePositives * threshold / (1 - threshold))) / rows;

    private static double[] Thresholds(HeldOutRows rows)
    {
        var prevalence = rows.Label.Count(l => l) / (double)rows.Rows;
        // Whole steps of a thousandth, which read well.
        var step = Math.Ceiling(Math.Clamp(5 * prevalence, 0.05, 0.6) / Steps * 1000) / 1000;
        return [.. Enumerable.Range(0, Steps + 1).Select(i => Math.Round(i * step, 3))];
    }

    /// <summary>Rows by the highest threshold that their probability reaches: those called at one are in it and all above.</summary>
    private (Sum Positive, Sum Negative)[] Steadily(double[] probability, HeldOutRows rows, int[] patient, ResampledTotals totals)
    {
        var filled = Array.ConvertAll(_thresholds, _ => (Positive: totals.Add(out var positive), Negative: totals.Add(out var negative), Of: (Positive: positive, Negative: negative)));
        for (var i = 0; i < probability.Length; i++)
        {
            var at = Array.BinarySearch(_thresholds, probability[i]);
            var (positive, negative) = filled[at < 0 ? ~at - 1 : at].Of;
            (rows.Label[i] ? positive : negative)[patient[i]]++;
        }

        return Array.ConvertAll(filled, f => (f.Positive, f.Negative));
    }

    /// <summary>The ways to call by a rule that call some and not all.</summary>
    private static IEnumerable<Cut> Cuts(string name, double[] score, bool[] label)
    {
        var byScore = score.Zip(label).GroupBy(r => r.First).OrderBy(g => g.Key).Select(g => (From: g.Key, Positive: g.Count(r => r.Second), All: g.Count())).ToArray();
        for (var c = 1; c < byScore.Length; c++)
        {
            var positive = byScore.Skip(c).Sum(s => s.Positive);
            yield return new(
                string.Create(CultureInfo.InvariantCulture, $"{name} >= {byScore[c].From}"), score, byScore[c].From, positive, byScore.Skip(c).Sum(s => s.All) - positive);
        }
    }

    private readonly record struct Cut(string Name, double[] Score, double From, int TruePositives, int FalsePositives);
}
