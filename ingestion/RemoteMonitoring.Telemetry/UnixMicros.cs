using NodaTime;

namespace RemoteMonitoring.Telemetry;

/// <summary>Instants as they stand in columns and Parquet: whole microseconds since 1970-01-01T00:00:00Z, rounded down.</summary>
public static class UnixMicros
{
    /// <summary>"Still open": the known-to of a row that nothing has replaced.</summary>
    public const long Open = long.MaxValue;

    /// <summary>Microseconds in an hour.</summary>
    public const long PerHour = 3_600_000_000;

    /// <summary>Microseconds in a day of 24 hours.</summary>
    public const long PerDay = 24 * PerHour;

    /// <summary>The instant as whole microseconds, rounded towards the past.</summary>
    public static long ToUnixMicros(this Instant instant)
    {
        var ticks = instant.ToUnixTimeTicks();
        var micros = ticks / 10;
        return ticks % 10 < 0 ? micros - 1 : micros;
    }

    /// <summary>The instant that <paramref name="micros"/> stands for.</summary>
    public static Instant ToInstant(long micros) => Instant.FromUnixTimeTicks(micros * 10);

    /// <summary>ISO 8601 with a <c>Z</c>, to the microsecond where it is not a whole second.</summary>
    public static string Format(long micros) => NodaTime.Text.InstantPattern.ExtendedIso.Format(ToInstant(micros));
}
