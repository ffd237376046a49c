using System.Collections.Concurrent;
using NodaTime;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>
/// Staff who act on patients once they have been told: of eight two are contacted, two acknowledged, one claimed by mistake and taken back at once, one contacted by
/// mistake and taken back when everybody has heard of it, two forgotten. What comes too late to count for certain they leave.
/// </summary>
internal sealed class ChaosStaff
{
    /// <summary>After so long whoever tells follow-ups that somebody acted has.</summary>
    private static readonly Duration s_heard = Duration.FromSeconds(3);

    private readonly ChaosWard _ward;
    private readonly FollowUpLog _log;
    private readonly UnreliableReceiver _receiver;
    private readonly Duration _inTime;
    private readonly Dictionary<(string Kind, string Handle), (FollowUpInput Input, int Number)> _told;
    private readonly ConcurrentDictionary<string, FollowUpResult> _expected = new(StringComparer.Ordinal);
    private readonly Queue<(Instant At, FollowUpInput Input)> _mistakes = [];

    public ChaosStaff(ChaosWard ward, FollowUpLog log, UnreliableReceiver receiver, HandleKey key, Duration inTime)
    {
        (_ward, _log, _receiver, _inTime) = (ward, log, receiver, inTime);
        _told = ward.All.Select((input, number) => (input, number)).ToDictionary(
            i => (i.input.Kind == FollowUpKind.Listed ? "listed" : "urgent", key.HandleOf(i.input.PatientId)), i => (i.input, i.number));
    }

    /// <summary>How a follow-up is to be closed.</summary>
    public FollowUpResult Expected(FollowUpInput input) => _expected.GetValueOrDefault(input.Key, FollowUpResult.Unanswered);

    /// <summary>Follow-ups that were escalated though somebody had been in touch, or had taken notice, long before that was due.</summary>
    public int ToldTooLate(IEnumerable<TakenDelivery> taken) => taken.Where(t => t.Purpose == "escalation" && _expected.ContainsKey(t.Key)).DistinctBy(t => t.Key).Count();

    /// <summary>Follow-ups on which somebody acted for good.</summary>
    public int ActedOn => _expected.Count;

    /// <summary>Contacts that were taken back, after others had heard of them.</summary>
    public int TakenBack { get; private set; }

    /// <summary>Acts until it is cancelled.</summary>
    public async Task ActAsync(CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            while (true)
            {
                foreach (var taken in _receiver.Taken.Where(t => seen.Add(t.Key)).ToArray())
                {
                    await ActAsync(taken, cancellationToken);
                }

                while (_mistakes.TryPeek(out var mistake) && mistake.At <= Now)
                {
                    await ActAsync(mistake.Input, ActionKind.Undo, mistake.Input.Key, cancellationToken);
                    _mistakes.Dequeue();
                    TakenBack++;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // All is over.
        }
    }

    private async Task ActAsync(TakenDelivery taken, CancellationToken cancellationToken)
    {
        if (!_told.TryGetValue((taken.Kind, taken.Patient), out var told) || Now > _ward.BegunAt(told.Input) + _inTime)
        {
            return;
        }

        switch (told.Number / 2 % 8)
        {
            case 0 or 4:
                await ActAsync(told.Input, ActionKind.Contacted, null, cancellationToken);
                _expected[told.Input.Key] = FollowUpResult.Contacted;
                break;
            case 1 or 5:
                await ActAsync(told.Input, ActionKind.Acknowledge, null, cancellationToken);
                _expected[told.Input.Key] = FollowUpResult.Acknowledged;
                break;
            case 2:
                await ActAsync(told.Input, ActionKind.Claim, null, cancellationToken);
                await ActAsync(told.Input, ActionKind.Undo, told.Input.Key, cancellationToken);
                break;
            case 6:
                await ActAsync(told.Input, ActionKind.Contacted, null, cancellationToken);
                _mistakes.Enqueue((Now + s_heard, told.Input));
                break;
        }
    }

    private static Instant Now => Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());

    private async Task ActAsync(FollowUpInput input, ActionKind kind, string? undoes, CancellationToken cancellationToken)
    {
        var action = new WorklistAction
        {
            Id = undoes is null ? input.Key : $"undo{input.Key[4..]}",
            PatientId = input.PatientId,
            CareTeamId = input.CareTeamId,
            Kind = kind,
            By = "anna",
            Undoes = undoes,
            SeenUrgent = input.Kind == FollowUpKind.Urgent ? input.AsOf : null,
            Known = default,
        };
        var outcome = await _log.ActAsync(action, _log.Of(input.PatientId).Version, cancellationToken);
        if (outcome.Status is not (ActStatus.Done or ActStatus.DoneBefore))
        {
            throw new UserException($"staff could not act: {outcome.Status}");
        }
    }
}
