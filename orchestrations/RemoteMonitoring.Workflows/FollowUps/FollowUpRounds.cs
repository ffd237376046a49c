using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Erasure;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What came of a round.</summary>
/// <param name="OfReadings">Follow-ups of urgent readings that were begun.</param>
/// <param name="OfLists">Follow-ups of lists that were begun, that their night had left.</param>
public readonly record struct FollowUpRound(int OfReadings, int OfLists);

/// <summary>
/// What is done beside the schedules wherever workflows run: follow-ups of urgent readings begin as the readings land, and what nights have left of theirs
/// begins too; those under way are told that somebody acted, and those of who was erased are ended and forgotten. Any number may do the same for a cohort. For one task at a time.
/// </summary>
public sealed class FollowUpRounds : IDisposable
{
    /// <summary>Nights begin theirs themselves: what they left is looked for now and then.</summary>
    private static readonly TimeSpan s_lists = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly CohortStore _store;
    private readonly IWorkflowClient _client;
    private readonly FollowUpLog _log;
    private readonly UrgentFollowUps _urgent;
    private readonly ListedFollowUps _listed;
    private readonly FollowUpNudges _nudges;
    private long? _looked;
    private int _erased;

    /// <summary>Prepares to go round for a cohort.</summary>
    public FollowUpRounds(CohortStore store, IWorkflowClient client, TimeProvider time)
    {
        (_store, _client, _time, _log) = (store, client, time, new FollowUpLog(store.Reference, time));
        _urgent = new UrgentFollowUps(store, client, _log, time);
        _listed = new ListedFollowUps(store, client, _log, time);
        _nudges = new FollowUpNudges(_log, client);
    }

    /// <summary>Goes round once.</summary>
    public async Task<FollowUpRound> LookAsync(CancellationToken cancellationToken)
    {
        var isTime = _looked is not { } last || _time.GetElapsedTime(last) >= s_lists;
        try
        {
            var (ofReadings, ofLists) = (await _urgent.LookAsync(cancellationToken), isTime ? await _listed.LookAsync(cancellationToken) : 0);
            await _nudges.LookAsync(cancellationToken);
            return new FollowUpRound(ofReadings, ofLists);
        }
        finally
        {
            // Whatever keeps follow-ups from beginning keeps none of who was erased.
            if (isTime)
            {
                await EraseAsync(cancellationToken);
                _looked = _time.GetTimestamp();
            }
        }
    }

    private async Task EraseAsync(CancellationToken cancellationToken)
    {
        var erasures = await _store.Reference.ErasuresAsync(cancellationToken);
        if (erasures.Count == _erased)
        {
            return;
        }

        // Until one is proved complete it may stand still for long, and what it has not reached yet may begin a follow-up.
        var proved = _erased;
        while (proved < erasures.Count && await _store.Lake.ExistsAsync(LakePaths.ErasureProof(proved + 1), cancellationToken))
        {
            proved++;
        }

        if (await FollowUpErasure.EraseAllAsync(_client, _store.Cohort, erasures, cancellationToken) == 0)
        {
            _erased = proved;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _log.Dispose();
}
