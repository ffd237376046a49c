using System.Globalization;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>How reports and cards name scorers and figures, and print them.</summary>
internal static class ReportWords
{
    internal static readonly (string Metric, string Title)[] Main =
    [
        (MetricNames.Auroc, "AUROC"),
        (MetricNames.Auprc, "AUPRC"),
        (MetricNames.Brier, "Brier score"),
        (MetricNames.CalibrationSlope, "Calibration slope"),
        (MetricNames.CalibrationIntercept, "Calibration intercept"),
        (MetricNames.ObservedExpected, "Observed / expected"),
        (MetricNames.MinSensitivityPrecision, "Smaller of sensitivity and precision"),
        (MetricNames.Utility, "Utility of the alerts (1 the most there is, 0 none)"),
    ];

    internal static readonly (string Figure, string Title)[] Lists =
    [
        (ListFigures.Ppv, "PPV"),
        (ListFigures.Sensitivity, "Sensitivity (instants)"),
        (ListFigures.SensitivityPerEvent, "Sensitivity (events)"),
        (ListFigures.AlertsPerHundredPatientDays, "Listed per 100 patient-days"),
        (ListFigures.NumberNeededToEvaluate, "Number needed to evaluate"),
        (ListFigures.LeadTimeLowerQuartile, "Lead time, lower quartile (d)"),
        (ListFigures.LeadTimeMedian, "Lead time, median (d)"),
        (ListFigures.LeadTimeUpperQuartile, "Lead time, upper quartile (d)"),
    ];

    private static readonly (string Name, string Title)[] s_scorers =
    [
        (MetricNames.Model, "LightGBM (the model)"),
        (MetricNames.Logistic, "Logistic regression"),
        (MetricNames.News2, "NEWS2"),
        (MetricNames.TrailingRate, "Own events, last 7 days"),
        (MetricNames.TrailingRate28Days, "Own events, last 28 days"),
        (MetricNames.Sirs, "SIRS"),
        (MetricNames.Qsofa, "qSOFA"),
        (MetricNames.SapsI, "SAPS-I"),
        (MetricNames.WeightRule, "Weight up by more than 2 kg in 3 days"),
        (ListFigures.ModelAlerts, "The model's alert threshold"),
    ];

    /// <summary>Those of the names that are there, in the order of reports.</summary>
    internal static IEnumerable<string> InOrder(IEnumerable<string> scorers)
    {
        var there = scorers.ToHashSet(StringComparer.Ordinal);
        return s_scorers.Select(s => s.Name).Where(there.Contains);
    }

    internal static string Scorer(string name) => s_scorers.First(s => s.Name == name).Title;

    internal static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    internal static string Percent(double share) => double.IsFinite(share) ? (share * 100).ToString(share < 0.1 ? "0.0" : "0", CultureInfo.InvariantCulture) + "\u00a0%" : "—";

    /// <summary>A figure with its interval; a dash where it cannot be told.</summary>
    internal static string Figure(Metric? metric)
    {
        if (metric is null || !double.IsFinite(metric.Value))
        {
            return "—";
        }

        var size = new[] { metric.Value, metric.Low, metric.High }.Where(double.IsFinite).Max(Math.Abs);
        var digits = size switch { >= 10 => "0.0", >= 0.05 or < 0.00005 => "0.000", _ => "0.0000" };
        string Text(double value)
        {
            var text = Math.Abs(value).ToString(digits, CultureInfo.InvariantCulture);
            return value < 0 && text.Any(c => c is >= '1' and <= '9') ? "−" + text : text;
        }

        // Spaces that do not break: an interval stays on one line.
        return double.IsFinite(metric.Low) ? $"{Text(metric.Value)} ({Text(metric.Low)}\u00a0to\u00a0{Text(metric.High)})" : Text(metric.Value);
    }

    /// <summary>How many are listed, and by whose word.</summary>
    internal static string Capacity(ClinicalReport clinical)
    {
        var all = string.Create(CultureInfo.InvariantCulture, $"{clinical.CapacityPerHundred:0.#} in 100");
        return clinical.CapacityStated switch
        {
            0 => $"assumed, {all} of {List(clinical)}",
            1 => $"as the teams had stated it for a day, {all} of their instants on the whole",
            _ => $"as the teams had stated it for a day, and 5 in 100 of {List(clinical)} where none is stated: {all} on the whole",
        };
    }

    private static string List(ClinicalReport clinical) => clinical.CapacityUnit switch
    {
        CapacityUnits.TeamAndDay => "the instants of a team on a day",
        CapacityUnits.Day => "the instants of a day (lists by team would be too short)",
        CapacityUnits.Fold => "the instants of a fold (days have too few for a list each)",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    internal static string Horizon(Horizon horizon) => horizon.Unit switch
    {
        HorizonUnit.Hours => $"the next {horizon.Count} hours",
        HorizonUnit.LocalDays => horizon.Count == 1 ? "the coming day" : $"the next {horizon.Count} days",
        HorizonUnit.RestOfStay => "the rest of the stay",
        HorizonUnit.SameDay => "the day that ends at the instant",
        HorizonUnit.Ongoing => "the stay so far",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    internal static string Dimension(string dimension) => dimension switch
    {
        SubgroupDimensions.Age => "Age",
        SubgroupDimensions.Sex => "Sex",
        SubgroupDimensions.Condition => "Condition",
        SubgroupDimensions.DeviceModel => "Model of the device",
        SubgroupDimensions.Contact => "Staff contact in the 7 days before",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
