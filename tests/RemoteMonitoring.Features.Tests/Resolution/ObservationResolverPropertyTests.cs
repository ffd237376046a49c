using CsCheck;
using RemoteMonitoring.Features.Resolution;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

public sealed class ObservationResolverPropertyTests
{
    private static readonly string[] s_devices = ["d0", "d1", "d2", "stranger"];

    private static readonly Gen<DeviceAssignment> s_assignment = Gen.Select(
        Gen.Int[0, 2], Gen.OneOf("A", "B", "C"), Gen.OneOf(Gen.Const(0L), Gen.Long[0, 8]), Gen.Long[0, 6].Nullable(), Gen.Long[0, 12],
        (device, patient, from, length, known) => Assigned.To(patient, s_devices[device], from, from + length, known));

    /// <summary>A message: few devices, instants, ids and bodies, so that they meet often. The body settles what is in it.</summary>
    private static readonly Gen<Arrival[]> s_message = Gen.Select(
        Gen.Int[0, 3], Gen.Int[0, 3], Gen.OneOf("m1", "m2").Null(), Gen.Long[0, 9], Gen.Int[0, 2], Gen.Bool,
        (device, body, id, known, stream, ownTime) =>
        {
            var arrival = new Arrival(s_devices[device], 70 + (body % 3), ownTime ? 4 : known, known) { Stream = "s" + stream, Id = id, Body = (body * 2) + (ownTime ? 1 : 0) };
            return body < 2 ? [arrival] : new[] { arrival, arrival with { Ordinal = 1, Vital = "spo2" }, arrival with { Ordinal = 2, Value = arrival.Value + 1 } };
        });

    private static readonly Gen<(Arrival[] Arrivals, DeviceAssignment[] Assignments)> s_history = Gen.Select(
        s_message.Array[0, 25], s_assignment.Array[0, 12], (messages, assignments) => (Land(messages), assignments));

