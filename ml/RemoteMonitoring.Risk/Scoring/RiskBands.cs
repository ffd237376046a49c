using System.Text.Json.Serialization;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>Where a probability stands among three.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RiskBand>))]
public enum RiskBand
{
    /// <summary>Below both thresholds.</summary>
    [JsonStringEnumMemberName("low")]
    Low,

    /// <summary>Between them.</summary>
    [JsonStringEnumMemberName("medium")]
    Medium,

    /// <summary>At the upper threshold or above it.</summary>
    [JsonStringEnumMemberName("high")]
    High,
}

/// <summary>The thresholds of the bands, as calibrated probabilities, and how they were chosen.</summary>
/// <param name="High">From here on the band is high.</param>
/// <param name="Medium">From here on it is medium; at most <paramref name="High"/>.</param>
/// <param name="Rule">How they were chosen, for people.</param>
public sealed record RiskBands(double High, double Medium, string Rule)
{
    /// <summary>What a default takes for the share of patients that somebody can call.</summary>
    public const double DefaultCapacity = 0.05;

    /// <summary>Of medium risk are as many patients more as two more lists would hold.</summary>
    private const double MediumLists = 3;

    /// <summary>The band of a probability.</summary>
    public RiskBand Of(double probability) => probability >= High ? RiskBand.High : probability >= Medium ? RiskBand.Medium : RiskBand.Low;

    /// <summary>
    /// High is the top share of held-out predictions, medium the top three shares. Where a tie stands across a threshold all of it
    /// falls below, but for a tie at the very top. A share outside (0, 1) or no predictions throw <see cref="ModelException"/>.
    /// </summary>
    public static RiskBands ByCapacity(IReadOnlyList<double> heldOut, double share)
    {
        if (!(share is > 0 and < 1) || heldOut.Count == 0)
        {
            throw new ModelException(heldOut.Count == 0 ? "There are no held-out predictions to choose bands from." : $"A capacity of {share:P1} of the patients is none: a share between 0 and 100 %.");
        }

        double[] sorted = [.. heldOut.OrderDescending()];
        var high = Top(sorted, share);
        return new(high, Math.Min(high, Top(sorted, Math.Min(1, MediumLists * share))), string.Create(System.Globalization.CultureInfo.InvariantCulture, $"high: the top {share * 100:0.##} % of held-out predictions; medium: the top {Math.Min(100, share * MediumLists * 100):0.##} %"));
    }

    /// <summary>
    /// High begins at the threshold probability: of a calibrated model that is the list of the greatest net benefit for who takes one
    /// missed outcome for as bad as so many calls in vain, odds of (1 − threshold) to threshold. Medium begins at half of it. Where
    /// on held-out rows nobody's or everybody's call would do as well, throws <see cref="ModelException"/>.
    /// </summary>
    /// <remarks>Vickers and Elkin, Decision curve analysis: a novel method for evaluating prediction models, Med Decis Making 2006;26:565.</remarks>
    public static RiskBands ByNetBenefit(IReadOnlyList<double> heldOut, IReadOnlyList<bool> label, double threshold)
    {
        if (!(threshold is > 0 and < 1) || heldOut.Count == 0)
        {
            throw new ModelException(heldOut.Count == 0 ? "There are no held-out predictions to choose bands from." : $"A threshold probability of {threshold} is none: a number between 0 and 1.");
        }

        var (hits, calls, events) = (0, 0, 0);
        for (var r = 0; r < heldOut.Count; r++)
        {
            var called = heldOut[r] >= threshold;
            calls += called ? 1 : 0;
            hits += called && label[r] ? 1 : 0;
            events += label[r] ? 1 : 0;
        }

        double Benefit(int found, int asked) => (found - ((asked - found) * threshold / (1 - threshold))) / heldOut.Count;
        var (benefit, ofAll) = (Benefit(hits, calls), Benefit(events, heldOut.Count));
        return benefit > Math.Max(0, ofAll)
            ? new(threshold, threshold / 2, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"high: from the threshold probability {threshold} (net benefit {benefit:0.#####} on held-out rows; of calling everybody {ofAll:0.#####}); medium: from half of it"))
            : throw new ModelException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"At the threshold probability {threshold} the model's net benefit on held-out rows is {benefit:0.#####}, no more than that of calling {(ofAll > 0 ? $"everybody ({ofAll:0.#####})" : "nobody (0)")}: choose another, or bands by capacity."));
    }

    private static double Top(double[] sorted, double share)
    {
        var most = Math.Max(1, (int)(share * sorted.Length));
        var threshold = sorted[most - 1];
        var tied = most < sorted.Length && sorted[most] == threshold;
        // Of a tie across the threshold the next value above is the threshold; where all above are tied there is none.
        var above = Array.FindLastIndex(sorted, most - 1, v => v > threshold);
        return tied && above >= 0 ? sorted[above] : threshold;
    }
}
