using System.Runtime.InteropServices;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Resolution;

/// <summary>
/// Settles duplicates, corrections and patients in the total order (known, stream, offset, ordinal), which no order of
/// arrival of files can change. A message is a duplicate by device, message id and body, whoever had the device by the time it
/// came again; one without an id by device, effective time and body;
/// the same vital at the same instant from the same device with another value is a correction, which closes
/// the version before it. Each version is then cut by what was held, as statements came, about who had the device: what was
/// known by any instant stays what it was, whatever is stated later.
/// </summary>
public static partial class ObservationResolver
{
    /// <summary>Resolves the readings of several streams, each in offset order with known times that never fall.</summary>
    public static ResolvedObservations Resolve(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, AssignmentIndex assignments) =>
        Resolve(streams, [], assignments, ResolutionScope.All);

    /// <summary>
    /// The same for a part. What it needs to see: of every device and instant that it has a reading of, all readings; and in
    /// <paramref name="context"/> those of other times that one of them may repeat, which suppress it and do nothing else.
    /// </summary>
    public static ResolvedObservations Resolve(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams,
        IReadOnlyList<(string Stream, ReadingBatch Readings)> context,
        AssignmentIndex assignments,
        ResolutionScope scope)
    {
        var unknown = new List<(int, int)>();
        var unassigned = new List<(int, int)>();
        var seen = new Dictionary<(string Device, string Message, long Body, int Ordinal), long>();
        var suppressed = new Dictionary<(int Stream, int Row), long>();
        var patients = new Dictionary<string, List<Candidate>>(StringComparer.Ordinal);
        var duplicates = 0L;
        var takenBack = 0L;
        var given = 0L;
        var sequence = 0;
        foreach (var (stream, row) in InTotalOrder([.. streams, .. context]))
        {
            var isContext = stream >= streams.Count;
            var readings = isContext ? context[stream - streams.Count].Readings : streams[stream].Readings;
            var (known, end) = (readings.KnownFrom[row], readings.KnownTo.TryGetValue(row, out var to) ? to : UnixMicros.Open);
            var holds = end == UnixMicros.Open;
            var status = AssignmentStatus.Unknown;
            var history = isContext ? [] : assignments.History(readings.DeviceId[row], readings.EffectiveTime[row], out status);
            var home = HomeOf(history, known);
            var counts = !isContext && scope.Counts(home);
            takenBack += counts && !holds ? 1 : 0;
            if (readings.MessageId[row] is { } id)
            {
                // It repeats another while any before it holds: for good, or until the last of those is taken back.
                ref var until = ref CollectionsMarshal.GetValueRefOrAddDefault(seen, (readings.DeviceId[row], id, readings.BodyHash[row], readings.Ordinal[row]), out var isRepeated);
                var since = isRepeated ? Math.Max(known, until) : known;
                until = isRepeated ? Math.Max(until, end) : end;
                if (since >= end)
                {
                    duplicates += counts && holds ? 1 : 0;
                    continue;
                }

                if (since > known)
                {
                    suppressed.Add((stream, row), since);
                }
            }

            if (home is not null)
            {
                Give(new Candidate(readings.Vital[row], readings.EffectiveTime[row], sequence++, stream, row, Share.Whole), known, history, scope, patients);
                given += counts && holds ? 1 : 0;
            }
            else if (counts && holds)
            {
                (status == AssignmentStatus.Unknown ? unknown : unassigned).Add((stream, row));
            }
        }

        return Versions(streams, assignments, suppressed, patients, unknown, unassigned, given, duplicates, takenBack);
    }

    /// <summary>The last patient that a reading was held to be of since it was known; null where there is none.</summary>
    private static string? HomeOf(ReadOnlySpan<AssignmentSegment> history, long known)
    {
        for (var i = history.Length - 1; i >= 0 && history[i].KnownTo > known; i--)
        {
            if (history[i].PatientId is { } patient)
            {
                return patient;
            }
        }

        return null;
    }

    /// <summary>
    /// Adds the candidate to all patients it was held to be of since it was known, as far as they are in the scope. A patient of a
    /// reading is one of every earlier reading of that device and instant too, so a patient's candidates alone tell versions and
    /// duplicates; and as long as readings have a patient at all, they share the last one, where they count.
    /// </summary>
    private static void Give(
        in Candidate candidate, long known, ReadOnlySpan<AssignmentSegment> history, ResolutionScope scope, Dictionary<string, List<Candidate>> patients)
    {
        if (history is [.., { PatientId: { } only } last] && last.KnownFrom <= known)
        {
            Add(patients, scope, only, candidate);
            return;
        }

        var isGiven = false;
        for (var i = history.Length - 1; i >= 0 && history[i].KnownTo > known; i--)
        {
            if (history[i].PatientId is { } patient && !Names(history[(i + 1)..], patient))
            {
                Add(patients, scope, patient, candidate with { Share = isGiven ? Share.Former : Share.Last });
                isGiven = true;
            }
        }
    }

