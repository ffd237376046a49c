using NodaTime;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Scores some shards. A part that stops its process again and again, or takes too long, is split in halves until who holds it up
/// stands alone and is set aside; one that fails is tried again, then set aside as a whole.
/// </summary>
public static class ScoreShardsWorkflow
{
    /// <summary>The workflow.</summary>
    public static WorkflowDefinition<ShardsAsked, IReadOnlyList<PartOutcome>> Definition { get; } =
        new(WorkflowNames.ScoreShards, 1, RiskSteps.Json.ShardsAsked, RiskSteps.Json.IReadOnlyListPartOutcome, RunAsync);

    /// <summary>Parts under way at a time; the machines that do them have bounds of their own.</summary>
    private const int AtATime = 8;

    private static readonly RetryPolicy s_retry = new(4, Duration.FromSeconds(1));

    /// <summary>What the teams are told where a model that is asked over the network did not answer for some.</summary>
    internal static IEnumerable<string> Notices(IEnumerable<PartOutcome> parts) => parts.Select(p => p.Problem).OfType<string>()
        .Where(ElsewhereException.IsAway)
        .Distinct(StringComparer.Ordinal)
        .Select(away => $"The model that scores is asked over the network: {away}.");

    private static async Task<IReadOnlyList<PartOutcome>> RunAsync(IWorkflowContext context, ShardsAsked asked)
    {
        var done = 0;
        var outcomes = await Steps.ForEachAsync(asked.Parts, AtATime, async part =>
        {
            var outcome = await ScoreAsync(context, asked, part);
            context.SetStatus(new RunProgress("score", ++done, asked.Parts.Count), RiskSteps.Json.RunProgress);
            return outcome;
        });
        return [.. outcomes.SelectMany(o => o)];
    }

    private static async Task<IReadOnlyList<PartOutcome>> ScoreAsync(IWorkflowContext context, ShardsAsked asked, ShardPart part)
    {
        if (context.Now >= asked.Deadline)
        {
            return [new PartOutcome(part, null, "not reached before the list had to be out")];
        }

        // The activity gives up by itself; the timer is for one whose machine is gone. Others may have been before it.
        var step = context.CallAsync(RiskSteps.ScorePart, new PartAsked(asked.Spec, asked.Run, part, asked.PartTimeout), s_retry);
        var outcome = new PartOutcome(part, null, "it took too long");
        if (await context.EndsByAsync(step, Earlier(context.Now + (asked.PartTimeout * (AtATime + 1)), asked.Deadline)))
        {
            try
            {
                outcome = await step;
            }
            catch (StepFailedException e)
            {
                return [new PartOutcome(part, null, e.Failure.Type == ElsewhereException.TypeName ? e.Failure.Message : "the store or the program failed again and again")];
            }
        }

        if (outcome.Problem is null || part.Count == 1)
        {
            return [outcome];
        }

        var middle = part.From + (part.Count / 2);
        return [.. await ScoreAsync(context, asked, part with { To = middle }), .. await ScoreAsync(context, asked, part with { From = middle })];
    }

    private static Instant Earlier(Instant one, Instant? other) => other is { } o && o < one ? o : one;
}
