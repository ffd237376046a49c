using System.Runtime.InteropServices;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features;

/// <summary>What became of the accepted readings when patient, duplicates and corrections were settled.</summary>
public sealed class ResolvedObservations
{
    /// <summary>Observations, all versions, sorted by (patient, vital, effective time, order of knowing).</summary>
    public required ObservationBatch Observations { get; init; }

    /// <summary>Readings that repeat another: the same message again, or the same value of the same instant and device.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Observations that another version has replaced.</summary>
    public required long Corrected { get; init; }

    /// <summary>Readings of devices that no assignment names, by (stream, position in its batch).</summary>
    public required IReadOnlyList<(int Stream, int Row)> UnknownDevice { get; init; }

    /// <summary>Readings of devices that were with nobody at the time.</summary>
    public required IReadOnlyList<(int Stream, int Row)> UnassignedDevice { get; init; }
}

/// <summary>
/// Settles duplicates, corrections and patients in the total order (known, stream, offset, ordinal), which no order of
/// arrival of files can change. A message is a duplicate by device, message id and body, whoever had the device by the time it
/// came again; one without an id by device, effective time and body;
/// the same vital of a patient at the same instant from the same device with another value is a correction, which closes
/// the version before it.
/// </summary>
public static class ObservationResolver
{
    /// <summary>Resolves the readings of several streams, each in offset order with known times that never fall.</summary>
    public static ResolvedObservations Resolve(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, AssignmentIndex assignments)
    {
        var unknown = new List<(int, int)>();
        var unassigned = new List<(int, int)>();
        var seen = new HashSet<(string Device, string Message, long Body, int Ordinal)>();
        var patients = new Dictionary<string, List<Candidate>>(StringComparer.Ordinal);
        var duplicates = 0L;
        var sequence = 0;
        foreach (var (stream, row) in InTotalOrder(streams))
        {
            var readings = streams[stream].Readings;
            if (readings.MessageId[row] is { } id && !seen.Add((readings.DeviceId[row], id, readings.BodyHash[row], readings.Ordinal[row])))
            {
                duplicates++;
                continue;
            }

            switch (assignments.Find(readings.DeviceId[row], readings.EffectiveTime[row], out var patientId, out var assignmentKnown))
            {
                case AssignmentStatus.Unknown:
                    unknown.Add((stream, row));
                    continue;
                case AssignmentStatus.Unassigned:
                    unassigned.Add((stream, row));
                    continue;
                default:
                    break;
            }

            ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(patients, patientId!, out _);
            (list ??= []).Add(new Candidate(
                readings.Vital[row], readings.EffectiveTime[row], sequence++, stream, row, Math.Max(readings.KnownFrom[row], assignmentKnown)));
        }

        return Versions(streams, patients, unknown, unassigned, duplicates);
    }

    private static ResolvedObservations Versions(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams,
        Dictionary<string, List<Candidate>> patients,
        List<(int, int)> unknown,
        List<(int, int)> unassigned,
        long duplicates)
    {
        var order = patients.Keys.ToArray();
        Array.Sort(order, StringComparer.Ordinal);
        var kept = new List<Version>[order.Length];
        var repeated = new long[order.Length];
        Parallel.For(0, order.Length, p =>
        {
            var candidates = patients[order[p]];
            candidates.Sort();
            kept[p] = KeepVersions(streams, CollectionsMarshal.AsSpan(candidates), out repeated[p]);
        });

        var batch = new ObservationBatch(kept.Sum(k => k.Count));
        var corrected = 0L;
        var at = 0;
        for (var p = 0; p < order.Length; p++)
        {
            foreach (var version in kept[p])
            {
                var readings = streams[version.Reading.Stream].Readings;
                var row = version.Reading.Row;
                batch.PatientId[at] = order[p];
                batch.Vital[at] = version.Reading.Vital;
                batch.EffectiveTime[at] = version.Reading.EffectiveTime;
                batch.Value[at] = readings.Value[row];
                batch.KnownFrom[at] = version.Reading.KnownFrom;
                batch.KnownTo[at] = version.KnownTo;
                batch.DeviceId[at] = readings.DeviceId[row];
                batch.Stream[at] = streams[version.Reading.Stream].Stream;
                batch.Offset[at] = readings.Offset[row];
                batch.Ordinal[at] = readings.Ordinal[row];
                corrected += version.KnownTo == UnixMicros.Open ? 0 : 1;
                at++;
            }
        }

        return new ResolvedObservations
        {
            Observations = batch,
            Duplicates = duplicates + repeated.Sum(),
            Corrected = corrected,
            UnknownDevice = unknown,
            UnassignedDevice = unassigned,
        };
    }

