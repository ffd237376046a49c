using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>The team that is told.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
public sealed record ToldTeam(string Id, string Name);

/// <summary>The patient it is about.</summary>
/// <param name="Handle">Name in the addresses of the pages.</param>
/// <param name="Id">Id within the cohort; null unless the settings say that the receiver may know it.</param>
public sealed record ToldPatient(string Handle, string? Id);

/// <summary>What a webhook is sent: <c>pipelines/logicapps/follow-up.schema.json</c> is its contract.</summary>
public sealed record FollowUpPayload
{
    /// <summary>Reasons that are told at the most.</summary>
    public const int MostReasons = 10;

    /// <summary>Characters of a sentence or name that are told at the most; what is cut ends with an ellipsis.</summary>
    public const int MostCharacters = 300;

    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Identity of the follow-up: the same for retries, reminders and escalations.</summary>
    public required string Key { get; init; }

    /// <summary>What it is about.</summary>
    public required FollowUpKind Kind { get; init; }

    /// <summary>Why it is sent now.</summary>
    public required DeliveryPurpose Purpose { get; init; }

    /// <summary>Which try for that purpose, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The team.</summary>
    public required ToldTeam Team { get; init; }

    /// <summary>The patient.</summary>
    public required ToldPatient Patient { get; init; }

    /// <summary>Name of the user whom it is for, or who stands in for them; null for the team as a whole.</summary>
    public string? For { get; init; }

    /// <summary>The instant it speaks for.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>What is foreseen, or what was measured.</summary>
    public required string Title { get; init; }

    /// <summary>Where the risk stands among the thresholds of the model; null where there are none.</summary>
    public string? Band { get; init; }

    /// <summary>The risk in a sentence; null for an urgent reading.</summary>
    public string? Risk { get; init; }

    /// <summary>What moved the score, or what was measured, in sentences.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>The patient's page.</summary>
    public required Uri Worklist { get; init; }

    /// <summary>Where to POST, with an empty body, that somebody has taken notice.</summary>
    public required Uri Acknowledge { get; init; }

    /// <summary>When somebody else is told, or it is closed as it stands, unless somebody acts.</summary>
    public required Instant Due { get; init; }

    /// <summary>Text that is no longer than what is told.</summary>
    public static string Short(string text) => text.Length <= MostCharacters ? text : $"{text[..(MostCharacters - 1 - (char.IsHighSurrogate(text[MostCharacters - 2]) ? 1 : 0))]}…";

    /// <summary>As bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, FollowUpPayloadJson.Default.FollowUpPayload);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(InstantJsonConverter), typeof(LowerCaseEnum<FollowUpKind>), typeof(LowerCaseEnum<DeliveryPurpose>)])]
[JsonSerializable(typeof(FollowUpPayload))]
internal sealed partial class FollowUpPayloadJson : JsonSerializerContext;

/// <summary>Names of an enumeration in camelCase.</summary>
internal sealed class LowerCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;
