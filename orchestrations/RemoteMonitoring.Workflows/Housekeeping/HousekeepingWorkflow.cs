using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Housekeeping;

/// <summary>What housekeeping is started with.</summary>
public sealed record HousekeepingInput
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>When: what it counts days back from.</summary>
    public required Instant Now { get; init; }

    /// <summary>Days that the history of a run stays in the engine, before it goes to the archive in the lake. Default 30.</summary>
    public int HistoryDays { get; init => field = value <= 0 ? 30 : value; } = 30;
}

/// <summary>What came of it; -1 where a step failed, which stops no other.</summary>
/// <param name="Purged">Runs whose history went to the archive.</param>
/// <param name="Sealed">Small files of messages that became large ones.</param>
/// <param name="Collected">Files of the lake that nothing refers to.</param>
/// <param name="Expired">Documents whose time had come.</param>
/// <param name="Problems">What failed, and why.</param>
public sealed record HousekeepingOutcome(int Purged, int Sealed, int Collected, int Expired, IReadOnlyList<string> Problems);

/// <summary>What a step of housekeeping is asked for.</summary>
public sealed record HousekeepingAsked(string Cohort, Instant Before);

/// <summary>
/// Histories to the archive, small files sealed, what compaction is behind with, what nothing refers to deleted, documents whose time has come:
/// one after the other, each whatever became of the others.
/// </summary>
public static class HousekeepingWorkflow
{
    /// <summary>The workflow.</summary>
    public static WorkflowDefinition<HousekeepingInput, HousekeepingOutcome> Definition { get; } =
        new(WorkflowNames.Housekeeping, 1, HousekeepingJson.Default.HousekeepingInput, HousekeepingJson.Default.HousekeepingOutcome, RunAsync);

    /// <summary>Archives and forgets runs that ended before.</summary>
    public static ActivityDefinition<HousekeepingAsked, int> PurgeRuns { get; } = Step(WorkflowNames.PurgeRuns);

    /// <summary>Seals small files of messages.</summary>
    public static ActivityDefinition<HousekeepingAsked, int> Seal { get; } = Step(WorkflowNames.Seal);

    /// <summary>Compacts what has landed, then deletes observations that nothing refers to, and what dead runs left.</summary>
    public static ActivityDefinition<HousekeepingAsked, int> Collect { get; } = Step(WorkflowNames.CollectGarbage);

    /// <summary>Deletes documents whose time has come.</summary>
    public static ActivityDefinition<HousekeepingAsked, int> Expire { get; } = Step(WorkflowNames.ExpireDocuments);

    private static async Task<HousekeepingOutcome> RunAsync(IWorkflowContext context, HousekeepingInput input)
    {
        var problems = new List<string>();
        var purged = await TryAsync(PurgeRuns, input.Now - Duration.FromDays(input.HistoryDays));
        var sealedFiles = await TryAsync(Seal, input.Now);
        var collected = await TryAsync(Collect, input.Now);
        var expired = await TryAsync(Expire, input.Now);
        return new HousekeepingOutcome(purged, sealedFiles, collected, expired, problems);

        async Task<int> TryAsync(ActivityDefinition<HousekeepingAsked, int> step, Instant before)
        {
            context.SetStatus(new RunProgress(step.Name), RiskSteps.Json.RunProgress);
            try
            {
                return await context.CallAsync(step, new HousekeepingAsked(input.Cohort, before), RetryPolicy.Default);
            }
            catch (StepFailedException e)
            {
                problems.Add($"{step.Name}: {e.Failure.Message}");
                return -1;
            }
        }
    }

    private static ActivityDefinition<HousekeepingAsked, int> Step(string name) => new(name, HousekeepingJson.Default.HousekeepingAsked, HousekeepingJson.Default.Int32);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(HousekeepingInput))]
[JsonSerializable(typeof(HousekeepingOutcome))]
[JsonSerializable(typeof(HousekeepingAsked))]
internal sealed partial class HousekeepingJson : JsonSerializerContext;
