using System.Collections.Frozen;
using NodaTime;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// When a team may be told something: on its working days that are no holidays, outside of its quiet hours, by the clock on its wall.
/// An hour that the clock skips is not there, and one that it shows twice is there twice.
/// </summary>
public sealed record WorkingHours
{
    /// <summary>All seven.</summary>
    public static FrozenSet<IsoDayOfWeek> EveryDay { get; } =
        [IsoDayOfWeek.Monday, IsoDayOfWeek.Tuesday, IsoDayOfWeek.Wednesday, IsoDayOfWeek.Thursday, IsoDayOfWeek.Friday, IsoDayOfWeek.Saturday, IsoDayOfWeek.Sunday];

    /// <summary>All the time there is.</summary>
    public static WorkingHours Always { get; } = new();

    /// <summary>Where nobody works for this long, nobody is waited for.</summary>
    private const int MostDays = 400;

    /// <summary>Zone of the clock on the wall.</summary>
    public DateTimeZone Zone { get; init; } = DateTimeZone.Utc;

    /// <summary>Working days.</summary>
    public FrozenSet<IsoDayOfWeek> Days { get; init; } = EveryDay;

    /// <summary>Quiet from, inclusive, until, exclusive; over midnight where the second is the earlier. Null for never.</summary>
    public (LocalTime From, LocalTime To)? Quiet { get; init; }

    /// <summary>Days on which nobody works.</summary>
    public FrozenSet<LocalDate> Holidays { get; init; } = [];

    /// <summary>Whether somebody may be told at an instant.</summary>
    public bool IsOpen(Instant instant)
    {
        var local = instant.InZone(Zone);
        return Days.Contains(local.DayOfWeek) && !Holidays.Contains(local.Date) && !IsQuiet(local.TimeOfDay);
    }

    /// <summary>The instant itself where somebody may be told, else the next.</summary>
    public Instant Next(Instant instant) => IsOpen(instant) ? instant : Changes(instant).FirstOrDefault(IsOpen, instant);

    /// <summary>The instant after so much working time; of none, the next working instant.</summary>
    public Instant Add(Instant from, Duration working)
    {
        var at = Next(from);
        foreach (var change in Changes(at))
        {
            if (IsOpen(at))
            {
                if (change - at > working)
                {
                    return at + working;
                }

                working -= change - at;
            }

            at = change;
            if (working == Duration.Zero && IsOpen(at))
            {
                return at;
            }
        }

        return at + working;
    }

    private bool IsQuiet(LocalTime time) => Quiet is { } quiet
        && (quiet.From <= quiet.To ? time >= quiet.From && time < quiet.To : time >= quiet.From || time < quiet.To);

    /// <summary>The instants after one at which it may become or cease to be open, in order.</summary>
    private IEnumerable<Instant> Changes(Instant after)
    {
        var first = after.InZone(Zone).Date;
        LocalTime[] times = Quiet is { } quiet ? [LocalTime.Midnight, quiet.From, quiet.To] : [LocalTime.Midnight];
        for (var day = 0; day < MostDays; day++)
        {
            var date = first.PlusDays(day);
            var starts = Zone.AtStartOfDay(date).ToInstant();
            var ends = Zone.AtStartOfDay(date.PlusDays(1)).ToInstant();
            var shifts = Zone.GetZoneIntervals(starts, ends).Where(i => i.HasStart).Select(i => i.Start).Where(i => i >= starts && i < ends);
            var marks = times.Select(date.At).Select(Zone.MapLocal).SelectMany(m => m.Count switch
            {
                0 => [],
                1 => [m.Single().ToInstant()],
                _ => (Instant[])[m.First().ToInstant(), m.Last().ToInstant()],
            });
            foreach (var change in marks.Concat(shifts).Append(starts).Where(i => i > after).Distinct().Order())
            {
                yield return change;
            }
        }
    }
}
