using System.Collections.Frozen;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>What the reference log says today of who is cared for by whom.</summary>
public sealed record ReferenceToday
{
    /// <summary>The roster's latest word on each patient, by patient.</summary>
    public required IReadOnlyDictionary<string, Patient> Patients { get; init; }

    /// <summary>Patients by care team, ids in ordinal order.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> PatientsOfTeam { get; init; }

    /// <summary>Teams by id; one that the roster names and nobody has stated is not here.</summary>
    public required IReadOnlyDictionary<string, CareTeam> Teams { get; init; }

    /// <summary>Care plans by patient.</summary>
    public required IReadOnlyDictionary<string, CarePlan> CarePlans { get; init; }

    /// <summary>The last batch of care plans that is in it: who states one appends the next, or was not the first.</summary>
    public required long CarePlansRead { get; init; }

    /// <summary>Users by name, without regard to case.</summary>
    public required IReadOnlyDictionary<string, Member> Members { get; init; }

    /// <summary>The zone of a team, as the roster stands.</summary>
    public DateTimeZone ZoneOf(string careTeamId) => TeamZone.Of(PatientsOfTeam.GetValueOrDefault(careTeamId, []).Select(id => Patients[id]));
}

/// <summary>
/// The reference log as it stands, read on as it grows: at most once a second it is asked whether there is more. Safe for several
/// tasks at once.
/// </summary>
public sealed class LiveReference(ReferenceLog log, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, Patient> _patients = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CareTeam> _teams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CarePlan> _plans = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Member> _members = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, long> _read = new(StringComparer.Ordinal);
    private int _erasures;

    // What was taken in, and is not yet told: kept until it is, also over a look that failed half-way.
    private bool _hasNews;
    private bool _hasNewPatients;
    private long _looked = long.MinValue;
    private ReferenceToday? _today;

    /// <summary>As it stands.</summary>
    public async ValueTask<ReferenceToday> TodayAsync(CancellationToken cancellationToken)
    {
        if (_today is { } today && Volatile.Read(ref _looked) is var looked and not long.MinValue && time.GetElapsedTime(looked) < s_fresh)
        {
            return today;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            // The look is for all who wait, and does not end with the request that happened to begin it.
            return _looked != long.MinValue && time.GetElapsedTime(_looked) < s_fresh ? _today! : await LookAsync(CancellationToken.None);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Has the next who asks look, however lately somebody did: after a statement of one's own.</summary>
    public void Expire() => Volatile.Write(ref _looked, long.MinValue);

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private async Task<ReferenceToday> LookAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if ((await log.ErasuresAsync(cancellationToken)).Count is var erasures && erasures != _erasures)
        {
            _erasures = erasures;
            _read.Clear();
            _patients.Clear();
            _plans.Clear();
            _today = null;
        }

        _hasNewPatients |= await TakeAsync(ReferenceKinds.Roster, _patients, p => p.PatientId, p => p.Known, cancellationToken);
        _hasNews |= await TakeAsync(ReferenceKinds.Teams, _teams, t => t.CareTeamId, t => t.Known, cancellationToken);
        _hasNews |= await TakeAsync(ReferenceKinds.CarePlans, _plans, p => p.PatientId, p => p.Known, cancellationToken);
        _hasNews |= await TakeAsync(ReferenceKinds.Members, _members, m => m.UserName, m => m.Known, cancellationToken);
        if (_today is null || _hasNewPatients || _hasNews)
        {
            _today = new ReferenceToday
            {
                Patients = _hasNewPatients || _today is null ? _patients.ToFrozenDictionary(StringComparer.Ordinal) : _today.Patients,
                PatientsOfTeam = _hasNewPatients || _today is null ? ByTeam() : _today.PatientsOfTeam,
                Teams = _teams.ToFrozenDictionary(StringComparer.Ordinal),
                CarePlans = _plans.ToFrozenDictionary(StringComparer.Ordinal),
                CarePlansRead = _read[ReferenceKinds.CarePlans],
                Members = _members.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase),
            };
            (_hasNewPatients, _hasNews) = (false, false);
        }

        Volatile.Write(ref _looked, now);
        return _today;
    }

    /// <summary>Takes in what was appended; of two statements about one subject the one known later holds, of one known time the later line.</summary>
    private async Task<bool> TakeAsync<T>(string kind, Dictionary<string, T> held, Func<T, string> key, Func<T, Instant> known, CancellationToken cancellationToken)
    {
        var from = _read.GetValueOrDefault(kind);
        var (rows, last) = await log.ReadAfterAsync<T>(kind, from, cancellationToken);
        foreach (var row in rows)
        {
            if (!held.TryGetValue(key(row), out var before) || known(before) <= known(row))
            {
                held[key(row)] = row;
            }
        }

        _read[kind] = last;
        return last > from;
    }

    private FrozenDictionary<string, IReadOnlyList<string>> ByTeam() => _patients.Values
        .GroupBy(p => p.CareTeamId, StringComparer.Ordinal)
        .ToFrozenDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(p => p.PatientId).Order(StringComparer.Ordinal)], StringComparer.Ordinal);
}
