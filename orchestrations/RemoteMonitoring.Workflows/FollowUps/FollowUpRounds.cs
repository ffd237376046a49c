using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What came of a round.</summary>
/// <param name="OfReadings">Follow-ups of urgent readings that were begun.</param>
/// <param name="OfLists">Follow-ups of lists that were begun, that their night had left.</param>
public readonly record struct FollowUpRound(int OfReadings, int OfLists);

/// <summary>
/// What is done beside the schedules wherever workflows run: follow-ups of urgent readings begin as the readings land, and what nights have left of theirs
/// begins too; those under way are told that somebody acted. Any number may do the same for a cohort. For one task at a time.
/// </summary>
public sealed class FollowUpRounds : IDisposable
{
    /// <summary>Nights begin theirs themselves: what they left is looked for now and then.</summary>
    private static readonly TimeSpan s_lists = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly FollowUpLog _log;
    private readonly UrgentFollowUps _urgent;
    private readonly ListedFollowUps _listed;
    private readonly FollowUpNudges _nudges;
    private long? _looked;

    /// <summary>Prepares to go round for a cohort.</summary>
    public FollowUpRounds(CohortStore store, IWorkflowClient client, TimeProvider time)
    {
        (_time, _log) = (time, new FollowUpLog(store.Reference, time));
        _urgent = new UrgentFollowUps(store, client, _log, time);
        _listed = new ListedFollowUps(store, client, _log, time);
        _nudges = new FollowUpNudges(_log, client);
    }

    /// <summary>Goes round once.</summary>
    public async Task<FollowUpRound> LookAsync(CancellationToken cancellationToken)
    {
        var (ofReadings, ofLists) = (await _urgent.LookAsync(cancellationToken), 0);
        if (_looked is not { } last || _time.GetElapsedTime(last) >= s_lists)
        {
            ofLists = await _listed.LookAsync(cancellationToken);
            _looked = _time.GetTimestamp();
        }

        await _nudges.LookAsync(cancellationToken);
        return new FollowUpRound(ofReadings, ofLists);
    }

    /// <inheritdoc />
    public void Dispose() => _log.Dispose();
}
