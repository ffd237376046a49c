using System.Globalization;
using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>Shows where an instance is, stage by stage and with the shards that it waits for, until it has ended.</summary>
internal sealed class RunWatch(Terminal terminal, JournalClient client, TimeProvider time)
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    /// <summary>After so long without a word it is said that there may be nobody at it.</summary>
    private static readonly Duration s_unheard = Duration.FromSeconds(5);

    private static readonly Duration s_quiet = Duration.FromMinutes(2);

    private string? _said;
    private bool _isToldOfNobody;

    /// <summary>Watches until the end; where it ended well, a line says what came of it.</summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="byOthers">Whether only other processes see it through, if any do.</param>
    /// <param name="cancellationToken">Cancels the watching.</param>
    public Task<WorkflowInstance> UntilEndAsync(string instanceId, bool byOthers, CancellationToken cancellationToken) =>
        terminal.StageAsync("run", async progress =>
        {
            var begun = Now;
            while (true)
            {
                var instance = await client.FindAsync(instanceId, cancellationToken) ?? throw new UserException($"There is no run '{instanceId}'. 'rmon runs list' shows those there are.");
                if (instance.Status != InstanceStatus.Running)
                {
                    return (instance, instance.Status == InstanceStatus.Completed ? $"{instanceId}: {RunWords.Said(instance)}" : "");
                }

                progress.Report(await WhereAsync(instance, cancellationToken));
                SayStage(instance);
                SayNobody(instance, byOthers ? begun : Instant.MaxValue);
                await Task.Delay(s_poll, time, cancellationToken);
            }
        });

    private Instant Now => Instant.FromDateTimeOffset(time.GetUtcNow());

    /// <summary>Where it is, with what the workflows that it called say.</summary>
    private async Task<Fraction> WhereAsync(WorkflowInstance instance, CancellationToken cancellationToken)
    {
        if (RunWords.Progress(instance) is not { } where)
        {
            return new Fraction(0, 0, "waits to begin");
        }

        var called = (await client.ChildrenAsync(instance.Id, cancellationToken)).Select(RunWords.Progress).OfType<RunProgress>().Where(p => p.Stage == where.Stage).ToArray();
        var done = called.Length > 0 && where.Total > 0 ? called.Sum(c => c.Done) : where.Done;
        return new Fraction(done, where.Total, RunWords.Said(where with { Done = done }));
    }

    /// <summary>Where no progress is drawn each stage is a line.</summary>
    private void SayStage(WorkflowInstance instance)
    {
        if (!terminal.DrawsProgress && RunWords.Progress(instance) is { } where && RunWords.Said(where with { Done = 0, Total = 0 }) is var stage && stage != _said)
        {
            _said = stage;
            terminal.Line($"  {Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {stage}");
        }
    }

    private void SayNobody(WorkflowInstance instance, Instant begun)
    {
        var hasBegun = instance.CustomStatus is not null;
        if (!_isToldOfNobody && Now - begun > s_unheard && Now - instance.Updated > (hasBegun ? s_quiet : s_unheard))
        {
            _isToldOfNobody = true;
            terminal.Line(
                $"{(hasBegun ? $"Nothing was recorded since {instance.Updated}: a step takes long, or nobody is at it" : "It has not begun: nobody is at it")}. "
                + $"'rmon serve' sees runs through; 'rmon runs resume {instance.Id}' this one.");
        }
    }
}
