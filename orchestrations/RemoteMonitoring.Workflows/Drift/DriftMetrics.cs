using System.Diagnostics.Metrics;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>Gauges of the latest look at drift, by task alone. What cannot be told is not stated.</summary>
public sealed class DriftMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "RemoteMonitoring.Drift";

    /// <summary>Gauge: columns that drifted.</summary>
    public const string Columns = "remotemonitoring.drift.columns";

    /// <summary>Gauge: population stability index of the scores.</summary>
    public const string ScorePsi = "remotemonitoring.drift.scores.psi";

    /// <summary>Gauge: AUROC of the latest stretch whose outcomes are certain.</summary>
    public const string Auroc = "remotemonitoring.drift.auroc";

    /// <summary>Gauge: events observed over events expected, of the same.</summary>
    public const string ObservedExpected = "remotemonitoring.drift.observed_expected";

    private readonly Gauge<long> _columns;
    private readonly Gauge<double> _scorePsi;
    private readonly Gauge<double> _auroc;
    private readonly Gauge<double> _observedExpected;

    /// <summary>Makes the instruments, of a meter that is the factory's to end.</summary>
    public DriftMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _columns = meter.CreateGauge<long>(Columns, "{column}", "Columns whose distribution drifted from the training snapshot");
        _scorePsi = meter.CreateGauge<double>(ScorePsi, "1", "Population stability index of the scores against training");
        _auroc = meter.CreateGauge<double>(Auroc, "1", "AUROC of the latest predictions whose outcomes are certain");
        _observedExpected = meter.CreateGauge<double>(ObservedExpected, "1", "Events observed over events expected, of the latest predictions whose outcomes are certain");
    }

    /// <summary>States what came of a look.</summary>
    public void State(DriftOutcome outcome)
    {
        var task = new KeyValuePair<string, object?>("task", outcome.Task);
        if (outcome.JudgedColumns > 0)
        {
            _columns.Record(outcome.DriftedColumns, task);
        }

        State(_scorePsi, outcome.ScorePsi, task);
        State(_auroc, outcome.Auroc, task);
        State(_observedExpected, outcome.ObservedExpected, task);
    }

    private static void State(Gauge<double> gauge, double? value, KeyValuePair<string, object?> task)
    {
        if (value is { } number)
        {
            gauge.Record(number, task);
        }
    }
}
