using System.Collections.Concurrent;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Functions;

/// <summary>Starts what the schedules of all cohorts say is due. They are those of the setting <c>RMON_SCHEDULES</c>, else the bundled ones.</summary>
public sealed partial class DueSchedules(FunctionsHost host, IConfiguration settings, TimeProvider time, ILogger<DueSchedules> logger)
{
    /// <summary>The setting: the text of a <see cref="ScheduleFile"/>.</summary>
    public const string Setting = "RMON_SCHEDULES";

    private readonly ConcurrentDictionary<string, Instant> _since = new(StringComparer.Ordinal);

    /// <summary>Starts it; what fails to start is due again the next time.</summary>
    public async Task StartAsync(DurableTaskClient durable, CancellationToken cancellationToken)
    {
        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        foreach (var cohort in await host.CohortsAsync(cancellationToken))
        {
            var scheduler = new Scheduler(await host.RegisterAsync(cohort, durable, cancellationToken), time);
            foreach (var schedule in await OfAsync(cohort, cancellationToken))
            {
                // A machine that is new here looks back as far as the schedule catches up; what was started then is started once.
                var since = _since.TryGetValue(schedule.Name, out var known) ? known : now - (schedule.CatchUp ?? Duration.FromDays(1));
                foreach (var occurrence in schedule.Due(since, now))
                {
                    if (await scheduler.StartAsync(occurrence, cancellationToken))
                    {
                        LogStarted(occurrence.InstanceId, schedule.Name);
                    }
                }

                _since[schedule.Name] = now;
            }
        }
    }

    private async Task<IReadOnlyList<Schedule>> OfAsync(string cohort, CancellationToken cancellationToken)
    {
        if (settings[Setting] is not { } text || string.IsNullOrWhiteSpace(text))
        {
            return await BundledSchedules.OfAsync(await host.CohortAsync(cohort, cancellationToken), cancellationToken);
        }

        var file = ScheduleFile.Parse(text, Setting);
        return file.Faults is [] ? [.. file.Schedules.Where(s => s.Cohort == cohort)] : throw new LakeException(string.Join(" ", file.Faults));
    }

    [LoggerMessage(1, LogLevel.Information, "{InstanceId}: started, {Schedule}")]
    private partial void LogStarted(string instanceId, string schedule);
}
