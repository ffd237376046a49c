using System.Runtime.InteropServices;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features;

/// <summary>What became of the accepted readings when patient, duplicates and corrections were settled.</summary>
public sealed class ResolvedObservations
{
    /// <summary>
    /// Observations: a row for each version of a reading and each patient it was held to be of, while it was; sorted by
    /// (patient, vital, effective time, order of knowing). A version that was replaced before its patient was known has none.
    /// </summary>
    public required ObservationBatch Observations { get; init; }

    /// <summary>
    /// Readings that are, or since they were known once were, held to be a patient's, and repeat no other. A reading that was
    /// taken back from everybody stays accepted: it was used, and what was told of it then still stands for then.
    /// </summary>
    public required long Accepted { get; init; }

    /// <summary>Readings that repeat another: the same message again, or the same value of the same instant and device.</summary>
    public required long Duplicates { get; init; }

    /// <summary>
    /// Readings that were taken back, since their message was read again by another mapping. They count nowhere else; what was
    /// told of them before still stands for then.
    /// </summary>
    public required long TakenBack { get; init; }

    /// <summary>Accepted readings that another version has replaced.</summary>
    public required long Corrected { get; init; }

    /// <summary>Rows that close when their reading turns out to be another patient's, or nobody's.</summary>
    public required long Reassigned { get; init; }

    /// <summary>Readings of devices that no assignment names, by (stream, position in its batch).</summary>
    public required IReadOnlyList<(int Stream, int Row)> UnknownDevice { get; init; }

    /// <summary>Readings of devices that, at any time since the reading was known, were held to be with nobody when it was taken.</summary>
    public required IReadOnlyList<(int Stream, int Row)> UnassignedDevice { get; init; }
}

