using System.Diagnostics;
using System.Text.Json;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>What came of a run, in the words that every command uses.</summary>
internal static class RunWords
{
    private const int ShortLength = 60;

    /// <summary>What came of it, or where it is.</summary>
    public static string Said(WorkflowInstance instance) => instance switch
    {
        { Status: InstanceStatus.Completed } when Outcome(instance) is { } night => Said(night),
        { Status: InstanceStatus.Completed } when Backfill(instance) is { } days => Said(days),
        { Status: InstanceStatus.Completed } when Housekeeping(instance) is { } house =>
            $"{Terminal.Number(Math.Max(0, house.Purged))} histories archived, {Terminal.Number(Math.Max(0, house.Sealed))} files sealed, "
            + $"{Terminal.Number(Math.Max(0, house.Collected))} files and {Terminal.Number(Math.Max(0, house.Expired))} documents deleted"
            + (house.Problems.Count > 0 ? $"; failed: {string.Join("; ", house.Problems)}" : ""),
        { Status: InstanceStatus.Completed } when Training(instance) is { } trained => Said(trained),
        { Status: InstanceStatus.Completed } when Report(instance) is { } report => Said(report),
        { Status: InstanceStatus.Completed } when Drift(instance) is { } drift => Said(drift),
        { Status: InstanceStatus.Completed } => "done",
        { Status: InstanceStatus.Failed } => $"{instance.Failure}",
        { Status: InstanceStatus.Terminated } => $"{instance.Failure?.Message}",
        _ => Progress(instance) is { } p ? Said(p) : "waits to begin",
    };

    /// <summary>The same on one line of a table.</summary>
    public static string SaidShort(WorkflowInstance instance) =>
        Said(instance).ReplaceLineEndings(" ") is var said && said.Length > ShortLength ? said[..ShortLength].TrimEnd() + "…" : said;

    /// <summary>What came of a night.</summary>
    public static string Said(DailyRiskOutcome night) =>
        $"{(night.AlreadyThere ? "nothing new, " : "")}{Terminal.Number(night.Scored)} patients scored, {Terminal.Number(night.NotScored)} not scoreable, {Terminal.Number(night.Listed)} listed"
        + (night.PartiallySucceeded ? $"; {Terminal.Number(night.SetAside)} set aside" : "")
        + (night.Shadow is { } shadow ? shadow.Problem is { } problem ? $"; the challenger scored nobody: {problem}" : $"; the challenger scored {Terminal.Number(shadow.Scored)} in the shadow" : "")
        + (night.FollowUps is { } told ? $"; {Terminal.Number(told.Started)} follow-ups begun{(told.Problem is { } trouble ? $" ({trouble})" : "")}" : "");

    /// <summary>What came of a training.</summary>
    public static string Said(TrainingOutcome trained) =>
        $"model {trained.Version} of {trained.Task}{(trained.AlreadyThere ? ", trained before," : "")} "
        + trained.Result switch
        {
            TrainingResult.Champion => "is the champion: it scores",
            TrainingResult.Challenger => $"is the challenger: 'rmon models compare {trained.Task}', 'rmon models promote {trained.Task} --why TEXT'",
            TrainingResult.Known => "was decided about before; nothing changed",
            TrainingResult.Promoted => $"was promoted: it scores ({trained.Note})",
            TrainingResult.GateFailed => $"was approved of, and the gate failed it ({trained.Note}): it stays the challenger; 'rmon models promote {trained.Task} --override --why TEXT' insists",
            TrainingResult.NotApproved => $"was not approved ({trained.Note}): it stays the challenger",
            TrainingResult.Cancelled => $"was not trained: the job was cancelled ({trained.Note})",
            _ => throw new UnreachableException(),
        };

    /// <summary>What came of a look at drift.</summary>
    public static string Said(DriftOutcome drift) =>
        $"{DriftWords.Of(drift.Verdict)}: inputs {DriftWords.Of(drift.Inputs)} ({Terminal.Number(drift.DriftedColumns)} of {Terminal.Number(drift.JudgedColumns)} columns drifted), scores {DriftWords.Of(drift.Scores)}, "
        + $"workload {DriftWords.Of(drift.Workload)}, performance {(drift.Performance is { } performance ? DriftWords.Of(performance) : "not matured")}";

