using CsCheck;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

public sealed class ObservationResolverPropertyTests
{
    private static readonly string[] s_devices = ["d0", "d1", "d2", "stranger"];

    private static readonly Gen<DeviceAssignment> s_assignment = Gen.Select(
        Gen.Int[0, 2], Gen.OneOf("A", "B"), Gen.Long[0, 8], Gen.Long[1, 6].Nullable(), Gen.Long[0, 12],
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
        s_message.Array[0, 25], s_assignment.Array[0, 6], (messages, assignments) => (Land(messages), assignments));

    [Fact]
    public void What_is_received_is_kept_or_repeated_or_unassigned_or_unknown() => s_history.Sample(h =>
    {
        var resolved = ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), new AssignmentIndex(h.Assignments));
        return h.Arrivals.Length == resolved.Observations.Count + resolved.Duplicates + resolved.UnassignedDevice.Count + resolved.UnknownDevice.Count;
    }, iter: 3000);

    [Fact]
    public void It_does_what_the_rules_say_one_after_another() => s_history.Sample(h =>
    {
        var assignments = new AssignmentIndex(h.Assignments);
        var streams = Arrival.ToStreams(h.Arrivals);
        var resolved = ObservationResolver.Resolve(streams, assignments);
        var plain = PlainResolver.Resolve(h.Arrivals, assignments);
        return Row.Of(resolved.Observations).SequenceEqual(plain.Rows)
            && resolved.Duplicates == plain.Duplicates
            && resolved.Corrected == plain.Rows.Count(r => r.KnownTo != Telemetry.UnixMicros.Open)
            && Places(streams, resolved.UnknownDevice).SequenceEqual(plain.Unknown.Select(Place))
            && Places(streams, resolved.UnassignedDevice).SequenceEqual(plain.Unassigned.Select(Place));
    }, iter: 3000);

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
                && (expected.Duplicates, expected.Corrected) == (actual.Duplicates, actual.Corrected)
                && Places(whole, expected.UnknownDevice).SequenceEqual(Places(pieces, actual.UnknownDevice))
                && Places(whole, expected.UnassignedDevice).SequenceEqual(Places(pieces, actual.UnassignedDevice));
        }, iter: 3000);

    [Fact]
    public void Versions_of_one_device_and_instant_follow_on_each_other_and_only_the_last_is_open() => s_history.Sample(h =>
    {
        var rows = Row.Of(ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), new AssignmentIndex(h.Assignments)).Observations);
        return rows.GroupBy(r => (r.Patient, r.Vital, r.Effective, r.Device)).All(g =>
            g.Last().KnownTo == Telemetry.UnixMicros.Open
            && g.Zip(g.Skip(1)).All(pair => pair.First.KnownTo == pair.Second.KnownFrom && pair.First.Value != pair.Second.Value));
    }, iter: 1000);

    [Fact]
    public void What_is_known_by_an_instant_is_the_same_before_later_messages_came() => Gen.Select(s_history, Gen.Long[0, 9]).Sample((h, knownBy) =>
    {
        var assignments = new AssignmentIndex(h.Assignments);
        List<(string, string, long, double, string)> Known(IEnumerable<Arrival> arrivals) =>
        [
            .. Row.Of(ObservationResolver.Resolve(Arrival.ToStreams(arrivals), assignments).Observations)
                .Where(r => r.KnownFrom <= knownBy && knownBy < r.KnownTo)
                .Select(r => (r.Patient, r.Vital, r.Effective, r.Value, r.Device)),
        ];
        return Known(h.Arrivals).SequenceEqual(Known(h.Arrivals.Where(a => a.Known <= knownBy)));
    }, iter: 3000);

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
