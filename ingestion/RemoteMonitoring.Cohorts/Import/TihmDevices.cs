using System.Collections.Frozen;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// The kinds of device in a TIHM home: what a <c>device_type</c> of the physiology file means in the catalog, and which
/// physical device sends it. A type or room the published files do not have gets a code unknown to the catalog, so that
/// ingestion rejects and counts it.
/// </summary>
internal static class TihmDevices
{
    private static readonly FrozenDictionary<string, (string Code, string Device)> s_byType = new (string Type, string Key, string Device)[]
    {
        ("Body Temperature", "temperature", "thermometer"),
        ("Skin Temperature", "skin_temperature", "thermometer"),
        ("Body weight", "weight", "scale"),
        ("O/E - muscle mass", "muscle_mass", "scale"),
        ("Total body water", "body_water", "scale"),
        ("Heart rate", "heart_rate", "cuff"),
        ("Systolic blood pressure", "systolic_bp", "cuff"),
        ("Diastolic blood pressure", "diastolic_bp", "cuff"),
    }.ToFrozenDictionary(row => row.Type, row => (VitalSignCatalog.Default[row.Key].Code, row.Device), StringComparer.Ordinal);

    /// <summary>Code and kind of device for a <c>device_type</c>.</summary>
    public static (string Code, string Device) OfType(string type) =>
        s_byType.TryGetValue(type, out var known) ? known : ("local:tihm-" + Kebab(type), Kebab(type));

    /// <summary>Code for events of the sensor at a <c>location_name</c>.</summary>
    public static string CodeOfLocation(string location) => "local:activity-" + location;

    /// <summary>Lower case, words joined by hyphens: <c>Blood pressure</c> is <c>blood-pressure</c>.</summary>
    public static string Kebab(string text) =>
        string.Join('-', text.ToLowerInvariant().Split([' ', '/', '-', '_'], StringSplitOptions.RemoveEmptyEntries));
}
