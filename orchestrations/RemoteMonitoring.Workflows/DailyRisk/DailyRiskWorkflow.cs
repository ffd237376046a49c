using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// The night: wait for ingestion or the deadline → compact and pin → plan → score, by shard → predictions → lists. Whatever happens to a
/// patient, a shard or a stage, the lists go out, and say what is missing. When they are out, their follow-ups begin, and the challenger scores in their shadow, if there is one.
/// </summary>
public static class DailyRiskWorkflow
{
    /// <summary>The night of a cohort whose patients are at home.</summary>
    public static WorkflowDefinition<DailyRiskInput, DailyRiskOutcome> Daily { get; } = new(WorkflowNames.DailyRisk, 3, RiskSteps.Json.DailyRiskInput, RiskSteps.Json.DailyRiskOutcome, (context, input) => RunAsync(context, input, delivers: true));

    /// <summary>The same every hour, of a cohort in hospital.</summary>
    public static WorkflowDefinition<DailyRiskInput, DailyRiskOutcome> Hourly { get; } = new(WorkflowNames.HourlyRisk, 2, RiskSteps.Json.DailyRiskInput, RiskSteps.Json.DailyRiskOutcome, (context, input) => RunAsync(context, input, delivers: false));

    /// <summary>Parts that one workflow sees through at the most: its history is read again at every turn.</summary>
    private const int PartsOfAWorkflow = 50;

    private static readonly RetryPolicy s_soon = new(4, Duration.FromSeconds(1));

    /// <summary>What has been scored is worth waiting for a store that is away: some twenty minutes.</summary>
    private static readonly RetryPolicy s_long = new(24, Duration.FromSeconds(1));

    private static readonly Duration s_poll = Duration.FromSeconds(30);

    private static readonly Duration s_late = Duration.FromMinutes(15);

    private static async Task<DailyRiskOutcome> RunAsync(IWorkflowContext context, DailyRiskInput input, bool delivers)
    {
        var notices = new List<string>();
        var observations = input.Observations ?? await CompactAsync(context, input, notices);
        var knownBy = input.KnownBy ?? (input.KnownWhenBegun ? Instant.Max(context.Now, input.AsOf) : null);
        Show(context, "plan");
        var plan = await context.CallAsync(
            RiskSteps.Plan, new RiskSpec(input.Cohort, input.Task, input.AsOf, knownBy, input.Model ?? "", observations, input.Retrospective), s_long);
        if (plan.Done is { } done)
        {
            return done;
        }

        notices.AddRange(plan.Notices);
        var parts = plan.Rows.Select((rows, shard) => new ShardPart(shard, 0, rows)).Where(p => p.Count > 0).ToArray();
        var groups = parts.Chunk(PartsOfAWorkflow).ToArray();
        var scored = 0;
        var scoredBy = ScoredBy(context.Now, input.Deadline);
        Show(context, "score", 0, parts.Length);
        var outcomes = await Steps.ForEachAsync(groups, 4, async group =>
        {
            var outcome = await ScoreAsync(context, new ShardsAsked(plan.Spec, plan.Run, group, input.PartTimeout, scoredBy));
            Show(context, "score", scored += group.Length, parts.Length);
            return outcome;
        });
        PartOutcome[] all = [.. outcomes.SelectMany(o => o)];
        notices.AddRange(ScoreShardsWorkflow.Notices(all));
        Show(context, "publish", 0, all.Length);
        await Steps.ForEachAsync([.. all.Where(p => p.File is not null).Chunk(Math.Max(1, (all.Length + PartsOfAWorkflow - 1) / PartsOfAWorkflow))], 4, some =>
            context.CallAsync(RiskSteps.PublishPredictions, new PublishAsked(plan.Spec, plan.Run, some), s_long));
        Show(context, "lists");
        var outcome = await context.CallAsync(RiskSteps.PublishLists, new ListsAsked(plan.Spec, context.InstanceId, all, notices), s_long);
        outcome = delivers && plan.Delivers == true ? await FollowUpsStep.RunAsync(context, input, outcome) : outcome;
        return plan.Challenger is null ? outcome : outcome with { Shadow = await ShadowStep.RunAsync(context, new ShadowAsked(input.Cohort, input.Task, plan.Run, plan.Challenger)) };
    }

