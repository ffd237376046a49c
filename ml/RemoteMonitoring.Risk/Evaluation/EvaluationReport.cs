using System.Text.Json;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>A figure with its 95 % interval (2.5th and 97.5th percentile of patient-level bootstrap resamples); NaN where it cannot be told.</summary>
/// <param name="Value">On the held-out rows as they are.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public sealed record Metric(double Value, double Low, double High);

/// <summary>One fold of an evaluation.</summary>
/// <param name="Number">0-based.</param>
/// <param name="TrainRows">Rows that taught.</param>
/// <param name="TrainEvents">Positive among them.</param>
/// <param name="TestRows">Rows held out.</param>
/// <param name="TestEvents">Positive among them.</param>
/// <param name="Trees">Trees grown.</param>
/// <param name="Slope">Calibration slope applied.</param>
/// <param name="Intercept">Calibration intercept applied.</param>
public sealed record FoldSummary(int Number, int TrainRows, int TrainEvents, int TestRows, int TestEvents, int Trees, double Slope, double Intercept);

/// <summary>A tenth of the held-out rows by predicted risk: what was foreseen against what happened.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Foreseen">Mean probability.</param>
/// <param name="Observed">Share with the outcome.</param>
public sealed record CalibrationBand(int Rows, double Foreseen, double Observed);

/// <summary>Names of scorers and metrics; the same in reports, files and pages.</summary>
public static class MetricNames
{
    /// <summary>The model under evaluation.</summary>
    public const string Model = "model";

    /// <summary>Logistic regression on the same columns and rows.</summary>
    public const string Logistic = "logistic";

    /// <summary>NEWS2 point score, missing parts 0.</summary>
    public const string News2 = "news2";

    /// <summary>The patient's own outcomes in the last 7 days.</summary>
    public const string TrailingRate = "trailing_rate";

    /// <summary>The patient's own outcomes in the last 28 days.</summary>
    public const string TrailingRate28Days = "trailing_rate_28d";

    /// <summary>The quick sepsis-related organ failure assessment, missing inputs 0.</summary>
    public const string Qsofa = "qsofa";

    /// <summary>Criteria of the systemic inflammatory response syndrome, see <see cref="RulesOfThumb.Sirs"/>.</summary>
    public const string Sirs = "sirs";

    /// <summary>The first simplified acute physiology score, see <see cref="RulesOfThumb.SapsI"/>.</summary>
    public const string SapsI = "saps_i";

    /// <summary>A gain in weight, see <see cref="RulesOfThumb.WeightGain"/>.</summary>
    public const string WeightRule = "weight_rule";

    /// <summary>Area under the ROC curve, ties count half: mean over the folds that have both labels, so that rows are ranked only against rows scored by the same model.</summary>
    public const string Auroc = "auroc";

    /// <summary>Average precision: mean over the same folds.</summary>
    public const string Auprc = "auprc";

    /// <summary>Area under the ROC curve over all held-out rows at once.</summary>
    public const string AurocPooled = "auroc_pooled";

    /// <summary>Average precision over all held-out rows at once.</summary>
    public const string AuprcPooled = "auprc_pooled";

    /// <summary>Share of events among the tenth of a fold's rows with the highest scores: mean over folds; ties are shared out.</summary>
    public const string PpvTopTenth = "ppv_top10pct";

    /// <summary>Share of a fold's events that this tenth holds: mean over folds.</summary>
    public const string SensitivityTopTenth = "sensitivity_top10pct";

    /// <summary>Mean squared error of the probability, pooled.</summary>
    public const string Brier = "brier";

    /// <summary>Slope of the label on the predicted log-odds, pooled; 1 is right, below 1 is overconfident.</summary>
    public const string CalibrationSlope = "calibration_slope";

    /// <summary>Intercept with the slope held at 1, pooled; 0 is right, above 0 is too low a risk.</summary>
    public const string CalibrationIntercept = "calibration_intercept";

    /// <summary>Events observed over events expected, pooled; 1 is right.</summary>
    public const string ObservedExpected = "observed_expected";

