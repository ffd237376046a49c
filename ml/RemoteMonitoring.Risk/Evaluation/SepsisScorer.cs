namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>Figures of the official scorer of the PhysioNet/CinC Challenge 2019, over the rows of all patients.</summary>
/// <param name="Auroc">Area under the ROC curve; a score of exactly 0 or 1 is cut off, as the official scorer does.</param>
/// <param name="Auprc">Area under the precision-recall steps, cut off likewise.</param>
/// <param name="Accuracy">Share of rows with the right alert.</param>
/// <param name="FMeasure">2 TP ÷ (2 TP + FP + FN); 1 where nothing is positive.</param>
/// <param name="Utility">Normalised utility: 1 is the best there is, 0 is never to alert; NaN where no patient can be helped.</param>
public readonly record struct SepsisScores(double Auroc, double Auprc, double Accuracy, double FMeasure, double Utility);

/// <summary>
/// What hourly alerts are worth, from the PhysioNet/CinC Challenge 2019 (Reyna et al., Crit Care Med 2020;48:210, figure 1). A
/// patient's labels turn positive six hours before sepsis; times below are hours from sepsis.
/// </summary>
/// <remarks>
/// An alert is worth 0 at −12 h, rises to 1 at −6 h and falls to 0 at 3 h; earlier, and on patients without sepsis, it costs 0.05.
/// Silence costs nothing up to −6 h, from there on more and more, 2 at 3 h. Later neither counts. The sum over
/// all rows is normalised by that of the best alerts and of none: since it is a sum over rows, it is the gain of the alerts
/// over silence, divided by the sum of all gains above zero.
/// </remarks>
public static class SepsisScorer
{
    private const int Early = -12;
    private const int Optimal = -6;
    private const int Late = 3;
    private const double MostOfAlert = 1;
    private const double FalseAlert = -0.05;
    private const double MissedAtLate = -2;

    /// <summary>What an alert gains over silence at each hour of one patient, whose labels these are in order of time.</summary>
    public static double[] Gains(ReadOnlySpan<bool> labels)
    {
        var gains = new double[labels.Length];
        var sepsis = labels.IndexOf(true) - Optimal;
        for (var t = 0; t < gains.Length; t++)
        {
            gains[t] = sepsis < -Optimal ? FalseAlert : OfAlert(t - sepsis) - OfSilence(t - sepsis);
        }

        return gains;
    }

    /// <summary>The same for rows of many patients; the rows of a patient stand together, in order of time.</summary>
    public static double[] Gains(IReadOnlyList<string> patientId, ReadOnlySpan<bool> labels)
    {
        var gains = new double[labels.Length];
        for (var start = 0; start < gains.Length;)
        {
            var end = start + 1;
            while (end < gains.Length && patientId[end] == patientId[start])
            {
                end++;
            }

            Gains(labels[start..end]).CopyTo(gains.AsSpan(start));
            start = end;
        }

        return gains;
    }

    /// <summary>Normalised utility of alerts, from the gain of each row.</summary>
    public static double Normalised(ReadOnlySpan<double> gains, ReadOnlySpan<bool> alerts)
    {
        double gained = 0, best = 0;
        for (var i = 0; i < gains.Length; i++)
        {
            gained += alerts[i] ? gains[i] : 0;
            best += Math.Max(gains[i], 0);
        }

        return best > 0 ? gained / best : double.NaN;
    }

    /// <summary>The score from which on alerts gain the most on these rows; infinity where no alert gains anything.</summary>
    public static double BestThreshold(IReadOnlyList<double> score, IReadOnlyList<double> gains)
    {
        var order = Enumerable.Range(0, score.Count).OrderByDescending(i => score[i]).ToArray();
        double sum = 0, most = 0, threshold = double.PositiveInfinity;
        for (var i = 0; i < order.Length; i++)
        {
            sum += gains[order[i]];
            var tied = i + 1 < order.Length && score[order[i]] == score[order[i + 1]];
            if (!tied && sum > most)
            {
                (most, threshold) = (sum, score[order[i]]);
            }
        }

        return threshold;
    }

