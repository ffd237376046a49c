using System.Text.Json.Serialization;

namespace RemoteMonitoring.Features.Sets;

/// <summary>What one column of a feature table holds.</summary>
public sealed record FeatureColumn
{
    /// <summary>Unique name, snake_case: vital, part of the day, statistic, window (<c>spo2_mean_3d</c>, <c>heart_rate_night_mean_7d</c>).</summary>
    public required string Name { get; init; }

    /// <summary>Key of the vital it speaks of, or null where it speaks of none (age, prior outcomes).</summary>
    public string? VitalKey { get; init; }

    /// <summary>Part of the local day whose readings count, <c>night</c> or <c>daytime</c>; null for all.</summary>
    public string? Part { get; init; }

    /// <summary>What it speaks of where it speaks of no vital: columns of one topic are one reason; null where it stands alone.</summary>
    public string? Topic { get; init; }

    /// <summary>The statistic: <c>mean</c>, <c>slope</c>, <c>last</c>, <c>age</c>, ….</summary>
    public required string Statistic { get; init; }

    /// <summary>Length of the window (as-of − window, as-of], microseconds; 0 where it has none.</summary>
    public long Window { get; init; }

    /// <summary>Whether it ends where the local day that ends at as-of began, and the window with it: (that start − window, that start].</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool BeforeDay { get; init; }

    /// <summary>UCUM unit of the value.</summary>
    public required string Unit { get; init; }

    /// <summary>What it means, in words.</summary>
    public required string Meaning { get; init; }

    /// <summary>When it has no value, and what stands there then.</summary>
    public string Missing { get; init; } = "NaN when unknown";

    /// <summary>What it is worked out from: <c>rollups</c>, <c>readings</c> or <c>reference</c>.</summary>
    public string From { get; init; } = "reference";
}
