namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>Names of the figures of a list of patients to call; the same in reports, files and pages.</summary>
public static class ListFigures
{
    /// <summary>Share of the listed instants that the outcome followed.</summary>
    public const string Ppv = "ppv";

    /// <summary>Share of the instants with the outcome that are listed.</summary>
    public const string Sensitivity = "sensitivity";

    /// <summary>Share of the events that were listed at least once in the 7 days before, of those with a held-out instant in these days; of a task that looks back, on their day or while they lasted.</summary>
    public const string SensitivityPerEvent = "sensitivity_per_event";

    /// <summary>Listed instants in a hundred days of patients.</summary>
    public const string AlertsPerHundredPatientDays = "alerts_per_100_patient_days";

    /// <summary>Patients to look at for one with the outcome: 1 over <see cref="Ppv"/>.</summary>
    public const string NumberNeededToEvaluate = "number_needed_to_evaluate";

    /// <summary>Days from the first listing within the 7 days before an event to the event: a quarter of the events listed have at most this. NaN for a task that looks back.</summary>
    public const string LeadTimeLowerQuartile = "lead_time_days_lower_quartile";

    /// <summary>The same: half of them.</summary>
    public const string LeadTimeMedian = "lead_time_days_median";

    /// <summary>The same: three quarters of them.</summary>
    public const string LeadTimeUpperQuartile = "lead_time_days_upper_quartile";

    /// <summary>The list of the rows whose score reached the threshold chosen on training rows, of the model.</summary>
    public const string ModelAlerts = "model_alerts";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Ppv, Sensitivity, SensitivityPerEvent, AlertsPerHundredPatientDays, NumberNeededToEvaluate, LeadTimeLowerQuartile, LeadTimeMedian, LeadTimeUpperQuartile,
    ];
}

/// <summary>Net benefit at a threshold: true alarms less false ones at the threshold's odds, a row; of calling nobody it is 0.</summary>
/// <param name="Threshold">The probability from which on somebody is called.</param>
/// <param name="Model">Of calling by the model.</param>
/// <param name="Logistic">Of calling by logistic regression.</param>
/// <param name="Rule">Of calling by the rule of thumb that does best at this threshold, chosen in hindsight, which flatters it; NaN where a rule has one value only.</param>
/// <param name="All">Of calling everybody.</param>
/// <param name="ModelOverRule">Model minus rule.</param>
/// <param name="ModelOverAllOrNone">Model minus the better of calling everybody and nobody.</param>
/// <param name="RuleName">That rule and its cut-off, for instance <c>news2 >= 5</c>; empty where there is none.</param>
public sealed record DecisionPoint(
    double Threshold, Metric Model, Metric Logistic, Metric Rule, Metric All, Metric ModelOverRule, Metric ModelOverAllOrNone, string RuleName);

/// <summary>Figures of some of the held-out rows.</summary>
/// <param name="Dimension">What they have in common is a value of: <see cref="SubgroupDimensions"/>.</param>
/// <param name="Name">The value.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Patients">Patients among them.</param>
/// <param name="Events">Outcomes of patients, each counted once however many rows it follows.</param>
/// <param name="Judged">The figures; null below <see cref="FewestEvents"/> events: too few to judge.</param>
public sealed record Subgroup(string Dimension, string Name, int Rows, int Patients, int Events, SubgroupFigures? Judged = null)
{
    /// <summary>Events from which on a subgroup is judged.</summary>
    public const int FewestEvents = 20;
}

/// <summary>Figures of a subgroup.</summary>
/// <param name="Auroc">As <see cref="MetricNames.Auroc"/>, among its rows.</param>
/// <param name="Ppv">Share with the outcome of those of its rows that are listed at capacity; the lists are those of everybody.</param>
/// <param name="Sensitivity">Share listed at capacity of its rows with the outcome.</param>
/// <param name="ObservedExpected">Outcomes observed over expected.</param>
public sealed record SubgroupFigures(Metric Auroc, Metric Ppv, Metric Sensitivity, Metric ObservedExpected);