    /// <summary>All figures of the official scorer, from the rows of each patient in order of time.</summary>
    /// <param name="labels">By patient and hour.</param>
    /// <param name="alerts">Parallel to the labels.</param>
    /// <param name="probabilities">Parallel to the labels, from 0 to 1.</param>
    public static SepsisScores Score(IReadOnlyList<bool[]> labels, IReadOnlyList<bool[]> alerts, IReadOnlyList<double[]> probabilities)
    {
        bool[] label = [.. labels.SelectMany(l => l)];
        bool[] alert = [.. alerts.SelectMany(a => a)];
        if (label.Length != alert.Length || label.Length != probabilities.Sum(p => p.Length))
        {
            throw new ArgumentException("Every label needs an alert and a probability.", nameof(labels));
        }

        var (auroc, auprc) = Areas(label, [.. probabilities.SelectMany(p => p)]);
        int right = 0, truePositive = 0, wrong = 0;
        for (var i = 0; i < label.Length; i++)
        {
            right += label[i] == alert[i] ? 1 : 0;
            wrong += label[i] != alert[i] ? 1 : 0;
            truePositive += label[i] && alert[i] ? 1 : 0;
        }

        double[] gains = [.. labels.SelectMany(l => Gains(l))];
        return new(
            auroc,
            auprc,
            label.Length == 0 ? 1 : (double)right / label.Length,
            (2 * truePositive) + wrong == 0 ? 1 : 2.0 * truePositive / ((2 * truePositive) + wrong),
            Normalised(gains, alert));
    }

    private static double OfAlert(int t) => t switch
    {
        <= Optimal => Math.Max(MostOfAlert * (t - Early) / (Optimal - Early), FalseAlert),
        <= Late => MostOfAlert * (Late - t) / (Late - Optimal),
        _ => 0,
    };

    private static double OfSilence(int t) => t is <= Optimal or > Late ? 0 : MissedAtLate * (t - Optimal) / (Late - Optimal);

    /// <summary>
    /// Trapezoids of specificity over sensitivity, and steps of precision over recall, between thresholds. The first threshold is
    /// 1 whether or not a row has it, and the curve begins there and not at (0, 1); a threshold of 0 does not count. So rows of exactly
    /// 1 or 0 are cut off, which the official scorer does and which is kept to equal it.
    /// </summary>
    private static (double Auroc, double Auprc) Areas(bool[] label, double[] probability)
    {
        double positives = label.Count(l => l), negatives = label.Length - positives;
        var order = Enumerable.Range(0, label.Length).OrderByDescending(i => probability[i]).ToArray();
        double[] thresholds = [1, .. order.Select(i => probability[i]).Where(p => p is not (0 or 1)).Distinct()];
        double truePositive = 0, falsePositive = 0, auroc = 0, auprc = 0, sensitivity = 0, specificity = 1;
        var at = 0;
        for (var j = 0; j < thresholds.Length; j++)
        {
            for (; at < order.Length && probability[order[at]] >= thresholds[j]; at++)
            {
                truePositive += label[order[at]] ? 1 : 0;
                falsePositive += label[order[at]] ? 0 : 1;
            }

            var (before, specificityBefore) = (sensitivity, specificity);
            sensitivity = positives > 0 ? truePositive / positives : 1;
            specificity = negatives > 0 ? 1 - (falsePositive / negatives) : 1;
            if (j > 0)
            {
                auroc += 0.5 * (sensitivity - before) * (specificity + specificityBefore);
                auprc += (sensitivity - before) * (truePositive + falsePositive > 0 ? truePositive / (truePositive + falsePositive) : 1);
            }
        }

        return (auroc, auprc);
    }
}
