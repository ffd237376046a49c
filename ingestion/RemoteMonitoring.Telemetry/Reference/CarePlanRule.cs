using System.Globalization;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>What a care plan must be for its limits to alarm: a limit that never can is worse than none, since somebody relies on it.</summary>
public static class CarePlanRule
{
    /// <summary>What is wrong with a plan, in a sentence without a full stop; null where nothing is.</summary>
    public static string? Fault(CarePlan plan)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var limit in plan.Limits)
        {
            if (!VitalSignCatalog.Default.TryGetByKey(limit.Vital, out var vital))
            {
                return $"a limit is of a vital that there is not; there are {string.Join(", ", VitalSignCatalog.Default.Vitals.Select(v => v.Key))}";
            }

            if (!seen.Add(limit.Vital))
            {
                return $"{vital.Key} has two limits; give low and high in one";
            }

            if (limit is { Low: null, High: null })
            {
                return $"the limit of {vital.Key} has neither low nor high";
            }

            if (limit.Low >= limit.High)
            {
                return $"the low limit of {vital.Key} must be less than the high one";
            }

            if (!(limit.Low ?? vital.Low).IsWithin(vital) || !(limit.High ?? vital.High).IsWithin(vital))
            {
                return string.Create(CultureInfo.InvariantCulture, $"limits of {vital.Key} lie within {vital.Low} and {vital.High} {vital.Unit}");
            }
        }

        return null;
    }

    private static bool IsWithin(this double value, VitalSign vital) => value >= vital.Low && value <= vital.High;
}
