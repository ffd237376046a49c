using NodaTime;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Rollups;

/// <summary>The zone in which each patient's days begin and end, by the roster's last word; UTC for who is not on it, and where it names none that exists.</summary>
internal sealed class PatientZones
{
    private readonly Dictionary<string, DateTimeZone> _zones;

    public PatientZones(ReferenceData reference)
    {
        _zones = UsableReference.WithZonesThatExist(reference).Reference.Patients
            .GroupBy(p => p.PatientId, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => DateTimeZoneProviders.Tzdb[g.OrderBy(p => p.Known).Last().TimeZone], StringComparer.Ordinal);
        Distinct = [.. _zones.Values.Append(DateTimeZoneProviders.Tzdb["Etc/UTC"]).DistinctBy(z => z.Id)];
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<DateTimeZone> Distinct { get; }

    public DateTimeZone Of(string patientId) => _zones.GetValueOrDefault(patientId) ?? DateTimeZoneProviders.Tzdb["Etc/UTC"];

    /// <summary>The shards of patients who may have had observations before, and whose zone is another since.</summary>
    public static HashSet<int> Moved(ReferenceData before, ReferenceData now, int shards)
    {
        var (then, since) = (new PatientZones(before), new PatientZones(now));
        return [.. before.Assignments.Select(a => a.PatientId).Distinct(StringComparer.Ordinal)
            .Where(p => then.Of(p).Id != since.Of(p).Id)
            .Select(p => Partitioning.PartitionOf(p, shards))];
    }
}
