using System.Diagnostics.Metrics;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows;

/// <summary>All workflows and activities there are: what every host runs.</summary>
public static class WorkflowCatalog
{
    /// <summary>Name of the embedded engine's journal in a cohort's folder.</summary>
    public const string Journal = "workflows.db";

    /// <summary>A registry of all of them.</summary>
    /// <param name="cohorts">Opens a cohort by its name; it is not closed by the activities.</param>
    /// <param name="client">The client of the engine that runs them.</param>
    /// <param name="time">Time.</param>
    /// <param name="before">Called for each patient before scoring, by those who inject faults.</param>
    /// <param name="meters">Makes the instruments of what is measured; null for none.</param>
    public static WorkflowRegistry Compose(
        Func<string, CancellationToken, ValueTask<CohortStore>> cohorts, Func<IWorkflowClient> client, TimeProvider time, Action<string>? before = null,
        IMeterFactory? meters = null)
    {
        var metrics = meters is null ? null : new WorkflowMetrics(meters);
        var registry = new WorkflowRegistry { Metrics = metrics };
        new RiskActivities(cohorts, before: before, time: time, metrics: metrics).AddTo(registry);
        new HousekeepingActivities(cohorts, client, time).AddTo(registry);
        new TrainingActivities(cohorts, time).AddTo(registry);
        new DriftActivities(cohorts, time, meters).AddTo(registry);
        new FollowUpActivities(cohorts, client, time, metrics: metrics).AddTo(registry);
        new ReportActivities(cohorts).AddTo(registry);
        return registry;
    }
}
