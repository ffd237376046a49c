using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RemoteMonitoring.Workflows.Service;

/// <summary>
/// The figures of <see cref="ServiceObjectives"/> as gauges, tagged with cohort and model alone. Who collects is handed what was measured last and waits for nothing. What is not known is
/// not stated, and neither is what has not been measured for <see cref="Holds"/>: an alert tells silence from health.
/// </summary>
public sealed class ServiceGauges
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "RemoteMonitoring.Service";

    /// <summary>So long a figure is stated after it was measured.</summary>
    public static readonly TimeSpan Holds = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(string Cohort, ServiceObjective Objective), (long At, IReadOnlyList<ServiceLevel> Levels)> _stated = new();
    private readonly TimeProvider _time;

    /// <summary>Makes the instruments, of a meter that is the factory's to end.</summary>
    public ServiceGauges(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        var meter = meters.Create(MeterName);
        foreach (var objective in ServiceObjectives.All)
        {
            meter.CreateObservableGauge(objective.Instrument, () => Of(objective), objective.Unit, objective.Means);
        }
    }

    /// <summary>States what was measured of a cohort, in place of what was before of the same objectives.</summary>
    public void State(string cohort, IReadOnlyList<ServiceLevel> levels)
    {
        foreach (var of in levels.GroupBy(l => l.Objective))
        {
            _stated[(cohort, of.Key)] = (_time.GetTimestamp(), [.. of]);
        }
    }

    private List<Measurement<double>> Of(ServiceObjective objective)
    {
        var stated = new List<Measurement<double>>();
        foreach (var ((cohort, of), (at, levels)) in _stated)
        {
            foreach (var level in of == objective && _time.GetElapsedTime(at) <= Holds ? levels : [])
            {
                if (level.Value is { } value)
                {
                    var whose = new KeyValuePair<string, object?>("cohort", cohort);
                    stated.Add(level.Model is { } model ? new(value, whose, new("model", model)) : new(value, whose));
                }
            }
        }

        return stated;
    }
}
