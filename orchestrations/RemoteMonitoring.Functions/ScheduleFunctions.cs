using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace RemoteMonitoring.Functions;

/// <summary>Time passes.</summary>
public sealed class ScheduleFunctions(DueSchedules schedules, DueFollowUps followUps, DueServiceLevels levels)
{
    /// <summary>
    /// Looks every minute for what is due. The cron texts, zones and catching up are the schedules' own, not the trigger's, which knows
    /// one zone; a trigger that comes twice, late or after days finds each occurrence under the id that it has.
    /// </summary>
    [Function("start-due")]
    public Task StartDueAsync([TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timer);
        return schedules.StartAsync(client, cancellationToken);
    }

    /// <summary>Goes round for follow-ups every ten seconds: so long an urgent reading waits at the most before somebody is told.</summary>
    [Function("follow-ups")]
    public Task LookAfterFollowUpsAsync([TimerTrigger("*/10 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timer);
        return followUps.LookAsync(client, cancellationToken);
    }

    /// <summary>Measures the service every minute, for alerts and the workbook.</summary>
    [Function("service-levels")]
    public Task MeasureServiceAsync([TimerTrigger("30 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timer);
        return levels.MeasureAsync(client, cancellationToken);
    }
}
