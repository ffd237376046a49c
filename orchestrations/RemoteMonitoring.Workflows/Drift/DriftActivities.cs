using System.Diagnostics.Metrics;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>Does the steps of a look at drift. What they write replaces what was written for the same instant: the same lake gives the same bytes.</summary>
/// <param name="cohorts">Opens a cohort by its name; it is not closed here.</param>
/// <param name="time">Time.</param>
/// <param name="meters">Makes the instruments; null for none.</param>
/// <param name="tasks">The tasks there are; null for the bundled ones.</param>
public sealed class DriftActivities(
    Func<string, CancellationToken, ValueTask<CohortStore>> cohorts, TimeProvider time, IMeterFactory? meters = null, IReadOnlyList<TaskDefinition>? tasks = null)
{
    private readonly DriftMetrics? _metrics = meters is null ? null : new DriftMetrics(meters);

    /// <summary>Adds the workflow and its steps.</summary>
    public void AddTo(WorkflowRegistry registry) => registry.Add(DriftWorkflow.Definition).Add(DriftSteps.Measure, MeasureAsync).Add(DriftSteps.Report, ReportAsync);

    private async Task<DriftOutcome> MeasureAsync(DriftInput input, CancellationToken cancellationToken)
    {
        var task = (tasks ?? BundledTasks.All).FirstOrDefault(t => t.Name == input.Task) ?? throw new PermanentFailureException($"This version of the program has no task '{input.Task}'.");
        return (await DriftStage.MeasureAsync(await cohorts(input.Cohort, cancellationToken), task, input.AsOf, input.Window, time, cancellationToken)).Outcome;
    }

    private async Task<bool> ReportAsync(DriftReportAsked asked, CancellationToken cancellationToken)
    {
        await DriftStage.WritePageAsync((await cohorts(asked.Cohort, cancellationToken)).Lake, asked.Outcome, cancellationToken);
        _metrics?.State(asked.Outcome);
        return true;
    }
}
