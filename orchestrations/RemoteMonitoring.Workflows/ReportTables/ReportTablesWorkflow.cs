using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>What an export of tables for reports is started with.</summary>
public sealed record ReportInput
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>When it begins: nothing known later is in the tables.</summary>
    public required Instant Now { get; init; }

    /// <summary>The first month to make anew, as in 2025-06; null for the latest <see cref="ReportStage.MonthsRewritten"/>.</summary>
    public string? Since { get; init; }
}

/// <summary>A month that is asked for.</summary>
/// <param name="Input">The export.</param>
/// <param name="Month">The month, as in 2025-06.</param>
public sealed record ReportMonthAsked(ReportInput Input, string Month);

/// <summary>The end of an export that is asked for.</summary>
/// <param name="Input">The export.</param>
/// <param name="Months">Its months.</param>
public sealed record ReportEndAsked(ReportInput Input, IReadOnlyList<ReportMonthMade> Months);

/// <summary>Lists, predictions, outcomes and actions → tables for reports, month by month. It comes after the night and stops nobody: a month that fails is told, and made by the next.</summary>
public static class ReportTablesWorkflow
{
    /// <summary>The workflow.</summary>
    public static WorkflowDefinition<ReportInput, ReportOutcome> Definition { get; } = new(WorkflowNames.ReportTables, 1, ReportJson.Default.ReportInput, ReportJson.Default.ReportOutcome, RunAsync);

    /// <summary>Says which months are to be made.</summary>
    public static ActivityDefinition<ReportInput, IReadOnlyList<string>> Plan { get; } = new(WorkflowNames.PlanReportTables, ReportJson.Default.ReportInput, ReportJson.Default.IReadOnlyListString);

    /// <summary>Makes the facts of a month.</summary>
    public static ActivityDefinition<ReportMonthAsked, ReportMonthMade> WriteMonth { get; } = new(WorkflowNames.WriteReportMonth, ReportJson.Default.ReportMonthAsked, ReportJson.Default.ReportMonthMade);

    /// <summary>Makes the dimensions.</summary>
    public static ActivityDefinition<ReportEndAsked, ReportOutcome> Finish { get; } = new(WorkflowNames.FinishReportTables, ReportJson.Default.ReportEndAsked, ReportJson.Default.ReportOutcome);

    private static readonly RetryPolicy s_retry = new(8, Duration.FromSeconds(2));

    private static async Task<ReportOutcome> RunAsync(IWorkflowContext context, ReportInput input)
    {
        Show(context, "plan", 0, 0);
        var months = await context.CallAsync(Plan, input, s_retry);
        var made = new List<ReportMonthMade>();
        foreach (var month in months)
        {
            Show(context, month, made.Count, months.Count);
            try
            {
                made.Add(await context.CallAsync(WriteMonth, new ReportMonthAsked(input, month), s_retry));
            }
            catch (StepFailedException e)
            {
                made.Add(new(month, 0, 0, [$"{month}: {e.Failure.Message}"]));
            }
        }

        Show(context, "dimensions", made.Count, months.Count);
        return await context.CallAsync(Finish, new ReportEndAsked(input, made), s_retry);
    }

    private static void Show(IWorkflowContext context, string stage, int done, int total) => context.SetStatus(new RunProgress(stage, done, total), RiskSteps.Json.RunProgress);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(ReportInput))]
[JsonSerializable(typeof(ReportMonthAsked))]
[JsonSerializable(typeof(ReportMonthMade))]
[JsonSerializable(typeof(ReportEndAsked))]
[JsonSerializable(typeof(ReportOutcome))]
internal sealed partial class ReportJson : JsonSerializerContext;
