namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>What an alert at an instant is worth, by when it comes.</summary>
public enum AlertWorth
{
    /// <summary>Not defined: alerts are right or wrong.</summary>
    None,

    /// <summary>Of the PhysioNet/CinC Challenge 2019, for hourly rows: <see cref="SepsisScorer"/>.</summary>
    Sepsis2019,
}

/// <summary>What alerts gain over silence.</summary>
internal static class AlertWorths
{
    /// <summary>The gain of each row; the rows of a patient stand together, in order of time. Null where none is defined.</summary>
    internal static double[]? Gains(AlertWorth worth, string[] patientId, bool[] label) => worth switch
    {
        AlertWorth.None => null,
        AlertWorth.Sepsis2019 => SepsisScorer.Gains(patientId, label),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
