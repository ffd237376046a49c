using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Elsewhere;

/// <summary>What a model from elsewhere answers with.</summary>
public enum OutputMeaning
{
    /// <summary>A probability, in [0, 1].</summary>
    Probability,

    /// <summary>Log-odds.</summary>
    LogOdds,

    /// <summary>Two probabilities a row: that the outcome stays away, then that it comes.</summary>
    TwoClasses,
}

/// <summary>Where an answer stands, and what it is.</summary>
public sealed record MappedOutput
{
    /// <summary>Name of the output, or of the field of an endpoint's answer; null where there is one only.</summary>
    public string? Name { get; init; }

    /// <summary>What it is.</summary>
    [JsonRequired]
    public OutputMeaning As { get; init; }
}

/// <summary>One feature of a model from elsewhere: a column of ours times <see cref="Scale"/>, plus <see cref="Offset"/>.</summary>
public sealed record MappedFeature
{
    /// <summary>What the model calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Column of the feature set.</summary>
    public required string Column { get; init; }

    /// <summary>What the model is given where the column is unknown, in the model's own scale; null for NaN.</summary>
    public double? Missing { get; init; }

    /// <summary>Factor; null for 1.</summary>
    public double? Scale { get; init; }

    /// <summary>What is added after it; null for 0.</summary>
    public double? Offset { get; init; }
}

/// <summary><c>features.json</c>: what the features of a model from elsewhere are made of, in the model's own order.</summary>
public sealed record FeatureMapping
{
    /// <summary>The version of this form that is read and written.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Version of this form.</summary>
    [JsonRequired]
    public int SchemaVersion { get; init; } = CurrentSchema;

    /// <summary>Name of the feature set that the columns are of.</summary>
    public required string FeatureSet { get; init; }

    /// <summary>The input that takes all features of a row as one tensor; null where the model has one input only, or one for each feature.</summary>
    public string? Input { get; init; }

    /// <summary>The features.</summary>
    public required IReadOnlyList<MappedFeature> Features { get; init; }

    /// <summary>What the model answers with; null for trees, which say so themselves.</summary>
    public MappedOutput? Output { get; init; }

    /// <summary>Reads a mapping; throws <see cref="FormatException"/> with one line that says where (<paramref name="where"/>, and the field) and what is wrong.</summary>
    public static FeatureMapping Read(ReadOnlySpan<byte> json, string where)
    {
        try
        {
            var mapping = JsonSerializer.Deserialize(json, MappingJson.Default.FeatureMapping) ?? throw new FormatException("a mapping is a JSON object, not null");
            mapping.Check();
            return mapping;
        }
        catch (JsonException e)
        {
            throw new FormatException($"{where}: not a mapping of features: {JsonFault.InWords(e, "mapping")}", e);
        }
        catch (FormatException e)
        {
            throw new FormatException($"{where}: not a mapping of features: {e.Message}", e);
        }
    }

    private void Check()
    {
        Check(SchemaVersion == CurrentSchema, $"schemaVersion {SchemaVersion}: this version reads {CurrentSchema}{(SchemaVersion > CurrentSchema ? ", so take a newer one" : "")}");
        Check(Features.Count > 0, "features: one at least");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Features.Count; i++)
        {
            var feature = Features[i];
            Check(feature is not null, $"features[{i}]: null does not stand in this list");
            Check(!string.IsNullOrWhiteSpace(feature!.Name), $"features[{i}].name: what the model calls it");
            Check(names.Add(feature.Name), $"features[{i}].name '{feature.Name}': stands there twice");
            Check(feature.Scale != 0 && double.IsFinite(feature.Scale ?? 1), $"features[{i}].scale: a number, not 0");
            Check(double.IsFinite(feature.Offset ?? 0) && double.IsFinite(feature.Missing ?? 0), $"features[{i}]: offset and missing are finite numbers");
        }
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FormatException(otherwise);
        }
    }
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    ReadCommentHandling = JsonCommentHandling.Skip,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(KebabName<OutputMeaning>)])]
[JsonSerializable(typeof(FeatureMapping))]
internal sealed partial class MappingJson : JsonSerializerContext;
