using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows;

/// <summary>Reference data as a run may use it: nothing known too late, and no patient whose record would stop the others.</summary>
internal static class UsableReference
{
    /// <summary>Step of the flow that counts patients whose days stand in UTC because nobody knows their zone.</summary>
    public const string UnknownTimeZone = "unknown-time-zone";

    /// <summary>The events that were known by an instant, that instant included.</summary>
    public static ReferenceData KnownBy(ReferenceData reference, Instant knownBy) => new()
    {
        Teams = [.. reference.Teams.Where(t => t.Known <= knownBy)],
        Patients = [.. reference.Patients.Where(p => p.Known <= knownBy)],
        Assignments = [.. reference.Assignments.Where(a => a.Known <= knownBy)],
        Census = [.. reference.Census.Where(c => c.Known <= knownBy)],
        Outcomes = [.. reference.Outcomes.Where(o => o.Known <= knownBy)],
        Contacts = [.. reference.Contacts.Where(c => c.Known <= knownBy)],
        Actions = [.. reference.Actions.Where(a => a.Known <= knownBy)],
        CarePlans = [.. reference.CarePlans.Where(p => p.Known <= knownBy)],
    };

    /// <summary>The same, with UTC for a time zone that does not exist; the flow step says how many patients that concerns, null when none.</summary>
    public static (ReferenceData Reference, CohortFlowStep? Step) WithZonesThatExist(ReferenceData reference)
    {
        static bool Exists(Patient p) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(p.TimeZone) is not null;
        var unknown = reference.Patients.Where(p => !Exists(p)).Select(p => p.PatientId).Distinct(StringComparer.Ordinal).Count();
        return unknown == 0
            ? (reference, null)
            : (reference with { Patients = [.. reference.Patients.Select(p => Exists(p) ? p : p with { TimeZone = "Etc/UTC" })] },
                new CohortFlowStep(UnknownTimeZone, true, unknown, 0, "The roster names a time zone that does not exist: their days and times stand in UTC"));
    }

    /// <summary>The zone that most patients live in, by the roster's last word on each; null where it has none.</summary>
    public static string? ZoneOfMost(ReferenceData reference) =>
        // A patient who is stated ten times lives in one zone.
        WithZonesThatExist(reference).Reference.Patients
            .GroupBy(p => p.PatientId, StringComparer.Ordinal)
            .CountBy(g => g.OrderBy(p => p.Known).Last().TimeZone)
            .OrderByDescending(z => z.Value).ThenBy(z => z.Key, StringComparer.Ordinal)
            .Select(z => z.Key)
            .FirstOrDefault();
}
