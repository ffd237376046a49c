using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>What the nights left in the lake is compared with what the model was taught, and with the weeks before → a report, a page, metrics.</summary>
public static class DriftWorkflow
{
    /// <summary>The workflow.</summary>
    public static WorkflowDefinition<DriftInput, DriftOutcome> Definition { get; } =
        new(WorkflowNames.Drift, 1, DriftSteps.Json.DriftInput, DriftSteps.Json.DriftOutcome, RunAsync);

    private static readonly RetryPolicy s_soon = new(4, Duration.FromSeconds(1));

    private static async Task<DriftOutcome> RunAsync(IWorkflowContext context, DriftInput input)
    {
        Show(context, "measure");
        var outcome = await context.CallAsync(DriftSteps.Measure, input, s_soon);
        Show(context, "report");
        await context.CallAsync(DriftSteps.Report, new DriftReportAsked(input.Cohort, outcome), s_soon);
        return outcome;
    }

    private static void Show(IWorkflowContext context, string stage) => context.SetStatus(new RunProgress(stage), RiskSteps.Json.RunProgress);
}