    /// <summary>What came of an export of tables for reports.</summary>
    public static string Said(ReportOutcome report) =>
        $"{Terminal.Number(report.Months)} months made, {Terminal.Number(report.Rows)} rows in {Terminal.Number(report.Files)} files"
        + (report.Problems.Count > 0 ? $"; could not be made: {string.Join("; ", report.Problems)}" : "");

    /// <summary>Where a run is.</summary>
    public static string Said(RunProgress where) =>
        $"{where.Stage}{(where.Total > 0 ? $", {where.Done} of {where.Total}" : "")}{(where.Note is null ? "" : $" ({where.Note})")}";

    /// <summary>Status in a word or two.</summary>
    public static string Status(WorkflowInstance instance) => instance.Status switch
    {
        InstanceStatus.Completed when HasNoDay(instance) => "failed",
        InstanceStatus.Completed when Training(instance) is { Result: TrainingResult.NotApproved or TrainingResult.GateFailed } => "not approved",
        InstanceStatus.Completed when Training(instance) is { Result: TrainingResult.Cancelled } => "ended",
        InstanceStatus.Completed => IsWhole(instance) ? "succeeded" : "partially succeeded",
        InstanceStatus.Failed => "failed",
        InstanceStatus.Terminated => "ended",
        _ => "running",
    };

    /// <summary>Whether nobody was set aside, no day failed and no step; of one that is not completed it says nothing.</summary>
    public static bool IsWhole(WorkflowInstance instance) =>
        Outcome(instance)?.PartiallySucceeded != true
        && Backfill(instance)?.Days.All(d => d.Outcome is { PartiallySucceeded: false }) != false
        && Housekeeping(instance)?.Problems.Count is null or 0
        && Report(instance)?.Problems.Count is null or 0;

    /// <summary>Whether it is a backfill all of whose days failed.</summary>
    public static bool HasNoDay(WorkflowInstance instance) => Backfill(instance)?.Days.All(d => d.Outcome is null) == true;

    /// <summary>The outcome of a night; null of others, and before the end.</summary>
    public static DailyRiskOutcome? Outcome(WorkflowInstance instance) => Read(instance, DailyRiskWorkflow.Daily) ?? Read(instance, DailyRiskWorkflow.Hourly);

    /// <summary>The outcome of a backfill; null of others, and before the end.</summary>
    public static BackfillOutcome? Backfill(WorkflowInstance instance) => Read(instance, BackfillWorkflow.Definition);

    /// <summary>The outcome of housekeeping; null of others, and before the end.</summary>
    public static HousekeepingOutcome? Housekeeping(WorkflowInstance instance) => Read(instance, HousekeepingWorkflow.Definition);

    /// <summary>The outcome of a training; null of others, and before the end.</summary>
    public static TrainingOutcome? Training(WorkflowInstance instance) => Read(instance, TrainingWorkflow.Definition);

    /// <summary>The outcome of a look at drift; null of others, and before the end.</summary>
    public static DriftOutcome? Drift(WorkflowInstance instance) => Read(instance, DriftWorkflow.Definition);

    /// <summary>The outcome of an export of tables for reports; null of others, and before the end.</summary>
    public static ReportOutcome? Report(WorkflowInstance instance) => Read(instance, ReportTablesWorkflow.Definition);

    /// <summary>Where it last said that it is; null where it said nothing.</summary>
    public static RunProgress? Progress(WorkflowInstance instance) =>
        instance.CustomStatus is { } status ? JsonSerializer.Deserialize(status, RunProgress.Type) : null;

    private static string Said(BackfillOutcome backfill)
    {
        var (scored, inPart, failed) = (0, 0, 0);
        foreach (var day in backfill.Days)
        {
            scored += day.Outcome is null ? 0 : 1;
            inPart += day.Outcome is { PartiallySucceeded: true } ? 1 : 0;
            failed += day.Outcome is null ? 1 : 0;
        }

        return $"{Terminal.Number(scored)} days scored{(inPart > 0 ? $", {Terminal.Number(inPart)} of them in part" : "")}{(failed > 0 ? $"; {Terminal.Number(failed)} failed" : "")}";
    }

    private static TOut? Read<TIn, TOut>(WorkflowInstance instance, WorkflowDefinition<TIn, TOut> workflow)
        where TOut : class => instance.Output is { } output && instance.Workflow == workflow.Name ? JsonSerializer.Deserialize(output, workflow.Output) : null;
}
