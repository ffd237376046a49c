using System.Globalization;
using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>What a backfill is started with.</summary>
public sealed record BackfillInput
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>The instants to score, one of each day.</summary>
    public required IReadOnlyList<Instant> AsOf { get; init; }

    /// <summary>Version of the model, <c>@champion</c> or <c>@challenger</c>; null for the champion.</summary>
    public string? Model { get; init; }

    /// <summary>Whether a model may be used that was taught what became known after these days; the lists then say so.</summary>
    public bool Retrospective { get; init; }
}

/// <summary>What came of a day of a backfill.</summary>
/// <param name="AsOf">The day.</param>
/// <param name="Outcome">What came of it; null where it failed.</param>
/// <param name="Problem">Why it failed; else null.</param>
public sealed record BackfilledDay(Instant AsOf, DailyRiskOutcome? Outcome, string? Problem);

/// <summary>What came of a backfill, by day.</summary>
public sealed record BackfillOutcome(IReadOnlyList<BackfilledDay> Days);

/// <summary>Scores days of the past as they were known then: compacts once, then one workflow a day, some at a time. A day that fails stops no other.</summary>
public static class BackfillWorkflow
{
    /// <summary>The workflow.</summary>
    public static WorkflowDefinition<BackfillInput, BackfillOutcome> Definition { get; } =
        new(WorkflowNames.Backfill, 1, RiskSteps.Json.BackfillInput, RiskSteps.Json.BackfillOutcome, RunAsync);

    private const int DaysAtATime = 2;

    private static async Task<BackfillOutcome> RunAsync(IWorkflowContext context, BackfillInput input)
    {
        context.SetStatus(new RunProgress("compact"), RiskSteps.Json.RunProgress);
        var compacted = await context.CallAsync(RiskSteps.Compact, new CompactionAsked(input.Cohort, input.Task, context.InstanceId, OnlyFind: false), RetryPolicy.Default);
        var done = 0;
        var days = await Steps.ForEachAsync(input.AsOf, DaysAtATime, async asOf =>
        {
            var day = await DayAsync(context, input, compacted.Observations, asOf);
            context.SetStatus(new RunProgress("days", ++done, input.AsOf.Count), RiskSteps.Json.RunProgress);
            return day;
        });
        return new BackfillOutcome(days);
    }

    private static async Task<BackfilledDay> DayAsync(IWorkflowContext context, BackfillInput input, string observations, Instant asOf)
    {
        try
        {
            return new BackfilledDay(asOf, await context.CallAsync(
                DailyRiskWorkflow.Daily,
                $"{context.InstanceId}.{asOf.ToString("uuuuMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}",
                new DailyRiskInput { Cohort = input.Cohort, Task = input.Task, AsOf = asOf, Model = input.Model, Observations = observations, Retrospective = input.Retrospective }), null);
        }
        catch (StepFailedException e)
        {
            return new BackfilledDay(asOf, null, e.Failure.Message);
        }
    }
}
