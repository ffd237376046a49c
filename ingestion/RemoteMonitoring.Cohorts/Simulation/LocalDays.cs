using NodaTime;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>The days of one time zone, numbered from the first simulated date, as Unix microseconds.</summary>
internal sealed class LocalDays
{
    private readonly long[] _midnights;
    private readonly LocalDate _start;

    public LocalDays(string zone, LocalDate start, int days)
    {
        Zone = DateTimeZoneProviders.Tzdb[zone];
        _start = start;
        _midnights = new long[days + 3];
        for (var day = 0; day < _midnights.Length; day++)
        {
            _midnights[day] = Zone.AtStartOfDay(start.PlusDays(day)).ToInstant().ToUnixMicros();
        }
    }

    public DateTimeZone Zone { get; }

    public long Midnight(int day) => _midnights[day];

    /// <summary>The instant at which the wall clock shows <paramref name="hour"/>; right on both sides of a change to or from summer time.</summary>
    public long At(int day, double hour) => hour < 3
        ? _midnights[day] + (long)(hour * UnixMicros.PerHour)
        : _midnights[day + 1] - (long)((24 - hour) * UnixMicros.PerHour);

    /// <summary>Days since the first midnight, with a fraction: the time of the latent courses.</summary>
    public double DaysSinceStart(long instant) => (double)(instant - _midnights[0]) / UnixMicros.PerDay;

    public long OffsetAt(long instant) =>
        Zone.GetUtcOffset(UnixMicros.ToInstant(instant)).Milliseconds * 1000L;

    public bool IsWeekend(int day) => _start.PlusDays(day).DayOfWeek is IsoDayOfWeek.Saturday or IsoDayOfWeek.Sunday;

    public bool IsFriday(int day) => _start.PlusDays(day).DayOfWeek == IsoDayOfWeek.Friday;

    /// <summary>1 in the middle of January, −1 in the middle of July.</summary>
    public double Winter(int day) => Math.Cos(2 * Math.PI * (_start.PlusDays(day).DayOfYear - 15) / 365.25);
}
