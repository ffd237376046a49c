using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>What somebody did that is on record.</summary>
public enum AuditEvent
{
    /// <summary>Signed in.</summary>
    SignedIn,

    /// <summary>Tried to sign in, and was refused.</summary>
    SignInRefused,

    /// <summary>Signed out.</summary>
    SignedOut,

    /// <summary>Asked for a page that their roles do not open.</summary>
    PageDenied,

    /// <summary>Looked at a team's list.</summary>
    ListViewed,

    /// <summary>Looked at a team's figures.</summary>
    FiguresViewed,

    /// <summary>Asked for a team that is not theirs.</summary>
    TeamDenied,

    /// <summary>Looked at a patient.</summary>
    PatientViewed,

    /// <summary>Asked for a patient who is not theirs to see.</summary>
    PatientDenied,

    /// <summary>Did something about a patient.</summary>
    Acted,

    /// <summary>Stated a patient's limits or preferences.</summary>
    CarePlanStated,

    /// <summary>Was refused what the entry before says they asked for: nothing was done.</summary>
    Refused,

    /// <summary>Took data out: a file, or a print.</summary>
    Exported,

    /// <summary>Broke the glass: a patient of another team, with a reason.</summary>
    GlassBroken,

    /// <summary>Tried to, for a patient that there is not.</summary>
    GlassRefused,

    /// <summary>Looked at this record.</summary>
    AuditViewed,

    /// <summary>Looked at the users.</summary>
    UsersViewed,

    /// <summary>Made or changed a user.</summary>
    UserChanged,
}

/// <summary>From where somebody asked. Addresses themselves are not kept.</summary>
public enum AddressClass
{
    /// <summary>From nowhere that is known.</summary>
    Unknown,

    /// <summary>From the machine itself.</summary>
    Loopback,

    /// <summary>From a private network.</summary>
    Private,

    /// <summary>From anywhere else.</summary>
    Public,

    /// <summary>Not over the network: by the command line.</summary>
    CommandLine,
}

/// <summary>
/// Who looked at or did what: a document of its own in the container <c>audit</c>, written once, before what was asked for is given out. Only an
/// erasure changes one: then the patient and the reason go, and a keyed hash stands in their place.
/// </summary>
public sealed record AuditEntry
{
    /// <summary>The version that this program writes: 2 since it says which lists were shown.</summary>
    public const int CurrentSchemaVersion = 2;

    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>Ascends with time within a day.</summary>
    public required string Id { get; init; }

    /// <summary>When.</summary>
    public required Instant At { get; init; }

    /// <summary>What.</summary>
    public required AuditEvent Event { get; init; }

    /// <summary>Name of the user; null where it is nobody that is known: what somebody typed for a name may be a password.</summary>
    public string? User { get; init; }

    /// <summary>Which patient; null where it is about none, or the patient was erased.</summary>
    public string? PatientId { get; init; }

    /// <summary>Keyed hash of a patient who was erased.</summary>
    public string? ErasedPatient { get; init; }

    /// <summary>Which team; null where it is about none.</summary>
    public string? CareTeamId { get; init; }

    /// <summary>Why they could see it; null where they could not, or it is no patient's.</summary>
    public AccessGround? Ground { get; init; }

    /// <summary>The reason they gave, in their words; null without one.</summary>
    public string? Reason { get; init; }

    /// <summary>What else belongs to it and names no patient: the action, the route, the user that was changed.</summary>
    public string? Detail { get; init; }

    /// <summary>Which lists were shown; null where none was, and in entries that do not say.</summary>
    public ListsShown? Shown { get; init; }

    /// <summary>From where.</summary>
    public required AddressClass Address { get; init; }

    /// <summary>Partition of a day's entries.</summary>
    public static string PartitionOf(LocalDate day) => NodaTime.Text.LocalDatePattern.Iso.Format(day);

    /// <summary>The same without a patient who is erased, where it names them.</summary>
    /// <param name="patientId">Who.</param>
    /// <param name="hash">What stands in the patient's place.</param>
    public AuditEntry Without(string patientId, string hash)
    {
        var entry = PatientId == patientId ? this with { PatientId = null, Reason = null, ErasedPatient = hash } : this;
        return entry.Shown is { } shown && shown.Urgent.Contains(patientId)
            ? entry with { Shown = shown with { Urgent = [.. shown.Urgent.Select(u => u == patientId ? hash : u)] } }
            : entry;
    }

    /// <summary>Whether it names a patient.</summary>
    public bool Names(string patientId) => PatientId == patientId || Shown?.Urgent.Contains(patientId) == true;

    /// <summary>JSON of the document.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, AuditJson.Default.AuditEntry);

    /// <summary>Reads a document.</summary>
    public static AuditEntry Read(string json) => JsonSerializer.Deserialize(json, AuditJson.Default.AuditEntry)!;
}

/// <summary>A team's list that was shown: its document says who is on it.</summary>
/// <param name="Title">What it foresees, for people.</param>
/// <param name="AsOf">Instant it speaks for.</param>
/// <param name="Run">Run that made it.</param>
public sealed record ShownList(string Title, Instant AsOf, string Run);

/// <summary>What of a team's lists somebody was shown. Who is on a list is not said here again, but for urgent readings, which are on none.</summary>
public sealed record ListsShown
{
    /// <summary>The lists.</summary>
    public required IReadOnlyList<ShownList> Lists { get; init => field = value ?? []; }

    /// <summary>Rows before the first that was shown, counted among the patients who were the team's then.</summary>
    public int From { get; init; }

    /// <summary>Rows up to the last that was shown; null for all.</summary>
    public int? To { get; init; }

    /// <summary>Whether the lanes beside the list were shown.</summary>
    public required bool Lanes { get; init; }

    /// <summary>Patients with an urgent reading that was shown; of one who was erased the keyed hash.</summary>
    public IReadOnlyList<string> Urgent { get; init => field = value ?? []; } = [];
}

/// <summary>Why somebody sees a patient.</summary>
public enum AccessGround
{
    /// <summary>The patient is of a team that is theirs today.</summary>
    Team,

    /// <summary>They broke the glass: a reason was given, and it is on record.</summary>
    BrokenGlass,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class AuditJson : JsonSerializerContext;
