using NodaTime;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>What a person did about a patient.</summary>
public enum ActionKind
{
    /// <summary>Sees to it, alone.</summary>
    Claim,

    /// <summary>No longer sees to it.</summary>
    Release,

    /// <summary>Gives it to <see cref="WorklistAction.To"/>.</summary>
    HandOver,

    /// <summary>Spoke with the patient.</summary>
    Contacted,

    /// <summary>Tried to.</summary>
    NoAnswer,

    /// <summary>Somebody goes to see the patient.</summary>
    VisitArranged,

    /// <summary>A clinician looks at it.</summary>
    ClinicianArranged,

    /// <summary>A question about medication was passed on.</summary>
    MedicationQuestion,

    /// <summary>There was nothing to it.</summary>
    FalseAlarm,

    /// <summary>A device or its use was put right.</summary>
    TechnicalFixed,

    /// <summary>In hospital or away until <see cref="WorklistAction.Until"/>, or until resumed.</summary>
    Pause,

    /// <summary>Back.</summary>
    Resume,

    /// <summary>Not to be listed before <see cref="WorklistAction.Until"/>; personal limits break it.</summary>
    Snooze,

    /// <summary>A note, and nothing else.</summary>
    Note,

    /// <summary>Has taken notice of the follow-up.</summary>
    Acknowledge,

    /// <summary>Takes <see cref="WorklistAction.Undoes"/> back.</summary>
    Undo,
}

/// <summary>
/// What a person did about a patient, and what they were shown when they did. Feedback that data scientists may read: never a
/// feature, never a positive label.
/// </summary>
public sealed record WorklistAction
{
    /// <summary>Notes are cut off by nobody: longer ones are refused.</summary>
    public const int MostNoteCharacters = 2000;

    /// <summary>Identity, 32 lower-case hex digits; the same again is the same action.</summary>
    public required string Id { get; init; }

    /// <summary>About whom.</summary>
    public required string PatientId { get; init; }

    /// <summary>For which team.</summary>
    public required string CareTeamId { get; init; }

    /// <summary>What.</summary>
    public required ActionKind Kind { get; init; }

    /// <summary>Name of the user.</summary>
    public required string By { get; init; }

    /// <summary>Until when, exclusive; null without end, or where the kind has none.</summary>
    public Instant? Until { get; init; }

    /// <summary>Name of the user it is handed to; null where it is not.</summary>
    public string? To { get; init; }

    /// <summary>Why the patient is paused: <c>hospital</c> or <c>holiday</c>; null where it is no pause.</summary>
    public string? Why { get; init; }

    /// <summary>Note in the user's words; null without one.</summary>
    public string? Note { get; init; }

    /// <summary>The action it takes back; null where it takes none back.</summary>
    public string? Undoes { get; init; }

    /// <summary>What was foreseen for the patient when it was done, one for each task that had scored them; whichever lane it was done from.</summary>
    public IReadOnlyList<ShownRisk> Shown { get; init => field = value ?? []; } = [];

    /// <summary>How far the urgent readings reached that the page showed of the patient, by <see cref="Readings.UrgentReading.OpenSince"/>; null where it showed none.</summary>
    public Instant? SeenUrgent { get; init; }

    /// <summary>When it was done, which is when we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>What was foreseen for a patient when somebody acted.</summary>
/// <param name="Task">What was foreseen.</param>
/// <param name="AsOf">Instant it spoke for.</param>
/// <param name="Run">Run that made it.</param>
/// <param name="Probability">Calibrated probability.</param>
/// <param name="Reasons">Keys of the clinical reasons: a vital, or the topic where a reason speaks of none.</param>
public sealed record ShownRisk(string Task, Instant AsOf, string Run, double Probability, IReadOnlyList<string> Reasons);

/// <summary>
/// What was agreed for a patient, as a clinician stated it at <see cref="Known"/>. A later statement about the same patient
/// replaces it from then on.
/// </summary>
public sealed record CarePlan
{
    /// <summary>For whom.</summary>
    public required string PatientId { get; init; }

    /// <summary>Limits of single readings beyond which the patient is on the urgent list at once.</summary>
    public IReadOnlyList<PersonalLimit> Limits { get; init => field = value ?? []; } = [];

    /// <summary>How and when the patient wants to be reached, in words; null where nobody said.</summary>
    public string? ContactPreference { get; init; }

    /// <summary>Name of the user who stated it, or of the source.</summary>
    public required string By { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>A limit of a single reading.</summary>
/// <param name="Vital">Vital sign, by its key in the catalog.</param>
/// <param name="Low">A reading below it is urgent, in the vital's unit; null for none.</param>
/// <param name="High">A reading above it is urgent; null for none.</param>
public sealed record PersonalLimit(string Vital, double? Low, double? High);

/// <summary>What a user may do.</summary>
public enum Role
{
    /// <summary>Works the lists of their teams.</summary>
    CareManager,

    /// <summary>The same, and sees the team's figures, sets limits and hands over for others.</summary>
    Lead,

    /// <summary>Sees figures of all teams and models, and no patient.</summary>
    DataScientist,

    /// <summary>Sees who looked at and did what.</summary>
    Auditor,

    /// <summary>Makes users and teams, and sees no patient.</summary>
    Administrator,
}

/// <summary>
/// A user, what they may do and for which teams, as stated at <see cref="Known"/>. A later statement about the same user replaces
/// it from then on. How they sign in does not stand here.
/// </summary>
public sealed record Member
{
    /// <summary>Name that they sign in by; in an Azure home the user principal name. Compared without regard to case.</summary>
    public required string UserName { get; init; }

    /// <summary>Name that others read.</summary>
    public required string DisplayName { get; init; }

    /// <summary>What they may do.</summary>
    public IReadOnlyList<Role> Roles { get; init => field = value ?? []; } = [];

    /// <summary>Teams whose patients are theirs.</summary>
    public IReadOnlyList<string> Teams { get; init => field = value ?? []; } = [];

    /// <summary>True where they may no longer sign in; else null.</summary>
    public bool? IsDisabled { get; init; }

    /// <summary>Who said so: a user, or the command line.</summary>
    public required string By { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }

    /// <summary>Whether a team's patients are theirs to see.</summary>
    public bool SeesPatientsOf(string careTeamId) => (Roles.Contains(Role.CareManager) || Roles.Contains(Role.Lead)) && Teams.Contains(careTeamId, StringComparer.Ordinal);

    /// <summary>Whether a team's figures, which name no patient, are theirs to see: care staff see their teams', data scientists all.</summary>
    public bool SeesFiguresOf(string careTeamId) => Roles.Contains(Role.DataScientist) || SeesPatientsOf(careTeamId);
}
