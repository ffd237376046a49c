using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Telemetry.Tests.Reference;

public sealed class AssignmentIndexTests
{
    private static readonly Instant s_start = Instant.FromUtc(2025, 1, 1, 0, 0);

    [Fact]
    public void Handing_a_device_back_does_not_make_its_earlier_readings_known_later()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("A", 0, 30, known: 31)]);

        Assert.Equal(AssignmentStatus.Assigned, index.Find("d", Day(10), out var patient, out var known));
        Assert.Equal("A", patient);
        Assert.Equal(Day(0), known);
        Assert.Equal(AssignmentStatus.Unassigned, index.Find("d", Day(30), out _, out _));
    }

    [Fact]
    public void A_longer_assignment_is_known_for_the_added_days_only_since_it_was_stated()
    {
        var index = new AssignmentIndex([Statement("A", 0, 10, known: 0), Statement("A", 0, 20, known: 12)]);

        index.Find("d", Day(5), out _, out var before);
        index.Find("d", Day(15), out _, out var added);
        Assert.Equal(Day(0), before);
        Assert.Equal(Day(12), added);
    }

    [Fact]
    public void A_corrected_patient_is_known_since_the_correction()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("B", 0, null, known: 3)]);

        index.Find("d", Day(1), out var patient, out var known);
        Assert.Equal("B", patient);
        Assert.Equal(Day(3), known);
    }

    [Fact]
    public void Of_two_statements_known_at_one_instant_the_last_holds()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 40), Statement("A", 0, 30, known: 40)]);

        Assert.Equal(AssignmentStatus.Assigned, index.Find("d", Day(29), out _, out _));
        Assert.Equal(AssignmentStatus.Unassigned, index.Find("d", Day(30), out _, out _));
    }

    private static long Day(int day) => (s_start + Duration.FromDays(day)).ToUnixMicros();

    private static DeviceAssignment Statement(string patient, int from, int? to, int known) => new()
    {
        DeviceId = "d",
        PatientId = patient,
        From = s_start + Duration.FromDays(from),
        To = to is { } t ? s_start + Duration.FromDays(t) : null,
        Known = s_start + Duration.FromDays(known),
    };
}
