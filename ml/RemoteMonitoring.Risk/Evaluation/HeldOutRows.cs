namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Every held-out row of an evaluation with what each scorer said of it, as columns: all figures of an
/// <see cref="EvaluationReport"/> can be computed again from these. A patient and instant may occur in one fold only.
/// </summary>
public sealed class HeldOutRows
{
    /// <summary>Patient.</summary>
    public required string[] PatientId { get; init; }

    /// <summary>Instant, Unix microseconds.</summary>
    public required long[] AsOf { get; init; }

    /// <summary>Fold in which the row was held out.</summary>
    public required int[] Fold { get; init; }

    /// <summary>What happened.</summary>
    public required bool[] Label { get; init; }

    /// <summary>Calibrated probability of the model.</summary>
    public required double[] P { get; init; }

    /// <summary>Raw log-odds of the model before calibration.</summary>
    public required double[] Raw { get; init; }

    /// <summary>True where the model's score reached the threshold chosen on the fold's training rows.</summary>
    public required bool[] Alert { get; init; }

    /// <summary>Probability by logistic regression.</summary>
    public required double[] Logistic { get; init; }

    /// <summary>Lowest NEWS2 by what is known; NaN where nothing is.</summary>
    public required double[] News2Low { get; init; }

    /// <summary>NEWS2 with missing parts scored 0; NaN where all inputs are missing, which ranks as 0.</summary>
    public required double[] News2Point { get; init; }

    /// <summary>Highest NEWS2 by what is known.</summary>
    public required double[] News2High { get; init; }

    /// <summary>The patient's own outcomes in the 7 days before, known by then.</summary>
    public required double[] TrailingCount7Days { get; init; }

    /// <summary>The same over 28 days.</summary>
    public required double[] TrailingCount28Days { get; init; }

    /// <summary>Number of rows.</summary>
    public int Rows => PatientId.Length;
}
