using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>An instant of a task's grid; where the grid counts from an enrolment, that one.</summary>
internal readonly record struct GridInstant(Instant AsOf, Instant? Enrolled = null);

/// <summary>One patient's roster, stays, devices and outcomes, each with the time at which it was known.</summary>
internal sealed class KnownPatient(TaskDefinition task, string id, Patient[] roster, StayTimeline timeline, KnownOutcome[] outcomes, DeviceStay[] devices)
{
    private readonly DateTimeZone[] _zones = [.. roster.Select(p => DateTimeZoneProviders.Tzdb.GetZoneOrNull(p.TimeZone)
        ?? throw new ArgumentException($"The roster names a time zone that does not exist: '{p.TimeZone}'."))];

    internal string Id => id;

    internal StayTimeline Timeline => timeline;

    /// <summary>The task's instants from first enrolment to the end of the data, ascending within a stay.</summary>
    internal IEnumerable<GridInstant> Grid(Instant endOfData) => task.Grid switch
    {
        AsOfGrid.DailyLocalMidnight => Midnights(endOfData),
        AsOfGrid.OnceAfterEnrolment => timeline.Enrolments.Select(e => new GridInstant(e + task.AfterEnrolment, e)),
        AsOfGrid.Hourly => timeline.Enrolments.SelectMany(e => Hours(e, endOfData)),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>The zone in which the patient's days begin and end, as known by an instant; that of the first statement where none was known yet.</summary>
    internal DateTimeZone ZoneAt(Instant knownBy) => _zones[Math.Max(0, Stated(knownBy))];

    /// <summary>Why the patient has no row at an instant by what was known by another, or null.</summary>
    internal string? Exclusion(GridInstant at, Instant knownBy)
    {
        var stated = Stated(knownBy);
        if (stated < 0)
        {
            return CohortFlowSteps.NotYetOnRoster;
        }

        var state = timeline.At(at.AsOf, knownBy, out var enrolled);
        var step = state switch
        {
            StayState.Dead => CohortFlowSteps.Dead,
            StayState.Left => CohortFlowSteps.Withdrawn,
            StayState.NotEnrolled => CohortFlowSteps.NotEnrolled,
            StayState.InHospital when task.Population.Setting == CareSetting.Home => CohortFlowSteps.InHospital,
            _ when at.Enrolled is { } e && e != enrolled => CohortFlowSteps.NotEnrolled,
            _ when DevicesReturned(knownBy) <= at.AsOf => CohortFlowSteps.DevicesReturned,
            _ => at.AsOf - enrolled < task.MinimumUnderMonitoring ? CohortFlowSteps.TooLittleHistory : null,
        };
        return step ?? Outside(roster[stated], at.AsOf);
    }

    /// <summary>Whether, as known by an instant, the patient was where the task has them at another; and since when enrolled.</summary>
    internal bool IsAtRisk(Instant asOf, Instant knownBy, out Instant enrolled)
    {
        var state = timeline.At(asOf, knownBy, out enrolled);
        return (state == StayState.Monitored || (state == StayState.InHospital && task.Population.Setting == CareSetting.Hospital)) && !(DevicesReturned(knownBy) <= asOf);
    }

    /// <summary>When, as known by an instant, the last of the patient's devices had come back; null while one is with them, and where none was ever stated.</summary>
    internal Instant? DevicesReturned(Instant knownBy)
    {
        Instant? last = null;
        foreach (var stay in devices)
        {
            if (stay.Holds(knownBy) && !(stay.To <= stay.From)) // what ends where it starts was withdrawn
            {
                if (stay.To is not { } to)
                {
                    return null;
                }

                last = last > to ? last : to;
            }
        }

        return last;
    }

    /// <summary>When the first outcome in (after, until] was, and when the first word of any of them came; null where there is none.</summary>
    internal (Instant Effective, Instant Known)? FirstOutcome(Instant after, Instant until, Instant knownBy)
    {
        (Instant Effective, Instant Known)? first = null;
        foreach (var outcome in outcomes)
        {
            if (outcome.Effective > until)
            {
                break;
            }

            if (outcome.Counts && outcome.Effective > after && outcome.Holds(knownBy))
            {
                first = first is { } f ? (f.Effective, Instant.Min(f.Known, outcome.Known)) : (outcome.Effective, outcome.Known);
            }
        }

        return first;
    }

    /// <summary>Whether anything in (after, until] says that somebody looked.</summary>
    internal bool WasObserved(Instant after, Instant until, Instant knownBy) =>
        Array.Exists(outcomes, o => o.Effective > after && o.Effective <= until && o.Holds(knownBy));

    /// <summary>Outcomes in the days up to an instant, as known at as-of.</summary>
    internal int PriorOutcomes(Instant until, int days, Instant asOf)
    {
        var from = until - Duration.FromDays(days);
        var count = 0;
        foreach (var outcome in outcomes)
        {
            if (outcome.Counts && outcome.Effective > from && outcome.Effective <= until && outcome.Holds(asOf))
            {
                count++;
            }
        }

        return count;
    }

    private string? Outside(Patient stated, Instant asOf)
    {
        var population = task.Population;
        if (population.MinimumAge is { } minimum && !(stated.Age + Math.Max(0, (asOf - stated.Known).TotalDays / 365.25) >= minimum))
        {
            return CohortFlowSteps.TooYoung;
        }

        return (population.Conditions.Count > 0 && !population.Conditions.Any(stated.Conditions.Contains)) || population.WithoutConditions.Any(stated.Conditions.Contains)
            ? CohortFlowSteps.OtherConditions
            : null;
    }

    /// <summary>The statement of the roster that held, by index; −1 before the first.</summary>
    private int Stated(Instant knownBy) => Array.FindLastIndex(roster, p => p.Known <= knownBy);

    /// <summary>Midnights of the zone that the patient was known to live in then: a move that became known later changes none before.</summary>
    private IEnumerable<GridInstant> Midnights(Instant endOfData)
    {
        var first = timeline.Enrolments.First();
        for (var i = 0; i < roster.Length; i++)
        {
            var from = i == 0 ? Instant.MinValue : roster[i].Known;
            var to = i + 1 < roster.Length ? roster[i + 1].Known : Instant.MaxValue;
            var date = Instant.Max(first, from).InZone(_zones[i]).Date.PlusDays(from > first ? 0 : 1);
            while (true)
            {
                // A day that starts at 01:00 because the clocks went forward at midnight is such a day all the same.
                var midnight = _zones[i].AtStartOfDay(date).ToInstant();
                if (midnight > endOfData || midnight >= to)
                {
                    break;
                }

                if (midnight >= from)
                {
                    yield return new(midnight);
                }

                date = date.PlusDays(1);
            }
        }
    }

    private IEnumerable<GridInstant> Hours(Instant enrolled, Instant endOfData)
    {
        for (var at = enrolled; at <= endOfData; at += Duration.FromHours(1))
        {
            if (timeline.IsOverForGood(at))
            {
                yield break;
            }

            yield return new(at, enrolled);
        }
    }
}
