using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using NodaTime;
using NodaTime.Text;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>The kinds of the reference log: each is a file <c>{kind}.ndjson</c> in a feed and a folder of the log in the lake.</summary>
public static class ReferenceKinds
{
    /// <summary><see cref="CareTeam"/>.</summary>
    public const string Teams = "teams";

    /// <summary><see cref="Patient"/>.</summary>
    public const string Roster = "roster";

    /// <summary><see cref="DeviceAssignment"/>.</summary>
    public const string Assignments = "assignments";

    /// <summary><see cref="CensusEvent"/>.</summary>
    public const string Census = "census";

    /// <summary><see cref="Outcome"/>.</summary>
    public const string Outcomes = "outcomes";

    /// <summary><see cref="Contact"/>.</summary>
    public const string Contacts = "contacts";

    /// <summary><see cref="MappingActivation"/>.</summary>
    public const string Mappings = "mappings";

    /// <summary><see cref="ReprocessCommand"/>.</summary>
    public const string Reprocess = "reprocess";

    /// <summary><see cref="StreamEpoch"/>.</summary>
    public const string Epochs = "epochs";

    /// <summary><see cref="Tombstone"/>.</summary>
    public const string Erasures = "erasures";

    /// <summary><see cref="WorklistAction"/>.</summary>
    public const string Actions = "actions";

    /// <summary><see cref="CarePlan"/>.</summary>
    public const string CarePlans = "care-plans";

    /// <summary><see cref="Member"/>.</summary>
    public const string Members = "members";

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<string> All { get; } = [Teams, Roster, Assignments, Census, Outcomes, Contacts, Mappings, Reprocess, Epochs, Erasures, Actions, CarePlans, Members];

    /// <summary>The kinds that a feed may bring; the others are commands to the pipeline, given on the spot.</summary>
    public static IReadOnlyList<string> OfFeeds { get; } = [Teams, Roster, Assignments, Census, Outcomes, Contacts, CarePlans];
}

/// <summary>Reference events as lines of JSON: camelCase, instants as ISO 8601 text, unknown fields refused.</summary>
public static class ReferenceJson
{
    /// <summary>One line, without its end.</summary>
    public static string ToLine<T>(T row) => JsonSerializer.Serialize(row, TypeInfo<T>());

    /// <summary>Reads a line; throws <see cref="JsonException"/> saying what is wrong.</summary>
    public static T FromLine<T>(string line) => JsonSerializer.Deserialize(line, TypeInfo<T>())
        ?? throw new JsonException("The line is null.");

    /// <summary>The fields that a line of this kind may have.</summary>
    public static IReadOnlyList<string> FieldsOf<T>() => [.. TypeInfo<T>().Properties.Select(p => p.Name)];

    /// <summary>Which of the fields of the kind a path of an exception names; null where it names none of them.</summary>
    public static string? FieldOf<T>(string? path) => path is null ? null : FieldsOf<T>().FirstOrDefault(f => path == "$." + f || path.StartsWith($"$.{f}.", StringComparison.Ordinal) || path.StartsWith($"$.{f}[", StringComparison.Ordinal));

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)ReferenceJsonContext.Default.GetTypeInfo(typeof(T))!;
}

/// <summary>An <see cref="Instant"/> as ISO 8601 text with a <c>Z</c>.</summary>
public sealed class InstantJsonConverter : JsonConverter<Instant>
{
    /// <inheritdoc />
    public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.GetString();
        var result = InstantPattern.ExtendedIso.Parse(text ?? "");
        return result.Success ? result.Value : throw new JsonException("not an instant like 2025-01-31T07:40:00Z");
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) =>
        writer.WriteStringValue(InstantPattern.ExtendedIso.Format(value));
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(CareTeam))]
[JsonSerializable(typeof(Patient))]
[JsonSerializable(typeof(DeviceAssignment))]
[JsonSerializable(typeof(CensusEvent))]
[JsonSerializable(typeof(Outcome))]
[JsonSerializable(typeof(Contact))]
[JsonSerializable(typeof(MappingActivation))]
[JsonSerializable(typeof(ReprocessCommand))]
[JsonSerializable(typeof(StreamEpoch))]
[JsonSerializable(typeof(Tombstone))]
[JsonSerializable(typeof(WorklistAction))]
[JsonSerializable(typeof(CarePlan))]
[JsonSerializable(typeof(Member))]
[JsonSerializable(typeof(Feed))]
internal sealed partial class ReferenceJsonContext : JsonSerializerContext;
