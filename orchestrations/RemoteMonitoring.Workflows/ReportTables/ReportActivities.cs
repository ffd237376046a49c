using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>Does the steps of an export.</summary>
/// <param name="cohorts">Opens a cohort by its name; it is not closed here.</param>
/// <param name="tasks">The tasks there are; null for the bundled ones.</param>
public sealed class ReportActivities(Func<string, CancellationToken, ValueTask<CohortStore>> cohorts, IReadOnlyList<TaskDefinition>? tasks = null)
{
    /// <summary>Adds the workflow and its steps.</summary>
    public void AddTo(WorkflowRegistry registry) => registry
        .Add(ReportTablesWorkflow.Definition)
        .Add(ReportTablesWorkflow.Plan, async (input, token) => await ReportStage.PlanAsync(await cohorts(input.Cohort, token), input.Now, input.Since, tasks, token))
        .Add(ReportTablesWorkflow.WriteMonth, async (asked, token) => await ReportStage.WriteMonthAsync(await cohorts(asked.Input.Cohort, token), asked.Month, asked.Input.Now, tasks, token))
        .Add(ReportTablesWorkflow.Finish, async (asked, token) => await ReportStage.FinishAsync(await cohorts(asked.Input.Cohort, token), asked.Input.Now, asked.Input.Since, asked.Months, tasks, token));
}
