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

    private readonly ConcurrentDictionary<string, (long At, IReadOnlyList<ServiceLevel> Levels)> _cohorts = new(StringComparer.Ordinal);
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

    /// <summary>States what was measured of a cohort, in place of what was before.</summary>
    public void State(string cohort, IReadOnlyList<ServiceLevel> levels) => _cohorts[cohort] = (_time.GetTimestamp(), levels);

    private List<Measurement<double>> Of(ServiceObjective objective)
    {
        var stated = new List<Measurement<double>>();
        foreach (var (cohort, (at, levels)) in _cohorts)
        {
            foreach (var level in _time.GetElapsedTime(at) <= Holds ? levels : [])
            {
                if (level.Objective == objective && level.Value is { } value)
                {
                    var of = new KeyValuePair<string, object?>("cohort", cohort);
                    stated.Add(level.Model is { } model ? new(value, of, new("model", model)) : new(value, of));
                }
            }
        }

        return stated;
    }
}
