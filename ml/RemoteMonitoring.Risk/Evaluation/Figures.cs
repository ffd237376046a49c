namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>All figures of a report from held-out rows alone.</summary>
/// <param name="Metrics">By scorer, by metric.</param>
/// <param name="Differences">Model minus scorer.</param>
/// <param name="Calibration">Tenths of the model's predictions.</param>
/// <param name="Patients">Distinct patients.</param>
/// <param name="DistinctEvents">Outcomes that rows are positive for, each counted once.</param>
public sealed record Figures(
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Metrics,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Differences,
    IReadOnlyList<CalibrationBand> Calibration,
    int Patients,
    int DistinctEvents)
{
    /// <summary>
    /// Computes them. <paramref name="alertGain"/> says what an alert at each row gains where alerts have a worth. The same rows, seed and
    /// number of resamples give the same figures on any number of threads.
    /// </summary>
    public static Figures Of(
        HeldOutRows rows, int resamples, int seed, int threads = 2, Action<int>? done = null,
        double[]? alertGain = null, CancellationToken cancellationToken = default)
    {
        var (patient, patients) = rows.NumberPatients();
        var scorers = rows.Scorers()
            .Select(s => s.Name == MetricNames.Model
                ? new ScorerMetrics(s, rows.Alert, rows, patient, patients, alertGain)
                : new ScorerMetrics(s, null, rows, patient, patients))
            .ToList();
        var once = new int[patients];
        Array.Fill(once, 1);
        var values = scorers.ConvertAll(s => s.Compute(once));
        var resampled = PatientBootstrap.Run(scorers, patients, resamples, seed, threads, done, cancellationToken);
        var metrics = new SortedDictionary<string, IReadOnlyDictionary<string, Metric>>(StringComparer.Ordinal);
        var differences = new SortedDictionary<string, IReadOnlyDictionary<string, Metric>>(StringComparer.Ordinal);
        for (var s = 0; s < scorers.Count; s++)
        {
            var own = new SortedDictionary<string, Metric>(StringComparer.Ordinal);
            var against = new SortedDictionary<string, Metric>(StringComparer.Ordinal);
            for (var m = 0; m < scorers[s].Names.Count; m++)
            {
                var (at, metric) = (s, m);
                own[scorers[s].Names[m]] = PatientBootstrap.Interval(values[s][m], resampled.Select(r => r[at][metric]));
                // The metrics of a scorer are the first of the model's, in the same order.
                against[scorers[s].Names[m]] = PatientBootstrap.Interval(
                    values[0][m] - values[s][m], resampled.Select(r => r[0][metric] - r[at][metric]));
            }

            metrics[scorers[s].Name] = own;
            if (s > 0)
            {
                differences[scorers[s].Name] = against;
            }
        }

        return new(metrics, differences, Bands(rows), patients, HeldOutEvents.Count(HeldOutEvents.Number(rows)));
    }

    private static List<CalibrationBand> Bands(HeldOutRows rows) =>
        [.. CalibrationSums.Tenths(rows).Select(tenth => new CalibrationBand(tenth.Length, tenth.Average(i => rows.P[i]), tenth.Average(i => rows.Label[i] ? 1.0 : 0.0)))];
}
