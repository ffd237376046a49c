namespace RemoteMonitoring.Risk.Training;

/// <summary>
/// From raw log-odds to probability: 1 / (1 + exp(−(slope · raw + intercept))), kept within [1e-4, 1 − 1e-4], for no
/// finite cohort can promise more.
/// </summary>
/// <param name="Slope">Above 0, so that the order of patients never changes.</param>
/// <param name="Intercept">Shift of the log-odds.</param>
public sealed record PlattScaling(double Slope, double Intercept)
{
    /// <summary>Lowest probability; the highest is one minus it.</summary>
    public const double Floor = 1e-4;

    private const double LowestSlope = 0.05;

    /// <summary>The raw log-odds as they are.</summary>
    public static PlattScaling Identity { get; } = new(1, 0);

    /// <summary>The probability of a raw score; NaN stays NaN.</summary>
    public double Probability(double raw) => Math.Clamp(1 / (1 + Math.Exp(-((Slope * raw) + Intercept))), Floor, 1 - Floor);

    /// <summary>
    /// Fits on predictions that no model made of its own training patients. With fewer than five events or non-events a
    /// slope cannot be told, and only the intercept is fitted.
    /// </summary>
    internal static PlattScaling Fit(ReadOnlySpan<double> raw, ReadOnlySpan<bool> label)
    {
        var positives = 0;
        foreach (var l in label)
        {
            positives += l ? 1 : 0;
        }

        if (positives == 0 || positives == label.Length)
        {
            return Identity;
        }

        var weights = new double[raw.Length];
        Array.Fill(weights, 1.0);
        if (Math.Min(positives, label.Length - positives) >= 5)
        {
            var (slope, intercept) = Evaluation.LogisticRecalibration.Fit(raw, label, weights);
            if (slope >= LowestSlope)
            {
                return new(slope, intercept);
            }
        }

        // No signal, or one that would turn the order round: keep the order, nearly flat, around the base rate.
        var kept = Math.Min(positives, label.Length - positives) >= 5 ? LowestSlope : 1;
        var scaled = new double[raw.Length];
        for (var i = 0; i < raw.Length; i++)
        {
            scaled[i] = kept * raw[i];
        }

        return new(kept, Evaluation.LogisticRecalibration.Intercept(scaled, label, weights));
    }
}