    private static void Add(Dictionary<string, List<Candidate>> patients, ResolutionScope scope, string patient, in Candidate candidate)
    {
        if (!scope.Has(patient))
        {
            return;
        }

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
        Dictionary<(int Stream, int Row), long> suppressed,
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
            settled[p] = Settle(streams, assignments, suppressed, order[p], CollectionsMarshal.AsSpan(candidates));
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
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams,
        AssignmentIndex assignments,
        Dictionary<(int Stream, int Row), long> suppressed,
        string patient,
        ReadOnlySpan<Candidate> candidates)
    {
        var settled = new Settled(new List<Version>(candidates.Length));
        var versions = new List<Version>();
        for (int start = 0, end; start < candidates.Length; start = end)
        {
            for (end = start + 1; end < candidates.Length && candidates[end].SameInstant(candidates[start]); end++)
            {
            }

            versions.Clear();
            if (IsTakenBack(streams, suppressed, candidates[start..end]))
            {
                TellTakenBack(streams, suppressed, candidates[start..end], versions, ref settled);
            }
            else
            {
                TellOneByOne(streams, candidates[start..end], versions, ref settled);
            }

            foreach (var version in versions)
            {
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

    /// <summary>The versions of one instant where no reading was taken back.</summary>
    private static void TellOneByOne(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, ReadOnlySpan<Candidate> candidates, List<Version> versions, ref Settled settled)
    {
        for (var i = 0; i < candidates.Length; i++)
        {
            if (IsRepeated(streams, candidates[..i], candidates[i]) || !TryReplace(streams, versions, candidates[i]))
            {
                settled.Duplicates += candidates[i].Share == Share.Former ? 0 : 1;
                continue;
            }

            versions.Add(new Version(candidates[i], Known(streams, candidates[i]), UnixMicros.Open));
        }

        foreach (var version in versions)
        {
            settled.Corrected += version.KnownTo == UnixMicros.Open || version.Reading.Share == Share.Former ? 0 : 1;
        }
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
        foreach (var earlier in before)
        {
            if (IsSameBody(streams, earlier, candidate))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSameBody(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate one, in Candidate other)
    {
        var (a, b) = (streams[one.Stream].Readings, streams[other.Stream].Readings);
        return a.MessageId[one.Row] is null && b.MessageId[other.Row] is null
            && a.BodyHash[one.Row] == b.BodyHash[other.Row]
            && a.Ordinal[one.Row] == b.Ordinal[other.Row]
            && a.DeviceId[one.Row] == b.DeviceId[other.Row];
    }

    private static string Device(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) => streams[c.Stream].Readings.DeviceId[c.Row];

    private static long Known(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) => streams[c.Stream].Readings.KnownFrom[c.Row];

    private static long End(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) =>
        streams[c.Stream].Readings.KnownTo.TryGetValue(c.Row, out var end) ? end : UnixMicros.Open;

    private static double Value(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, in Candidate c) => streams[c.Stream].Readings.Value[c.Row];

    /// <summary>Merges the streams, each already in order, by (known, stream name); a stream may come in pieces.</summary>
    private static IEnumerable<(int Stream, int Row)> InTotalOrder(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams)
    {
        var names = streams.Select(s => s.Stream).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select((name, i) => (name, i)).ToDictionary(n => n.name, n => n.i, StringComparer.Ordinal);
        var heads = new PriorityQueue<int, (long Known, int Name, long Offset, int Ordinal)>();
        var at = new int[streams.Count];
        (long Known, int Name, long Offset, int Ordinal) Head(int stream)
        {
            var readings = streams[stream].Readings;
            return (readings.KnownFrom[at[stream]], names[streams[stream].Stream], readings.Offset[at[stream]], readings.Ordinal[at[stream]]);
        }

        for (var stream = 0; stream < streams.Count; stream++)
        {
            if (streams[stream].Readings.Count > 0)
            {
                heads.Enqueue(stream, Head(stream));
            }
        }

        while (heads.TryDequeue(out var stream, out var head))
        {
            var readings = streams[stream].Readings;
            var isOvertaken = false;
            // A stream's rows of one known time follow on each other, unless another piece of it has rows of that time between them.
            do
            {
                yield return (stream, at[stream]++);
                isOvertaken = heads.TryPeek(out _, out var next) && next.Known == head.Known && next.Name == head.Name;
            }
            while (at[stream] < readings.Count && readings.KnownFrom[at[stream]] == head.Known && !isOvertaken);

            if (at[stream] < readings.Count)
            {
                heads.Enqueue(stream, Head(stream));
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
