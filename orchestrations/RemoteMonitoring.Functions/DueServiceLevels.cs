using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Service;

namespace RemoteMonitoring.Functions;

/// <summary>Measures the service for all cohorts, and states it as gauges.</summary>
public sealed partial class DueServiceLevels(FunctionsHost host, DueSchedules schedules, IMeterFactory meters, TimeProvider time, ILogger<DueServiceLevels> logger) : IDisposable
{
    private readonly ServiceGauges _gauges = new(meters, time);
    private readonly ConcurrentDictionary<string, LandedFooters> _footers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Said _said = new();

    /// <summary>Measures once; while that is under way on this machine it is not done twice. What fails in one cohort keeps no other from being measured.</summary>
    public async Task MeasureAsync(DurableTaskClient durable, CancellationToken cancellationToken)
    {
        if (!await _turn.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return;
        }

        try
        {
            foreach (var cohort in await host.CohortsAsync(cancellationToken))
            {
                await MeasureAsync(cohort, durable, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private async Task MeasureAsync(string cohort, DurableTaskClient durable, CancellationToken cancellationToken)
    {
        try
        {
            var levels = new ServiceLevels(await host.CohortAsync(cohort, cancellationToken), await schedules.OfAsync(cohort, cancellationToken), await host.ClientAsync(durable), _footers.GetOrAdd(cohort, _ => new LandedFooters()), time, logger);
            await levels.MeasureAsync(of => _gauges.State(cohort, of), cancellationToken);
            _said.Forget(cohort);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            var why = e is LakeException ? e.Message : e.GetType().Name;
            if (_said.IsNews(cohort, why))
            {
                LogFailed(cohort, why);
            }
        }
    }

    [LoggerMessage(8, LogLevel.Error, "Cohort {Cohort}: the service cannot be measured, and is the next time: {Why}")]
    private partial void LogFailed(string cohort, string why);
}
