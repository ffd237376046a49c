using NodaTime;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

/// <summary>One reading as it landed. Times are microseconds; small numbers do.</summary>
internal sealed record Arrival(string Device, double Value, long Effective, long Known)
{
    public string Stream { get; init; } = "hub/e1/00";

    public long Offset { get; init; }

    public int Ordinal { get; init; }

    public string? Id { get; init; }

    /// <summary>Hash of the body; by default a body of its own for every value and instant.</summary>
    public long Body { get; init; } = HashCode.Combine(Value, Effective);

    public string Vital { get; init; } = "heart_rate";

    /// <summary>When it was taken back; null where it holds.</summary>
    public long? End { get; init; }

    /// <summary>Of the pieces of its stream the one it came in: 0 for those of landing, more for those of a command.</summary>
    public int Piece { get; init; }

    /// <summary>Streams in order of name, in their pieces; within each the arrivals in the order given, which is that of their offsets.</summary>
    public static List<(string Stream, ReadingBatch Readings)> ToStreams(IEnumerable<Arrival> arrivals) =>
        [.. arrivals.GroupBy(a => (a.Stream, a.Piece)).OrderBy(g => g.Key.Stream, StringComparer.Ordinal).ThenBy(g => g.Key.Piece).Select(g => (g.Key.Stream, ToBatch(g)))];

    public static ReadingBatch ToBatch(IEnumerable<Arrival> arrivals)
    {
        var batch = new ReadingBatch();
        foreach (var a in arrivals)
        {
            batch.DeviceId.Add(a.Device);
            batch.Vital.Add(VitalSignCatalog.Default[a.Vital].Index);
            batch.Value.Add(a.Value);
            batch.EffectiveTime.Add(a.Effective);
            batch.EnqueuedTime.Add(a.Known);
            batch.KnownFrom.Add(a.Known);
            batch.MessageId.Add(a.Id);
            batch.BodyHash.Add(a.Body);
            batch.Offset.Add(a.Offset);
            batch.Ordinal.Add(a.Ordinal);
            batch.Mapping.Add("rmon/1");
            if (a.End is { } end)
            {
                batch.KnownTo[batch.Count - 1] = end;
            }
        }

        return batch;
    }
}

/// <summary>Who had which device, in microseconds.</summary>
internal static class Assigned
{
    public static DeviceAssignment To(string patient, string device, long from, long? to, long known) => new()
    {
        DeviceId = device,
        PatientId = patient,
        From = At(from),
        To = to is { } t ? At(t) : null,
        Known = At(known),
    };

    public static Instant At(long micros) => Instant.FromUnixTimeTicks(micros * 10);
}

/// <summary>An observation as tests compare it.</summary>
internal sealed record Row(
    string Patient, string Vital, long Effective, double Value, long KnownFrom, long KnownTo, string Device, string Stream, long Offset, int Ordinal)
{
    public static List<Row> Of(ObservationBatch batch) =>
    [
        .. Enumerable.Range(0, batch.Count).Select(i => new Row(
            batch.PatientId[i], VitalSignCatalog.Default.Vitals[batch.Vital[i]].Key, batch.EffectiveTime[i], batch.Value[i],
            batch.KnownFrom[i], batch.KnownTo[i], batch.DeviceId[i], batch.Stream[i], batch.Offset[i], batch.Ordinal[i])),
    ];
}
