using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What a follow-up is about.</summary>
public enum FollowUpKind
{
    /// <summary>A patient on a team's list.</summary>
    Listed,

    /// <summary>A reading beyond a personal limit.</summary>
    Urgent,
}

/// <summary>What the workflow of a follow-up is started with: references alone.</summary>
public sealed record FollowUpInput
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>What it is about.</summary>
    public required FollowUpKind Kind { get; init; }

    /// <summary>Team.</summary>
    public required string CareTeamId { get; init; }

    /// <summary>About whom.</summary>
    public required string PatientId { get; init; }

    /// <summary>Name of the task of the list; of an urgent reading the id of its document.</summary>
    public required string Task { get; init; }

    /// <summary>The instant the list speaks for; of an urgent reading from when on it is open: when it was known, or last made worse.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>The run that made the list; null for an urgent reading.</summary>
    public string? Run { get; init; }

    /// <summary>How far it had come when its history was begun anew; null at first.</summary>
    public FollowUpState? State { get; init; }

    /// <summary>The name by which whoever receives it knows it again: the same for the same follow-up, whoever starts it, however often.</summary>
    [JsonIgnore]
    public string Key => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Cohort, Kind, CareTeamId, PatientId, Task, AsOf.ToUnixTimeTicks()))).AsSpan(0, 16));

    /// <summary>Id of its instance.</summary>
    [JsonIgnore]
    public string InstanceId => FollowUpSteps.InstanceOf(Key);
}

/// <summary>Why something is delivered.</summary>
public enum DeliveryPurpose
{
    /// <summary>For the first time.</summary>
    First,

    /// <summary>Nobody has acted.</summary>
    Reminder,

    /// <summary>Nobody has acted still, or the team cannot be told.</summary>
    Escalation,
}

/// <summary>What came of a delivery.</summary>
public enum DeliveryStatus
{
    /// <summary>The receiver took it.</summary>
    Taken,

    /// <summary>It may be taken another time.</summary>
    Failed,

    /// <summary>The receiver refused it for good.</summary>
    Refused,

    /// <summary>What it is about is no longer there.</summary>
    Gone,
}

/// <summary>How far the delivery for a purpose is.</summary>
/// <param name="Purpose">Why.</param>
/// <param name="Attempts">How often it was tried; 0 where it was not due any more when it was to be sent.</param>
/// <param name="Status">What came of the last.</param>
/// <param name="At">When that was.</param>
/// <param name="Problem">Why it was not taken, in a few words; null where it was.</param>
/// <param name="NotBefore">When it is tried again at the earliest; null where it is not.</param>
/// <param name="For">Name of the user whom it named; null for the team as a whole, and in follow-ups that do not say.</param>
public sealed record Delivery(DeliveryPurpose Purpose, int Attempts, DeliveryStatus Status, Instant At, string? Problem = null, Instant? NotBefore = null, string? For = null);

/// <summary>How far a follow-up is.</summary>
/// <param name="Begun">When it began.</param>
/// <param name="Deliveries">Deliveries, one of each purpose at the most.</param>
public sealed record FollowUpState(Instant Begun, IReadOnlyList<Delivery> Deliveries)
{
    /// <summary>The delivery for a purpose; null before it was tried.</summary>
    public Delivery? Of(DeliveryPurpose purpose) => Deliveries.FirstOrDefault(d => d.Purpose == purpose);

    /// <summary>The state after a delivery was tried.</summary>
    public FollowUpState After(Delivery delivery) => this with { Deliveries = [.. Deliveries.Where(d => d.Purpose != delivery.Purpose), delivery] };
}

/// <summary>How a follow-up ended.</summary>
public enum FollowUpResult
{
    /// <summary>Somebody was in touch with the patient, or settled that nobody needs to be.</summary>
    Contacted,

    /// <summary>Somebody acted, and nobody was in touch in its time.</summary>
    Acknowledged,

    /// <summary>It was delivered, and nobody acted.</summary>
    Unanswered,

    /// <summary>The receiver refused it, and nobody acted.</summary>
    Refused,

    /// <summary>No receiver took it in its time, and nobody acted.</summary>
    Undelivered,

    /// <summary>What it was about is no longer there.</summary>
    Gone,

    /// <summary>Nothing is delivered for the team any more.</summary>
    Off,

    /// <summary>The patient is another team's by now.</summary>
    Moved,
}

/// <summary>How a follow-up ended, with what was done.</summary>
/// <param name="Result">How.</param>
/// <param name="Deliveries">Deliveries.</param>
/// <param name="Action">The action that counts; null where nobody acted.</param>
/// <param name="By">Name of the user who did it; null where nobody acted.</param>
/// <param name="At">When they did.</param>
public sealed record FollowUpOutcome(FollowUpResult Result, IReadOnlyList<Delivery> Deliveries, ActionKind? Action = null, string? By = null, Instant? At = null);

/// <summary>What a follow-up does next.</summary>
public enum FollowUpMove
{
    /// <summary>Wait until an instant, or until somebody acts.</summary>
    Wait,

    /// <summary>Deliver.</summary>
    Deliver,

