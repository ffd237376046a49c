using System.Collections.Concurrent;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>
/// A patient whom somebody may see now. Only <see cref="PatientAccess"/> makes one, and whatever reads a patient's data asks for one: there is no
/// other door to a patient.
/// </summary>
public sealed class AllowedPatient
{
    internal AllowedPatient(Viewer viewer, Patient roster, AccessGround ground) => (Viewer, Roster, Ground) = (viewer, roster, ground);

    /// <summary>Who may.</summary>
    public Viewer Viewer { get; }

    /// <summary>The roster's latest word.</summary>
    public Patient Roster { get; }

    /// <summary>Why.</summary>
    public AccessGround Ground { get; }

    /// <summary>The patient.</summary>
    public string PatientId => Roster.PatientId;
}

/// <summary>A team whose patients somebody may see now: see <see cref="AllowedPatient"/>.</summary>
public sealed class AllowedTeam
{
    internal AllowedTeam(Viewer viewer, string careTeamId, CareTeam? stated, IReadOnlyDictionary<string, Patient> patients) =>
        (Viewer, CareTeamId, Stated, Patients) = (viewer, careTeamId, stated, patients);

    /// <summary>Who may.</summary>
    public Viewer Viewer { get; }

    /// <summary>The team.</summary>
    public string CareTeamId { get; }

    /// <summary>What was stated of it; null for one that the roster names alone.</summary>
    public CareTeam? Stated { get; }

    /// <summary>Its patients of today, by id. What a list of an earlier day names beside them is another team's business now.</summary>
    public IReadOnlyDictionary<string, Patient> Patients { get; }

    /// <summary>Name for people.</summary>
    public string Name => Stated?.Name ?? CareTeamId;

    /// <summary>The zone that staff's times are told in.</summary>
    public DateTimeZone Zone => field ??= TeamZone.Of(Patients.Values);

    /// <summary>One of its patients.</summary>
    public AllowedPatient Of(string patientId) => new(Viewer, Patients[patientId], AccessGround.Team);
}

/// <summary>
/// The one place where it is decided whose patients somebody may see: those of teams that are theirs today, and for an hour those whose
/// glass they broke.
/// </summary>
public sealed class PatientAccess(LiveReference reference, PatientHandles handles, LoginStore logins, AuditLog audit, TimeProvider time)
{
    /// <summary>How long glass stays broken.</summary>
    public static readonly Duration BrokenFor = Duration.FromHours(1);

    /// <summary>What is said to who asks for more.</summary>
    public const string BrokenGlassRule = "You see this patient by a reason that you gave, for an hour: what you did for them and a note can be recorded. Anything that decides for the team is the team's to do. Nothing was done.";

    /// <summary>A reason of fewer characters is none.</summary>
    public const int FewestReasonCharacters = 10;

    /// <summary>A reason of more is refused.</summary>
    public const int MostReasonCharacters = 500;

    private readonly ConcurrentDictionary<(string User, string Team), bool> _toldByPoll = new();
    private IReadOnlyDictionary<string, Patient>? _handled;

    /// <summary>A team, where it is the viewer's; else null.</summary>
    public async ValueTask<AllowedTeam?> TeamAsync(Viewer viewer, string careTeamId, CancellationToken cancellationToken)
    {
        var today = await TodayAsync(cancellationToken);
        return viewer.IsOf(careTeamId) && IsTeam(today, careTeamId)
            ? new AllowedTeam(
                viewer, careTeamId, today.Teams.GetValueOrDefault(careTeamId),
                today.PatientsOfTeam.GetValueOrDefault(careTeamId, []).ToDictionary(id => id, id => today.Patients[id], StringComparer.Ordinal))
            : null;
    }

    /// <summary>The same, on record before it is given: also where another team's was asked for.</summary>
    public async ValueTask<AllowedTeam?> OpenTeamAsync(Viewer viewer, string careTeamId, AuditEvent what, CancellationToken cancellationToken, string? detail = null)
    {
        if (await AskTeamAsync(viewer, careTeamId, cancellationToken) is not { } team)
        {
            return null;
        }

        await audit.RecordAsync(viewer, what, team: careTeamId, detail: detail, cancellationToken: cancellationToken);
        return team;
    }

    /// <summary>The same for who puts on record what they give, which they know only when they have read it: a team that is not theirs is on record here.</summary>
    public async ValueTask<AllowedTeam?> AskTeamAsync(Viewer viewer, string careTeamId, CancellationToken cancellationToken)
    {
        var team = await TeamAsync(viewer, careTeamId, cancellationToken);
        if (team is null)
        {
            await DenyTeamAsync(viewer, careTeamId, cancellationToken);
        }

        return team;
    }

    /// <summary>The same for what an open page asks for by itself: a membership that ended is on record once, and not with every look.</summary>
    public async ValueTask<AllowedTeam?> PollTeamAsync(Viewer viewer, string careTeamId, CancellationToken cancellationToken)
    {
        var (team, key) = (await TeamAsync(viewer, careTeamId, cancellationToken), (viewer.UserName, careTeamId));
        if (team is not null)
        {
            _toldByPoll.TryRemove(key, out _);
        }
        else if (!_toldByPoll.ContainsKey(key) && await DenyTeamAsync(viewer, careTeamId, cancellationToken))
        {
            _toldByPoll[key] = true;
        }

        return team;
    }

