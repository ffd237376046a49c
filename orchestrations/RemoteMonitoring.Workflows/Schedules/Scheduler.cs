using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Schedules;

/// <summary>Starts what schedules say is due. An occurrence has one id, so it makes no difference how often, or by how many, it is started.</summary>
public sealed class Scheduler(RunRegister register, TimeProvider time)
{
    /// <summary>How long after ingestion is waited for no more the lists have to be out. A night that is made up for has as long from now: late lists are better than none.</summary>
    public static readonly Duration AfterWaiting = Duration.FromMinutes(15);

    /// <summary>
    /// From when on what came of a schedule is due, for one that begins to serve it: as far back as it catches up, but not before anybody served it for the
    /// first time. That is now, where nobody did: of a home that is new nothing was missed.
    /// </summary>
    public async Task<Instant> SinceAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        var path = LakePaths.ScheduleBegun(schedule.IdStem);
        await register.Lake.TryCreateAsync(path, JsonSerializer.SerializeToUtf8Bytes(new ScheduleBegun(1, now), ScheduleBegunJson.Default.ScheduleBegun), cancellationToken);
        var begun = (await BegunAsync(register.Lake, schedule, cancellationToken)).GetValueOrDefault(now);
        return schedule.CatchUp is { } limit ? Instant.Max(begun, now - limit) : begun;
    }

    /// <summary>Since when somebody serves a schedule; null where nobody ever did.</summary>
    public static async Task<Instant?> BegunAsync(Lake lake, Schedule schedule, CancellationToken cancellationToken) =>
        await lake.TryReadAsync(LakePaths.ScheduleBegun(schedule.IdStem), cancellationToken) is { } bytes
            ? JsonSerializer.Deserialize(bytes, ScheduleBegunJson.Default.ScheduleBegun)!.Begun
            : null;

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
            // What is waited for counts; a night that is made up for long after is scored as it would have been known then.
            KnownWhenBegun = occurrence.Deadline is { } until && now <= until,
            WaitUntil = occurrence.Deadline,
            Deadline = occurrence.Deadline is { } deadline ? Instant.Max(deadline, now) + AfterWaiting : null,
        };
        var (_, isNew) = schedule.Workflow switch
        {
            WorkflowNames.DailyRisk => await register.StartAsync(DailyRiskWorkflow.Daily, occurrence.InstanceId, input, cancellationToken),
            WorkflowNames.HourlyRisk => await register.StartAsync(DailyRiskWorkflow.Hourly, occurrence.InstanceId, input, cancellationToken),
            WorkflowNames.Housekeeping => await register.StartAsync(
                HousekeepingWorkflow.Definition, occurrence.InstanceId, new HousekeepingInput { Cohort = schedule.Cohort, Now = occurrence.At }, cancellationToken),
            WorkflowNames.ReportTables => await register.StartAsync(
                ReportTablesWorkflow.Definition, occurrence.InstanceId, new ReportInput { Cohort = schedule.Cohort, Now = Instant.Max(now, occurrence.At) }, cancellationToken),
            WorkflowNames.Training => await register.StartAsync(
                TrainingWorkflow.Definition, occurrence.InstanceId, new TrainingInput { Cohort = schedule.Cohort, Task = schedule.Task ?? "", WaitForApproval = true }, cancellationToken),
            WorkflowNames.Drift => await register.StartAsync(
                DriftWorkflow.Definition, occurrence.InstanceId, new DriftInput { Cohort = schedule.Cohort, Task = schedule.Task ?? "", AsOf = occurrence.AsOf }, cancellationToken),
            var other => throw new InvalidOperationException($"Schedule '{schedule.Name}' is for workflow '{other}', which there is none of."),
        };
        return isNew;
    }
}

/// <summary>Since when somebody serves a schedule, as it is written.</summary>
internal sealed record ScheduleBegun(int SchemaVersion, Instant Begun);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(ScheduleBegun))]
internal sealed partial class ScheduleBegunJson : JsonSerializerContext;
