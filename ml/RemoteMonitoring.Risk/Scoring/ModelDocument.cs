using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>What a model was trained on.</summary>
public sealed record TrainingSummary
{
    /// <summary>Labels certain by this instant taught it; nothing later did.</summary>
    public required Instant TrainedUntil { get; init; }

    /// <summary>Rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Patients.</summary>
    public required int Patients { get; init; }

    /// <summary>Positive rows.</summary>
    public required int Events { get; init; }

    /// <summary>Share of positive rows.</summary>
    public required double BaseRate { get; init; }

    /// <summary>Trees.</summary>
    public required int Trees { get; init; }

    /// <summary>Seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Settings of the trees.</summary>
    public required BoostingSettings Settings { get; init; }
}

/// <summary>What scores.</summary>
public enum ModelKind
{
    /// <summary>Trees as LightGBM's model text.</summary>
    [JsonStringEnumMemberName("lightgbm")]
    LightGbm,

    /// <summary>An ONNX file.</summary>
    [JsonStringEnumMemberName("onnx")]
    Onnx,

    /// <summary>An endpoint that is asked over the network.</summary>
    [JsonStringEnumMemberName("http")]
    Http,
}

/// <summary>How a model came here that was not trained here.</summary>
public sealed record ModelOrigin
{
    /// <summary>Who registered it, by the name they gave.</summary>
    public required string By { get; init; }

    /// <summary>Why.</summary>
    public required string Why { get; init; }

    /// <summary>When.</summary>
    public required Instant At { get; init; }

    /// <summary>How its probabilities were come by: as given, or calibrated on what.</summary>
    public required string Calibration { get; init; }
}

/// <summary><c>model.json</c>: everything about a model but its trees.</summary>
public sealed record ModelDocument
{
    /// <summary>The version that this program writes, and the newest it reads: 2 since it names the observations, 3 since the trees are LightGBM's text, 4 since models may be from elsewhere.</summary>
    public const int CurrentSchemaVersion = 4;

    /// <summary>The oldest version whose trees can be scored with; of older ones the document can still be read.</summary>
    public const int OldestWithTrees = 3;

    /// <summary>Version of this layout.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>What scores; trees in versions before 4, which do not say.</summary>
    public ModelKind Kind { get; init; }

    /// <summary>How it came here; null where it was trained here.</summary>
    public ModelOrigin? Origin { get; init; }

    /// <summary>Where it is asked; null where it is a file.</summary>
    public HttpEndpoint? Endpoint { get; init; }

    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>Hash of the task.</summary>
    public required string TaskHash { get; init; }

    /// <summary>Feature set.</summary>
    public required string FeatureSet { get; init; }

    /// <summary>Hash of the feature set: a table with another one is refused.</summary>
    public required string FeatureSetHash { get; init; }

    /// <summary>The columns, in the order that the trees know them by.</summary>
    public required IReadOnlyList<FeatureColumn> Columns { get; init; }

    /// <summary>From raw log-odds to probability.</summary>
    public required PlattScaling Calibration { get; init; }

    /// <summary>What it was trained on; of a model from elsewhere only until when, and no rows.</summary>
    public required TrainingSummary Training { get; init; }

    /// <summary>Held-out figures by scorer and metric, as they were when it was trained; empty when it was not evaluated.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Metrics { get; init; }

    /// <summary>How these figures were come by; null without them.</summary>
    public string? Split { get; init; }

    /// <summary>Input hash of the observations it was taught with; null where nobody said, and in version 1.</summary>
    public string? Observations { get; init; }

    /// <summary>SHA-256 of each other file, lower-case hex.</summary>
    public required IReadOnlyDictionary<string, string> Sha256 { get; init; }
}

/// <summary>Models and reports as JSON: camelCase, unknown or missing fields refused, NaN as text.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(InstantJsonConverter), typeof(JsonStringEnumConverter<ModelKind>)])]
[JsonSerializable(typeof(ModelDocument))]
[JsonSerializable(typeof(EvaluationReport))]
[JsonSerializable(typeof(TrainingSettings))]
[JsonSerializable(typeof(IReadOnlyList<FitSearch>))]
internal sealed partial class RiskJsonContext : JsonSerializerContext;
