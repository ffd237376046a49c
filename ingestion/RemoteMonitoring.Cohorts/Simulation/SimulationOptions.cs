using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>
/// What may be asked of the simulator. Everything else stands in <see cref="SimulationParameters"/> and is not for turning.
/// Adding patients or days changes nothing that was there: a shorter run is exactly what a longer one had known by its end.
/// </summary>
public sealed record SimulationOptions
{
    /// <summary>Patients who are enrolled, staggered over the first weeks; default 1,000, at most 1,000,000.</summary>
    public int Patients { get; init; } = 1000;

    /// <summary>Days that the feed covers, from midnight UTC of <see cref="Start"/>; default 180, at most 3,660.</summary>
    public int Days { get; init; } = 180;

    /// <summary>Seed of every random stream; default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>First day; default 2025-01-01. The season follows from it.</summary>
    public LocalDate Start { get; init; } = new(2025, 1, 1);

    internal Instant Begin => Start.AtMidnight().InUtc().ToInstant();

    internal Instant End => Begin + Duration.FromDays(Days);

    internal string Epoch
    {
        get
        {
            var text = string.Create(CultureInfo.InvariantCulture,
                $"{SimulationParameters.Generator}|patients={Patients}|days={Days}|seed={Seed}|start={Start:uuuu-MM-dd}");
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
        }
    }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Patients);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Patients, 1_000_000);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Days);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Days, 3660);
    }
}
