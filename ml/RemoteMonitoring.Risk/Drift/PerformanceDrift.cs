using NodaTime;
using RemoteMonitoring.Risk.Evaluation;

namespace RemoteMonitoring.Risk.Drift;

/// <summary>Predictions whose outcome is certain.</summary>
/// <param name="PatientId">Patient of each.</param>
/// <param name="P">Probability that was given.</param>
/// <param name="Label">What happened.</param>
public sealed record MaturedScores(string[] PatientId, double[] P, bool[] Label);

/// <summary>How good a stretch of predictions turned out to be, with 95 % intervals over resamples of patients.</summary>
public sealed record PerformancePeriod
{
    /// <summary>Instants after this one; null for rows held out in training.</summary>
    public Instant? After { get; init; }

    /// <summary>Up to this one.</summary>
    public Instant? To { get; init; }

    /// <summary>Predictions whose label is certain.</summary>
    public required int Rows { get; init; }

    /// <summary>Patients.</summary>
    public required int Patients { get; init; }

    /// <summary>With the outcome.</summary>
    public required int Events { get; init; }

    /// <summary>Area under the ROC curve over all rows at once.</summary>
    public required Metric Auroc { get; init; }

    /// <summary>Calibration slope.</summary>
    public required Metric Slope { get; init; }

    /// <summary>Events observed over events expected.</summary>
    public required Metric ObservedExpected { get; init; }

    /// <summary>Works out the figures. The same rows, resamples and seed give the same on any number of threads.</summary>
    public static PerformancePeriod Of(MaturedScores scores, int resamples, int seed, int threads, CancellationToken cancellationToken)
    {
        var count = scores.P.Length;
        var rows = HeldOutRows.Empty(count);
        for (var i = 0; i < count; i++)
        {
            // A model from elsewhere may be certain; its log-odds are then as far as a float goes.
            (rows.PatientId[i], rows.Label[i], rows.P[i]) = (scores.PatientId[i], scores.Label[i], Math.Clamp(scores.P[i], 1e-7, 1 - 1e-7));
        }

        var (patient, patients) = rows.NumberPatients();
        var scorer = new ScorerMetrics(new(MetricNames.Model, rows.P, rows.P, true), null, rows, patient, patients);
        var once = new int[patients];
        Array.Fill(once, 1);
        var values = scorer.Compute(once);
        var resampled = PatientBootstrap.Run([scorer], patients, resamples, seed, threads, null, cancellationToken);
        Metric Figure(string name)
        {
            var at = Array.IndexOf([.. scorer.Names], name);
            return PatientBootstrap.Interval(values[at], resampled.Select(r => r[0][at]));
        }

        return new()
        {
            Rows = count,
            Patients = patients,
            Events = scores.Label.Count(l => l),
            Auroc = Figure(MetricNames.AurocPooled),
            Slope = Figure(MetricNames.CalibrationSlope),
            ObservedExpected = Figure(MetricNames.ObservedExpected),
        };
    }

    /// <summary>The figures of the rows held out in training, as its report has them.</summary>
    public static PerformancePeriod Of(EvaluationReport report)
    {
        var metrics = report.Metrics[MetricNames.Model];
        return new()
        {
            Rows = report.Rows,
            Patients = report.Patients,
            Events = report.Events,
            Auroc = metrics[MetricNames.Auroc],
            Slope = metrics[MetricNames.CalibrationSlope],
            ObservedExpected = metrics[MetricNames.ObservedExpected],
        };
    }
}

/// <summary>How good the model's predictions turned out to be, over the latest stretch of which the outcomes are certain.</summary>
public sealed record PerformanceDrift
{
    /// <summary>The latest stretch whose outcomes are certain; null where there is none yet.</summary>
    public PerformancePeriod? Now { get; init; }

    /// <summary>Why there is none, in a sentence; null where there is one.</summary>
    public string? NotMatured { get; init; }

    /// <summary>The stretch before it.</summary>
    public PerformancePeriod? Before { get; init; }

    /// <summary>Rows held out in training.</summary>
    public PerformancePeriod? Training { get; init; }

    /// <summary>The worst of the three figures' verdicts.</summary>
    public DriftVerdict Verdict => DriftLimits.Worst([AurocVerdict, SlopeVerdict, ObservedExpectedVerdict]);

    /// <summary>AUROC: drifted where its interval lies below that of training (before, without it), watch where its value does.</summary>
    public DriftVerdict AurocVerdict => Judged((now, reference) =>
        now.Auroc.High < reference.Auroc.Low ? DriftVerdict.Drifted : now.Auroc.Value < reference.Auroc.Low ? DriftVerdict.Watch : DriftVerdict.Stable);

    /// <summary>Calibration slope: drifted where the two intervals have nothing in common.</summary>
    public DriftVerdict SlopeVerdict => Judged((now, reference) =>
        now.Slope.High < reference.Slope.Low || now.Slope.Low > reference.Slope.High ? DriftVerdict.Drifted
        : now.Slope.Value < reference.Slope.Low || now.Slope.Value > reference.Slope.High ? DriftVerdict.Watch : DriftVerdict.Stable);

    /// <summary>Observed over expected, by itself: drifted where its interval lies outside of what a promotion asks for, watch where its value does.</summary>
    public DriftVerdict ObservedExpectedVerdict => Now is not { Events: >= DriftLimits.MinimumEvents } now ? DriftVerdict.TooFew
        : now.ObservedExpected.High < DriftLimits.LowestObservedExpected || now.ObservedExpected.Low > DriftLimits.HighestObservedExpected ? DriftVerdict.Drifted
        : now.ObservedExpected.Value is < DriftLimits.LowestObservedExpected or > DriftLimits.HighestObservedExpected ? DriftVerdict.Watch : DriftVerdict.Stable;

    private DriftVerdict Judged(Func<PerformancePeriod, PerformancePeriod, DriftVerdict> judge) =>
        Now is { Events: >= DriftLimits.MinimumEvents } now && (Training ?? Before) is { Events: >= DriftLimits.MinimumEvents } reference ? judge(now, reference) : DriftVerdict.TooFew;
}
