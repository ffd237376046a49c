using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Latest readings of a listed patient that are outside the usual range and are none of the reasons: what moved the score is not all that a nurse wants to know.</summary>
public static class OutsideUsual
{
    /// <summary>Vitals that are told at the most, the furthest outside first.</summary>
    public const int Most = 3;

    /// <summary>A reading of an earlier day than the last three says nothing of now.</summary>
    private const int FreshDays = 3;

    /// <summary>Whether the latest reading of a trend is fresh, and outside.</summary>
    internal static bool Has(Trend trend) => Beyond(trend) > 0;

    /// <summary>The sentence, without a full stop; null where there is none, and in lists that have no trends.</summary>
    public static string? InWords(Prediction prediction)
    {
        var told = (prediction.Trends ?? []).Where(t => Has(t) && !prediction.Reasons.Any(r => r.Vital == t.Vital))
            .OrderByDescending(Beyond).ThenBy(t => t.Vital, StringComparer.Ordinal).Take(Most)
            .Select(t => $"{ReasonText.Format(VitalSignCatalog.Default[t.Vital], Latest(t)!.Value)} (usual {Quantity.Number(t.UsualLow!.Value)}–{Quantity.Number(t.UsualHigh!.Value)})").ToArray();
        return told.Length == 0 ? null : $"outside the usual range, and not what moved the score: {string.Join(", ", told)}";
    }

    private static double? Latest(Trend trend) => trend.Values.TakeLast(FreshDays).LastOrDefault(v => v is not null);

    /// <summary>How far outside, in widths of the range.</summary>
    private static double Beyond(Trend trend) => trend is { UsualLow: { } low, UsualHigh: { } high } && Latest(trend) is { } value
        ? Math.Max(value - high, low - value) / Math.Max(high - low, 1e-9)
        : 0;
}
