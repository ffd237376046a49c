using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>One thing that raised a score, as a value a person can check; or, of the technical ones, something about the measuring.</summary>
public sealed record Reason
{
    /// <summary>Vital it speaks of; null where it speaks of none.</summary>
    public string? Vital { get; init; }

    /// <summary>What tells it from other reasons whatever its figures: the vital, or the topic where it speaks of none. Null in predictions that do not say.</summary>
    public string? Key { get; init; }

    /// <summary>What it added to the raw log-odds; not a share and not a probability.</summary>
    public required double Contribution { get; init; }

    /// <summary>The sentence people read.</summary>
    public required string Text { get; init; }

    /// <summary>Where the value stands against the person's usual, or where it is going: <c>above-usual</c>, <c>below-usual</c>, <c>rising</c>, <c>falling</c>; null where none can be said.</summary>
    public string? Direction { get; init; }

    /// <summary>Latest value.</summary>
    public double? Value { get; init; }

    /// <summary>UCUM unit of value and range.</summary>
    public string? Unit { get; init; }

    /// <summary>When that value was taken.</summary>
    public Instant? EffectiveTime { get; init; }

    /// <summary>Low end of the person's usual range (10th percentile).</summary>
    public double? UsualLow { get; init; }

    /// <summary>High end (90th percentile).</summary>
    public double? UsualHigh { get; init; }
}

/// <summary>NEWS2 of the last 24 hours with its bounds.</summary>
/// <param name="Low">Missing inputs at their fewest points.</param>
/// <param name="Point">Missing inputs scored 0.</param>
/// <param name="High">Missing inputs at their most points.</param>
public sealed record News2Figures(int Low, int Point, int High);

/// <summary>One patient's risk at an instant.</summary>
public sealed record Prediction
{
    /// <summary>The version that this program writes: 2 since it has a band, and tells technical causes apart, 3 since it has the last reading's time and trends.</summary>
    public const int CurrentSchemaVersion = 3;

    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>Id within the patient.</summary>
    public required string Id { get; init; }

    /// <summary>Whose.</summary>
    public required string PatientId { get; init; }

    /// <summary>What is foreseen.</summary>
    public required string Task { get; init; }

    /// <summary>Instant it speaks for.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>Nothing known later was used.</summary>
    public required Instant KnownBy { get; init; }

    /// <summary>Model version.</summary>
    public required string Model { get; init; }

    /// <summary>Hash of the feature set.</summary>
    public required string FeatureSetHash { get; init; }

    /// <summary>Run whose ledger entry says how to make it again.</summary>
    public required string Run { get; init; }

    /// <summary>Calibrated probability.</summary>
    public required double Probability { get; init; }

    /// <summary>Raw log-odds, by which ties are ranked.</summary>
    public required double Raw { get; init; }

    /// <summary>Where the probability stands among the thresholds that were decided on; null where there were none.</summary>
    public RiskBand? Band { get; init; }

    /// <summary>The band as a word: <c>high</c>, <c>medium</c>, <c>low</c>; null where there is none.</summary>
    [JsonIgnore]
    public string? BandInWords => Band?.ToString().ToLowerInvariant();

    /// <summary>NEWS2; null where none of its inputs was there, and for who is known to be under 16.</summary>
    public News2Figures? News2 { get; init; }

    /// <summary>True where the model had been taught what became known after as-of; else null.</summary>
    public bool? Retrospective { get; init; }

    /// <summary>What raised the score most, and speaks of the patient. What moved the score, not the cause.</summary>
    public required IReadOnlyList<Reason> Reasons { get; init; }

    /// <summary>What raised it and speaks of the measuring: readings that are missing, few or old.</summary>
    public IReadOnlyList<Reason> Technical { get; init => field = value ?? []; } = [];

    /// <summary>True where the model gives no reasons; else null.</summary>
    public bool? WithoutReasons { get; init; }

    /// <summary>When the latest of all readings that count was taken; null in predictions that do not say.</summary>
    public Instant? LastReading { get; init; }

    /// <summary>What the vitals of the reasons, and others whose latest reading is outside the usual range, did in the days before, for those who are listed; the documents of predictions have none.</summary>
    public IReadOnlyList<Trend>? Trends { get; init; }
}

/// <summary>The thresholds of the bands as they were when a run began.</summary>
/// <param name="Decision">Number of the decision that set them.</param>
/// <param name="High">From here on the band is high.</param>
/// <param name="Medium">From here on it is medium.</param>
public sealed record PinnedBands(int Decision, double High, double Medium)
{
    /// <summary>The band of a probability.</summary>
    public RiskBand Of(double probability) => new RiskBands(High, Medium, "").Of(probability);
}

/// <summary>A file that a run made.</summary>
/// <param name="Path">Lake path.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Sha256">Hash of the bytes.</param>
public sealed record LedgerOutput(string Path, int Rows, string Sha256);