/// <summary>
/// Settles duplicates, corrections and patients in the total order (known, stream, offset, ordinal), which no order of
/// arrival of files can change. A message is a duplicate by device, message id and body, whoever had the device by the time it
/// came again; one without an id by device, effective time and body;
/// the same vital at the same instant from the same device with another value is a correction, which closes
/// the version before it. Each version is then cut by what was held, as statements came, about who had the device: what was
/// known by any instant stays what it was, whatever is stated later.
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
        var takenBack = 0L;
        var given = 0L;
        var sequence = 0;
        foreach (var (stream, row) in InTotalOrder(streams))
        {
            var readings = streams[stream].Readings;
            var holds = !readings.KnownTo.ContainsKey(row);
            takenBack += holds ? 0 : 1;
            // A reading that is taken back repeats none: what it repeats is taken back too, or says something else.
            if (holds && readings.MessageId[row] is { } id && !seen.Add((readings.DeviceId[row], id, readings.BodyHash[row], readings.Ordinal[row])))
            {
                duplicates++;
                continue;
            }

            var history = assignments.History(readings.DeviceId[row], readings.EffectiveTime[row], out var status);
            var candidate = new Candidate(readings.Vital[row], readings.EffectiveTime[row], sequence, stream, row, Share.Whole);
            if (status == AssignmentStatus.Unknown)
            {
                if (holds)
                {
                    unknown.Add((stream, row));
                }
            }
            else if (TryGive(candidate, readings.KnownFrom[row], history, patients))
            {
                sequence++;
                given += holds ? 1 : 0;
            }
            else if (holds)
            {
                unassigned.Add((stream, row));
            }
        }

        return Versions(streams, assignments, patients, unknown, unassigned, given, duplicates, takenBack);
    }

    /// <summary>
    /// Adds the candidate to all patients it was held to be of since it was known; false when there is none. A patient of a
    /// reading is one of every earlier reading of that device and instant too, so a patient's candidates alone tell versions and
    /// duplicates; and as long as readings have a patient at all, they share the last one, where they count.
    /// </summary>
    private static bool TryGive(in Candidate candidate, long known, ReadOnlySpan<AssignmentSegment> history, Dictionary<string, List<Candidate>> patients)
    {
        if (history is [.., { PatientId: { } only } last] && last.KnownFrom <= known)
        {
            Add(patients, only, candidate);
            return true;
        }

        var isGiven = false;
        for (var i = history.Length - 1; i >= 0 && history[i].KnownTo > known; i--)
        {
            if (history[i].PatientId is { } patient && !Names(history[(i + 1)..], patient))
            {
                Add(patients, patient, candidate with { Share = isGiven ? Share.Former : Share.Last });
                isGiven = true;
            }
        }

        return isGiven;
    }

    private static void Add(Dictionary<string, List<Candidate>> patients, string patient, in Candidate candidate)
    {
        ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(patients, patient, out _);
        (list ??= []).Add(candidate);
    }

    private static bool Names(ReadOnlySpan<AssignmentSegment> segments, string patient)
    {
        foreach (ref readonly var segment in segments)
        {
            if (segment.PatientId == patient)
            {
                return true;
            }
        }

        return false;
    }

    private static ResolvedObservations Versions(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams,
        AssignmentIndex assignments,
        Dictionary<string, List<Candidate>> patients,
        List<(int, int)> unknown,
        List<(int, int)> unassigned,
        long given,
        long duplicates,
        long takenBack)
    {
        var order = patients.Keys.ToArray();
        Array.Sort(order, StringComparer.Ordinal);
        var settled = new Settled[order.Length];
        Parallel.For(0, order.Length, p =>
        {
            var candidates = patients[order[p]];
            candidates.Sort();
            settled[p] = Settle(streams, assignments, order[p], CollectionsMarshal.AsSpan(candidates));
        });

        var batch = new ObservationBatch(settled.Sum(s => s.Rows.Count));
        var at = 0;
        for (var p = 0; p < order.Length; p++)
        {
            foreach (var version in settled[p].Rows)
            {
                var readings = streams[version.Reading.Stream].Readings;
                var row = version.Reading.Row;
                batch.PatientId[at] = order[p];
                batch.Vital[at] = version.Reading.Vital;
                batch.EffectiveTime[at] = version.Reading.EffectiveTime;
                batch.Value[at] = readings.Value[row];
                batch.KnownFrom[at] = version.KnownFrom;
                batch.KnownTo[at] = version.KnownTo;
                batch.DeviceId[at] = readings.DeviceId[row];
                batch.Stream[at] = streams[version.Reading.Stream].Stream;
                batch.Offset[at] = readings.Offset[row];
                batch.Ordinal[at] = readings.Ordinal[row];
                at++;
            }
        }

        var repeated = settled.Sum(s => s.Duplicates);
        return new ResolvedObservations
        {
            Observations = batch,
            Accepted = given - repeated,
            Duplicates = duplicates + repeated,
            TakenBack = takenBack,
            Corrected = settled.Sum(s => s.Corrected),
            Reassigned = settled.Sum(s => s.Reassigned),
            UnknownDevice = unknown,
            UnassignedDevice = unassigned,
        };
    }

    /// <summary>The rows of one patient's candidates, which come sorted by (vital, effective time, order of knowing).</summary>
    private static Settled Settle(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, AssignmentIndex assignments, string patient, ReadOnlySpan<Candidate> candidates)
    {
        var settled = new Settled(new List<Version>(candidates.Length));
        var versions = new List<Version>();
        for (int start = 0, end; start < candidates.Length; start = end)
        {
            for (end = start + 1; end < candidates.Length && candidates[end].SameInstant(candidates[start]); end++)
            {
            }

            versions.Clear();
            var isTakenBack = false;
            for (var i = start; i < end; i++)
            {
                isTakenBack |= End(streams, candidates[i]) != UnixMicros.Open;
            }

            if (isTakenBack)
            {
                settled.Duplicates += TellTakenBack(streams, candidates[start..end], versions);
            }

            for (var i = start; i < end && !isTakenBack; i++)
            {
                if (IsRepeated(streams, candidates[start..i], candidates[i]) || !TryReplace(streams, versions, candidates[i]))
                {
                    settled.Duplicates += candidates[i].Share == Share.Former ? 0 : 1;
                    continue;
                }

                versions.Add(new Version(candidates[i], Known(streams, candidates[i]), UnixMicros.Open));
            }

            foreach (var version in versions)
            {
                settled.Corrected += version.KnownTo == UnixMicros.Open || version.Reading.Share == Share.Former
                    || End(streams, version.Reading) != UnixMicros.Open ? 0 : 1;
                if (version.Reading.Share != Share.Whole)
                {
                    Cut(version, assignments.History(Device(streams, version.Reading), version.Reading.EffectiveTime, out _), patient, ref settled);
                }
                else if (version.KnownFrom < version.KnownTo)
                {
                    settled.Rows.Add(version);
                }
            }
        }

        return settled;
    }

    /// <summary>
    /// The versions of one instant where some reading was taken back: at any time of knowing the last of those that hold says
    /// what is so, device by device, and where it says the same on and on, the first that did says it. The rare general case of
    /// what <see cref="TryReplace"/> does one by one.
    /// </summary>
    /// <returns>How many of the readings that still hold add nothing.</returns>
    private static int TellTakenBack(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, ReadOnlySpan<Candidate> candidates, List<Version> versions)
    {
        var all = candidates.ToArray();
        foreach (var device in all.GroupBy(c => Device(streams, c), StringComparer.Ordinal))
        {
            Candidate[] ofDevice = [.. device];
            long[] turns = [.. ofDevice.SelectMany(c => (long[])[Known(streams, c), End(streams, c)]).Distinct().Order()];
            Version? told = null;
            foreach (var at in turns)
            {
                Candidate[] holding = Array.FindAll(ofDevice, c => Known(streams, c) <= at && at < End(streams, c));
                if (told is { } before && (holding.Length == 0 || !Value(streams, holding[^1]).Equals(Value(streams, before.Reading))))
                {
                    versions.Add(before with { KnownTo = at });
                    told = null;
                }

                if (told is null && holding.Length > 0)
                {
                    told = new Version(Array.Find(holding, c => Value(streams, c).Equals(Value(streams, holding[^1]))), at, UnixMicros.Open);
                }
            }

            if (told is { } last)
            {
                versions.Add(last);
            }
        }

        versions.Sort((a, b) => a.KnownFrom.CompareTo(b.KnownFrom));
        var telling = versions.Select(v => v.Reading.Sequence).ToHashSet();
        return all.Count(c => c.Share != Share.Former && End(streams, c) == UnixMicros.Open && !telling.Contains(c.Sequence));
    }

    /// <summary>Adds the parts of a version during which it was held to be the patient's.</summary>
    private static void Cut(in Version version, ReadOnlySpan<AssignmentSegment> history, string patient, ref Settled settled)
    {
        foreach (ref readonly var segment in history)
        {
            var row = version with { KnownFrom = Math.Max(version.KnownFrom, segment.KnownFrom), KnownTo = Math.Min(version.KnownTo, segment.KnownTo) };
            if (segment.PatientId == patient && row.KnownFrom < row.KnownTo)
            {
                settled.Rows.Add(row);
                settled.Reassigned += row.KnownTo == segment.KnownTo && row.KnownTo != UnixMicros.Open ? 1 : 0;
            }
        }
    }

    /// <summary>
    /// Closes the version that the same device gave of this instant before, from when we know better; false when that version
    /// says the same, so that the candidate adds nothing.
    /// </summary>
    private static bool TryReplace(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, List<Version> versions, in Candidate candidate)
    {
        for (var v = 0; v < versions.Count; v++)
        {
            if (versions[v].KnownTo == UnixMicros.Open && Device(streams, versions[v].Reading) == Device(streams, candidate))
            {
                if (Value(streams, versions[v].Reading).Equals(Value(streams, candidate)))
                {
                    return false;
                }

                versions[v] = versions[v] with { KnownTo = Known(streams, candidate) };
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

    private static long Known(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) => streams[c.Stream].Readings.KnownFrom[c.Row];

    private static long End(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) =>
        streams[c.Stream].Readings.KnownTo.TryGetValue(c.Row, out var end) ? end : UnixMicros.Open;

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

    /// <summary>What a candidate is among a patient's.</summary>
    private enum Share : byte
    {
        /// <summary>The patient's from when the reading was known, and still: nothing to cut.</summary>
        Whole,

        /// <summary>The patient is the last it was held to be of. It counts here.</summary>
        Last,

        /// <summary>Another patient came after. It counts there.</summary>
        Former,
    }

    /// <summary>One patient's rows and counts.</summary>
    private record struct Settled(List<Version> Rows)
    {
        public long Duplicates { get; set; }

        public long Corrected { get; set; }

        public long Reassigned { get; set; }
    }

    private readonly record struct Version(Candidate Reading, long KnownFrom, long KnownTo);

    private readonly record struct Candidate(int Vital, long EffectiveTime, int Sequence, int Stream, int Row, Share Share) : IComparable<Candidate>
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
