using System.Text.Json;
using System.Text.Json.Serialization;

namespace RemoteMonitoring.Features.Sets;

/// <summary>Which statistics over which windows are taken of which vitals.</summary>
public sealed record VitalGroup
{
    /// <summary>Keys of the catalog.</summary>
    public required IReadOnlyList<string> Vitals { get; init; }

    /// <summary>The part of the local day whose readings count: <c>night</c> (00:00–06:00) or <c>daytime</c> (10:00–20:00); null for all.</summary>
    public string? Part { get; init; }

    /// <summary>Names of statistics to windows, <c>6h</c> or <c>7d</c>; none for those that look back as far as the set does.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Statistics { get; init; }
}

/// <summary>Kinds of outcome whose own history becomes columns, and over how many days.</summary>
public sealed record PriorOutcomes
{
    internal const string DayBefore = "day-before";

    /// <summary>Kinds; with a colon and a detail only those of the kind that have it, <c>clinical-alert:agitation</c>.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    /// <summary>Windows, days.</summary>
    public required IReadOnlyList<int> Days { get; init; }

    /// <summary>
    /// Up to when they count: <c>day-before</c> for what had happened and was known when the local day began that ends at as-of, so that
    /// nothing of that day is told; null for as-of and known-by.
    /// </summary>
    public string? Until { get; init; }

    /// <summary>Whether they end where the local day that ends at as-of began.</summary>
    [JsonIgnore]
    public bool BeforeDay => Until == DayBefore;

    /// <summary>The kinds that it tells of, without details.</summary>
    [JsonIgnore]
    public IEnumerable<string> KindsTold => Kinds.Select(k => k.Split(':')[0]).Distinct(StringComparer.Ordinal);
}

/// <summary>What a feature set is, as data: its JSON is hashed, and the hash travels with vectors, models and scores.</summary>
public sealed record FeatureSetDefinition
{
    /// <summary>The version of this form that is read and written.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Version of this form: 1.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the definition.</summary>
    public required int Version { get; init; }

    /// <summary>What it is for, in a sentence.</summary>
    public required string Description { get; init; }

    /// <summary>Cells that readings are rolled up in before they are put together: <c>day</c> or <c>hour</c>.</summary>
    public required string Rollup { get; init; }

    /// <summary>Longest look back, <c>48h</c> or <c>28d</c>: the baseline, and how old a last value may be.</summary>
    public required string LookBack { get; init; }

    /// <summary>Groups of vitals.</summary>
    public required IReadOnlyList<VitalGroup> Groups { get; init; }

    /// <summary>Fields of the roster that become columns: <c>age</c>, <c>female</c>.</summary>
    public IReadOnlyList<string> Roster { get; init => field = value ?? []; } = [];

    /// <summary>Conditions of the roster that become 0/1 columns.</summary>
    public IReadOnlyList<string> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>Attributes of the roster that become columns.</summary>
    public IReadOnlyList<string> Attributes { get; init => field = value ?? []; } = [];

    /// <summary>Own history of outcomes.</summary>
    public PriorOutcomes? PriorOutcomes { get; init; }

    /// <summary>Times since census events: <c>since_enrolled</c>, <c>since_discharged</c>.</summary>
    public IReadOnlyList<string> Stay { get; init => field = value ?? []; } = [];

    /// <summary>Scores that become columns, see <see cref="ScoreColumn"/>.</summary>
    public IReadOnlyList<string> Scores { get; init => field = value ?? []; } = [];

    /// <summary>Reads a definition; throws <see cref="FormatException"/> with one line on what is wrong.</summary>
    public static FeatureSetDefinition Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            CheckVersion(json);
            var definition = JsonSerializer.Deserialize(json, FeatureSetJson.Default.FeatureSetDefinition) ?? throw new FormatException("a feature set is a JSON object, not null");
            definition.CheckItems();
            return definition;
        }
        catch (JsonException e)
        {
            throw new FormatException(JsonFault.InWords(e, "feature set"), e);
        }
    }

    /// <summary>A document of a newer version may have other fields: its version is looked at before they are.</summary>
    private static void CheckVersion(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("schemaVersion"u8)
                && reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version) && version > CurrentSchema)
            {
                throw new FormatException($"schemaVersion {version}: it is of a newer form; this version reads {CurrentSchema}, so take a newer one");
            }
        }
    }

    /// <summary>The reader lets nulls through in lists.</summary>
    private void CheckItems()
    {
        static void Check(string where, IEnumerable<object?> items)
        {
            if (items.Any(i => i is null))
            {
                throw new FormatException($"{where}: null does not stand in this list");
            }
        }

        Check("groups", Groups);
        foreach (var group in Groups)
        {
            Check("groups.vitals", group.Vitals);
            Check("groups.statistics", group.Statistics.Values);
            foreach (var (name, windows) in group.Statistics)
            {
                Check($"groups.statistics.{name}", windows);
            }
        }

        Check("roster", Roster);
        Check("conditions", Conditions);
        Check("attributes", Attributes);
        Check("priorOutcomes.kinds", PriorOutcomes?.Kinds ?? []);
        Check("stay", Stay);
        Check("scores", Scores);
    }

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, FeatureSetJson.Default.FeatureSetDefinition);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(FeatureSetDefinition))]
internal sealed partial class FeatureSetJson : JsonSerializerContext;
