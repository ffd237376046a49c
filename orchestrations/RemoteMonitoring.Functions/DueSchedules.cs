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
    private readonly Said _said = new();

    /// <summary>
    /// Starts it. What fails to start is due again the next time, and keeps nothing else from starting: not what is due for other cohorts, nor by
    /// other schedules of the same.
    /// </summary>
    public async Task StartAsync(DurableTaskClient durable, CancellationToken cancellationToken)
    {
        var file = File();
        foreach (var fault in file?.Faults ?? [])
        {
            if (_said.IsNews(fault, fault))
            {
                LogFault(fault);
            }
        }

        var set = file?.Sound;
        foreach (var cohort in await host.CohortsAsync(cancellationToken))
        {
            try
            {
                var scheduler = new Scheduler(await host.RegisterAsync(cohort, durable, cancellationToken), time);
                foreach (var schedule in await OfAsync(cohort, set, cancellationToken))
                {
                    await StartAsync(scheduler, schedule, cancellationToken);
                }

                _said.Forget(cohort);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (_said.IsNews(cohort, Why(e)))
                {
                    LogCohortFailed(cohort, Why(e));
                }
            }
        }
    }

    private async Task StartAsync(Scheduler scheduler, Schedule schedule, CancellationToken cancellationToken)
    {
        try
        {
            // A machine that is new here looks back; what was started then is started once.
            var since = _since.TryGetValue(schedule.Name, out var known) ? known : await scheduler.SinceAsync(schedule, cancellationToken);
            var now = Instant.FromDateTimeOffset(time.GetUtcNow());
            foreach (var occurrence in schedule.Due(since, now))
            {
                if (await scheduler.StartAsync(occurrence, cancellationToken))
                {
                    LogStarted(occurrence.InstanceId, schedule.Name);
                }
            }

            _since[schedule.Name] = now;
            _said.Forget($"{schedule.Cohort}/{schedule.Name}");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (_said.IsNews($"{schedule.Cohort}/{schedule.Name}", Why(e)))
            {
                LogScheduleFailed(schedule.Name, schedule.Cohort, Why(e));
            }
        }
    }

    /// <summary>The schedules of a cohort.</summary>
    public Task<IReadOnlyList<Schedule>> OfAsync(string cohort, CancellationToken cancellationToken) => OfAsync(cohort, File()?.Sound, cancellationToken);

    private async Task<IReadOnlyList<Schedule>> OfAsync(string cohort, IReadOnlyList<Schedule>? set, CancellationToken cancellationToken) =>
        set is null ? await BundledSchedules.OfAsync(await host.CohortAsync(cohort, cancellationToken), cancellationToken) : [.. set.Where(s => s.Cohort == cohort)];

    /// <summary>What the setting says; null where there is none.</summary>
    private ScheduleFile? File() => settings[Setting] is { } text && !string.IsNullOrWhiteSpace(text) ? ScheduleFile.Parse(text, Setting) : null;

    /// <summary>The words of our own faults; of others only the kind, since theirs may quote what they stumbled over.</summary>
    private static string Why(Exception e) => e is LakeException ? e.Message : e.GetType().Name;

    [LoggerMessage(1, LogLevel.Information, "{InstanceId}: started, {Schedule}")]
    private partial void LogStarted(string instanceId, string schedule);

    [LoggerMessage(2, LogLevel.Error, "{Schedule} of cohort {Cohort}: cannot be started, and is tried again the next time: {Why}")]
    private partial void LogScheduleFailed(string schedule, string cohort, string why);

    [LoggerMessage(3, LogLevel.Error, "Cohort {Cohort}: nothing that is scheduled for it can be started, and is tried again the next time: {Why}")]
    private partial void LogCohortFailed(string cohort, string why);

    [LoggerMessage(4, LogLevel.Error, "{Fault} What it is about does not run; the other schedules do.")]
    private partial void LogFault(string fault);
}
