using System.Collections.Frozen;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// The variables of the PhysioNet/CinC Challenge 2012 as codes of the catalog, in the unit that the values show, whatever
/// the page of the challenge labels: magnesium in mg/dL (median 2.0), lactate in mmol/L (median 2.1), FiO2 as a fraction.
/// </summary>
internal static class PhysioNet2012Parameters
{
    private static readonly FrozenDictionary<string, (string Code, string Unit)> s_byName = new (string Name, string Key, string Unit)[]
    {
        ("Albumin", "albumin", "g/dL"),
        ("ALP", "alkaline_phosphatase", "U/L"),
        ("ALT", "alt", "U/L"),
        ("AST", "ast", "U/L"),
        ("Bilirubin", "bilirubin", "mg/dL"),
        ("BUN", "bun", "mg/dL"),
        ("Cholesterol", "cholesterol", "mg/dL"),
        ("Creatinine", "creatinine", "mg/dL"),
        ("DiasABP", "invasive_diastolic_bp", "mm[Hg]"),
        ("FiO2", "fio2", "1"),
        ("GCS", "gcs", "{score}"),
        ("Glucose", "glucose", "mg/dL"),
        ("HCO3", "bicarbonate", "mmol/L"),
        ("HCT", "hematocrit", "%"),
        ("Height", "height", "cm"),
        ("HR", "heart_rate", "/min"),
        ("K", "potassium", "meq/L"),
        ("Lactate", "lactate", "mmol/L"),
        ("MAP", "invasive_mean_bp", "mm[Hg]"),
        ("MechVent", "ventilation", "1"),
        ("Mg", "magnesium", "mg/dL"),
        ("Na", "sodium", "meq/L"),
        ("NIDiasABP", "noninvasive_diastolic_bp", "mm[Hg]"),
        ("NIMAP", "noninvasive_mean_bp", "mm[Hg]"),
        ("NISysABP", "noninvasive_systolic_bp", "mm[Hg]"),
        ("PaCO2", "paco2", "mm[Hg]"),
        ("PaO2", "pao2", "mm[Hg]"),
        ("pH", "ph", "[pH]"),
        ("Platelets", "platelets", "10*3/uL"),
        ("RespRate", "respiratory_rate", "/min"),
        ("SaO2", "sao2", "%"),
        ("SysABP", "invasive_systolic_bp", "mm[Hg]"),
        ("Temp", "temperature", "Cel"),
        ("TroponinI", "troponin_i", "ng/mL"),
        ("TroponinT", "troponin_t", "ng/mL"),
        ("Urine", "urine", "mL"),
        ("WBC", "wbc", "10*3/uL"),
        ("Weight", "weight", "kg"),
    }.ToFrozenDictionary(row => row.Name, row => InCatalog(row.Key, row.Unit), StringComparer.Ordinal);

    /// <summary>Names of the variables that have a code.</summary>
    public static IEnumerable<string> Names => s_byName.Keys;

    /// <summary>
    /// Code and unit to send for a variable. One that the challenge does not define gets a code that the catalog does not
    /// have, so that ingestion rejects and counts it.
    /// </summary>
    public static (string Code, string Unit) CodeOf(string name) =>
        s_byName.TryGetValue(name, out var known) ? known : ("local:physionet2012-" + name, "1");

    private static (string Code, string Unit) InCatalog(string key, string unit)
    {
        var vital = VitalSignCatalog.Default[key];
        return vital.TryGetUnit(unit, out _)
            ? (vital.Code, unit)
            : throw new InvalidOperationException($"The catalog does not accept '{key}' in '{unit}'.");
    }
}