    /// <summary>The versions of one patient's candidates, which come sorted by (vital, effective time, order of knowing).</summary>
    private static List<Version> KeepVersions(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, ReadOnlySpan<Candidate> candidates, out long duplicates)
    {
        var kept = new List<Version>(candidates.Length);
        duplicates = 0;
        for (int start = 0, end; start < candidates.Length; start = end)
        {
            for (end = start + 1; end < candidates.Length && candidates[end].SameInstant(candidates[start]); end++)
            {
            }

            var first = kept.Count;
            for (var i = start; i < end; i++)
            {
                if (IsRepeated(streams, candidates[start..i], candidates[i]) || !TryReplace(streams, kept, first, candidates[i]))
                {
                    duplicates++;
                    continue;
                }

                kept.Add(new Version(candidates[i], UnixMicros.Open));
            }
        }

        return kept;
    }

    /// <summary>
    /// Closes the version that the same device gave of this instant before, from when we know better; false when that version
    /// says the same, so that the candidate adds nothing.
    /// </summary>
    private static bool TryReplace(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, List<Version> kept, int first, in Candidate candidate)
    {
        for (var k = first; k < kept.Count; k++)
        {
            if (kept[k].KnownTo == UnixMicros.Open && Device(streams, kept[k].Reading) == Device(streams, candidate))
            {
                if (Value(streams, kept[k].Reading).Equals(Value(streams, candidate)))
                {
                    return false;
                }

                kept[k] = kept[k] with { KnownTo = candidate.KnownFrom };
            }
        }

        return true;
    }

    /// <summary>Whether the same body of the same device, without an id, was there before.</summary>
    private static bool IsRepeated(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, ReadOnlySpan<Candidate> before, in Candidate candidate)
    {
        var readings = streams[candidate.Stream].Readings;
        if (readings.MessageId[candidate.Row] is not null)
        {
            return false;
        }

        foreach (var earlier in before)
        {
            var other = streams[earlier.Stream].Readings;
            if (other.MessageId[earlier.Row] is null
                && other.BodyHash[earlier.Row] == readings.BodyHash[candidate.Row]
                && other.Ordinal[earlier.Row] == readings.Ordinal[candidate.Row]
                && other.DeviceId[earlier.Row] == readings.DeviceId[candidate.Row])
            {
                return true;
            }
        }

        return false;
    }

    private static string Device(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) => streams[c.Stream].Readings.DeviceId[c.Row];

    private static double Value(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) => streams[c.Stream].Readings.Value[c.Row];

    /// <summary>Merges the streams, each already in order, by (known, stream name); a stream may come in pieces.</summary>
    private static IEnumerable<(int Stream, int Row)> InTotalOrder(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams)
    {
        var ranks = Enumerable.Range(0, streams.Count)
            .OrderBy(i => streams[i].Stream, StringComparer.Ordinal)
            .ThenBy(i => streams[i].Readings is { Count: > 0 } piece ? piece.Offset[0] : 0)
            .ToArray();
        var heads = new PriorityQueue<int, (long Known, int Rank)>();
        var at = new int[streams.Count];
        for (var rank = 0; rank < ranks.Length; rank++)
        {
            if (streams[ranks[rank]].Readings.Count > 0)
            {
                heads.Enqueue(rank, (streams[ranks[rank]].Readings.KnownFrom[0], rank));
            }
        }

        while (heads.TryDequeue(out var rank, out var head))
        {
            var stream = ranks[rank];
            var known = streams[stream].Readings.KnownFrom;
            // A stream's rows of one known time follow on each other before another stream's turn.
            do
            {
                yield return (stream, at[stream]++);
            }
            while (at[stream] < known.Count && known[at[stream]] == head.Known);

            if (at[stream] < known.Count)
            {
                heads.Enqueue(rank, (known[at[stream]], rank));
            }
        }
    }

    private readonly record struct Version(Candidate Reading, long KnownTo);

    private readonly record struct Candidate(int Vital, long EffectiveTime, int Sequence, int Stream, int Row, long KnownFrom) : IComparable<Candidate>
    {
        public int CompareTo(Candidate other)
        {
            var byVital = Vital.CompareTo(other.Vital);
            var byTime = byVital != 0 ? byVital : EffectiveTime.CompareTo(other.EffectiveTime);
            return byTime != 0 ? byTime : Sequence.CompareTo(other.Sequence);
        }

        public bool SameInstant(in Candidate other) => Vital == other.Vital && EffectiveTime == other.EffectiveTime;
    }
}
