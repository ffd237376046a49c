using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.TimeZones;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>How the window in which an outcome counts lies to as-of.</summary>
public enum HorizonUnit
{
    /// <summary>Elapsed hours after as-of.</summary>
    Hours,

    /// <summary>Days of the patient's own zone after as-of; such a day may have 23 or 25 hours.</summary>
    LocalDays,

    /// <summary>From as-of until the stay ends, however long that takes.</summary>
    RestOfStay,

    /// <summary>The local day that ends at as-of: detection of what has just been, not foresight.</summary>
    SameDay,

    /// <summary>From enrolment to as-of: once the outcome has happened the label holds until the stay ends.</summary>
    Ongoing,
}

/// <summary>The outcome window: (as-of, as-of + horizon], (as-of − 1 local day, as-of] for the same day, [enrolment, as-of] for what is ongoing.</summary>
/// <param name="Unit">How <paramref name="Count"/> is measured.</param>
/// <param name="Count">Number of hours or local days; 0 for the other units.</param>
public sealed record Horizon(HorizonUnit Unit, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Count = 0)
{
    /// <summary>A number of elapsed hours.</summary>
    public static Horizon Hours(int count) => new(HorizonUnit.Hours, count);

    /// <summary>A number of days of the patient's zone.</summary>
    public static Horizon LocalDays(int count) => new(HorizonUnit.LocalDays, count);

    /// <summary>Until the stay ends.</summary>
    public static Horizon RestOfStay { get; } = new(HorizonUnit.RestOfStay);

    /// <summary>The local day that ends at as-of.</summary>
    public static Horizon SameDay { get; } = new(HorizonUnit.SameDay);

    /// <summary>The stay so far.</summary>
    public static Horizon Ongoing { get; } = new(HorizonUnit.Ongoing);

    /// <summary>Whether the window lies behind as-of, so that nothing that comes after can change the label.</summary>
    internal bool LooksBack => Unit is HorizonUnit.SameDay or HorizonUnit.Ongoing;

    /// <summary>The last instant of the window, or null where only the end of the stay closes it.</summary>
    public Instant? End(Instant asOf, DateTimeZone zone) => Unit switch
    {
        HorizonUnit.Hours => asOf + Duration.FromHours(Count),
        HorizonUnit.LocalDays => PlusDays(asOf, Count, zone),
        HorizonUnit.RestOfStay => null,
        HorizonUnit.SameDay or HorizonUnit.Ongoing => asOf,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>The instant behind which the window begins, exclusive.</summary>
    internal Instant After(Instant asOf, Instant enrolled, DateTimeZone zone) => Unit switch
    {
        HorizonUnit.SameDay => PlusDays(asOf, -1, zone),
        HorizonUnit.Ongoing => enrolled - Duration.Epsilon, // what happened at enrolment is of the stay
        _ => asOf,
    };

    /// <summary>The local date a row is about: the day that ended for the same day, else that of as-of.</summary>
    internal LocalDate DayOf(Instant asOf, DateTimeZone zone) => asOf.InZone(zone).Date.PlusDays(Unit == HorizonUnit.SameDay ? -1 : 0);

    private static Instant PlusDays(Instant instant, int days, DateTimeZone zone) =>
        instant.InZone(zone).LocalDateTime.PlusDays(days).InZone(zone, Resolvers.LenientResolver).ToInstant();
}
