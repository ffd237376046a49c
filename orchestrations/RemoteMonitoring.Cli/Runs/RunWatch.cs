using System.Text.Json;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>Shows where an instance is, stage by stage and with the shards that it waits for, until it has ended.</summary>
internal static class RunWatch
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    public static Task<WorkflowInstance> UntilEndAsync(Terminal terminal, JournalClient client, string instanceId, CancellationToken cancellationToken) =>
        terminal.StageAsync("run", async progress =>
        {
            while (true)
            {
                var instance = await client.FindAsync(instanceId, cancellationToken) ?? throw new UserException($"There is no run '{instanceId}'. 'rmon runs list' shows those there are.");
                if (instance.Status != InstanceStatus.Running)
                {
                    return (instance, $"{instanceId}: {Said(instance)}");
                }

                progress.Report(await WhereAsync(client, instance, cancellationToken));
                await Task.Delay(s_poll, cancellationToken);
            }
        });

    /// <summary>Where it is, with what the workflows that it called say.</summary>
    public static async Task<Fraction> WhereAsync(JournalClient client, WorkflowInstance instance, CancellationToken cancellationToken)
    {
        var where = Progress(instance);
        if (where is null)
        {
            return new Fraction(0, 0, "waits to begin");
        }

        var called = (await client.ChildrenAsync(instance.Id, cancellationToken)).Select(Progress).OfType<RunProgress>().Where(p => p.Stage == where.Stage).ToArray();
        var (done, total) = called.Length > 0 && where.Total > 0 ? (called.Sum(c => c.Done), where.Total) : (where.Done, where.Total);
        return new Fraction(done, total, total > 0 ? $"{where.Stage}, {done} of {total}" : where.Stage);
    }

    /// <summary>What came of it, or where it is, in words.</summary>
    public static string Said(WorkflowInstance instance) => instance switch
    {
        { Status: InstanceStatus.Completed } when Outcome(instance) is { } o =>
            $"{(o.AlreadyThere ? "nothing new, " : "")}{Terminal.Number(o.Scored)} patients scored, {Terminal.Number(o.NotScored)} not scoreable, {Terminal.Number(o.Listed)} listed"
            + (o.PartiallySucceeded ? $"; succeeded in part: {Terminal.Number(o.SetAside)} set aside" : ""),
        { Status: InstanceStatus.Completed } => "completed",
        { Status: InstanceStatus.Failed } => $"failed: {instance.Failure}",
        { Status: InstanceStatus.Terminated } => $"ended: {instance.Failure?.Message}",
        _ => Progress(instance) is { } p ? p.Total > 0 ? $"{p.Stage}, {p.Done} of {p.Total}" : p.Stage : "waits to begin",
    };

    /// <summary>The outcome of a night; null of others, and before the end.</summary>
    public static DailyRiskOutcome? Outcome(WorkflowInstance instance) =>
        instance.Output is { } output && (instance.Workflow == DailyRiskWorkflow.Daily.Name || instance.Workflow == DailyRiskWorkflow.Hourly.Name)
            ? JsonSerializer.Deserialize(output, DailyRiskWorkflow.Daily.Output)
            : null;

    /// <summary>Status in a word.</summary>
    public static string Status(WorkflowInstance instance) => instance.Status switch
    {
        InstanceStatus.Completed when Outcome(instance)?.PartiallySucceeded == true => "partially succeeded",
        InstanceStatus.Completed => "succeeded",
        InstanceStatus.Failed => "failed",
        InstanceStatus.Terminated => "ended",
        _ => "running",
    };

    private static RunProgress? Progress(WorkflowInstance instance) =>
        instance.CustomStatus is { } status ? JsonSerializer.Deserialize(status, RunProgress.Type) : null;
}
