using System.Text.Json.Nodes;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>A run that has ended, to a person and as JSON.</summary>
internal static class RunReport
{
    private const int RowsOfAList = 5;

    /// <summary>A run as JSON.</summary>
    public static JsonObject Json(WorkflowInstance run) => new()
    {
        ["run"] = run.Id,
        ["workflow"] = run.Workflow,
        ["status"] = RunWords.Status(run),
        ["started"] = run.Created.ToString(),
        ["updated"] = run.Updated.ToString(),
        ["input"] = JsonNode.Parse(run.Input),
        ["outcome"] = run.Output is null ? null : JsonNode.Parse(run.Output),
        ["failure"] = run.Failure is null ? null : JsonNode.Parse(run.Failure.ToJson()),
        ["where"] = run.CustomStatus is null ? null : JsonNode.Parse(run.CustomStatus),
    };

    /// <summary>Says what came of it, with the lists where it made some; gives the exit code.</summary>
    public static async Task<int> SayAsync(Terminal terminal, CohortStore store, WorkflowInstance ended, CancellationToken cancellationToken)
    {
        var document = Json(ended);
        if (RunWords.Outcome(ended) is { } night)
        {
            var lists = await DailyRiskRun.WorklistsAsync(store, night.Run, cancellationToken);
            foreach (var list in lists)
            {
                Results.ShowWorklist(terminal, store.Cohort, list, RowsOfAList);
            }

            document["worklists"] = Results.WorklistsJson(lists);
            if (night.Scored == 0)
            {
                terminal.Warn("nobody was scored; the lists say why.");
            }
        }

        if (RunWords.Backfill(ended) is { } backfill)
        {
            terminal.Table(["as of", "what came of it"], backfill.Days.Select(d => new[] { d.AsOf.ToString(), d.Outcome is { } o ? RunWords.Said(o) : $"failed: {d.Problem}" }));
        }

        if (RunWords.Drift(ended) is { } drift)
        {
            terminal.Line($"page: {store.Lake.NameOf(drift.Page)}");
        }

        terminal.Document(document);
        return ended.Status switch
        {
            InstanceStatus.Completed when RunWords.HasNoDay(ended) => throw new UserException($"{ended.Id} failed: no day could be scored; the first: {RunWords.Backfill(ended)!.Days[0].Problem}"),
            InstanceStatus.Completed when RunWords.Training(ended) is { Result: TrainingResult.NotApproved or TrainingResult.GateFailed or TrainingResult.Cancelled } => ExitCodes.DoneInPart,
            InstanceStatus.Completed => RunWords.IsWhole(ended) ? ExitCodes.Done : ExitCodes.DoneInPart,
            InstanceStatus.Terminated => throw new UserException($"{ended.Id} was ended: {ended.Failure?.Message}. The same again, or 'rmon runs resume {ended.Id}', goes on with what is there."),
            _ => throw new UserException($"{ended.Id} failed: {ended.Failure}"),
        };
    }
}
