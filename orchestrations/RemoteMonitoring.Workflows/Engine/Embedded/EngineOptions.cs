using NodaTime;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>How an engine runs.</summary>
public sealed record EngineOptions
{
    /// <summary>
    /// How long other engines leave alone what one of them has taken and said no more of. A third of it is the time between two such
    /// signs of life. Default 15 seconds; of an engine on this machine whose process is gone it is not waited for.
    /// </summary>
    public Duration Lease { get; init; } = Duration.FromSeconds(15);

    /// <summary>Activities under way at a time. Default: the number of cores.</summary>
    public int ActivitiesAtATime { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>How often it looks for what other processes have written, and for timers. Default 100 milliseconds.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long activities under way are waited for when it is stopped, before they are cancelled. Default 5 seconds.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Instances that are kept in memory between their turns; others are made from their histories again. Default 1,000.</summary>
    public int InstancesInMemory { get; init; } = 1_000;

    /// <summary>What names the engine among those on a home. Default: machine, process and its start.</summary>
    public string? Worker { get; init; }
}
