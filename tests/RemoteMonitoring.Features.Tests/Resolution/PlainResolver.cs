using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

/// <summary>The rules of resolution written down one after another, without regard to speed: what the resolver is held against.</summary>
internal sealed class PlainResolver
{
    public List<Row> Rows { get; private set; } = [];

    public long Duplicates { get; private set; }

    public List<Arrival> Unknown { get; } = [];

    public List<Arrival> Unassigned { get; } = [];

    public static PlainResolver Resolve(IEnumerable<Arrival> arrivals, AssignmentIndex assignments)
    {
        var resolver = new PlainResolver();
        var before = new List<Arrival>();
        foreach (var arrival in arrivals.OrderBy(a => a.Known).ThenBy(a => a.Stream, StringComparer.Ordinal).ThenBy(a => a.Offset).ThenBy(a => a.Ordinal))
        {
            resolver.Take(arrival, before, assignments);
            before.Add(arrival);
        }

        resolver.Rows =
        [
            .. resolver.Rows
                .OrderBy(r => r.Patient, StringComparer.Ordinal)
                .ThenBy(r => VitalSignCatalog.Default[r.Vital].Index)
                .ThenBy(r => r.Effective),
        ];
        return resolver;
    }

    private void Take(Arrival arrival, List<Arrival> before, AssignmentIndex assignments)
    {
        var sameBody = before.Where(b => b.Device == arrival.Device && b.Body == arrival.Body && b.Ordinal == arrival.Ordinal && b.Id == arrival.Id);
        if (arrival.Id is not null && sameBody.Any())
        {
            Duplicates++;
            return;
        }

        switch (assignments.Find(arrival.Device, arrival.Effective, out var patient, out var assignmentKnown))
        {
            case AssignmentStatus.Unknown:
                Unknown.Add(arrival);
                return;
            case AssignmentStatus.Unassigned:
                Unassigned.Add(arrival);
                return;
            default:
                break;
        }

        var current = Rows.FindIndex(r => r.Device == arrival.Device && r.Vital == arrival.Vital && r.Effective == arrival.Effective && r.KnownTo == UnixMicros.Open);
        if (sameBody.Any(b => b.Effective == arrival.Effective) || (current >= 0 && Rows[current].Value == arrival.Value))
        {
            Duplicates++;
            return;
        }

        var known = Math.Max(arrival.Known, assignmentKnown);
        if (current >= 0)
        {
            Rows[current] = Rows[current] with { KnownTo = known };
        }

        Rows.Add(new Row(patient!, arrival.Vital, arrival.Effective, arrival.Value, known, UnixMicros.Open, arrival.Device, arrival.Stream, arrival.Offset, arrival.Ordinal));
    }
}
