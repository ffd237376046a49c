using System.Collections.Frozen;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// What a code of the AIM-94 diabetes diaries means in the catalog. Symptoms, meals and exercise carry no quantity of their own (the
/// diaries write 0): what is sent is that there was one, or how it compared with the usual. A code that the list
/// does not have, and 72, an event of no stated kind, get a code unknown to the catalog, so that ingestion rejects and counts them.
/// </summary>
internal static class UciDiabetesCodes
{
    private static readonly VitalSign s_glucose = VitalSignCatalog.Default["capillary_glucose"];

    private static readonly FrozenDictionary<string, Sent> s_byCode = new (string Code, string Key, string? Instead)[]
    {
        ("33", "insulin_regular", null),
        ("34", "insulin_nph", null),
        ("35", "insulin_ultralente", null),
        ("48", s_glucose.Key, null),
        ("57", s_glucose.Key, null),
        ("58", s_glucose.Key, null),
        ("59", s_glucose.Key, null),
        ("60", s_glucose.Key, null),
        ("61", s_glucose.Key, null),
        ("62", s_glucose.Key, null),
        ("63", s_glucose.Key, null),
        ("64", s_glucose.Key, null),
        ("65", "hypoglycaemic_symptoms", "1"),
        ("66", "meal", "0"),
        ("67", "meal", "1"),
        ("68", "meal", "-1"),
        ("69", "exercise", "0"),
        ("70", "exercise", "1"),
        ("71", "exercise", "-1"),
    }.ToFrozenDictionary(row => row.Code, row => new Sent(VitalSignCatalog.Default[row.Key], row.Instead), StringComparer.Ordinal);

    /// <summary>What to send for a row of a diary: code, value and unit.</summary>
    public static (string Code, string Value, string Unit) ReadingOf(string code, string value) =>
        s_byCode.TryGetValue(code, out var sent) ? (sent.Vital.Code, sent.Instead ?? value, sent.Vital.Unit) : ("local:uci-diabetes-" + code, value, "1");

    /// <summary>Whether a code is that of a glucose measurement.</summary>
    public static bool IsGlucose(string code) => s_byCode.TryGetValue(code, out var sent) && sent.Vital == s_glucose;

    /// <summary>Whether a glucose is one that ingestion takes.</summary>
    public static bool IsPlausibleGlucose(double value) => s_glucose.IsPlausible(value);

    private sealed record Sent(VitalSign Vital, string? Instead);
}
