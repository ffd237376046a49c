using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Elsewhere;

/// <summary>A model that is not trees of ours: it tells a score, and not why.</summary>
internal interface IOutsideModel
{
    /// <summary>
    /// The log-odds of rows [rows × features]; NaN for a row that it has no number for. A model that cannot be asked, or
    /// does not answer as it should, throws <see cref="ElsewhereException"/>.
    /// </summary>
    double[] Raw(FeatureMatrix rows, CancellationToken cancellationToken);
}

/// <summary>A model from elsewhere was asked and did not answer as it should. It is no patient's fault, and says whether trying again may help.</summary>
public sealed class ElsewhereException : Exception
{
    /// <summary>With no more to say.</summary>
    public ElsewhereException()
    {
    }

    /// <summary>With one line for people.</summary>
    public ElsewhereException(string message)
        : base(message)
    {
    }

    /// <summary>With one line for people, and the fault behind it.</summary>
    public ElsewhereException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>With one line for people, and whether the same again may come out otherwise.</summary>
    public ElsewhereException(string message, bool mayPass, Exception? innerException = null)
        : base(message, innerException) => MayPass = mayPass;

    /// <summary>As histories of runs name it.</summary>
    public static string TypeName => typeof(ElsewhereException).FullName!;

    /// <summary>Whether a problem in words is that of a model that is asked over the network.</summary>
    public static bool IsAway(string problem) => problem.StartsWith(HttpModel.Named, StringComparison.Ordinal);

    /// <summary>Whether the same again may come out otherwise.</summary>
    public bool MayPass { get; }
}

/// <summary>Answers as log-odds.</summary>
internal static class LogOdds
{
    // Beyond it 32-bit probabilities say 0 or 1, and log-odds would be infinite.
    private const double Edge = 1e-7;

    /// <summary>The log-odds of a probability; NaN for what is none.</summary>
    internal static double Of(double probability) => probability is >= 0 and <= 1
        ? Math.Log(Math.Clamp(probability, Edge, 1 - Edge) / (1 - Math.Clamp(probability, Edge, 1 - Edge)))
        : double.NaN;

    /// <summary>The log-odds of an answer; NaN for what cannot be one.</summary>
    internal static double Of(double answer, OutputMeaning meaning) =>
        meaning != OutputMeaning.LogOdds ? Of(answer) : double.IsFinite(answer) ? answer : double.NaN;
}
