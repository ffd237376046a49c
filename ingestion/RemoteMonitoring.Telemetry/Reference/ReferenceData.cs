using NodaTime;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>
/// A person who is or was monitored, as the roster stated it at <see cref="Known"/>. A later statement about the same
/// patient replaces it from then on. A field that a line leaves out has its default.
/// </summary>
public sealed record Patient
{
    /// <summary>Identity of the patient within the cohort; text, even where it looks like a number.</summary>
    public required string PatientId { get; init; }

    /// <summary>Team that cares for the patient.</summary>
    public required string CareTeamId { get; init; }

    /// <summary>Age in years when stated; the middle of a stated band; null where unknown.</summary>
    public double? Age { get; init; }

    /// <summary>Administrative gender, FHIR: <c>female</c>, <c>male</c>, <c>other</c>, <c>unknown</c>.</summary>
    public string Sex { get; init => field = value ?? "unknown"; } = "unknown";

    /// <summary>Conditions as short stable names, for instance <c>heart-failure</c>.</summary>
    public IReadOnlyList<string> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>IANA zone in which the patient's days begin and end.</summary>
    public string TimeZone { get; init => field = value ?? "Etc/UTC"; } = "Etc/UTC";

    /// <summary>Other numbers that the source states about the patient at enrolment, by name (for instance <c>icu_type</c>).</summary>
    public IReadOnlyDictionary<string, double> Attributes { get; init => field = value ?? new Dictionary<string, double>(); } = new Dictionary<string, double>();

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>A team of care managers.</summary>
public sealed record CareTeam
{
    /// <summary>Identity of the team.</summary>
    public required string CareTeamId { get; init; }

    /// <summary>Name people use.</summary>
    public required string Name { get; init; }

    /// <summary>How many patients the team can call in a morning.</summary>
    public required int Capacity { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>A device was with a patient in the half-open interval [<see cref="From"/>, <see cref="To"/>) of effective time.</summary>
public sealed record DeviceAssignment
{
    /// <summary>Stands for a patient who was erased, where the device is others' too: it was not theirs in that time.</summary>
    public const string Nobody = "";

    /// <summary>Authenticated id of the device.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Who had it.</summary>
    public required string PatientId { get; init; }

    /// <summary>From when, inclusive.</summary>
    public required Instant From { get; init; }

    /// <summary>Until when, exclusive; null while it lasts.</summary>
    public Instant? To { get; init; }

    /// <summary>Make and model of the device, as the source names it; null where it does not.</summary>
    public string? DeviceModel { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>What happened to a patient's stay under monitoring.</summary>
public enum CensusKind
{
    /// <summary>Monitoring began.</summary>
    Enrolled,

    /// <summary>The patient left the programme, or the study ended.</summary>
    Withdrawn,

    /// <summary>Admitted to hospital: monitoring pauses.</summary>
    Admitted,

    /// <summary>Came home from hospital: monitoring goes on.</summary>
    Discharged,

    /// <summary>Died.</summary>
    Died,
}

/// <summary>One step of a patient's stay. The grid of instants at which a patient is scored comes from these, never from readings.</summary>
public sealed record CensusEvent
{
    /// <summary>Whose.</summary>
    public required string PatientId { get; init; }

    /// <summary>What.</summary>
    public required CensusKind Kind { get; init; }

    /// <summary>When it happened.</summary>
    public required Instant Effective { get; init; }

    /// <summary>True to take back, from <see cref="Known"/> on, what was said of this patient, kind and time; else null.</summary>
    public bool? TakenBack { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>Something that a model may learn to foresee: an admission, a validated alert, a death.</summary>
public sealed record Outcome
{
    /// <summary>Whose.</summary>
    public required string PatientId { get; init; }

    /// <summary>Stable name of the kind, for instance <c>hospital-admission</c>, <c>clinical-alert</c>, <c>in-hospital-death</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Finer cause within the kind, for instance <c>heart-failure</c>, <c>fall</c>; null where the source has none.</summary>
    public string? Detail { get; init; }

    /// <summary>When it happened.</summary>
    public required Instant Effective { get; init; }

    /// <summary>True to take back, from <see cref="Known"/> on, what was said of this patient, kind and time; else null.</summary>
    public bool? TakenBack { get; init; }

    /// <summary>When we knew; never before <see cref="Effective"/>.</summary>
    public required Instant Known { get; init; }
}

/// <summary>A care manager was in touch with a patient. Not a feature, never a positive label.</summary>
public sealed record Contact
{
    /// <summary>With whom.</summary>
    public required string PatientId { get; init; }

    /// <summary>Stable name of what was done, for instance <c>call</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>When.</summary>
    public required Instant Effective { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>A device mapping came into force: messages that land from then on are read by it.</summary>
public sealed record MappingActivation
{
    /// <summary>Name and version of the mapping.</summary>
    public required string Mapping { get; init; }

    /// <summary>The mapping's document, as text.</summary>
    public required string Document { get; init; }

    /// <summary>When we knew: from then on.</summary>
    public required Instant Known { get; init; }
}

/// <summary>
/// Messages that landed before are to be read again, by the mappings in force when the command was given. What comes out
/// otherwise than before counts from then on; what was known before stays what it was then.
/// </summary>
public sealed record ReprocessCommand
{
    /// <summary>Only messages with a reading in quarantine for this reason; null for any.</summary>
    public string? Reason { get; init; }

    /// <summary>Only messages of this device; null for any.</summary>
    public string? DeviceId { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>A hub's stream was begun anew: its offsets count from 0 again, under this epoch.</summary>
public sealed record StreamEpoch
{
    /// <summary>Name of the hub.</summary>
    public required string Hub { get; init; }

    /// <summary>Name of the epoch, never used before for the hub.</summary>
    public required string Epoch { get; init; }

    /// <summary>Why, in words for people.</summary>
    public required string Why { get; init; }

    /// <summary>When we knew.</summary>
    public required Instant Known { get; init; }
}

/// <summary>Everything a cohort's reference log says, in the order it was known. See <see cref="ReferenceKinds"/> for the kinds.</summary>
public sealed record ReferenceData
{
    /// <summary>Teams.</summary>
    public IReadOnlyList<CareTeam> Teams { get; init; } = [];

    /// <summary>Roster.</summary>
    public IReadOnlyList<Patient> Patients { get; init; } = [];

    /// <summary>Device assignments.</summary>
    public IReadOnlyList<DeviceAssignment> Assignments { get; init; } = [];

    /// <summary>Census.</summary>
    public IReadOnlyList<CensusEvent> Census { get; init; } = [];

    /// <summary>Outcomes.</summary>
    public IReadOnlyList<Outcome> Outcomes { get; init; } = [];

    /// <summary>Contacts.</summary>
    public IReadOnlyList<Contact> Contacts { get; init; } = [];

    /// <summary>Mappings that came into force beside the bundled ones.</summary>
    public IReadOnlyList<MappingActivation> Mappings { get; init; } = [];

    /// <summary>Commands to read messages again.</summary>
    public IReadOnlyList<ReprocessCommand> Reprocess { get; init; } = [];

    /// <summary>Streams begun anew.</summary>
    public IReadOnlyList<StreamEpoch> Epochs { get; init; } = [];

    /// <summary>What staff did about patients.</summary>
    public IReadOnlyList<WorklistAction> Actions { get; init; } = [];

    /// <summary>Care plans.</summary>
    public IReadOnlyList<CarePlan> CarePlans { get; init; } = [];

    /// <summary>Who may see what.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];
}
