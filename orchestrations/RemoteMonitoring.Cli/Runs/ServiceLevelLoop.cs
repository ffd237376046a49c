using System.Data.Common;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Schedules;
using RemoteMonitoring.Workflows.Service;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>Beside the schedules: measures the service every minute, for who collects metrics.</summary>
internal static class ServiceLevelLoop
{
    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(CohortStore store, IWorkflowClient client, Func<Task<IReadOnlyList<Schedule>>> schedules, ServiceGauges gauges, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                gauges.State(store.Cohort, await new ServiceLevels(store, await schedules(), client, TimeProvider.System).MeasureAsync(cancellationToken));
            }
            catch (Exception e) when (e is LakeException or UserException or DbException or IOException)
            {
                // Nothing is stated while nothing can be measured, and that is what an alert looks for.
            }

            await Task.Delay(s_every, cancellationToken);
        }
    }
}
