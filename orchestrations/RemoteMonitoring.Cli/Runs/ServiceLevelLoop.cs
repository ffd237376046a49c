using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Schedules;
using RemoteMonitoring.Workflows.Service;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>Beside the schedules: measures the service every minute, for who collects metrics. Whatever fails, nothing that serves stops for it.</summary>
internal static class ServiceLevelLoop
{
    private static readonly TimeSpan s_every = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(
        Terminal terminal, CohortStore store, IWorkflowClient client, Func<Task<IReadOnlyList<Schedule>>> schedules, ServiceGauges gauges, CancellationToken cancellationToken)
    {
        var logger = terminal.Log<ServiceLevels>();
        var footers = new LandedFooters();
        string? failed = null;
        while (true)
        {
            try
            {
                await new ServiceLevels(store, await schedules(), client, footers, TimeProvider.System, logger).MeasureAsync(of => gauges.State(store.Cohort, of), cancellationToken);
                failed = null;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // Nothing is stated while nothing can be measured, and that is what an alert looks for.
                var why = e is LakeException or UserException or IOException ? e.Message : $"a fault of the program ({e.GetType().Name})";
                if (why != failed)
                {
                    terminal.Warn($"the service cannot be measured, and is tried again every minute: {why.ReplaceLineEndings(" ")}");
                }

                failed = why;
            }

            await Task.Delay(s_every, cancellationToken);
        }
    }
}
