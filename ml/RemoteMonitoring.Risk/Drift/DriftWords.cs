using System.Diagnostics;
using System.Globalization;
using RemoteMonitoring.Risk.Reporting;

namespace RemoteMonitoring.Risk.Drift;

/// <summary>Verdicts and causes in words, the same on pages and terminals.</summary>
public static class DriftWords
{
    /// <summary>How all is judged, a sentence each.</summary>
    internal static IReadOnlyList<string> Rules { get; } =
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"A population stability index (PSI) from {DriftLimits.WatchPsi} on is to be watched, from {DriftLimits.DriftedPsi} on it has drifted. Bins are the reference's deciles and one of the missing; no share is taken for less than {DriftLimits.LeastShare:0.####}."),
        string.Create(
            CultureInfo.InvariantCulture,
            $"Fewer than {DriftLimits.MinimumRows} rows or {DriftLimits.MinimumPatients} patients on a side are too few to judge, and so is an index that two draws of one population reach more than once in a thousand times, a patient counted as one row."),
        string.Create(CultureInfo.InvariantCulture, $"Inputs as a whole have drifted where {DriftLimits.DriftedColumns:0%} of the judged columns have."),
        "Within device models: the reference is weighted to have each combination of models as often as now. By the mix: what those weights alone make of it.",
        "The distance is 1-Wasserstein's, in standard deviations of the reference: how far values have to move on average.",
        string.Create(
            CultureInfo.InvariantCulture,
            $"AUROC has drifted where its interval lies below that of training, the calibration slope where the two have nothing in common, observed over expected where its interval lies outside {DriftLimits.LowestObservedExpected}–{DriftLimits.HighestObservedExpected}; from {DriftLimits.MinimumEvents} events on."),
    ];

    /// <summary>A verdict.</summary>
    public static string Of(DriftVerdict verdict) => verdict switch
    {
        DriftVerdict.TooFew => "too few to judge",
        DriftVerdict.Stable => "stable",
        DriftVerdict.Watch => "watch",
        DriftVerdict.Drifted => "drifted",
        _ => throw new UnreachableException(),
    };

    /// <summary>A verdict with its index; a dash where there was nothing to compare with.</summary>
    public static string Of(PsiVerdict? verdict) => verdict is null ? "—" : $"{Of(verdict.Verdict)} (PSI {Number(verdict.Psi)})";

    /// <summary>What a change comes from.</summary>
    public static string Cause(ColumnComparison comparison)
    {
        var missing = comparison.IsMissingness ? $"; {(comparison.Missing > comparison.ReferenceMissing ? "more" : "less")} is missing" : "";
        return comparison.Cause switch
        {
            null => "",
            DriftCause.Unit => $"looks as if it were in {comparison.LooksLikeUnit}{(comparison.LooksLikeUnitOf is { } of ? $" on {of}" : "")}",
            DriftCause.DeviceMix => "other devices in use, the same within each model",
            DriftCause.NewDevices => "device models that the reference does not know",
            DriftCause.Population => comparison.PsiWithinDevices is null ? "the people: no device tells it" : "the people: it remains within the same device models",
            DriftCause.Both => "the people and the devices in use",
            DriftCause.NotToldApart => "people or devices: no device model on record",
            _ => throw new UnreachableException(),
        } + missing;
    }

    /// <summary>An index or a distance; a dash where it cannot be told.</summary>
    public static string Number(double? value) => value is { } number && double.IsFinite(number) ? Quantity.Number(Math.Round(number, 3)) : "—";
}