    [Fact]
    public void What_is_received_is_kept_or_repeated_or_unassigned_or_unknown() => s_history.Sample(h =>
    {
        var resolved = ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), new AssignmentIndex(h.Assignments));
        return h.Arrivals.Length == resolved.Accepted + resolved.Duplicates + resolved.UnassignedDevice.Count + resolved.UnknownDevice.Count;
    }, iter: 3000);

    [Fact]
    public void It_does_what_the_rules_say_one_after_another() => s_history.Sample(h =>
    {
        var streams = Arrival.ToStreams(h.Arrivals);
        var resolved = ObservationResolver.Resolve(streams, new AssignmentIndex(h.Assignments));
        var plain = PlainResolver.Resolve(h.Arrivals, h.Assignments);
        return Row.Of(resolved.Observations).SequenceEqual(plain.Rows)
            && (resolved.Accepted, resolved.Duplicates, resolved.Corrected, resolved.Reassigned)
                == (plain.Accepted, plain.Duplicates, plain.Corrected, plain.Reassigned)
            && Places(streams, resolved.UnknownDevice).SequenceEqual(plain.Unknown.Select(Place))
            && Places(streams, resolved.UnassignedDevice).SequenceEqual(plain.Unassigned.Select(Place));
    }, iter: 3000);

    [Fact]
    public void Parts_that_cover_everybody_once_add_up_to_the_whole() => s_history.Sample(h =>
    {
        var (streams, assignments) = (Arrival.ToStreams(h.Arrivals), new AssignmentIndex(h.Assignments));
        var whole = ObservationResolver.Resolve(streams, assignments);
        ResolvedObservations[] parts =
        [
            ObservationResolver.Resolve(streams, [], assignments, new ResolutionScope(p => p == "A", false)),
            ObservationResolver.Resolve(streams, [], assignments, new ResolutionScope(p => p != "A", false)),
            ObservationResolver.Resolve(streams, [], assignments, new ResolutionScope(_ => false, true)),
        ];
        return Row.Of(whole.Observations).SequenceEqual(parts.SelectMany(p => Row.Of(p.Observations)))
            && (whole.Accepted, whole.Duplicates, whole.Corrected, whole.Reassigned, whole.TakenBack)
                == (parts.Sum(p => p.Accepted), parts.Sum(p => p.Duplicates), parts.Sum(p => p.Corrected), parts.Sum(p => p.Reassigned), parts.Sum(p => p.TakenBack))
            && whole.UnknownDevice.SequenceEqual(parts.SelectMany(p => p.UnknownDevice))
            && whole.UnassignedDevice.SequenceEqual(parts.SelectMany(p => p.UnassignedDevice));
    }, iter: 3000);

    [Fact]
    public void A_part_needs_to_see_of_other_instants_what_its_readings_may_repeat_and_nothing_else() => s_history.Sample(h =>
    {
        var assignments = new AssignmentIndex(h.Assignments);
        var whole = Row.Of(ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), assignments).Observations);
        var rows = h.Arrivals.Select(a => a.Effective).Distinct().SelectMany(at => Row.Of(ObservationResolver.Resolve(
            Arrival.ToStreams(h.Arrivals.Where(a => a.Effective == at)),
            Arrival.ToStreams(h.Arrivals.Where(a => a.Effective != at && a.Id is not null)),
            assignments,
            ResolutionScope.All).Observations));
        return whole.ToHashSet().SetEquals(rows) && whole.Count == rows.Count();
    }, iter: 1000);

    [Fact]
    public void Neither_the_order_in_which_streams_are_listed_nor_where_they_are_cut_changes_anything() =>
        Gen.Select(s_history, Gen.Int[1, 5], Gen.Int).Sample((h, pieceLength, shuffle) =>
        {
            var assignments = new AssignmentIndex(h.Assignments);
            var whole = Arrival.ToStreams(h.Arrivals);
            var pieces = h.Arrivals.GroupBy(a => a.Stream)
                .SelectMany(g => g.GroupBy(a => a.Offset / pieceLength).Select(p => (g.Key, Arrival.ToBatch(p))))
                .Append(("s1", new ReadingBatch()))
                .ToArray();
            new Random(shuffle).Shuffle(pieces);

            var expected = ObservationResolver.Resolve(whole, assignments);
            var actual = ObservationResolver.Resolve(pieces, assignments);
            return Row.Of(expected.Observations).SequenceEqual(Row.Of(actual.Observations))
                && (expected.Accepted, expected.Duplicates, expected.Corrected, expected.Reassigned)
                    == (actual.Accepted, actual.Duplicates, actual.Corrected, actual.Reassigned)
                && Places(whole, expected.UnknownDevice).SequenceEqual(Places(pieces, actual.UnknownDevice))
                && Places(whole, expected.UnassignedDevice).SequenceEqual(Places(pieces, actual.UnassignedDevice));
        }, iter: 3000);

    [Fact]
    public void What_a_device_measured_at_an_instant_has_one_value_and_one_patient_at_a_time_and_no_row_is_empty() => s_history.Sample(h =>
    {
        var rows = Row.Of(ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), new AssignmentIndex(h.Assignments)).Observations);
        return rows.All(r => r.KnownFrom < r.KnownTo)
            && rows.GroupBy(r => (r.Vital, r.Effective, r.Device)).Select(g => g.OrderBy(r => r.KnownFrom).ToArray()).All(inOrder =>
                inOrder.Zip(inOrder.Skip(1)).All(pair => pair.First.KnownTo <= pair.Second.KnownFrom));
    }, iter: 1000);

    [Fact]
    public void What_is_known_by_an_instant_is_the_same_before_later_messages_and_statements_came() => Gen.Select(s_history, Gen.Long[0, 12]).Sample((h, knownBy) =>
    {
        List<Row> Known(IEnumerable<Arrival> arrivals, IEnumerable<DeviceAssignment> assignments) =>
        [
            .. Row.Of(ObservationResolver.Resolve(Arrival.ToStreams(arrivals), new AssignmentIndex(assignments)).Observations)
                .Where(r => r.KnownFrom <= knownBy && knownBy < r.KnownTo)
                .Select(r => r with { KnownTo = 0 }), // when it was to end could not be known
        ];
        return Known(h.Arrivals, h.Assignments)
            .SequenceEqual(Known(h.Arrivals.Where(a => a.Known <= knownBy), h.Assignments.Where(a => a.Known <= Assigned.At(knownBy))));
    }, iter: 5000);

    [Fact]
    public void Statements_about_a_device_known_at_different_instants_may_be_listed_in_any_order() => Gen.Select(s_history, Gen.Int).Sample((h, shuffle) =>
    {
        var listed = h.Assignments.DistinctBy(a => (a.DeviceId, a.From, a.Known)).ToArray();
        var shuffled = listed.ToArray();
        new Random(shuffle).Shuffle(shuffled);
        var streams = Arrival.ToStreams(h.Arrivals);
        return Row.Of(ObservationResolver.Resolve(streams, new AssignmentIndex(listed)).Observations)
            .SequenceEqual(Row.Of(ObservationResolver.Resolve(streams, new AssignmentIndex(shuffled)).Observations));
    }, iter: 1000);

    /// <summary>Puts messages on their streams: known times never fall, offsets count up.</summary>
    private static Arrival[] Land(Arrival[][] messages) =>
    [
        .. messages.GroupBy(m => m[0].Stream).SelectMany(stream => stream
            .OrderBy(m => m[0].Known)
            .SelectMany((message, offset) => message.Select(a => a with { Offset = offset }))),
    ];

    private static (string, long, int) Place(Arrival a) => (a.Stream, a.Offset, a.Ordinal);

    private static IEnumerable<(string, long, int)> Places(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, IEnumerable<(int Stream, int Row)> rows) =>
        rows.Select(r => (streams[r.Stream].Stream, streams[r.Stream].Readings.Offset[r.Row], streams[r.Stream].Readings.Ordinal[r.Row]));
}
