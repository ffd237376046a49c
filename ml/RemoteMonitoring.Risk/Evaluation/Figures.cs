namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>All figures of a report from held-out rows alone.</summary>
/// <param name="Metrics">By scorer, by metric.</param>
/// <param name="Differences">Model minus scorer.</param>
/// <param name="Calibration">Tenths of the model's predictions.</param>
/// <param name="Patients">Distinct patients.</param>
public sealed record Figures(
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Metrics,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> Differences,
    IReadOnlyList<CalibrationBand> Calibration,
    int Patients)
{
    /// <summary>
    /// Computes them. <paramref name="trailingRate"/> says whether the patient's own recent outcomes are a baseline of the
    /// task, <paramref name="alertGain"/> what an alert at each row gains where alerts have a worth. The same rows, seed and number of resamples give the same figures on any number of threads.
    /// </summary>
    public static Figures Of(
        HeldOutRows rows, bool trailingRate, int resamples, int seed, int threads = 2, Action<int>? done = null,
        double[]? alertGain = null, CancellationToken cancellationToken = default)
    {
        var number = new Dictionary<string, int>();
        var patient = new int[rows.Rows];
        for (var i = 0; i < patient.Length; i++)
        {
            number.TryAdd(rows.PatientId[i], number.Count);
            patient[i] = number[rows.PatientId[i]];
        }

        var scorers = new List<ScorerMetrics>
        {
            new(MetricNames.Model, rows.P, true, rows.Alert, rows, patient, number.Count, alertGain),
            new(MetricNames.Logistic, rows.Logistic, true, null, rows, patient, number.Count),
            // Nothing known scores nothing: the chart has no other answer.
            new(MetricNames.News2, Array.ConvertAll(rows.News2Point, p => double.IsNaN(p) ? 0 : p), false, null, rows, patient, number.Count),
        };
        if (trailingRate)
        {
            scorers.Add(new(MetricNames.TrailingRate, rows.TrailingCount7Days, false, null, rows, patient, number.Count));
            scorers.Add(new(MetricNames.TrailingRate28Days, rows.TrailingCount28Days, false, null, rows, patient, number.Count));
        }

        var once = new int[number.Count];
        Array.Fill(once, 1);
        var values = scorers.ConvertAll(s => s.Compute(once));
        var resampled = PatientBootstrap.Run(scorers, number.Count, resamples, seed, threads, done, cancellationToken);
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

        return new(metrics, differences, Bands(rows), number.Count);
    }

    private static List<CalibrationBand> Bands(HeldOutRows rows)
    {
        var order = Enumerable.Range(0, rows.Rows).OrderBy(i => rows.P[i]).ThenBy(i => i).ToArray();
        var bands = new List<CalibrationBand>();
        for (var b = 0; b < 10; b++)
        {
            var band = order[(int)((long)b * order.Length / 10)..(int)((long)(b + 1) * order.Length / 10)];
            if (band.Length > 0)
            {
                bands.Add(new(band.Length, band.Average(i => rows.P[i]), band.Average(i => rows.Label[i] ? 1.0 : 0.0)));
            }
        }

        return bands;
    }
}
