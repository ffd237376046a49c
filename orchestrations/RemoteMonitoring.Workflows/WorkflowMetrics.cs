using System.Diagnostics.Metrics;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows;

/// <summary>What workflows do, in figures. Tags are names of steps and tasks, and what came of them: never a patient, a team or a run.</summary>
public sealed class WorkflowMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "RemoteMonitoring.Workflows";

    /// <summary>Histogram: how long steps took, by name and outcome; its count is how many there were.</summary>
    public const string StepDuration = "remotemonitoring.workflows.step.duration";

    /// <summary>Counter: patients scored by nights.</summary>
    public const string Scored = "remotemonitoring.nights.scored";

    /// <summary>Counter: patients whom nights could not get through.</summary>
    public const string SetAside = "remotemonitoring.nights.set_aside";

    /// <summary>Counter: lines of lists that were published.</summary>
    public const string Listed = "remotemonitoring.nights.listed";

    /// <summary>Counter: deliveries of follow-ups that were tried, by what came of them.</summary>
    public const string Deliveries = "remotemonitoring.follow_ups.deliveries";

    private readonly Histogram<double> _steps;
    private readonly Counter<long> _scored;
    private readonly Counter<long> _setAside;
    private readonly Counter<long> _listed;
    private readonly Counter<long> _deliveries;

    /// <summary>Makes the instruments, of a meter that is the factory's to end.</summary>
    public WorkflowMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _steps = meter.CreateHistogram<double>(StepDuration, "s", "How long steps of workflows took, by name and outcome");
        _scored = meter.CreateCounter<long>(Scored, "{patient}", "Patients scored by nights, by task");
        _setAside = meter.CreateCounter<long>(SetAside, "{patient}", "Patients whom nights could not get through, by task");
        _listed = meter.CreateCounter<long>(Listed, "{patient}", "Lines of lists that were published, by task");
        _deliveries = meter.CreateCounter<long>(Deliveries, "{delivery}", "Deliveries of follow-ups that were tried, by what came of them");
    }

    internal void Step(string name, string outcome, TimeSpan took) => _steps.Record(took.TotalSeconds, new("step", name), new("outcome", outcome));

    internal void Published(string task, int scored, int setAside, int listed)
    {
        var tag = new KeyValuePair<string, object?>("task", task);
        _scored.Add(scored, tag);
        _setAside.Add(setAside, tag);
        _listed.Add(listed, tag);
    }

    internal void Delivered(DeliveryStatus status) => _deliveries.Add(1, new KeyValuePair<string, object?>("outcome", FollowUpWords.Name(status)));
}
