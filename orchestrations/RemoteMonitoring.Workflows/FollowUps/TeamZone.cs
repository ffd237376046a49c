using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// The zone of a team: that in which most of its patients live. What staff did, for how long that holds, and instants of lists, are told in it; what devices said is told in the patient's own, which is
/// named where its clock shows another time.
/// </summary>
public static class TeamZone
{
    /// <summary>Of patients of a team; UTC where there are none, or their zone does not exist.</summary>
    public static DateTimeZone Of(IEnumerable<Patient> patients) => patients.CountBy(p => p.TimeZone, StringComparer.Ordinal)
        .OrderByDescending(z => z.Value).ThenBy(z => z.Key, StringComparer.Ordinal)
        .Select(z => DateTimeZoneProviders.Tzdb.GetZoneOrNull(z.Key)).FirstOrDefault() ?? DateTimeZone.Utc;
}
