using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

/// <summary>
/// The rules of resolution written down one after another, without regard to speed and without the index of assignments: what
/// the resolver is held against. Times of knowing are few small numbers, so it asks anew at each of them.
/// </summary>
internal sealed class PlainResolver
{
    private readonly DeviceAssignment[] _stated;
    private readonly List<Arrival> _before = [];
    private readonly List<(Arrival Reading, long KnownTo)> _versions = [];

    /// <summary>By then all is known.</summary>
    private readonly long _end;

    private PlainResolver(Arrival[] arrivals, DeviceAssignment[] stated, long end)
    {
        _stated = stated;
        _end = end;
        foreach (var arrival in arrivals.OrderBy(a => a.Known).ThenBy(a => a.Stream, StringComparer.Ordinal).ThenBy(a => a.Offset).ThenBy(a => a.Ordinal))
        {
            Take(arrival);
            _before.Add(arrival);
        }

        Rows =
        [
            .. _versions.SelectMany(v => Cut(v.Reading, v.KnownTo))
                .OrderBy(r => r.Patient, StringComparer.Ordinal)
                .ThenBy(r => VitalSignCatalog.Default[r.Vital].Index)
                .ThenBy(r => r.Effective),
        ];
    }

    public List<Row> Rows { get; private set; }

    public long Accepted => _versions.Count;

    public long Corrected => _versions.Count(v => v.KnownTo != UnixMicros.Open);

    public long Duplicates { get; private set; }

    public long Reassigned => Rows.Count(r => r.KnownTo != UnixMicros.Open && Who(_stated, r.Device, r.Effective, r.KnownTo) != r.Patient);

    public List<Arrival> Unknown { get; } = [];

    public List<Arrival> Unassigned { get; } = [];

    /// <summary>
    /// Readings that were taken back count nowhere: what is accepted is so as if they had never come. But at each time of knowing
    /// what was so is what the readings that were there then, and not taken back yet, say.
    /// </summary>
    public static PlainResolver Resolve(Arrival[] arrivals, DeviceAssignment[] stated)
    {
        var end = arrivals.Select(a => a.Known).Concat(arrivals.Select(a => a.End ?? 0)).Concat(stated.Select(s => s.Known.ToUnixMicros())).Append(0).Max();
        var resolver = new PlainResolver([.. arrivals.Where(a => a.End is null)], stated, end);
        if (arrivals.All(a => a.End is null))
        {
            return resolver;
        }

        var rows = new List<(Arrival Reading, Row Row)>();
        for (var at = 0L; at <= end; at++)
        {
            var told = new PlainResolver([.. arrivals.Where(a => a.Known <= at && !(a.End <= at))], stated, end)
                ._versions.Where(v => v.KnownTo == UnixMicros.Open)
                .Select(v => (v.Reading, Who: Who(stated, v.Reading.Device, v.Reading.Effective, at)))
                .ToList();
            for (var i = 0; i < rows.Count; i++)
            {
                if (rows[i].Row.KnownTo == UnixMicros.Open && told.RemoveAll(t => t == (rows[i].Reading, rows[i].Row.Patient)) == 0)
                {
                    rows[i] = (rows[i].Reading, rows[i].Row with { KnownTo = at });
                }
            }

            rows.AddRange(told.Where(t => t.Who is not null).Select(t => (t.Reading, new Row(
                t.Who!, t.Reading.Vital, t.Reading.Effective, t.Reading.Value, at, UnixMicros.Open, t.Reading.Device, t.Reading.Stream, t.Reading.Offset, t.Reading.Ordinal))));
        }

        resolver.Rows = [.. rows.Select(r => r.Row)];
        return resolver;
    }

    /// <summary>Who had the device, as far as was known by an instant.</summary>
    public static string? Who(IEnumerable<DeviceAssignment> stated, string device, long effective, long knownBy) => stated
        .Where(s => s.DeviceId == device && s.Known.ToUnixMicros() <= knownBy)
        .GroupBy(s => s.From)
        .Select(sameStart => sameStart.OrderBy(s => s.Known).Last())
        .Where(s => s.From <= Assigned.At(effective) && (s.To is not { } to || Assigned.At(effective) < to))
        .OrderBy(s => s.From)
        .LastOrDefault()?.PatientId;

    private void Take(Arrival arrival)
    {
        var sameBody = _before.Where(b => b.Device == arrival.Device && b.Body == arrival.Body && b.Ordinal == arrival.Ordinal && b.Id == arrival.Id);
        var current = _versions.FindIndex(v =>
            v.Reading.Device == arrival.Device && v.Reading.Vital == arrival.Vital && v.Reading.Effective == arrival.Effective && v.KnownTo == UnixMicros.Open);
        if (arrival.Id is not null && sameBody.Any())
        {
            Duplicates++;
        }
        else if (!_stated.Any(s => s.DeviceId == arrival.Device))
        {
            Unknown.Add(arrival);
        }
        else if (Instants(arrival.Known, _end + 1).All(knownBy => Who(_stated, arrival.Device, arrival.Effective, knownBy) is null))
        {
            Unassigned.Add(arrival);
        }
        else if (sameBody.Any(b => b.Effective == arrival.Effective && b.Vital == arrival.Vital) || (current >= 0 && _versions[current].Reading.Value == arrival.Value))
        {
            Duplicates++;
        }
        else
        {
            if (current >= 0)
            {
                _versions[current] = _versions[current] with { KnownTo = arrival.Known };
            }

            _versions.Add((arrival, UnixMicros.Open));
        }
    }

    /// <summary>A row for each stretch of knowing in which the version stood and had one patient.</summary>
    private List<Row> Cut(Arrival a, long knownTo)
    {
        var rows = new List<Row>();
        string? previous = null;
        foreach (var knownBy in Instants(a.Known, Math.Min(knownTo, _end + 1)))
        {
            var who = Who(_stated, a.Device, a.Effective, knownBy);
            if (who != previous)
            {
                if (previous is not null)
                {
                    rows[^1] = rows[^1] with { KnownTo = knownBy };
                }

                if (who is not null)
                {
                    rows.Add(new Row(who, a.Vital, a.Effective, a.Value, knownBy, knownTo, a.Device, a.Stream, a.Offset, a.Ordinal));
                }

                previous = who;
            }
        }

        return rows;
    }

    private static IEnumerable<long> Instants(long from, long to)
    {
        for (var at = from; at < to; at++)
        {
            yield return at;
        }
    }
}
