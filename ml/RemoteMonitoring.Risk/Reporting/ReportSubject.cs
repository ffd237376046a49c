using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>Where the data of a model came from.</summary>
/// <param name="Streams">Names of the streams of messages it was made of.</param>
/// <param name="IsSynthetic">Whether any of these is made up.</param>
public sealed record DataSource(IReadOnlyList<string> Streams, bool IsSynthetic)
{
    /// <summary>What kind of data it is, and what follows.</summary>
    public string Words => IsSynthetic
        ? "Made on synthetic data: the patients are simulated. Results on synthetic data do not compare with results on real data, and say nothing of how the model would do on people."
        : "Made on data that is not marked as synthetic. Results on synthetic data do not compare with these.";
}

/// <summary>What a report or card is about.</summary>
public sealed record ReportSubject
{
    /// <summary>Task.</summary>
    public required TaskDefinition Task { get; init; }

    /// <summary>Version of the model.</summary>
    public required string Version { get; init; }

    /// <summary>The model that scores: trained on all rows, after the evaluations.</summary>
    public required ModelDocument Model { get; init; }

    /// <summary>Where its data came from.</summary>
    public required DataSource Source { get; init; }

    /// <summary>The evaluations; the first is the one the model is judged by.</summary>
    public required IReadOnlyList<EvaluationReport> Evaluations { get; init; }
}

/// <summary>A table for people, of plain text.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Head">Names of the columns; the first column names the rows.</param>
/// <param name="Rows">As many cells each as <paramref name="Head"/>.</param>
public sealed record ReportTable(string Caption, IReadOnlyList<string> Head, IReadOnlyList<IReadOnlyList<string>> Rows);