    /// <summary>The smaller of sensitivity and precision of the alerts, pooled; the threshold of each fold comes from its training rows. The official score of the 2012 challenge.</summary>
    public const string MinSensitivityPrecision = "min_sensitivity_precision";

    /// <summary>What the alerts gained over silence, of the most that could be gained, pooled; only where the task says what alerts are worth. Thresholds as above.</summary>
    public const string Utility = "utility";

    /// <summary>Metrics that any ranking has.</summary>
    public static IReadOnlyList<string> OfRanking { get; } = [Auroc, Auprc, AurocPooled, AuprcPooled, PpvTopTenth, SensitivityTopTenth];

    /// <summary>Metrics that only probabilities have.</summary>
    public static IReadOnlyList<string> OfProbability { get; } = [Brier, CalibrationSlope, CalibrationIntercept, ObservedExpected];
}

/// <summary>How a model did on rows it had not seen, beside what it has to beat on the same rows.</summary>
public sealed record EvaluationReport
{
    /// <summary>The version that this program writes, and the newest it reads: 2 since it says how the model would do in use, 3 since events are counted once whichever way the window lies.</summary>
    public const int CurrentSchemaVersion = 3;

    /// <summary>Version of this layout.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>Hash of the task.</summary>
    public required string TaskHash { get; init; }

    /// <summary>Feature set.</summary>
    public required string FeatureSet { get; init; }

    /// <summary>Hash of the feature set.</summary>
    public required string FeatureSetHash { get; init; }

    /// <summary>How held-out rows were chosen, for people.</summary>
    public required string Split { get; init; }

    /// <summary>Held-out rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Patients among them.</summary>
    public required int Patients { get; init; }

    /// <summary>Positive rows among them.</summary>
    public required int Events { get; init; }

    /// <summary>Outcomes of patients that these rows are positive for, each counted once however many rows it has; null in reports before version 3, which do not tell.</summary>
    public int? DistinctEvents { get; init; }

    /// <summary>Bootstrap resamples.</summary>
    public required int Resamples { get; init; }

    /// <summary>Seed.</summary>
    public required int Seed { get; init; }

    /// <summary>By scorer, by metric; see <see cref="MetricNames"/>.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Metrics { get; init; }

    /// <summary>Model minus scorer, by scorer, by metric; both sides of a resample are drawn alike.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Differences { get; init; }

    /// <summary>Tenths of the model's predictions, lowest first.</summary>
    public required IReadOnlyList<CalibrationBand> Calibration { get; init; }

    /// <summary>The folds.</summary>
    public required IReadOnlyList<FoldSummary> Folds { get; init; }

    /// <summary>From roster to rows.</summary>
    public required IReadOnlyList<CohortFlowStep> Flow { get; init; }

    /// <summary>How the model would do in use; null in version 1.</summary>
    public ClinicalReport? Clinical { get; init; }

    /// <summary>The model under other conditions, beside itself as it is; empty where the task asks for none.</summary>
    public IReadOnlyList<EvaluationVariant> Variants { get; init => field = value ?? []; } = [];

    /// <summary>The report as JSON; NaN as text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RiskJsonContext.Default.EvaluationReport);

    /// <summary>Reads a report, of an older version too; throws <see cref="JsonException"/> saying what is wrong.</summary>
    public static EvaluationReport FromJson(string json)
    {
        // The version first and by itself: a newer layout may have fields that the strict reader would stumble over.
        using (var document = JsonDocument.Parse(json))
        {
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("schemaVersion", out var version)
                && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var stated) && stated > CurrentSchemaVersion)
            {
                throw new JsonException($"It has layout version {stated}; this program reads up to {CurrentSchemaVersion}: update it.");
            }
        }

        return JsonSerializer.Deserialize(json, RiskJsonContext.Default.EvaluationReport) ?? throw new JsonException("The report is null.");
    }
}

/// <summary>A report, the rows it was computed from, and the rows to look at.</summary>
/// <param name="Report">The figures.</param>
/// <param name="HeldOut">The rows.</param>
/// <param name="Errors">The worst misses and false alarms.</param>
public sealed record EvaluationResult(EvaluationReport Report, HeldOutRows HeldOut, ErrorReview Errors);
