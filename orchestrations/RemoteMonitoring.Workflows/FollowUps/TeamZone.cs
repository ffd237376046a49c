using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// The zone of a team: that in which most of its patients live. What staff did, for how long that holds, and instants of lists, are told in it; what devices said is told in the patient's own, which is
/// named where its clock shows another time.
/// </summary>
public static class TeamZone
{
    private static readonly Duration s_noon = Duration.FromHours(12);

    /// <summary>
    /// The day that a list is of. A daily list speaks from the midnight of its schedule's zone on, which may be the evening before, or late that day, where the team is: it is of the day that its noon is on. Another is of that of
    /// its instant.
    /// </summary>
    public static LocalDate DayOf(TaskDefinition task, Instant asOf, DateTimeZone zone) => (task.Grid == AsOfGrid.DailyLocalMidnight ? asOf + s_noon : asOf).InZone(zone).Date;

    /// <summary>Of patients of a team; UTC where there are none, or their zone does not exist.</summary>
    public static DateTimeZone Of(IEnumerable<Patient> patients) => patients.CountBy(p => p.TimeZone, StringComparer.Ordinal)
        .OrderByDescending(z => z.Value).ThenBy(z => z.Key, StringComparer.Ordinal)
        .Select(z => DateTimeZoneProviders.Tzdb.GetZoneOrNull(z.Key)).FirstOrDefault() ?? DateTimeZone.Utc;
}
