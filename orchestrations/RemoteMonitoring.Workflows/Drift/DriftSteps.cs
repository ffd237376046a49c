using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>What a look at drift is started with.</summary>
public sealed record DriftInput
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>End of the stretch that is looked at; nothing known later is used.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>Length of the stretch. Default: 28 days.</summary>
    public Duration Window { get; init => field = value <= Duration.Zero ? DefaultWindow : value; } = DefaultWindow;

    /// <summary>Length of a stretch of which nothing else is said, and of the one that each is compared with.</summary>
    public static Duration DefaultWindow { get; } = Duration.FromDays(28);
}

/// <summary>What came of it, in short: figures that cannot be told are null.</summary>
public sealed record DriftOutcome
{
    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>Version of the model that scores.</summary>
    public required string Model { get; init; }

    /// <summary>End of the stretch.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>The worst of all verdicts.</summary>
    public required DriftVerdict Verdict { get; init; }

    /// <summary>Of the inputs.</summary>
    public required DriftVerdict Inputs { get; init; }

    /// <summary>Of the scores.</summary>
    public required DriftVerdict Scores { get; init; }

    /// <summary>Of the workload.</summary>
    public required DriftVerdict Workload { get; init; }

    /// <summary>Of the performance; null where no outcome is certain yet.</summary>
    public DriftVerdict? Performance { get; init; }

    /// <summary>Columns that drifted.</summary>
    public required int DriftedColumns { get; init; }

    /// <summary>Columns that could be judged.</summary>
    public required int JudgedColumns { get; init; }

    /// <summary>Population stability index of the scores.</summary>
    public double? ScorePsi { get; init; }

    /// <summary>AUROC of the latest stretch whose outcomes are certain.</summary>
    public double? Auroc { get; init; }

    /// <summary>Events observed over events expected, of the same.</summary>
    public double? ObservedExpected { get; init; }

    /// <summary>Lake path of the report as JSON.</summary>
    public required string Report { get; init; }

    /// <summary>Lake path of the report for people: one HTML page.</summary>
    public required string Page { get; init; }
}

/// <summary>The steps of a look at drift.</summary>
public static class DriftSteps
{
    /// <summary>Gathers, compares, and writes <see cref="DriftReport.FileName"/>.</summary>
    public static ActivityDefinition<DriftInput, DriftOutcome> Measure { get; } = new(WorkflowNames.MeasureDrift, Json.DriftInput, Json.DriftOutcome);

    /// <summary>Writes the page, and states the metrics.</summary>
    public static ActivityDefinition<DriftReportAsked, bool> Report { get; } = new(WorkflowNames.ReportDrift, Json.DriftReportAsked, Json.Boolean);

    internal static DriftStepsJson Json => DriftStepsJson.Default;
}

/// <summary>A page that is asked for.</summary>
/// <param name="Cohort">Cohort.</param>
/// <param name="Outcome">What came of measuring.</param>
public sealed record DriftReportAsked(string Cohort, DriftOutcome Outcome);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJsonConverter), typeof(DurationJsonConverter)])]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(DriftInput))]
[JsonSerializable(typeof(DriftOutcome))]
[JsonSerializable(typeof(DriftReportAsked))]
internal sealed partial class DriftStepsJson : JsonSerializerContext;
