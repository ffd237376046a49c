using System.Text;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>What people read of a model, beside it: <c>report.html</c> and <c>card.md</c>.</summary>
internal static class ReportFiles
{
    // The stream that simulated cohorts speak on, whatever the cohort is called that they are landed in.
    private const string SimulatedStream = "simulated";

    internal static IEnumerable<string> Paths(TaskDefinition task, string version) =>
        ((string[])[ReportPage.FileName, ReportPage.CardName]).Select(name => LakePaths.Model(task.Name, version, name));

    internal static async Task WriteAsync(
        Lake lake, IReadOnlyList<string> streams, TaskDefinition task, string version, ModelDocument model, IReadOnlyList<EvaluationResult> results, CancellationToken cancellationToken)
    {
        var subject = new ReportSubject
        {
            Task = task,
            Version = version,
            Model = model,
            Source = new DataSource(streams, streams.Contains(SimulatedStream, StringComparer.Ordinal)),
            Evaluations = [.. results.Select(r => r.Report)],
        };
        await lake.CreateDerivedAsync(LakePaths.Model(task.Name, version, ReportPage.FileName), Encoding.UTF8.GetBytes(ReportPage.Render(subject, results)), cancellationToken);
        await lake.CreateDerivedAsync(LakePaths.Model(task.Name, version, ReportPage.CardName), Encoding.UTF8.GetBytes(ModelCard.Of(subject).ToMarkdown()), cancellationToken);
    }
}
