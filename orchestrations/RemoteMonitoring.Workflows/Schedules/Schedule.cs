using NodaTime;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Workflows.Schedules;

/// <summary>Which instant an occurrence of a schedule speaks for.</summary>
public enum ScheduleAsOf
{
    /// <summary>The begin of the local day that it falls in, in the schedule's zone.</summary>
    Midnight,

    /// <summary>The full hour before it, by the clocks of the schedule's zone.</summary>
    Hour,
}

/// <summary>One occurrence of a schedule. Who finds the same occurrence twice, or from two processes, finds the same <see cref="InstanceId"/>.</summary>
/// <param name="Schedule">The schedule.</param>
/// <param name="At">When it comes.</param>
/// <param name="AsOf">The instant it speaks for.</param>
/// <param name="Deadline">When its workflow no longer waits for ingestion; null where the schedule has none.</param>
public sealed record ScheduleOccurrence(Schedule Schedule, Instant At, Instant AsOf, Instant? Deadline)
{
    /// <summary>Id of the workflow instance: <c>{workflow}-{cohort}-{task}-{yyyyMMddTHHmmssZ}</c> of the as-of, the task where there is one.</summary>
    public string InstanceId => RunRegister.IdOf(Schedule.Workflow, Schedule.Cohort, Schedule.Task, AsOf);
}

/// <summary>
/// When a workflow runs by itself for a cohort. What comes of it is a function of the settings and of instants: nothing is remembered here.
/// Schedules of several zones stand side by side.
/// </summary>
public sealed record Schedule
{
    /// <summary>Occurrences at the most that are due at once: the newest.</summary>
    public const int MostDue = 100;

    /// <summary>Name, for people; unique among the schedules of a home.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the workflow.</summary>
    public required string Workflow { get; init; }

    /// <summary>Name of the cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>Name of the risk task; null for a workflow without one.</summary>
    public string? Task { get; init; }

    /// <summary>When it comes round, in the time of <see cref="TimeZone"/>.</summary>
    public required CronText Cron { get; init; }

    /// <summary>The zone, by its IANA name.</summary>
    public required string TimeZone { get; init; }

    /// <summary>The instant that an occurrence speaks for.</summary>
    public ScheduleAsOf AsOf { get; init; }

    /// <summary>How long an occurrence is made up for that was missed; null for ever.</summary>
    public Duration? CatchUp { get; init; }

    /// <summary>How long after its occurrence the workflow waits for ingestion at the most; null where it does not wait.</summary>
    public Duration? Deadline { get; init; }

    /// <summary>What all its instance ids begin with.</summary>
    public string IdStem => Task is null ? $"{Workflow}-{Cohort}" : $"{Workflow}-{Cohort}-{Task}";

    /// <summary>
    /// What is due at <paramref name="now"/> of what came after <paramref name="since"/>, the last occurrence that was handled: the missed ones too as
    /// far back as <see cref="CatchUp"/>, in order, at most the newest <see cref="MostDue"/>. Several that speak for one instant are one, the last of them.
    /// </summary>
    public IReadOnlyList<ScheduleOccurrence> Due(Instant since, Instant now)
    {
        // The limit itself still counts; what comes after an instant is asked for.
        var from = CatchUp is { } limit ? Instant.Max(since, now - limit - Duration.FromTicks(1)) : since;
        var newest = new Queue<ScheduleOccurrence>();
        ScheduleOccurrence? last = null;
        foreach (var occurrence in Cron.Between(from, now, Zone()).Select(Of))
        {
            if (last is not null && last.AsOf != occurrence.AsOf)
            {
                newest.Enqueue(last);
            }

            last = occurrence;
            if (newest.Count == MostDue)
            {
                newest.Dequeue();
            }
        }

        return last is null ? [] : [.. newest, last];
    }

    /// <summary>The next occurrences after an instant.</summary>
    public IReadOnlyList<ScheduleOccurrence> Next(Instant after, int count) => [.. Cron.After(after, Zone()).Take(count).Select(Of)];

    /// <summary>The occurrences after an instant, up to another, in order.</summary>
    public IEnumerable<ScheduleOccurrence> Between(Instant after, Instant until) => Cron.Between(after, until, Zone()).Select(Of);

    private TimeZoneInfo Zone() => TimeZoneInfo.FindSystemTimeZoneById(TimeZone);

    private ScheduleOccurrence Of(Instant at)
    {
        var zone = DateTimeZoneProviders.Tzdb[TimeZone];
        var local = at.InZone(zone);
        // Minutes are taken off as time that passed, so that of an hour that the clocks show twice each speaks for its own.
        var asOf = AsOf == ScheduleAsOf.Midnight ? zone.AtStartOfDay(local.Date).ToInstant() : at - (local.TimeOfDay - new LocalTime(local.Hour, 0)).ToDuration();
        return new ScheduleOccurrence(this, at, asOf, at + Deadline);
    }
}