    /// <summary>Scores some shards; where that comes to nothing they are set aside, and the lists go out without them.</summary>
    private static async Task<IReadOnlyList<PartOutcome>> ScoreAsync(IWorkflowContext context, ShardsAsked asked)
    {
        try
        {
            return await context.CallAsync(ScoreShardsWorkflow.Definition, $"{context.InstanceId}.score-{asked.Parts[0].Shard:D4}", asked);
        }
        catch (StepFailedException)
        {
            return [.. asked.Parts.Select(p => new PartOutcome(p, null, "scoring of their shards failed as a whole"))];
        }
    }

    /// <summary>What is to be scored: all that has landed when ingestion has caught up, or its time is over; failing that, what was compacted before.</summary>
    private static async Task<string> CompactAsync(IWorkflowContext context, DailyRiskInput input, List<string> notices)
    {
        Show(context, "wait for ingestion");
        var state = await IngestionAsync(context, input);
        while (state?.HasLanded != true && context.Now < input.WaitUntil)
        {
            Show(context, "wait for ingestion", note: $"{(state?.Through is { } landed ? $"landed up to {landed}" : "nobody says how far it is")}, waits until {input.WaitUntil} at the latest");
            await context.TimerAsync(Instant.Min(context.Now + s_poll, input.WaitUntil.Value), CancellationToken.None);
            state = await IngestionAsync(context, input);
        }

        if (input.WaitUntil is not null && state?.HasLanded != true)
        {
            notices.Add(state?.Through is { } through
                ? $"Late data: when this list was made, ingestion had landed what was sent up to {through}. Later readings may be missing."
                : "Late data: nobody could tell whether ingestion had caught up when this list was made. Readings may be missing.");
        }

        Show(context, "compact");
        // Scoring gets as much of the time that is left as all before it.
        var compact = context.CallAsync(RiskSteps.Compact, new CompactionAsked(input.Cohort, input.Task, context.InstanceId, OnlyFind: false), s_soon);
        if (input.Deadline is { } deadline && context.Now < deadline && !await context.EndsByAsync(compact, context.Now + ((deadline - context.Now) / 2)))
        {
            return await FoundAsync(context, input, notices, "it took too long");
        }

        try
        {
            return (await compact).Observations;
        }
        catch (StepFailedException)
        {
            return await FoundAsync(context, input, notices, "it failed");
        }
    }

    private static async Task<string> FoundAsync(IWorkflowContext context, DailyRiskInput input, List<string> notices, string why)
    {
        var found = await context.CallAsync(RiskSteps.Compact, new CompactionAsked(input.Cohort, input.Task, context.InstanceId, OnlyFind: true), s_soon);
        notices.Add($"Old data: the newest readings could not be made ready ({why}). This list speaks of what had landed by {found.Watermark}.");
        return found.Observations;
    }

    /// <summary>How far ingestion is; null where that cannot be found out, which stops nobody.</summary>
    private static async Task<IngestionState?> IngestionAsync(IWorkflowContext context, DailyRiskInput input)
    {
        try
        {
            return await context.CallAsync(RiskSteps.Ingestion, new IngestionAsked(input.Cohort, input.AsOf), s_soon);
        }
        catch (StepFailedException)
        {
            return null;
        }
    }

    /// <summary>Of the time that is left a fifth is for publishing. Where none is left, since nobody ran, a late list is better than none.</summary>
    private static Instant? ScoredBy(Instant now, Instant? deadline) =>
        deadline is { } by ? now < by ? by - ((by - now) / 5) : now + s_late : null;

    private static void Show(IWorkflowContext context, string stage, int done = 0, int total = 0, string? note = null) =>
        context.SetStatus(new RunProgress(stage, done, total, note), RiskSteps.Json.RunProgress);
}