/// <summary>What subgroups are made by.</summary>
public static class SubgroupDimensions
{
    /// <summary>Age.</summary>
    public const string Age = "age";

    /// <summary>Sex.</summary>
    public const string Sex = "sex";

    /// <summary>Condition; a patient with several is in several.</summary>
    public const string Condition = "condition";

    /// <summary>Model of a device; a patient with several is in several.</summary>
    public const string DeviceModel = "device-model";

    /// <summary>Whether staff were in touch in the 7 days before.</summary>
    public const string Contact = "contact";

    /// <summary>Where staff were.</summary>
    public const string Contacted = "contacted";

    /// <summary>Where they were not.</summary>
    public const string Uncontacted = "uncontacted";
}

/// <summary>A curve of a scorer as points; the mean over folds, so that scores are compared only where one model gave them.</summary>
/// <param name="Scorer">Whose.</param>
/// <param name="Y">Heights over 0, 0.02, …, 1.</param>
public sealed record Curve(string Scorer, IReadOnlyList<double> Y);

/// <summary>
/// How a model would do in use, on held-out rows: lists of as many patients as a team can call, events, net benefit,
/// subgroups. Intervals are of the same resamples as all others; what is listed is decided once, on all rows.
/// </summary>
public sealed record ClinicalReport
{
    /// <summary>Rows that can be listed of a hundred, on the whole.</summary>
    public required double CapacityPerHundred { get; init; }

    /// <summary>What the rows of one list have in common: <see cref="CapacityUnits"/>; of the rows whose team states no capacity, where some do.</summary>
    public required string CapacityUnit { get; init; }

    /// <summary>Share of the rows whose team had stated how many it can call, 0 … 1: these are listed up to that, the others up to 5 in 100.</summary>
    public double CapacityStated { get; init; }

    /// <summary>Days of patients among the rows.</summary>
    public required int PatientDays { get; init; }

    /// <summary>Outcomes of patients that held-out rows were followed by, at whatever distance; where <see cref="LooksBack"/>, those that they had to detect.</summary>
    public required int Events { get; init; }

    /// <summary>Those among them with a held-out row in the 7 days before: only these could be listed in time. Where <see cref="LooksBack"/>, all of them.</summary>
    public required int EventsInReach { get; init; }

    /// <summary>Whether the task's window lies behind as-of: an event is caught by a listing on its day, or while it lasts, and there is no lead time.</summary>
    public bool LooksBack { get; init; }

    /// <summary>By scorer, and of <see cref="ListFigures.ModelAlerts"/>, by figure of <see cref="ListFigures"/>.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Lists { get; init; }

    /// <summary>Model minus scorer, by figure.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> ListDifferences { get; init; }

    /// <summary>By scorer: how often of two instants of one patient (and fold) that with the outcome has the higher score, over all such pairs of all patients; ties count half.</summary>
    public required IReadOnlyDictionary<string, Metric> WithinPatientAuroc { get; init; }

    /// <summary>Model minus scorer.</summary>
    public required IReadOnlyDictionary<string, Metric> WithinPatientAurocDifferences { get; init; }

    /// <summary>Share observed in each tenth of the model's predictions, parallel to <see cref="EvaluationReport.Calibration"/>.</summary>
    public required IReadOnlyList<Metric> CalibrationObserved { get; init; }

    /// <summary>From threshold 0 up.</summary>
    public required IReadOnlyList<DecisionPoint> DecisionCurve { get; init; }

    /// <summary>By dimension; none of one of which nothing is on record.</summary>
    public required IReadOnlyList<Subgroup> Subgroups { get; init; }

    /// <summary>Sensitivity over 1 − specificity.</summary>
    public required IReadOnlyList<Curve> Roc { get; init; }

    /// <summary>Precision over sensitivity.</summary>
    public required IReadOnlyList<Curve> PrecisionRecall { get; init; }
}
