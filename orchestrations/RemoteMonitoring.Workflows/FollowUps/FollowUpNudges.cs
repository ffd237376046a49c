using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>Tells open follow-ups that somebody acted on their patient, whoever it was and in whichever process. For one task at a time.</summary>
public sealed class FollowUpNudges(FollowUpLog log, IWorkflowClient client)
{
    private const int Most = 20_000;

    private Dictionary<string, string>? _versions;
    private long _sequence = -1;

    /// <summary>Looks whether somebody acted since the last look; at first, ever.</summary>
    /// <returns>How many were told.</returns>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        await log.RefreshAsync(cancellationToken);
        if (log.Sequence == _sequence)
        {
            return 0;
        }

        _sequence = log.Sequence;
        var now = log.All.ToDictionary(s => s.Key, s => s.Value.Version, StringComparer.Ordinal);
        var (before, told) = (_versions, 0);
        _versions = now;
        // At first that is everybody with an action: what was done while nobody looked is found too.
        var changed = now.Where(s => before?.GetValueOrDefault(s.Key) != s.Value).Select(s => s.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var instance in changed.Count == 0 ? [] : await client.ListAsync(WorkflowNames.FollowUp, Most, cancellationToken))
        {
            if (instance.Status == InstanceStatus.Running && changed.Contains(FollowUpSteps.InputOf(instance).PatientId))
            {
                told += await client.RaiseAsync(instance.Id, FollowUpSteps.Changed, "acted on", cancellationToken) ? 1 : 0;
            }
        }

        return told;
    }
}
