using NodaTime;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>What became of predictions whose window and reporting delay have passed: labels by the rules that a model is taught by.</summary>
/// <param name="task">The task.</param>
/// <param name="reference">Reference data as it was known when drift is looked at.</param>
/// <param name="endOfData">Up to when outcomes had the time to become known.</param>
internal sealed class MaturedOutcomes(TaskDefinition task, ReferenceData reference, Instant endOfData)
{
    private const int Resamples = 300;
    private const int Seed = 1;
    private const int Threads = 2;

    /// <summary>The latest instant whose outcome can be certain: of a stay that is looked at to its end, those that have ended by now are.</summary>
    internal Instant Latest { get; } = (task.Horizon.Unit switch
    {
        HorizonUnit.Hours => endOfData - Duration.FromHours(task.Horizon.Count),
        HorizonUnit.LocalDays => endOfData - Duration.FromDays(task.Horizon.Count),
        _ => endOfData,
    }) - task.ReportingDelay;

    /// <summary>How good a model's predictions of a stretch were; null where none of them has a certain outcome.</summary>
    internal async Task<PerformancePeriod?> OfAsync(NightTables tables, IReadOnlyList<LedgerEntry> nights, Instant after, Instant to, CancellationToken cancellationToken)
    {
        var scores = await tables.ScoresAsync(nights, cancellationToken);
        if (scores.Count == 0)
        {
            return null;
        }

        // A row once a stay is for its own instant, and not for that of the night.
        var instants = task.Grid == AsOfGrid.OnceAfterEnrolment ? null : nights.Select(n => n.AsOf).Distinct().ToArray();
        var labels = Cohort.Build(task, reference, instants, endOfData).Rows.ToDictionary(r => (r.PatientId, r.AsOf.ToUnixMicros()), r => r.Label);
        NightScore[] certain = [.. scores.Where(s => labels.ContainsKey((s.PatientId, s.AsOf)))];
        return certain.Length == 0 ? null : PerformancePeriod.Of(
            new MaturedScores([.. certain.Select(s => s.PatientId)], [.. certain.Select(s => s.P)], [.. certain.Select(s => labels[(s.PatientId, s.AsOf)])]),
            Resamples, Seed, Threads, cancellationToken) with
        { After = after, To = to };
    }

    /// <summary>Why there is nothing to say yet, in a sentence.</summary>
    internal string NotYet(Instant after) =>
        $"Not matured: outcomes are certain of instants up to {Latest} (the window and {task.ReportingDelay.TotalDays:0.#} days until they are heard of have to pass), and no prediction of this model after {after} has one.";
}
