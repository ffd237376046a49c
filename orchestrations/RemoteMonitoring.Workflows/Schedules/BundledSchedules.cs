using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.Schedules;

/// <summary>What is scheduled where a home has no <see cref="ScheduleFile"/>.</summary>
public static class BundledSchedules
{
    /// <summary>Those of a cohort: its tasks are the ones with a model that scores, its zone that of most of its patients, UTC where it has none.</summary>
    public static async Task<IReadOnlyList<Schedule>> OfAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var scored = await new ModelRegistry(store, TimeProvider.System).TrainedTasksAsync(cancellationToken);
        var reference = await store.Reference.LoadAsync(await store.Reference.PositionAsync(cancellationToken), cancellationToken);
        var zone = UsableReference.ZoneOfMost(reference);
        return Of(
            store.Cohort,
            zone is not null && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _) ? zone : "Etc/UTC",
            [.. scored.Where(t => t.Grid == AsOfGrid.DailyLocalMidnight).Select(t => t.Name)],
            [.. scored.Where(t => t.Grid != AsOfGrid.DailyLocalMidnight).Select(t => t.Name)]);
    }

    /// <summary>
    /// The list of a daily task at 05:30, not waiting for ingestion beyond 06:45, missed nights made up for three days; the list of an hourly one five
    /// minutes past every hour, waiting for ten minutes, missed hours made up for three; the tables for reports at 07:30, made up for a day; the drift of every task on Mondays at 08:00, and housekeeping on Sundays at 03:30, each made up for
    /// six days.
    /// </summary>
    /// <param name="cohort">The cohort.</param>
    /// <param name="timeZone">Its zone, by its IANA name.</param>
    /// <param name="dailyTasks">Tasks that are scored for the begin of a day.</param>
    /// <param name="hourlyTasks">Tasks that are scored for an hour, as those of the feature set <c>acute</c>.</param>
    public static IReadOnlyList<Schedule> Of(string cohort, string timeZone, IReadOnlyList<string> dailyTasks, IReadOnlyList<string> hourlyTasks) =>
    [
        .. dailyTasks.Select(task => new Schedule
        {
            Name = $"{WorkflowNames.DailyRisk}-{cohort}-{task}",
            Workflow = WorkflowNames.DailyRisk,
            Cohort = cohort,
            Task = task,
            Cron = Cron("30 5 * * *"),
            TimeZone = timeZone,
            CatchUp = Duration.FromDays(3),
            Deadline = Duration.FromMinutes(75),
        }),
        .. hourlyTasks.Select(task => new Schedule
        {
            Name = $"{WorkflowNames.HourlyRisk}-{cohort}-{task}",
            Workflow = WorkflowNames.HourlyRisk,
            Cohort = cohort,
            Task = task,
            Cron = Cron("5 * * * *"),
            TimeZone = timeZone,
            AsOf = ScheduleAsOf.Hour,
            CatchUp = Duration.FromHours(3),
            Deadline = Duration.FromMinutes(10),
        }),
        .. dailyTasks.Concat(hourlyTasks).Select(task => new Schedule
        {
            Name = $"{WorkflowNames.Drift}-{cohort}-{task}",
            Workflow = WorkflowNames.Drift,
            Cohort = cohort,
            Task = task,
            Cron = Cron("0 8 * * MON"),
            TimeZone = timeZone,
            CatchUp = Duration.FromDays(6),
        }),
        .. dailyTasks.Count + hourlyTasks.Count == 0 ? (IReadOnlyList<Schedule>)[] :
        [
            new Schedule
            {
                Name = $"{WorkflowNames.ReportTables}-{cohort}",
                Workflow = WorkflowNames.ReportTables,
                Cohort = cohort,
                Cron = Cron("30 7 * * *"),
                TimeZone = timeZone,
                CatchUp = Duration.FromDays(1),
            },
        ],
        new Schedule
        {
            Name = $"{WorkflowNames.Housekeeping}-{cohort}",
            Workflow = WorkflowNames.Housekeeping,
            Cohort = cohort,
            Cron = Cron("30 3 * * SUN"),
            TimeZone = timeZone,
            CatchUp = Duration.FromDays(6),
        },
    ];

    private static CronText Cron(string text) => CronText.TryParse(text, out var cron, out var problem) ? cron : throw new FormatException(problem);
}
