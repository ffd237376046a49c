namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Rows of one scorer sorted once by group (fold) and falling score, so that each bootstrap resample is a single pass
/// with the patients' multiplicities as weights.
/// </summary>
internal sealed class RankedScores
{
    private readonly int[] _patient;
    private readonly bool[] _label;
    // Where ties end, and where groups end: exclusive positions, ascending.
    private readonly int[] _tieEnd;
    private readonly int[] _groupEnd;

    internal RankedScores(double[] score, bool[] rowLabel, int[] rowPatient, int[]? group)
    {
        var order = new int[score.Length];
        var keys = new (int Group, double Falling, int Row)[score.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = (group?[i] ?? 0, -score[i], i);
        }

        Array.Sort(keys, order);
        _patient = new int[order.Length];
        _label = new bool[order.Length];
        var ties = new List<int>();
        var groups = new List<int>();
        for (var i = 0; i < order.Length; i++)
        {
            _patient[i] = rowPatient[order[i]];
            _label[i] = rowLabel[order[i]];
            var last = i + 1 == order.Length;
            var groupEnds = last || keys[i].Group != keys[i + 1].Group;
            if (groupEnds || keys[i].Falling != keys[i + 1].Falling)
            {
                ties.Add(i + 1);
            }

            if (groupEnds)
            {
                groups.Add(i + 1);
            }
        }

        (_tieEnd, _groupEnd) = ([.. ties], [.. groups]);
    }

    /// <summary>Means over the groups that have both labels; NaN when none has. <paramref name="weight"/> is by patient.</summary>
    internal RankMetrics Compute(ReadOnlySpan<int> weight)
    {
        double auroc = 0, auprc = 0, ppv = 0, sensitivity = 0;
        var counted = 0;
        var tie = 0;
        var start = 0;
        foreach (var end in _groupEnd)
        {
            double positives = 0, all = 0;
            for (var i = start; i < end; i++)
            {
                var w = weight[_patient[i]];
                all += w;
                positives += _label[i] ? w : 0;
            }

            if (positives > 0 && positives < all)
            {
                double truePositives = 0, seen = 0, concordant = 0, precision = 0, topPositives = 0;
                var top = all / 10;
                var at = start;
                for (; tie < _tieEnd.Length && _tieEnd[tie] <= end; tie++)
                {
                    double tied = 0, tiedPositives = 0;
                    for (; at < _tieEnd[tie]; at++)
                    {
                        var w = weight[_patient[at]];
                        tied += w;
                        tiedPositives += _label[at] ? w : 0;
                    }

                    if (tied == 0)
                    {
                        continue;
                    }

                    concordant += (tied - tiedPositives) * (truePositives + (tiedPositives / 2));
                    if (seen < top)
                    {
                        topPositives += tiedPositives * Math.Min(1, (top - seen) / tied);
                    }

                    truePositives += tiedPositives;
                    seen += tied;
                    precision += tiedPositives * truePositives / seen;
                }

                auroc += concordant / (positives * (all - positives));
                auprc += precision / positives;
                ppv += topPositives / top;
                sensitivity += topPositives / positives;
                counted++;
            }
            else
            {
                while (tie < _tieEnd.Length && _tieEnd[tie] <= end)
                {
                    tie++;
                }
            }

            start = end;
        }

        return counted == 0
            ? new(double.NaN, double.NaN, double.NaN, double.NaN)
            : new(auroc / counted, auprc / counted, ppv / counted, sensitivity / counted);
    }
}

/// <summary>What one pass over ranked scores tells.</summary>
internal readonly record struct RankMetrics(double Auroc, double Auprc, double PpvTopTenth, double SensitivityTopTenth);
