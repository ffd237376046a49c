using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>Where a patient is at an instant, as the census has it.</summary>
internal enum StayState
{
    NotEnrolled,
    Monitored,
    InHospital,
    Withdrawn,
    Dead,
}

/// <summary>One patient's census in order of effective time: who is where when. Readings have no say in it.</summary>
internal sealed class StayTimeline
{
    private readonly CensusEvent[] _events;

    internal StayTimeline(IEnumerable<CensusEvent> census) =>
        // At the same instant an arrival stands before a departure, so that a transfer ends where it went.
        _events = [.. census.OrderBy(e => e.Effective).ThenBy(e => Rank(e.Kind))];

    /// <summary>Enrolments, in order.</summary>
    internal IEnumerable<Instant> Enrolments => _events.Where(e => e.Kind == CensusKind.Enrolled).Select(e => e.Effective);

    internal StayState At(Instant instant, out Instant enrolled)
    {
        var state = StayState.NotEnrolled;
        enrolled = Instant.MaxValue;
        foreach (var e in _events)
        {
            if (e.Effective > instant)
            {
                break;
            }

            if (e.Kind == CensusKind.Enrolled && state is StayState.NotEnrolled or StayState.Withdrawn)
            {
                enrolled = e.Effective;
            }

            state = (state, e.Kind) switch
            {
                // Nothing follows a death: a later event about the same person is an error of the source.
                (StayState.Dead, _) => StayState.Dead,
                (_, CensusKind.Died) => StayState.Dead,
                (_, CensusKind.Withdrawn) => StayState.Withdrawn,
                (StayState.NotEnrolled or StayState.Withdrawn, CensusKind.Enrolled) => StayState.Monitored,
                (StayState.Monitored, CensusKind.Admitted) => StayState.InHospital,
                (StayState.InHospital, CensusKind.Discharged) => StayState.Monitored,
                _ => state,
            };
        }

        return state;
    }

    /// <summary>The first event of a kind in (after, until], or null.</summary>
    internal Instant? First(CensusKind kind, Instant after, Instant until)
    {
        foreach (var e in _events)
        {
            if (e.Kind == kind && e.Effective > after && e.Effective <= until)
            {
                return e.Effective;
            }
        }

        return null;
    }

    /// <summary>When the stay that is under way at an instant ends: withdrawal or death, and for a hospital stay also discharge; null while it lasts.</summary>
    internal Instant? EndAfter(Instant instant, CareSetting setting)
    {
        foreach (var e in _events)
        {
            if (e.Effective > instant
                && (e.Kind is CensusKind.Withdrawn or CensusKind.Died || (setting == CareSetting.Hospital && e.Kind == CensusKind.Discharged)))
            {
                return e.Effective;
            }
        }

        return null;
    }

    private static int Rank(CensusKind kind) => kind switch
    {
        CensusKind.Enrolled => 0,
        CensusKind.Discharged => 1,
        CensusKind.Admitted => 2,
        CensusKind.Withdrawn => 3,
        CensusKind.Died => 4,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
