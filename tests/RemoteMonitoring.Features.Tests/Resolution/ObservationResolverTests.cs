using RemoteMonitoring.Features.Resolution;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

public sealed class ObservationResolverTests
{
    private const long Open = UnixMicros.Open;

    [Fact]
    public void A_message_delivered_twice_counts_once_by_its_id_even_where_the_hub_gave_it_another_time()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Id = "m1", Body = 1 },
            new Arrival("d", 70, 20, 21) { Id = "m1", Body = 1 });

        Assert.Equal(1, resolved.Duplicates);
        Assert.Equal([(10L, 70.0, 11L, Open)], Versions(resolved));
    }

    [Fact]
    public void Every_reading_of_a_repeated_message_is_a_duplicate_and_its_readings_are_none_of_each_other()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Id = "m1", Body = 1, Ordinal = 0 },
            new Arrival("d", 97, 10, 11) { Id = "m1", Body = 1, Ordinal = 1, Vital = "spo2" },
            new Arrival("d", 70, 10, 21) { Id = "m1", Body = 1, Ordinal = 0 },
            new Arrival("d", 97, 10, 21) { Id = "m1", Body = 1, Ordinal = 1, Vital = "spo2" });

        Assert.Equal(2, resolved.Duplicates);
        Assert.Equal(2, resolved.Observations.Count);
    }

    [Fact]
    public void An_id_that_a_device_uses_again_for_another_body_loses_nothing()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Id = "m1", Body = 1 },
            new Arrival("d", 75, 20, 21) { Id = "m1", Body = 2 });

        Assert.Equal(0, resolved.Duplicates);
        Assert.Equal([(10L, 70.0, 11L, Open), (20L, 75.0, 21L, Open)], Versions(resolved));
    }

    [Fact]
    public void Ids_are_a_devices_own()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Id = "m1", Body = 1 },
            new Arrival("e", 70, 10, 11) { Id = "m1", Body = 1 });

        Assert.Equal(0, resolved.Duplicates);
        Assert.Equal(2, resolved.Observations.Count);
    }

    [Fact]
    public void Without_an_id_a_message_repeats_another_by_device_instant_and_body()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Body = 1 },
            new Arrival("d", 70, 10, 21) { Body = 1 },
            new Arrival("d", 70, 20, 22) { Body = 1 });

        Assert.Equal(1, resolved.Duplicates);
        Assert.Equal([(10L, 70.0, 11L, Open), (20L, 70.0, 22L, Open)], Versions(resolved));
    }

    [Fact]
    public void The_same_value_of_the_same_instant_in_another_message_adds_nothing()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Id = "m1", Body = 1 },
            new Arrival("d", 70, 10, 21) { Id = "m2", Body = 2 },
            new Arrival("d", 70, 10, 31) { Body = 3 });

        Assert.Equal(2, resolved.Duplicates);
        Assert.Equal([(10L, 70.0, 11L, Open)], Versions(resolved));
    }

    [Fact]
    public void Another_value_of_the_same_instant_is_a_correction_and_closes_the_version_before_it()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11),
            new Arrival("d", 75, 10, 21),
            new Arrival("d", 80, 10, 31));

        Assert.Equal((0L, 2L), (resolved.Duplicates, resolved.Corrected));
        Assert.Equal([(10L, 70.0, 11L, 21L), (10L, 75.0, 21L, 31L), (10L, 80.0, 31L, Open)], Versions(resolved));
    }

    [Fact]
    public void A_new_message_may_correct_back_to_the_first_value()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Body = 1 },
            new Arrival("d", 75, 10, 21) { Body = 2 },
            new Arrival("d", 70, 10, 31) { Body = 3 });

        Assert.Equal([(10L, 70.0, 11L, 21L), (10L, 75.0, 21L, 31L), (10L, 70.0, 31L, Open)], Versions(resolved));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("m1", "m2")]
    [InlineData("m1", "m1")]
    [InlineData(null, "m2")]
    [InlineData("m1", null)]
    public void A_first_message_delivered_again_after_its_correction_does_not_come_back(string? first, string? correction)
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Id = first, Body = 1 },
            new Arrival("d", 75, 10, 21) { Id = correction, Body = 2 },
            new Arrival("d", 70, 10, 31) { Id = first, Body = 1 });

        Assert.Equal((1L, 1L), (resolved.Duplicates, resolved.Corrected));
        Assert.Equal([(10L, 70.0, 11L, 21L), (10L, 75.0, 21L, Open)], Versions(resolved));
    }

    [Fact]
    public void A_correction_delivered_again_after_the_next_one_does_not_come_back_though_all_share_an_id()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 10, 11) { Id = "m", Body = 1 },
            new Arrival("d", 75, 10, 21) { Id = "m", Body = 2 },
            new Arrival("d", 80, 10, 31) { Id = "m", Body = 3 },
            new Arrival("d", 75, 10, 41) { Id = "m", Body = 2 });

        Assert.Equal(1, resolved.Duplicates);
        Assert.Equal([(10L, 70.0, 11L, 21L), (10L, 75.0, 21L, 31L), (10L, 80.0, 31L, Open)], Versions(resolved));
    }

    [Fact]
    public void Two_devices_of_one_patient_do_not_correct_each_other()
    {
        var resolved = Resolve(new Arrival("d", 70, 10, 11), new Arrival("e", 75, 10, 21));

        Assert.Equal([(10L, 70.0, 11L, Open), (10L, 75.0, 21L, Open)], Versions(resolved));
    }

    [Fact]
    public void A_reading_belongs_to_whoever_had_the_device_when_it_was_taken_not_when_it_came()
    {
        var resolved = ObservationResolver.Resolve(
            Arrival.ToStreams([new Arrival("h", 70, 99, 300), new Arrival("h", 75, 100, 300), new Arrival("h", 80, 120, 300)]),
            new AssignmentIndex([Assigned.To("A", "h", 0, 100, 0), Assigned.To("B", "h", 100, 120, 100)]));

        Assert.Equal([("A", 70.0), ("B", 75.0)], Row.Of(resolved.Observations).Select(r => (r.Patient, r.Value)));
        Assert.Single(resolved.UnassignedDevice);
    }

    [Fact]
    public void A_reading_is_known_of_a_patient_only_once_the_assignment_is()
    {
        var resolved = ObservationResolver.Resolve(
            Arrival.ToStreams([new Arrival("h", 70, 10, 11), new Arrival("h", 75, 10, 21), new Arrival("h", 80, 60, 61)]),
            new AssignmentIndex([Assigned.To("A", "h", 0, null, 50)]));

        Assert.Equal([(10L, 75.0, 50L, Open), (60L, 80.0, 61L, Open)], Versions(resolved));
        Assert.Equal((3L, 1L, 0L), (resolved.Accepted, resolved.Corrected, resolved.Reassigned));
    }

    [Fact]
    public void A_message_taken_while_nobody_had_the_device_is_not_given_to_its_next_wearer_by_coming_again()
    {
        // The body states no time, so each delivery takes that of the hub.
        var resolved = ObservationResolver.Resolve(
            Arrival.ToStreams([new Arrival("h", 70, 10, 10) { Id = "m", Body = 1 }, new Arrival("h", 70, 110, 110) { Id = "m", Body = 1 }]),
            new AssignmentIndex([Assigned.To("B", "h", 100, null, 100)]));

        Assert.Equal(0, resolved.Observations.Count);
        Assert.Equal((1L, 1), (resolved.Duplicates, resolved.UnassignedDevice.Count));
    }

    [Fact]
    public void Readings_of_devices_nobody_knows_and_nobody_has_are_told_apart()
    {
        var resolved = ObservationResolver.Resolve(
            Arrival.ToStreams(
            [
                new Arrival("stranger", 70, 10, 11) { Stream = "hub/e1/00" },
                new Arrival("d", 70, 10, 11) { Stream = "hub/e1/01" },
                new Arrival("d", 71, 200, 201) { Stream = "hub/e1/01" },
            ]),
            new AssignmentIndex([Assigned.To("A", "d", 0, 100, 0)]));

        Assert.Equal([(0, 0)], resolved.UnknownDevice);
        Assert.Equal([(1, 1)], resolved.UnassignedDevice);
        Assert.Equal(1, resolved.Observations.Count);
    }

    [Theory]
    [InlineData("hub/e1/00", 5, "hub/e1/01", 4, 70)] // by known time first
    [InlineData("hub/e1/00", 4, "hub/e1/01", 5, 75)]
    [InlineData("hub/e1/01", 5, "hub/e1/00", 5, 70)] // then by the name of the stream, by code unit
    [InlineData("hub/e1/00", 5, "hub/e1/01", 5, 75)]
    [InlineData("hub/e1/2", 5, "hub/e1/10", 5, 70)]
    public void Of_two_versions_the_later_in_the_total_order_holds(string streamOf70, long knownOf70, string streamOf75, long knownOf75, double holds)
    {
        var resolved = Resolve(
            new Arrival("d", 70, 1, knownOf70) { Stream = streamOf70 },
            new Arrival("d", 75, 1, knownOf75) { Stream = streamOf75 });

        Assert.Equal(holds, Row.Of(resolved.Observations).Single(r => r.KnownTo == Open).Value);
    }

    [Fact]
    public void Within_a_stream_and_known_time_the_later_offset_holds_and_within_a_message_the_later_reading()
    {
        var resolved = Resolve(
            new Arrival("d", 70, 1, 5) { Offset = 7, Body = 1 },
            new Arrival("d", 75, 1, 5) { Offset = 8, Body = 2, Ordinal = 0 },
            new Arrival("d", 80, 1, 5) { Offset = 8, Body = 2, Ordinal = 1 });

        Assert.Equal([(1L, 80.0, 5L, Open)], Versions(resolved));
        Assert.Equal((3L, 2L), (resolved.Accepted, resolved.Corrected));
    }

    [Fact]
    public void Pieces_of_a_stream_may_be_listed_in_any_order()
    {
        var (first, second) = (Arrival.ToBatch([new Arrival("d", 70, 1, 5) { Offset = 7 }]), Arrival.ToBatch([new Arrival("d", 75, 1, 5) { Offset = 8 }]));
        var assignments = new AssignmentIndex([Assigned.To("A", "d", 0, null, 0)]);
        var resolved = ObservationResolver.Resolve([("s", second), ("s", first)], assignments);

        Assert.Equal([(1L, 75.0, 5L, Open)], Versions(resolved));
        Assert.Equal((2L, 1L), (resolved.Accepted, resolved.Corrected));
    }

    private static ResolvedObservations Resolve(params Arrival[] arrivals) => ObservationResolver.Resolve(
        Arrival.ToStreams(arrivals),
        new AssignmentIndex([Assigned.To("A", "d", 0, null, 0), Assigned.To("A", "e", 0, null, 0)]));

    private static IEnumerable<(long, double, long, long)> Versions(ResolvedObservations resolved) =>
        Row.Of(resolved.Observations).Select(r => (r.Effective, r.Value, r.KnownFrom, r.KnownTo));
}
