using System.Text;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>What is measured at home, in the order of every per-vital table of the simulator.</summary>
internal enum HomeVital : byte
{
    Weight,
    Systolic,
    Diastolic,
    HeartRate,
    Spo2,
    RespiratoryRate,
    Temperature,
    Glucose,
    Steps,
    PeakFlow,
    Breathlessness,
    Swelling,
    Sputum,

    /// <summary>No vital: a battery level that some firmware sends along, under a code that no catalog has.</summary>
    Battery,
}

/// <summary>The unit a device states, which need not be the one it measured in.</summary>
internal enum SentUnit : byte
{
    Canonical,
    OtherName,
    Fahrenheit,
    Millimolar,
    Pounds,
}

/// <summary>Codes and units as they stand in a message, taken from the catalog so that the two cannot drift apart.</summary>
internal static class HomeVitals
{
    /// <summary>Vitals proper, without <see cref="HomeVital.Battery"/>.</summary>
    public const int Count = (int)HomeVital.Battery;

    private static readonly string[] s_keys =
    [
        "weight", "systolic_bp", "diastolic_bp", "heart_rate", "spo2", "respiratory_rate", "temperature",
        "capillary_glucose", "steps", "peak_flow", "breathlessness", "swelling", "sputum",
    ];

    private static readonly byte[][] s_codes = [.. s_keys.Select(k => Encoding.UTF8.GetBytes(VitalSignCatalog.Default[k].Code)), "local:battery"u8.ToArray()];

    private static readonly byte[][] s_units = [.. s_keys.Select(k => Encoding.UTF8.GetBytes(VitalSignCatalog.Default[k].Unit)), "%"u8.ToArray()];

    /// <summary>The code sent; glucose in substance units has a code of its own.</summary>
    public static ReadOnlySpan<byte> Code(HomeVital vital, SentUnit unit) =>
        vital == HomeVital.Glucose && unit == SentUnit.Millimolar ? "14743-9"u8 : s_codes[(int)vital];

    public static ReadOnlySpan<byte> Unit(HomeVital vital, SentUnit unit) => (unit, vital) switch
    {
        (SentUnit.Fahrenheit, _) => "[degF]"u8,
        (SentUnit.Millimolar, _) => "mmol/L"u8,
        (SentUnit.Pounds, _) => "[lb_av]"u8,
        (SentUnit.OtherName, HomeVital.Systolic or HomeVital.Diastolic) => "mmHg"u8,
        (SentUnit.OtherName, HomeVital.HeartRate) => "bpm"u8,
        _ => s_units[(int)vital],
    };
}
