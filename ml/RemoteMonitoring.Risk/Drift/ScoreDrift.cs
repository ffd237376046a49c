namespace RemoteMonitoring.Risk.Drift;

/// <summary>Calibrated probabilities of a stretch of time, with whose they are.</summary>
/// <param name="PatientId">Patient of each.</param>
/// <param name="P">Probability.</param>
public sealed record DriftScores(string[] PatientId, double[] P)
{
    /// <summary>Number of patients.</summary>
    public int Patients { get; } = PatientId.Distinct(StringComparer.Ordinal).Count();
}

/// <summary>Where the probabilities of a stretch of time lie.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Patients">Of how many patients.</param>
/// <param name="Mean">Mean.</param>
/// <param name="Quantiles">At <see cref="ScoreDrift.Shares"/>.</param>
public sealed record ScoreSpread(int Rows, int Patients, double Mean, IReadOnlyList<double> Quantiles);

/// <summary>An index and what is said of it.</summary>
/// <param name="Verdict">What.</param>
/// <param name="Psi">Population stability index.</param>
public sealed record PsiVerdict(DriftVerdict Verdict, double Psi);

/// <summary>
/// The model's probabilities now, against those that it gives of the rows that taught it and those of the stretch before. It has seen the training rows, so that its
/// highest are a little higher there; held-out ones are of other models, whose steps lie elsewhere, and would look like drift.
/// </summary>
/// <param name="Now">Now; null where there are none.</param>
/// <param name="Training">Rows of its training snapshot; null where there are none.</param>
/// <param name="Before">The stretch before; null where there are none.</param>
/// <param name="AgainstTraining">Now against training.</param>
/// <param name="AgainstBefore">Now against before.</param>
public sealed record ScoreDrift(ScoreSpread? Now, ScoreSpread? Training, ScoreSpread? Before, PsiVerdict? AgainstTraining, PsiVerdict? AgainstBefore)
{
    /// <summary>Shares of the rows at whose end the quantiles lie.</summary>
    public static IReadOnlyList<double> Shares { get; } = [0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

    /// <summary>Compares; empty ones count as none.</summary>
    public static ScoreDrift Of(DriftScores? now, DriftScores? training, DriftScores? before)
    {
        (now, training, before) = (OrNull(now), OrNull(training), OrNull(before));
        var bins = (training ?? before ?? now) is { } reference ? ColumnBins.Of(reference.P) : null;
        return new(Spread(now), Spread(training), Spread(before), Compare(bins, now, training), Compare(bins, now, before));
    }

    private static DriftScores? OrNull(DriftScores? scores) => scores is { P.Length: > 0 } ? scores : null;

    private static PsiVerdict? Compare(ColumnBins? bins, DriftScores? now, DriftScores? reference)
    {
        if (bins is null || now is null || reference is null)
        {
            return null;
        }

        var psi = ColumnBins.Psi(bins.Shares(now.P), bins.Shares(reference.P));
        return new(DriftLimits.Of(psi, bins.Count, (now.P.Length, now.Patients), (reference.P.Length, reference.Patients)), psi);
    }

    private static ScoreSpread? Spread(DriftScores? scores)
    {
        if (scores is null)
        {
            return null;
        }

        double[] sorted = [.. scores.P.Order()];
        return new(sorted.Length, scores.Patients, sorted.Average(), [.. Shares.Select(s => sorted[Math.Min(sorted.Length - 1, (int)(s * sorted.Length))])]);
    }
}