    /// <summary>End.</summary>
    Close,
}

/// <summary>What a follow-up does next.</summary>
/// <param name="Move">What.</param>
/// <param name="At">Until when it waits; null where it does not.</param>
/// <param name="Purpose">Why it delivers; null where it does not.</param>
/// <param name="Outcome">How it ends; null where it does not.</param>
/// <param name="Note">Where it is, in a few words for people.</param>
public sealed record FollowUpStep(FollowUpMove Move, Instant? At = null, DeliveryPurpose? Purpose = null, FollowUpOutcome? Outcome = null, string? Note = null);

/// <summary>A follow-up that is looked at.</summary>
/// <param name="Input">The follow-up.</param>
/// <param name="State">How far it is.</param>
/// <param name="Now">When.</param>
public sealed record FollowUpAsked(FollowUpInput Input, FollowUpState State, Instant Now);

/// <summary>A follow-up that is delivered.</summary>
/// <param name="Input">The follow-up.</param>
/// <param name="State">How far it is.</param>
/// <param name="Purpose">Why.</param>
public sealed record DeliveryAsked(FollowUpInput Input, FollowUpState State, DeliveryPurpose Purpose);

/// <summary>The follow-ups of a run's lists are started.</summary>
/// <param name="Cohort">Cohort.</param>
/// <param name="Task">Name of the task.</param>
/// <param name="AsOf">Instant of the lists.</param>
/// <param name="Run">The run.</param>
public sealed record FollowUpsAsked(string Cohort, string Task, Instant AsOf, string Run);

/// <summary>What came of starting the follow-ups of lists.</summary>
/// <param name="Started">Those that are new.</param>
/// <param name="Before">Those that were started before.</param>
/// <param name="Problem">Why there are none, or not all; null where all is well.</param>
public sealed record FollowUpsStarted(int Started, int Before, string? Problem = null);

/// <summary>The steps of a follow-up, by the names that histories keep.</summary>
public static class FollowUpSteps
{
    private const string InstancePrefix = "follow-up-";

    private static readonly FollowUpStepsJson s_json = FollowUpStepsJson.Default;

    /// <summary>Finds out what to do next.</summary>
    public static ActivityDefinition<FollowUpAsked, FollowUpStep> Look { get; } = new(WorkflowNames.LookAtFollowUp, s_json.FollowUpAsked, s_json.FollowUpStep);

    /// <summary>Delivers.</summary>
    public static ActivityDefinition<DeliveryAsked, Delivery> Deliver { get; } = new(WorkflowNames.DeliverFollowUp, s_json.DeliveryAsked, s_json.Delivery);

    /// <summary>Starts the follow-ups of the lists of a night.</summary>
    public static ActivityDefinition<FollowUpsAsked, FollowUpsStarted> Start { get; } = new(WorkflowNames.StartFollowUps, s_json.FollowUpsAsked, s_json.FollowUpsStarted);

    /// <summary>Somebody acted on the patient: it is looked at once more. One that is lost only delays it.</summary>
    public static EventDefinition<string> Changed { get; } = new("follow-up-changed", s_json.String);

    /// <summary>Id of the instance of a key.</summary>
    public static string InstanceOf(string key) => InstancePrefix + key;

    /// <summary>Whether text is a key as <see cref="FollowUpInput.Key"/> makes them.</summary>
    public static bool IsKey(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>What an instance was started with.</summary>
    public static FollowUpInput InputOf(WorkflowInstance instance) => System.Text.Json.JsonSerializer.Deserialize(instance.Input, s_json.FollowUpInput)!;

    /// <summary>How an instance ended; null while it is under way, and where it failed.</summary>
    public static FollowUpOutcome? OutcomeOf(WorkflowInstance instance) => instance.Output is { } output ? System.Text.Json.JsonSerializer.Deserialize(output, s_json.FollowUpOutcome) : null;

    /// <summary>What an instance last said of itself.</summary>
    public static FollowUpStatus? StatusOf(WorkflowInstance instance) => instance.CustomStatus is { } status ? System.Text.Json.JsonSerializer.Deserialize(status, s_json.FollowUpStatus) : null;

    internal static FollowUpStepsJson Json => s_json;
}

/// <summary>Where a follow-up is, for those who ask.</summary>
/// <param name="Note">In a few words.</param>
/// <param name="Deliveries">Deliveries so far.</param>
/// <param name="Until">Until when it waits; null where it does not.</param>
public sealed record FollowUpStatus(string Note, IReadOnlyList<Delivery> Deliveries, Instant? Until);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(FollowUpInput))]
[JsonSerializable(typeof(FollowUpOutcome))]
[JsonSerializable(typeof(FollowUpStatus))]
[JsonSerializable(typeof(FollowUpAsked))]
[JsonSerializable(typeof(FollowUpStep))]
[JsonSerializable(typeof(DeliveryAsked))]
[JsonSerializable(typeof(Delivery))]
[JsonSerializable(typeof(FollowUpsAsked))]
[JsonSerializable(typeof(FollowUpsStarted))]
internal sealed partial class FollowUpStepsJson : JsonSerializerContext;
