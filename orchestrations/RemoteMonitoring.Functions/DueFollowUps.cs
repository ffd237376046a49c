using System.Collections.Concurrent;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Functions;

/// <summary>Goes round for the follow-ups of all cohorts: begins those of urgent readings, and tells those under way that somebody acted.</summary>
public sealed partial class DueFollowUps(FunctionsHost host, TimeProvider time, ILogger<DueFollowUps> logger) : IDisposable
{
    private readonly ConcurrentDictionary<string, FollowUpRounds> _rounds = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Said _said = new();

    /// <summary>Goes round once; while a round is under way on this machine there is no other. What fails in one cohort keeps no other from its round.</summary>
    public async Task LookAsync(DurableTaskClient durable, CancellationToken cancellationToken)
    {
        if (!await _turn.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return;
        }

        try
        {
            foreach (var cohort in await host.CohortsAsync(cancellationToken))
            {
                await LookAsync(cohort, durable, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var rounds in _rounds.Values)
        {
            rounds.Dispose();
        }

        _turn.Dispose();
    }

    private async Task LookAsync(string cohort, DurableTaskClient durable, CancellationToken cancellationToken)
    {
        try
        {
            if (!_rounds.TryGetValue(cohort, out var rounds))
            {
                // The client of the first round serves the later ones: all are of one task hub.
                rounds = _rounds[cohort] = new FollowUpRounds(await host.CohortAsync(cohort, cancellationToken), await host.ClientAsync(durable), time);
            }

            var (ofReadings, ofLists) = await rounds.LookAsync(cancellationToken);
            _said.Forget(cohort);
            if (ofReadings + ofLists > 0)
            {
                LogBegun(cohort, ofReadings, ofLists);
            }
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

    [LoggerMessage(5, LogLevel.Information, "Cohort {Cohort}: {OfReadings} follow-ups of urgent readings begun, {OfLists} of lists that their night had left")]
    private partial void LogBegun(string cohort, int ofReadings, int ofLists);

    [LoggerMessage(6, LogLevel.Error, "Cohort {Cohort}: its follow-ups cannot be looked after yet, and are the next time: {Why}")]
    private partial void LogFailed(string cohort, string why);
}
