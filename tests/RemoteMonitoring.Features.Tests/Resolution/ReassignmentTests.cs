using RemoteMonitoring.Features.Resolution;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Resolution;

/// <summary>What was held about whose a reading is, and what the account says of it. The reading is taken at 10 and known at 11.</summary>
public sealed class ReassignmentTests
{
    private const long Open = UnixMicros.Open;
    private static readonly Arrival s_reading = new("d", 70, 10, 11);

    [Fact]
    public void A_later_known_reassignment_closes_the_observation_and_does_not_rewrite_what_was_known()
    {
        var resolved = Resolve([s_reading], Assigned.To("A", "d", 0, null, 0), Assigned.To("B", "d", 0, null, 50));

        Assert.Equal([("A", 70.0, 11L, 50L), ("B", 70.0, 50L, Open)], Rows(resolved));
        Assert.Equal((1L, 0L, 1L), (resolved.Accepted, resolved.Corrected, resolved.Reassigned));
    }

    [Fact]
    public void A_reading_taken_back_from_everybody_stays_accepted_with_its_row_closed()
    {
        var resolved = Resolve([s_reading], Assigned.To("A", "d", 0, null, 0), Assigned.To("A", "d", 0, 5, 50));

        Assert.Equal([("A", 70.0, 11L, 50L)], Rows(resolved));
        Assert.Equal((1L, 1L, 0), (resolved.Accepted, resolved.Reassigned, resolved.UnassignedDevice.Count));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(5)]
    public void A_reading_that_came_when_the_device_was_taken_back_already_is_nobodys(long takenBack)
    {
        var resolved = Resolve([s_reading], Assigned.To("A", "d", 0, null, 0), Assigned.To("A", "d", 0, 5, takenBack));

        Assert.Empty(Rows(resolved));
        Assert.Equal((0L, 0L, 1), (resolved.Accepted, resolved.Reassigned, resolved.UnassignedDevice.Count));
    }

    [Fact]
    public void A_hand_back_after_the_reading_changes_nothing()
    {
        var resolved = Resolve([s_reading], Assigned.To("A", "d", 0, null, 0), Assigned.To("A", "d", 0, 30, 50));

        Assert.Equal([("A", 70.0, 11L, Open)], Rows(resolved));
        Assert.Equal(0, resolved.Reassigned);
    }

    [Fact]
    public void A_patient_who_is_given_back_a_reading_has_it_in_two_rows_and_it_counts_once()
    {
        var resolved = Resolve([s_reading], Assigned.To("A", "d", 0, null, 0), Assigned.To("B", "d", 0, null, 50), Assigned.To("A", "d", 0, null, 60));

        Assert.Equal([("A", 70.0, 11L, 50L), ("A", 70.0, 60L, Open), ("B", 70.0, 50L, 60L)], Rows(resolved));
        Assert.Equal((1L, 2L), (resolved.Accepted, resolved.Reassigned));
    }

    [Fact]
    public void A_back_dated_assignment_gives_a_reading_of_nobody_from_when_it_is_known()
    {
        var resolved = Resolve([s_reading], Assigned.To("A", "d", 20, null, 20), Assigned.To("B", "d", 5, 20, 50));

        Assert.Equal([("B", 70.0, 50L, Open)], Rows(resolved));
        Assert.Equal((1L, 0L, 0), (resolved.Accepted, resolved.Reassigned, resolved.UnassignedDevice.Count));
    }

    [Fact]
    public void Of_statements_known_at_one_instant_only_the_last_stated_was_ever_held()
    {
        var resolved = Resolve([s_reading], Assigned.To("A", "d", 0, null, 0), Assigned.To("B", "d", 0, null, 50), Assigned.To("C", "d", 0, null, 50));

        Assert.Equal([("A", 70.0, 11L, 50L), ("C", 70.0, 50L, Open)], Rows(resolved));
    }

    [Theory]
    [InlineData(40)] // the correction is known before the reassignment,
    [InlineData(50)] // with it,
    [InlineData(60)] // after it
    public void A_correction_and_a_reassignment_cut_the_same_reading(long corrected)
    {
        var resolved = Resolve([s_reading, s_reading with { Value = 75, Known = corrected, Body = 2 }], Assigned.To("A", "d", 0, null, 0), Assigned.To("B", "d", 0, null, 50));

        Assert.Equal((2L, 1L, 1L), (resolved.Accepted, resolved.Corrected, resolved.Reassigned));
        Assert.Equal(
            corrected switch
            {
                40 => [("A", 70.0, 11L, 40L), ("A", 75.0, 40L, 50L), ("B", 75.0, 50L, Open)],
                50 => [("A", 70.0, 11L, 50L), ("B", 75.0, 50L, Open)],
                _ => [("A", 70.0, 11L, 50L), ("B", 70.0, 50L, 60L), ("B", 75.0, 60L, Open)],
            },
            Rows(resolved));
    }

    [Theory]
    [InlineData("m", "m")]
    [InlineData(null, null)]
    [InlineData("m", "n")]
    public void A_reading_that_comes_again_after_its_reassignment_is_a_duplicate_and_counts_once(string? first, string? again)
    {
        var resolved = Resolve(
            [s_reading with { Id = first }, s_reading with { Id = again, Known = 60 }],
            Assigned.To("A", "d", 0, null, 0), Assigned.To("B", "d", 0, null, 50));

        Assert.Equal([("A", 70.0, 11L, 50L), ("B", 70.0, 50L, Open)], Rows(resolved));
        Assert.Equal((1L, 1L), (resolved.Accepted, resolved.Duplicates));
    }

    [Fact]
    public void A_correction_of_a_reading_taken_back_from_everybody_is_nobodys_and_corrects_nothing()
    {
        var resolved = Resolve([s_reading, s_reading with { Value = 75, Known = 60 }], Assigned.To("A", "d", 0, null, 0), Assigned.To("A", "d", 0, 5, 50));

        Assert.Equal([("A", 70.0, 11L, 50L)], Rows(resolved));
        Assert.Equal((1L, 0L, 1L, 1), (resolved.Accepted, resolved.Corrected, resolved.Reassigned, resolved.UnassignedDevice.Count));
    }

    [Fact]
    public void A_vector_of_a_past_knowing_is_the_same_before_and_after_the_reassignment()
    {
        DeviceAssignment[] before = [Assigned.To("A", "d", 0, null, 0)];
        DeviceAssignment[] after = [.. before, Assigned.To("B", "d", 0, null, 50)];

        Assert.Equal([70.0], KnownBy("A", 49, before));
        Assert.Equal([70.0], KnownBy("A", 49, after));
        Assert.Empty(KnownBy("B", 49, after));
        Assert.Empty(KnownBy("A", 50, after));
        Assert.Equal([70.0], KnownBy("B", 50, after));
    }

    private static double[] KnownBy(string patient, long knownBy, DeviceAssignment[] stated)
    {
        var observations = new PatientObservations([ObservationColumns.Of(Resolve([s_reading], stated).Observations)]);
        return [.. observations.Held(patient, VitalSignCatalog.Default["heart_rate"].Index, long.MinValue, long.MaxValue, knownBy).Select(r => r.Value)];
    }

    private static ResolvedObservations Resolve(Arrival[] arrivals, params DeviceAssignment[] stated) =>
        ObservationResolver.Resolve(Arrival.ToStreams(arrivals), new AssignmentIndex(stated));

    private static IEnumerable<(string, double, long, long)> Rows(ResolvedObservations resolved) =>
        Row.Of(resolved.Observations).Select(r => (r.Patient, r.Value, r.KnownFrom, r.KnownTo));
}