/// <summary>What a run read, made and counted: enough to make any of its scores again.</summary>
public sealed record LedgerEntry
{
    /// <summary>The version that this program writes: 2 since it says who was set aside, shards and time zones, 3 since it pins the bands.</summary>
    public const int CurrentSchemaVersion = 3;

    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>Run.</summary>
    public required string Run { get; init; }

    /// <summary>Workflow.</summary>
    public required string Workflow { get; init; }

    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>Hash of the task.</summary>
    public required string TaskHash { get; init; }

    /// <summary>Instant scored.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>Nothing known later was used.</summary>
    public required Instant KnownBy { get; init; }

    /// <summary>Pinned inputs: frontier by partition and reference sequences.</summary>
    public required PinnedInputs Inputs { get; init; }

    /// <summary>Observations that were read.</summary>
    public required string Observations { get; init; }

    /// <summary>Feature set.</summary>
    public required string FeatureSet { get; init; }

    /// <summary>Its hash.</summary>
    public required string FeatureSetHash { get; init; }

    /// <summary>Model version.</summary>
    public required string Model { get; init; }

    /// <summary>The thresholds of its bands; null where it has none, and in entries that do not say.</summary>
    public PinnedBands? Bands { get; init; }

    /// <summary>Version of the program.</summary>
    public required string Code { get; init; }

    /// <summary>Number of patient shards; 0 in entries that do not say.</summary>
    public int Shards { get; init; }

    /// <summary>Edition of the time zones that local days were cut by; null in entries that do not say.</summary>
    public string? TimeZones { get; init; }

    /// <summary>Files made.</summary>
    public required IReadOnlyList<LedgerOutput> Outputs { get; init; }

    /// <summary>Who was scoreable, who fell out, where and why.</summary>
    public required IReadOnlyList<CohortFlowStep> Flow { get; init; }

    /// <summary>Patients scored.</summary>
    public required int Scored { get; init; }

    /// <summary>Patients who could not be scored.</summary>
    public required int NotScored { get; init; }

    /// <summary>Patients whom the run could not get through: it succeeded in part.</summary>
    public int SetAside { get; init; }

    /// <summary>What the teams were told of the run as a whole.</summary>
    public IReadOnlyList<string> Notices { get; init => field = value ?? []; } = [];

    /// <summary>Patients listed over all teams.</summary>
    public required int Listed { get; init; }
}

/// <summary>These documents as JSON: camelCase, instants as text, unknown fields refused.</summary>
public static class RiskDocumentJson
{
    /// <summary>JSON of a prediction.</summary>
    public static string ToJson(Prediction prediction) => JsonSerializer.Serialize(prediction, RiskDocumentJsonContext.Default.Prediction);

    /// <summary>JSON of a list.</summary>
    public static string ToJson(TeamWorklist worklist) => JsonSerializer.Serialize(worklist, RiskDocumentJsonContext.Default.TeamWorklist);

    /// <summary>Reads a prediction; what is none, or is of a newer program, throws <see cref="LakeException"/>.</summary>
    public static Prediction ReadPrediction(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RiskDocumentJsonContext.Default.Prediction)!;
        }
        catch (JsonException e)
        {
            throw new LakeException($"A prediction's document is not one that this program reads ({e.Message.Split('\n')[0].Split(" Path:")[0]}). Update the program, or score again.", e);
        }
    }

    /// <summary>JSON of what says that lists are there.</summary>
    public static string ToJson(ListsMade lists) => JsonSerializer.Serialize(lists, RiskDocumentJsonContext.Default.ListsMade);

    /// <summary>Reads that.</summary>
    public static ListsMade ReadListsMade(string json) => JsonSerializer.Deserialize(json, RiskDocumentJsonContext.Default.ListsMade)!;

    /// <summary>Bytes of a ledger entry.</summary>
    public static byte[] ToBytes(LedgerEntry entry) => JsonSerializer.SerializeToUtf8Bytes(entry, RiskDocumentJsonContext.Default.LedgerEntry);

    /// <summary>Reads a list; what is none, or is of a newer program, throws <see cref="LakeException"/>.</summary>
    public static TeamWorklist ReadWorklist(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RiskDocumentJsonContext.Default.TeamWorklist)!;
        }
        catch (JsonException e)
        {
            throw new LakeException($"A worklist document is not one that this program reads ({e.Message.Split('\n')[0]}). Update the program, or score again.", e);
        }
    }

    /// <summary>Reads a ledger entry of a document.</summary>
    public static LedgerEntry ReadLedger(string json) => JsonSerializer.Deserialize(json, RiskDocumentJsonContext.Default.LedgerEntry)!;

    /// <summary>Reads a ledger entry.</summary>
    public static LedgerEntry ReadLedger(byte[] json) => JsonSerializer.Deserialize(json, RiskDocumentJsonContext.Default.LedgerEntry)!;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = false,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(Prediction))]
[JsonSerializable(typeof(TeamWorklist))]
[JsonSerializable(typeof(LedgerEntry))]
[JsonSerializable(typeof(ListsMade))]
internal sealed partial class RiskDocumentJsonContext : JsonSerializerContext;
