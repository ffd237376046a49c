using CsCheck;
using RemoteMonitoring.Features.Resolution;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

/// <summary>Readings that were taken back when their message was read again by another mapping.</summary>
public sealed class TakenBackReadingsTests
{
    private static readonly string[] s_devices = ["d0", "d1", "stranger"];

    private static readonly Gen<DeviceAssignment> s_assignment = Gen.Select(
        Gen.Int[0, 1], Gen.OneOf("A", "B", "C"), Gen.OneOf(Gen.Const(0L), Gen.Long[0, 8]), Gen.Long[0, 6].Nullable(), Gen.Long[0, 14],
        (device, patient, from, length, known) => Assigned.To(patient, s_devices[device], from, from + length, known));

    private static readonly Gen<Arrival> s_message = Gen.Select(
        Gen.Int[0, 2], Gen.Int[0, 2], Gen.OneOf("m1", "m2").Null(), Gen.Long[0, 10], Gen.Int[0, 1], Gen.Bool,
        (device, body, id, known, stream, ownTime) =>
            new Arrival(s_devices[device], 70 + body, ownTime ? 4 : known, known) { Stream = "s" + stream, Id = id, Body = (body * 2) + (ownTime ? 1 : 0) });

    /// <summary>Messages, commands to read some of them again, and for each command and message whether it concerns it and what comes of it.</summary>
    private static readonly Gen<(Arrival[] Arrivals, DeviceAssignment[] Assignments)> s_history = Gen.Select(
        s_message.Array[0, 14], Gen.Long[3, 12].Array[0, 3], Gen.Int[0, 7].Array[42], s_assignment.Array[0, 8],
        (messages, commands, readings, assignments) => (Land(messages, [.. commands.Distinct().Order()], readings), assignments));

