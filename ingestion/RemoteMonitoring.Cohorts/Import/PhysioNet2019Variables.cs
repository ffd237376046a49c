using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// The columns of the PhysioNet/CinC Challenge 2019 as codes of the catalog, in the unit that the values show, whatever the
/// page of the challenge labels: FiO2 as a fraction, magnesium in mg/dL (median 2.0), lactate in mmol/L (median 1.8).
/// </summary>
internal static class PhysioNet2019Variables
{
    /// <summary>First line of every file.</summary>
    public const string Header =
        "HR|O2Sat|Temp|SBP|MAP|DBP|Resp|EtCO2|BaseExcess|HCO3|FiO2|pH|PaCO2|SaO2|AST|BUN|Alkalinephos|Calcium|Chloride|Creatinine|"
        + "Bilirubin_direct|Glucose|Lactate|Magnesium|Phosphate|Potassium|Bilirubin_total|TroponinI|Hct|Hgb|PTT|WBC|Fibrinogen|Platelets|"
        + "Age|Gender|Unit1|Unit2|HospAdmTime|ICULOS|SepsisLabel";

    private static readonly Dictionary<string, (string Key, string Unit)> s_vitals = new(StringComparer.Ordinal)
    {
        ["HR"] = ("heart_rate", "/min"),
        ["O2Sat"] = ("spo2", "%"),
        ["Temp"] = ("temperature", "Cel"),
        ["SBP"] = ("systolic_bp", "mm[Hg]"),
        ["MAP"] = ("mean_bp", "mm[Hg]"),
        ["DBP"] = ("diastolic_bp", "mm[Hg]"),
        ["Resp"] = ("respiratory_rate", "/min"),
        ["EtCO2"] = ("etco2", "mm[Hg]"),
        ["BaseExcess"] = ("base_excess", "mmol/L"),
        ["HCO3"] = ("bicarbonate", "mmol/L"),
        ["FiO2"] = ("fio2", "1"),
        ["pH"] = ("ph", "[pH]"),
        ["PaCO2"] = ("paco2", "mm[Hg]"),
        ["SaO2"] = ("sao2", "%"),
        ["AST"] = ("ast", "U/L"),
        ["BUN"] = ("bun", "mg/dL"),
        ["Alkalinephos"] = ("alkaline_phosphatase", "U/L"),
        ["Calcium"] = ("calcium", "mg/dL"),
        ["Chloride"] = ("chloride", "mmol/L"),
        ["Creatinine"] = ("creatinine", "mg/dL"),
        ["Bilirubin_direct"] = ("bilirubin_direct", "mg/dL"),
        ["Glucose"] = ("glucose", "mg/dL"),
        ["Lactate"] = ("lactate", "mmol/L"),
        ["Magnesium"] = ("magnesium", "mg/dL"),
        ["Phosphate"] = ("phosphate", "mg/dL"),
        ["Potassium"] = ("potassium", "mmol/L"),
        ["Bilirubin_total"] = ("bilirubin", "mg/dL"),
        ["TroponinI"] = ("troponin_i", "ng/mL"),
        ["Hct"] = ("hematocrit", "%"),
        ["Hgb"] = ("hemoglobin", "g/dL"),
        ["PTT"] = ("aptt", "s"),
        ["WBC"] = ("wbc", "10*3/uL"),
        ["Fibrinogen"] = ("fibrinogen", "mg/dL"),
        ["Platelets"] = ("platelets", "10*3/uL"),
        ["ICULOS"] = ("icu_hours", "h"),
    };

    private static readonly string[] s_names = Header.Split('|');

    /// <summary>Number of columns of a file.</summary>
    public static int Columns => s_names.Length;

    /// <summary>The columns that are readings: where they stand, and code and unit to send.</summary>
    public static IReadOnlyList<(int Column, string Code, string Unit)> Readings { get; } =
        [.. s_names.Index().Where(c => s_vitals.ContainsKey(c.Item)).Select(c => (c.Index, InCatalog(s_vitals[c.Item]), s_vitals[c.Item].Unit))];

    /// <summary>Where a column stands.</summary>
    public static int IndexOf(string name) => Array.IndexOf(s_names, name);

    private static string InCatalog((string Key, string Unit) row)
    {
        var vital = VitalSignCatalog.Default[row.Key];
        return vital.TryGetUnit(row.Unit, out _)
            ? vital.Code
            : throw new InvalidOperationException($"The catalog does not accept '{row.Key}' in '{row.Unit}'.");
    }
}
