using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Vectors;

/// <summary>What the reference log says of one patient; every question is asked as known at an instant.</summary>
public sealed class PatientRecord
{
    private readonly Patient[] _roster;
    private readonly (long Effective, long Known, long Until, string Kind, string Detailed)[] _outcomes;
    private readonly (long Effective, long Known, long Until, CensusKind Kind)[] _census;

    private PatientRecord(string patientId, IEnumerable<Patient> roster, IEnumerable<Outcome> outcomes, IEnumerable<CensusEvent> census)
    {
        PatientId = patientId;
        _roster = [.. roster.OrderBy(p => p.Known)];
        _outcomes = [.. outcomes.WithEnds().Select(o => (o.Event.Effective.ToUnixMicros(), o.Event.Known.ToUnixMicros(), o.Until?.ToUnixMicros() ?? UnixMicros.Open, o.Event.Kind, $"{o.Event.Kind}:{o.Event.Detail}")).Order()];
        _census = [.. census.WithEnds().Select(c => (c.Event.Effective.ToUnixMicros(), c.Event.Known.ToUnixMicros(), c.Until?.ToUnixMicros() ?? UnixMicros.Open, c.Event.Kind)).Order()];
    }

    /// <summary>Whose.</summary>
    public string PatientId { get; }

    /// <summary>The records of all patients on the roster, by id.</summary>
    public static IReadOnlyDictionary<string, PatientRecord> Index(ReferenceData reference)
    {
        var outcomes = reference.Outcomes.ToLookup(o => o.PatientId, StringComparer.Ordinal);
        var census = reference.Census.ToLookup(c => c.PatientId, StringComparer.Ordinal);
        return reference.Patients
            .GroupBy(p => p.PatientId, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new PatientRecord(g.Key, g, outcomes[g.Key], census[g.Key]), StringComparer.Ordinal);
    }

    /// <summary>The roster's word on the patient as known then; null when there was none.</summary>
    public Patient? RosterAt(long knownBy) => Array.FindLast(_roster, p => p.Known.ToUnixMicros() <= knownBy);

    /// <summary>The zone in which the patient's days begin and end, as known then: UTC until the roster names one.</summary>
    public static DateTimeZone ZoneAt(PatientRecord? record, long knownBy) => DateTimeZoneProviders.Tzdb[record?.RosterAt(knownBy)?.TimeZone ?? "Etc/UTC"];

    /// <summary>When the local day began that an instant lies in, by the zone as known then; midnight lies in the day that ends with it.</summary>
    public static long DayStart(PatientRecord? record, long time, long knownBy)
    {
        var zone = ZoneAt(record, knownBy);
        return LocalCells.StartOf(zone, LocalCells.DateOf(zone, time));
    }

    /// <summary>Outcomes of a kind, or of a kind and detail (<c>clinical-alert:agitation</c>), effective in (from, to] and known by then.</summary>
    public int CountOutcomes(string kind, long from, long to, long knownBy)
    {
        var count = 0;
        foreach (var (effective, known, until, outcomeKind, detailed) in _outcomes)
        {
            count += effective > from && effective <= to && known <= knownBy && knownBy < until && (outcomeKind == kind || detailed == kind) ? 1 : 0;
        }

        return count;
    }

    /// <summary>When the last outcome of a kind, or of a kind and detail, at or before an instant was, as known then; null when there was none.</summary>
    public long? LastOutcome(string kind, long asOf, long knownBy)
    {
        long? last = null;
        foreach (var (effective, known, until, outcomeKind, detailed) in _outcomes)
        {
            last = effective <= asOf && known <= knownBy && knownBy < until && (outcomeKind == kind || detailed == kind) ? effective : last;
        }

        return last;
    }

    /// <summary>When the last census event of a kind at or before an instant was, as known then; null when there was none.</summary>
    public long? LastCensus(CensusKind kind, long asOf, long knownBy)
    {
        long? last = null;
        foreach (var (effective, known, until, censusKind) in _census)
        {
            last = effective <= asOf && known <= knownBy && knownBy < until && censusKind == kind ? effective : last;
        }

        return last;
    }
}
