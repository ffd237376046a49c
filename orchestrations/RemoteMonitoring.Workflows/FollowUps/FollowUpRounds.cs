using NodaTime;
using RemoteMonitoring.Storage;
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

    /// <summary>For how long after an erasure its follow-ups are looked for: it may go on, and until it has taken the documents one may begin.</summary>
    private static readonly Duration s_erasing = Duration.FromHours(1);

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
        var (ofReadings, ofLists) = (await _urgent.LookAsync(cancellationToken), 0);
        if (_looked is not { } last || _time.GetElapsedTime(last) >= s_lists)
        {
            await EraseAsync(cancellationToken);
            ofLists = await _listed.LookAsync(cancellationToken);
            _looked = _time.GetTimestamp();
        }

        await _nudges.LookAsync(cancellationToken);
        return new FollowUpRound(ofReadings, ofLists);
    }

    private async Task EraseAsync(CancellationToken cancellationToken)
    {
        var erasures = await _store.Reference.ErasuresAsync(cancellationToken);
        if (erasures.Count > _erased && await FollowUpErasure.EraseAllAsync(_client, erasures, cancellationToken) == 0
            && erasures.Stated.Max() + s_erasing < Instant.FromDateTimeOffset(_time.GetUtcNow()))
        {
            _erased = erasures.Count;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _log.Dispose();
}
