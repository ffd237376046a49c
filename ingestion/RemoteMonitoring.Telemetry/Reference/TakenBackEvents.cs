using NodaTime;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>
/// Census and outcomes of which some were taken back later: an admission that was cancelled, for instance. The log keeps both
/// lines; what was known before the second stays known then.
/// </summary>
public static class TakenBackEvents
{
    /// <summary>The steps that were stated by an instant and not taken back by then, in the order given.</summary>
    public static IEnumerable<CensusEvent> HoldingAt(this IEnumerable<CensusEvent> census, Instant knownBy) =>
        census.WithEnds().Where(e => e.Event.Known <= knownBy && !(e.Until <= knownBy)).Select(e => e.Event);

    /// <summary>The outcomes that were stated by an instant and not taken back by then, in the order given.</summary>
    public static IEnumerable<Outcome> HoldingAt(this IEnumerable<Outcome> outcomes, Instant knownBy) =>
        outcomes.WithEnds().Where(o => o.Event.Known <= knownBy && !(o.Until <= knownBy)).Select(o => o.Event);

    /// <summary>The steps that were stated, and when each was taken back; null where it holds.</summary>
    public static IEnumerable<(CensusEvent Event, Instant? Until)> WithEnds(this IEnumerable<CensusEvent> census) =>
        WithEnds(census, e => (e.PatientId, (object)e.Kind, e.Effective), e => e.Known, e => e.TakenBack == true);

    /// <summary>The outcomes that were stated, and when each was taken back; null where it holds.</summary>
    public static IEnumerable<(Outcome Event, Instant? Until)> WithEnds(this IEnumerable<Outcome> outcomes) =>
        WithEnds(outcomes, o => (o.PatientId, (object)o.Kind, o.Effective), o => o.Known, o => o.TakenBack == true);

    private static IEnumerable<(T Event, Instant? Until)> WithEnds<T>(
        IEnumerable<T> events, Func<T, (string, object, Instant)> key, Func<T, Instant> known, Func<T, bool> isTakenBack)
    {
        var all = events.ToArray();
        var ends = all.Select((e, i) => (Event: e, Place: i)).Where(e => isTakenBack(e.Event)).ToLookup(e => key(e.Event));
        for (var i = 0; i < all.Length; i++)
        {
            if (!isTakenBack(all[i]))
            {
                // Of one known time, what is stated later in the log has the last word.
                var after = ends.Count == 0 ? [] : ends[key(all[i])].Where(e => known(e.Event) > known(all[i]) || (known(e.Event) == known(all[i]) && e.Place > i)).ToArray();
                yield return (all[i], after.Length == 0 ? null : after.Min(e => known(e.Event)));
            }
        }
    }
}
