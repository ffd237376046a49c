using NodaTime;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>
/// Local times of a zone as instants, as NodaTime's lenient resolver has them and without its allocations: of an hour that comes
/// twice the earlier, and one that never comes is moved on by the length of the gap.
/// </summary>
internal static class LocalTime
{
    /// <summary>The instant of a local time written as if it were UTC; false where it lies outside the years there are.</summary>
    public static bool TryToInstant(long local, DateTimeZone zone, out long instant)
    {
        instant = 0;
        if (!Iso8601.IsInRange(local - (2 * UnixMicros.PerDay)) || !Iso8601.IsInRange(local + (2 * UnixMicros.PerDay)))
        {
            return false;
        }

        var before = OffsetAt(zone, local - UnixMicros.PerDay);
        var after = OffsetAt(zone, local + UnixMicros.PerDay);
        instant = local - before;
        if (OffsetAt(zone, instant) != before && OffsetAt(zone, local - after) == after)
        {
            instant = local - after;
        }

        return true;
    }

    private static long OffsetAt(DateTimeZone zone, long micros) => zone.GetUtcOffset(UnixMicros.ToInstant(micros)).Seconds * 1_000_000L;
}
