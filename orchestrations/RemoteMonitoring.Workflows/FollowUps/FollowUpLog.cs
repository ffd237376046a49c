using System.Collections.Concurrent;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What came of acting.</summary>
public enum ActStatus
{
    /// <summary>It stands in the log.</summary>
    Done,

    /// <summary>It stood there already: the same was asked for twice.</summary>
    DoneBefore,

    /// <summary>Somebody else acted on the patient since the state was shown; nothing was written.</summary>
    Conflict,

    /// <summary>What was to be undone can no longer be; nothing was written.</summary>
    TooLate,
}

/// <summary>What came of acting, and how the patient stands now.</summary>
/// <param name="Status">What came of it.</param>
/// <param name="State">The patient's state after it.</param>
public sealed record ActOutcome(ActStatus Status, PatientFollowUp State);

/// <summary>
/// The actions of a cohort: read from the reference log as it grows, appended to it one at a time. Who acts says which state they
/// saw; of two who saw the same one is written and the other is told, whichever processes they are in, since the log has one batch of
/// each sequence. Safe for several tasks at once.
/// </summary>
public sealed class FollowUpLog(ReferenceLog log, TimeProvider time) : IDisposable
{
    private volatile ConcurrentDictionary<string, PatientFollowUp> _states = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);
    private long _sequence;
    private int _erasures;
    private Instant _last = Instant.MinValue;

    /// <summary>Grows with every batch that was read: tells whether something changed since.</summary>
    public long Sequence => Interlocked.Read(ref _sequence);

    /// <summary>The patients that somebody did something about.</summary>
    public IEnumerable<KeyValuePair<string, PatientFollowUp>> All => _states;

    /// <summary>How a patient stands, as of the last <see cref="RefreshAsync"/>.</summary>
    public PatientFollowUp Of(string patientId) => _states.GetValueOrDefault(patientId, PatientFollowUp.None);

    /// <summary>Reads what was appended since, by whomever.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await ReadAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Appends an action; its <see cref="WorklistAction.Known"/> is set to now, after all that is known.</summary>
    /// <param name="action">The action.</param>
    /// <param name="version">The <see cref="PatientFollowUp.Version"/> that was acted on.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<ActOutcome> ActAsync(WorklistAction action, string version, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                await ReadAsync(cancellationToken);
                var state = Of(action.PatientId);
                if (state.All.FirstOrDefault(a => a.Id == action.Id) is { } before)
                {
                    // The buttons of one form share its id: another of them is another action, of a state that is no longer the patient's.
                    return new(IsSame(before, action) ? ActStatus.DoneBefore : ActStatus.Conflict, state);
                }

                if (state.Version != version)
                {
                    return new(ActStatus.Conflict, state);
                }

                var now = Instant.Max(UnixMicros.ToInstant(Instant.FromDateTimeOffset(time.GetUtcNow()).ToUnixMicros()), _last + Duration.FromNanoseconds(1000));
                if (action.Kind == ActionKind.Undo && state.UndoableBy(action.By, now)?.Id != action.Undoes)
                {
                    return new(ActStatus.TooLate, state);
                }

                var line = Encoding.UTF8.GetBytes(ReferenceJson.ToLine(action with { Known = now }) + "\n");
                // A reply may be lost after the batch was written: then the next look finds it under its id.
                if (await log.TryAppendAsync(ReferenceKinds.Actions, _sequence + 1, line, cancellationToken))
                {
                    await ReadAsync(cancellationToken);
                    return new(ActStatus.Done, Of(action.PatientId));
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private static bool IsSame(WorklistAction one, WorklistAction other) =>
        (one.Kind, one.By, one.Note, one.Until, one.To, one.Why, one.Undoes) == (other.Kind, other.By, other.Note, other.Until, other.To, other.Why, other.Undoes);

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var erasures = (await log.ErasuresAsync(cancellationToken)).Count;
        // Where somebody was erased all is read anew, aside: who asks meanwhile is told what was held before, and not that nobody did anything.
        var (states, from) = erasures == _erasures ? (_states, _sequence) : (new(StringComparer.Ordinal), 0);
        var (rows, last) = await log.ReadAfterAsync<WorklistAction>(ReferenceKinds.Actions, from, cancellationToken);
        foreach (var action in rows)
        {
            states[action.PatientId] = states.GetValueOrDefault(action.PatientId, PatientFollowUp.None).With(action);
            _last = Instant.Max(_last, action.Known);
        }

        (_states, _erasures) = (states, erasures);
        Interlocked.Exchange(ref _sequence, last);
    }
}