    [Fact]
    public void It_does_what_the_rules_say_at_each_time_of_knowing() => s_history.Sample(h =>
    {
        var resolved = ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), new AssignmentIndex(h.Assignments));
        var plain = PlainResolver.Resolve(h.Arrivals, h.Assignments);
        return Sorted(resolved).SequenceEqual(plain.Rows.Order(s_order))
            && (resolved.Accepted, resolved.Duplicates, resolved.Corrected, resolved.Reassigned, resolved.UnassignedDevice.Count, resolved.UnknownDevice.Count)
                == (plain.Accepted, plain.Duplicates, plain.Corrected, plain.Reassigned, plain.Unassigned.Count, plain.Unknown.Count);
    }, iter: 6000);

    [Fact]
    public void What_holds_is_accepted_or_repeated_or_unassigned_or_unknown_and_what_was_taken_back_is_none_of_these() => s_history.Sample(h =>
    {
        var resolved = ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), new AssignmentIndex(h.Assignments));
        return h.Arrivals.Count(a => a.End is null) == resolved.Accepted + resolved.Duplicates + resolved.UnassignedDevice.Count + resolved.UnknownDevice.Count
            && h.Arrivals.Count(a => a.End is not null) == resolved.TakenBack;
    }, iter: 3000);

    [Fact]
    public void What_is_known_by_an_instant_is_the_same_before_later_messages_and_commands_came() => Gen.Select(s_history, Gen.Long[0, 12]).Sample((h, knownBy) =>
    {
        List<Row> Known(IEnumerable<Arrival> arrivals) =>
        [
            .. Sorted(ObservationResolver.Resolve(Arrival.ToStreams(arrivals), new AssignmentIndex(h.Assignments)))
                .Where(r => r.KnownFrom <= knownBy && knownBy < r.KnownTo)
                .Select(r => r with { KnownTo = 0 }),
        ];
        return Known(h.Arrivals).SequenceEqual(Known(h.Arrivals.Where(a => a.Known <= knownBy).Select(a => a.End > knownBy ? a with { End = null } : a)));
    }, iter: 6000);

    [Fact]
    public void From_the_last_command_on_all_is_as_if_what_it_took_back_had_never_come() => s_history.Sample(h =>
    {
        (string, string, long, double, string)[] Now(IEnumerable<Arrival> arrivals) =>
        [
            .. Sorted(ObservationResolver.Resolve(Arrival.ToStreams(arrivals), new AssignmentIndex(h.Assignments)))
                .Where(r => r.KnownTo == Telemetry.UnixMicros.Open)
                .Select(r => (r.Patient, r.Vital, r.Effective, r.Value, r.Device))
                .Order(),
        ];
        return Now(h.Arrivals).SequenceEqual(Now(h.Arrivals.Where(a => a.End is null)));
    }, iter: 3000);

    [Fact]
    public void Neither_the_order_in_which_pieces_are_listed_nor_where_they_are_cut_changes_anything() =>
        Gen.Select(s_history, Gen.Int[1, 5], Gen.Int).Sample((h, pieceLength, shuffle) =>
        {
            var assignments = new AssignmentIndex(h.Assignments);
            var pieces = h.Arrivals.GroupBy(a => (a.Stream, a.Piece, a.Offset / pieceLength)).Select(p => (p.Key.Stream, Arrival.ToBatch(p))).Append(("s1", new ReadingBatch())).ToArray();
            new Random(shuffle).Shuffle(pieces);
            var expected = ObservationResolver.Resolve(Arrival.ToStreams(h.Arrivals), assignments);
            var actual = ObservationResolver.Resolve(pieces, assignments);
            return Row.Of(expected.Observations).SequenceEqual(Row.Of(actual.Observations))
                && (expected.Accepted, expected.Duplicates, expected.Corrected, expected.Reassigned, expected.TakenBack)
                    == (actual.Accepted, actual.Duplicates, actual.Corrected, actual.Reassigned, actual.TakenBack);
        }, iter: 3000);

    [Fact]
    public void A_message_that_came_again_after_a_correction_does_not_undo_it_when_it_is_taken_back_later()
    {
        Arrival[] arrivals =
        [
            new("d0", 70, 4, 1) { Id = "m1", Body = 1, Offset = 0, End = 9 },
            new("d0", 81, 4, 2) { Id = "m2", Body = 2, Offset = 1 },
            new("d0", 70, 4, 3) { Id = "m1", Body = 1, Offset = 2, End = 9 },
        ];
        var resolved = ObservationResolver.Resolve(Arrival.ToStreams(arrivals), new AssignmentIndex([Assigned.To("A", "d0", 0, null, 0)]));
        Assert.Equal([(70.0, 1L, 2L), (81.0, 2L, Telemetry.UnixMicros.Open)], Row.Of(resolved.Observations).Select(r => (r.Value, r.KnownFrom, r.KnownTo)));
        Assert.Equal((1, 0, 0, 2), (resolved.Accepted, resolved.Duplicates, resolved.Corrected, resolved.TakenBack));
    }

    [Fact]
    public void A_message_that_came_again_under_a_new_mapping_tells_nothing_until_the_first_is_taken_back()
    {
        Arrival[] arrivals =
        [
            new("d0", 70, 4, 1) { Id = "m1", Body = 1, Offset = 0, End = 9 },
            new("d0", 72, 4, 5) { Id = "m1", Body = 1, Offset = 1 },
            new("d0", 72, 4, 9) { Id = "m1", Body = 1, Offset = 0, Piece = 1 },
        ];
        var resolved = ObservationResolver.Resolve(Arrival.ToStreams(arrivals), new AssignmentIndex([Assigned.To("A", "d0", 0, null, 0)]));
        Assert.Equal([(70.0, 1L, 9L, 0L), (72.0, 9L, Telemetry.UnixMicros.Open, 1L)], Row.Of(resolved.Observations).Select(r => (r.Value, r.KnownFrom, r.KnownTo, r.Offset)));
        Assert.Equal((1, 1, 0, 1), (resolved.Accepted, resolved.Duplicates, resolved.Corrected, resolved.TakenBack));
    }

    private static readonly Comparer<Row> s_order = Comparer<Row>.Create((a, b) =>
        (a.Patient, a.Vital, a.Effective, a.KnownFrom, a.Stream, a.Offset, a.Ordinal).CompareTo((b.Patient, b.Vital, b.Effective, b.KnownFrom, b.Stream, b.Offset, b.Ordinal)));

    private static IOrderedEnumerable<Row> Sorted(ResolvedObservations resolved) => Row.Of(resolved.Observations).Order(s_order);

    /// <summary>
    /// Puts messages on their streams, and for each command takes back what holds of some and reads them otherwise: another value,
    /// another vital, another place, not at all, or more than one.
    /// </summary>
    private static Arrival[] Land(Arrival[] messages, long[] commands, int[] readings)
    {
        List<Arrival> all = [.. messages.GroupBy(m => m.Stream).SelectMany(stream => stream.OrderBy(m => m.Known).Select((m, offset) => m with { Offset = offset }))];
        for (var c = 0; c < commands.Length; c++)
        {
            var (command, piece) = (commands[c], new List<Arrival>());
            foreach (var message in all.Where(a => a.End is null && a.Known < command).GroupBy(a => (a.Stream, a.Offset)).ToArray())
            {
                var first = message.First() with { Known = command, Piece = c + 1 };
                Arrival[]? now = readings[(c * 14) + (int)((message.Key.Offset * 2) + (message.Key.Stream == "s1" ? 1 : 0)) % 14] switch
                {
                    0 => [first with { Value = first.Value + 1 }],
                    1 => [first with { Vital = "spo2" }],
                    2 => [first with { Ordinal = first.Ordinal + 1 }],
                    3 => [],
                    4 => [first, first with { Ordinal = first.Ordinal + 1, Value = first.Value - 1 }],
                    _ => null,
                };
                if (now is not null)
                {
                    foreach (var before in message.ToArray())
                    {
                        all[all.IndexOf(before)] = before with { End = command };
                    }

                    piece.AddRange(now);
                }
            }

            all.AddRange(piece.OrderBy(a => a.Stream, StringComparer.Ordinal).ThenBy(a => a.Offset).ThenBy(a => a.Ordinal));
        }

        return [.. all];
    }
}
