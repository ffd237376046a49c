using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Drift;

/// <summary>How a champion's inputs, scores, workload and performance moved: <c>drift.json</c>. It names no patient.</summary>
public sealed record DriftReport
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "drift.json";

    /// <summary>The version that this program writes, and the newest it reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Version of this form.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>What it foresees, for people.</summary>
    public required string Title { get; init; }

    /// <summary>Version of the model that scores.</summary>
    public required string Model { get; init; }

    /// <summary>Feature set.</summary>
    public required string FeatureSet { get; init; }

    /// <summary>End of the stretch that is looked at, and up to when was known what it is judged by.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>The stretch begins after this instant.</summary>
    public required Instant After { get; init; }

    /// <summary>The stretch it is compared with begins after this instant, and ends at <see cref="After"/>.</summary>
    public required Instant BeforeAfter { get; init; }

    /// <summary>Rows of vectors that were looked at: all of the stretch, or as many as are drawn of many.</summary>
    public required int Rows { get; init; }

    /// <summary>Patients among them.</summary>
    public required int Patients { get; init; }

    /// <summary>Rows of the stretch before.</summary>
    public required int BeforeRows { get; init; }

    /// <summary>Rows of the training snapshot.</summary>
    public required int TrainingRows { get; init; }

    /// <summary>Share of the rows by device models, now; empty where no model is on record.</summary>
    public required IReadOnlyList<DeviceShare> Devices { get; init; }

    /// <summary>The same of the training rows.</summary>
    public required IReadOnlyList<DeviceShare> TrainingDevices { get; init; }

    /// <summary>The columns, in the order of the set; empty where there are no rows.</summary>
    public required IReadOnlyList<ColumnDrift> Columns { get; init; }

    /// <summary>Scores.</summary>
    public required ScoreDrift Scores { get; init; }

    /// <summary>Workload.</summary>
    public required WorkloadDrift Workload { get; init; }

    /// <summary>Performance.</summary>
    public required PerformanceDrift Performance { get; init; }

    /// <summary>What has to be known to read it, in sentences.</summary>
    public required IReadOnlyList<string> Notices { get; init; }

    /// <summary>Columns that could be judged.</summary>
    public int JudgedColumns => Columns.Count(c => c.Verdict != DriftVerdict.TooFew);

    /// <summary>Columns that drifted.</summary>
    public int DriftedColumns => Columns.Count(c => c.Verdict == DriftVerdict.Drifted);

    /// <summary>The inputs as a whole: drifted where a tenth of the judged columns did, watch where any is to be watched.</summary>
    public DriftVerdict Inputs => JudgedColumns > 0 && DriftedColumns >= DriftLimits.DriftedColumns * JudgedColumns && DriftedColumns > 0
        ? DriftVerdict.Drifted
        : (DriftVerdict)Math.Min((int)DriftVerdict.Watch, (int)DriftLimits.Worst(Columns.Select(c => c.Verdict)));

    /// <summary>Scores: against training, else against before.</summary>
    public DriftVerdict ScoreVerdict => (Scores.AgainstTraining ?? Scores.AgainstBefore)?.Verdict ?? DriftVerdict.TooFew;

    /// <summary>Workload: the worse of both comparisons.</summary>
    public DriftVerdict WorkloadVerdict => DriftLimits.Worst([Workload.AgainstTraining?.Verdict ?? DriftVerdict.TooFew, Workload.AgainstBefore?.Verdict ?? DriftVerdict.TooFew]);

    /// <summary>The worst of inputs, scores, workload and performance.</summary>
    public DriftVerdict Verdict => DriftLimits.Worst([Inputs, ScoreVerdict, WorkloadVerdict, Performance.Verdict]);

    /// <summary>As bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, DriftJson.Default.DriftReport);

    /// <summary>Reads one; throws <see cref="FormatException"/> with one line where it is none, or of a newer program.</summary>
    public static DriftReport Read(byte[] bytes, string nameForPeople)
    {
        try
        {
            var report = JsonSerializer.Deserialize(bytes, DriftJson.Default.DriftReport) ?? throw new JsonException("null");
            return report.SchemaVersion <= CurrentSchemaVersion
                ? report
                : throw new FormatException($"{nameForPeople}: has version {report.SchemaVersion}; this program reads {CurrentSchemaVersion}. Take a newer program, or have the report made again.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"{nameForPeople}: is no report of drift ({e.Message.Split('\n')[0]}). Have it made again.", e);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(DriftReport))]
internal sealed partial class DriftJson : JsonSerializerContext;