    /// <summary>Puts on record that a team was asked for which is another's; of one that there is not nothing is recorded.</summary>
    public async ValueTask<bool> DenyTeamAsync(Viewer viewer, string careTeamId, CancellationToken cancellationToken)
    {
        var isThere = IsTeam(await TodayAsync(cancellationToken), careTeamId);
        if (isThere)
        {
            await audit.RecordAsync(viewer, AuditEvent.TeamDenied, team: careTeamId, cancellationToken: cancellationToken);
        }

        return isThere;
    }

    /// <summary>A patient, where one of the viewer's teams cares for them today, or the viewer broke their glass; else null, as for a patient that there is not.</summary>
    public async ValueTask<AllowedPatient?> PatientAsync(Viewer viewer, string patientId, CancellationToken cancellationToken)
    {
        var today = await TodayAsync(cancellationToken);
        return today.Patients.GetValueOrDefault(patientId) is not { } patient ? null
            : viewer.IsOf(patient.CareTeamId) ? new AllowedPatient(viewer, patient, AccessGround.Team)
            : viewer.CaresForPatients && await logins.GlassIsBrokenUntilAsync(viewer.UserName, handles.Of(patientId), cancellationToken) is not null ? new AllowedPatient(viewer, patient, AccessGround.BrokenGlass)
            : null;
    }

    /// <summary>The patient of a handle, on record before they are given: also where the patient is another team's. For a handle of nobody it is null, and nothing is recorded.</summary>
    /// <param name="viewer">Who asks.</param>
    /// <param name="handle">Name of the patient in the address.</param>
    /// <param name="what">What they ask for, where they may.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="detail">What else belongs to it, and names no patient: the action.</param>
    public async ValueTask<AllowedPatient?> OpenAsync(Viewer viewer, string handle, AuditEvent what, CancellationToken cancellationToken, string? detail = null)
    {
        var today = await TodayAsync(cancellationToken);
        if (handles.Find(handle) is not { } patientId || today.Patients.GetValueOrDefault(patientId) is not { } patient)
        {
            return null;
        }

        if (await PatientAsync(viewer, patientId, cancellationToken) is { } allowed)
        {
            await audit.RecordAsync(viewer, what, allowed, detail: detail, cancellationToken: cancellationToken);
            return allowed;
        }

        await audit.RecordAsync(Entry(viewer, AuditEvent.PatientDenied) with { PatientId = patientId, CareTeamId = patient.CareTeamId }, cancellationToken);
        return null;
    }

    /// <summary>Lets a viewer see a patient who is not of their teams for <see cref="BrokenFor"/>; it is on record, with the reason, before it is so.</summary>
    /// <returns>The patient; null where there is none of this id, which is on record too. Of a team of theirs it is given as it is, and no glass breaks.</returns>
    public async ValueTask<AllowedPatient?> BreakGlassAsync(Viewer viewer, string patientId, string reason, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(reason.Length, FewestReasonCharacters);
        if (!viewer.CaresForPatients)
        {
            return null;
        }

        if ((await TodayAsync(cancellationToken)).Patients.GetValueOrDefault(patientId) is not { } patient)
        {
            await audit.RecordAsync(viewer, AuditEvent.GlassRefused, cancellationToken: cancellationToken);
            return null;
        }

        if (viewer.IsOf(patient.CareTeamId))
        {
            return new AllowedPatient(viewer, patient, AccessGround.Team);
        }

        var allowed = new AllowedPatient(viewer, patient, AccessGround.BrokenGlass);
        await audit.RecordAsync(viewer, AuditEvent.GlassBroken, allowed, reason: reason, cancellationToken: cancellationToken);
        await logins.BreakGlassAsync(viewer.UserName, handles.Of(patientId), Instant.FromDateTimeOffset(time.GetUtcNow()) + BrokenFor, cancellationToken);
        return allowed;
    }

    private static bool IsTeam(ReferenceToday today, string careTeamId) => today.Teams.ContainsKey(careTeamId) || today.PatientsOfTeam.ContainsKey(careTeamId);

    private static AuditEntry Entry(Viewer viewer, AuditEvent what) => new() { Id = "", At = default, Event = what, User = viewer.UserName, Address = viewer.Address };

    /// <summary>As it stands, with a handle for each patient: those of a page that somebody kept are found after a restart too.</summary>
    private async ValueTask<ReferenceToday> TodayAsync(CancellationToken cancellationToken)
    {
        var today = await reference.TodayAsync(cancellationToken);
        if (!ReferenceEquals(_handled, today.Patients))
        {
            foreach (var patientId in today.Patients.Keys)
            {
                handles.Of(patientId);
            }

            _handled = today.Patients;
        }

        return today;
    }
}
