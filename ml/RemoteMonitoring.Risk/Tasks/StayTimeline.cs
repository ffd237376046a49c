using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>Where a patient is at an instant, as the census has it.</summary>
internal enum StayState
{
    NotEnrolled,
    Monitored,
    InHospital,
    Left,
    Dead,
}

/// <summary>
/// One patient's census in order of effective time: who is where when, by what was known by another instant. Readings have
/// no say in it.
/// </summary>
internal sealed class StayTimeline
{
    private readonly (CensusEvent Event, Instant? Until)[] _events;
    private readonly CareSetting _setting;
    private readonly bool _lastInstantCounts;

    /// <param name="census">What was stated, and when it was taken back.</param>
    /// <param name="setting">In hospital a discharge ends the stay; at home it ends a pause.</param>
    /// <param name="lastInstantCounts">Whether a patient is still there at the very instant of leaving.</param>
    internal StayTimeline(IEnumerable<(CensusEvent Event, Instant? Until)> census, CareSetting setting, bool lastInstantCounts = false)
    {
        // At the same instant an arrival stands before a departure, so that a transfer ends where it went.
        _events = [.. census.OrderBy(e => e.Event.Effective).ThenBy(e => Rank(e.Event.Kind))];
        _setting = setting;
        _lastInstantCounts = lastInstantCounts;
    }

    /// <summary>When enrolments were ever stated to have been, in order, taken back or not.</summary>
    internal IEnumerable<Instant> Enrolments => _events.Where(e => e.Event.Kind == CensusKind.Enrolled).Select(e => e.Event.Effective).Distinct();

    /// <summary>Where the patient is at an instant, and since when enrolled, as known by another.</summary>
    internal StayState At(Instant instant, Instant knownBy, out Instant enrolled)
    {
        var state = StayState.NotEnrolled;
        enrolled = Instant.MaxValue;
        foreach (var (e, until) in _events)
        {
            if (e.Effective > instant)
            {
                break;
            }

            if (!Holds(e, until, knownBy) || (_lastInstantCounts && e.Effective == instant && Ends(e.Kind)))
            {
                continue;
            }

            if (e.Kind == CensusKind.Enrolled && state is StayState.NotEnrolled or StayState.Left)
            {
                enrolled = e.Effective;
            }

            state = (state, e.Kind) switch
            {
                // Nothing follows a death: a later event about the same person is an error of the source.
                (StayState.Dead, _) => StayState.Dead,
                (_, CensusKind.Died) => StayState.Dead,
                (_, CensusKind.Withdrawn) => StayState.Left,
                (StayState.NotEnrolled or StayState.Left, CensusKind.Enrolled) => StayState.Monitored,
                (StayState.Monitored or StayState.InHospital, CensusKind.Discharged) when _setting == CareSetting.Hospital => StayState.Left,
                (StayState.Monitored, CensusKind.Admitted) => StayState.InHospital,
                (StayState.InHospital, CensusKind.Discharged) => StayState.Monitored,
                _ => state,
            };
        }

        return state;
    }

    /// <summary>
    /// Whether the stay was known to be over at an instant, and nothing that was stated or taken back later had it go on even for a while:
    /// what was known between two such words decides about hours that lie between them.
    /// </summary>
    internal bool IsOverForGood(Instant instant)
    {
        return IsOver(instant) && Array.TrueForAll(_events, e => (e.Event.Known <= instant || IsOver(e.Event.Known)) && (e.Until is not { } until || until <= instant || IsOver(until)));

        bool IsOver(Instant knownBy) => At(instant, knownBy, out _) is StayState.Left or StayState.Dead;
    }

    /// <summary>The first event of a kind in (after, until], and when it was known, as known by an instant; null where there is none.</summary>
    internal (Instant Effective, Instant Known)? First(CensusKind kind, Instant after, Instant until, Instant knownBy)
    {
        (Instant Effective, Instant Known)? first = null;
        foreach (var (e, takenBack) in _events)
        {
            if (e.Kind == kind && IsAfter(e.Effective, after) && e.Effective <= until && Holds(e, takenBack, knownBy) && (first is null || first.Value.Effective == e.Effective))
            {
                first = (e.Effective, first is { } f ? Instant.Min(f.Known, e.Known) : e.Known);
            }
        }

        return first;
    }

    /// <summary>When, as known by another instant, the stay that is under way at an instant ends: withdrawal or death, and for a hospital stay also discharge; null while it lasts.</summary>
    internal Instant? EndAfter(Instant instant, Instant knownBy) => EndAndWordAfter(instant, knownBy)?.Effective;

    /// <summary>The same, and when it was known.</summary>
    internal (Instant Effective, Instant Known)? EndAndWordAfter(Instant instant, Instant knownBy)
    {
        foreach (var (e, until) in _events)
        {
            if (IsAfter(e.Effective, instant) && Ends(e.Kind) && Holds(e, until, knownBy))
            {
                return (e.Effective, e.Known);
            }
        }

        return null;
    }

    private static bool Holds(CensusEvent e, Instant? until, Instant knownBy) => e.Known <= knownBy && !(until <= knownBy);

    private bool IsAfter(Instant effective, Instant instant) => effective > instant || (_lastInstantCounts && effective == instant);

    private bool Ends(CensusKind kind) => kind is CensusKind.Withdrawn or CensusKind.Died || (_setting == CareSetting.Hospital && kind == CensusKind.Discharged);

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
