using NodaTime;

namespace RemoteMonitoring.Telemetry;

/// <summary>Instants as they stand in columns and Parquet: whole microseconds since 1970-01-01T00:00:00Z, rounded down.</summary>
public static class UnixMicros
{
    /// <summary>"Still open": the known-to of a row that nothing has replaced.</summary>
    public const long Open = long.MaxValue;

    private static readonly DateOnly s_epoch = new(1970, 1, 1);

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

    /// <summary>The UTC day of an instant, in days since 1970-01-01.</summary>
    public static int DayOf(long micros) => (int)Math.Floor(micros / (double)PerDay);

    /// <summary>A date as days since 1970-01-01.</summary>
    public static int DayOf(DateOnly date) => date.DayNumber - s_epoch.DayNumber;

    /// <summary>The date that a number of days since 1970-01-01 stands for.</summary>
    public static DateOnly DateOf(int day) => s_epoch.AddDays(day);

    /// <summary>ISO 8601 with a <c>Z</c>, to the microsecond where it is not a whole second.</summary>
    public static string Format(long micros) => NodaTime.Text.InstantPattern.ExtendedIso.Format(ToInstant(micros));
}
