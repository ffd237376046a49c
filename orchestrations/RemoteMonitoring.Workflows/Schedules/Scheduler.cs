using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Workflows.Schedules;

/// <summary>Starts what schedules say is due. An occurrence has one id, so it makes no difference how often, or by how many, it is started.</summary>
public sealed class Scheduler(RunRegister register, TimeProvider time)
{
    /// <summary>How long after ingestion is waited for no more the lists have to be out. A night that is made up for has as long from now: late lists are better than none.</summary>
    public static readonly Duration AfterWaiting = Duration.FromMinutes(15);

    /// <summary>Starts an occurrence; false where it was started before.</summary>
    public async Task<bool> StartAsync(ScheduleOccurrence occurrence, CancellationToken cancellationToken)
    {
        var schedule = occurrence.Schedule;
        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        var input = new DailyRiskInput
        {
            Cohort = schedule.Cohort,
            Task = schedule.Task ?? "",
            AsOf = occurrence.AsOf,
            WaitUntil = occurrence.Deadline,
            Deadline = occurrence.Deadline is { } deadline ? Instant.Max(deadline, now) + AfterWaiting : null,
        };
        var (_, isNew) = schedule.Workflow switch
        {
            BundledSchedules.DailyRisk => await register.StartAsync(DailyRiskWorkflow.Daily, occurrence.InstanceId, input, cancellationToken),
            BundledSchedules.HourlyRisk => await register.StartAsync(DailyRiskWorkflow.Hourly, occurrence.InstanceId, input, cancellationToken),
            BundledSchedules.Housekeeping => await register.StartAsync(
                HousekeepingWorkflow.Definition, occurrence.InstanceId, new HousekeepingInput { Cohort = schedule.Cohort, Now = occurrence.At }, cancellationToken),
            var other => throw new InvalidOperationException($"Schedule '{schedule.Name}' is for workflow '{other}', which there is none of."),
        };
        return isNew;
    }
}
