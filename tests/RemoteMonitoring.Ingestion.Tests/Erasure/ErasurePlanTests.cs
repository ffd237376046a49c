using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests.Erasure;

/// <summary>What goes of a device that p had; times are days of January 2025, the erasure is on the 20th.</summary>
public sealed class ErasurePlanTests
{
    [Fact]
    public void A_device_that_nobody_else_had_goes_whole() =>
        Assert.Equal(("own", false, "–20"), Only(("own", "p", 3, 5, 3), ("other", "q", 1, null, 1)));

    [Theory]
    [InlineData("3–7", "p 3 7 3", "q 7 - 7")] // handed on
    [InlineData("3–20", "q 1 - 1", "p 3 - 3")] // taken over and never given back
    [InlineData("3–5", "p 3 - 3", "q 5 - 5")] // handed on without being given back
    [InlineData("", "p 3 - 3", "q 3 - 4")] // stated to be p's by mistake: what all that is known holds to be q's is q's
    [InlineData("3–5", "p 3 7 3", "q 5 9 8")] // and so where it was said later from when it was q's
    [InlineData("3–7", "q 1 2 1", "p 3 7 3", "p 3 3 9")] // once held to be p's, and nobody's now
    [InlineData("3–5, 8–10", "p 3 5 3", "q 5 8 5", "p 8 10 8")]
    public void Of_a_device_that_others_had_too_go_the_times_that_were_the_patients(string expected, params string[] stated) =>
        Assert.Equal(("d", true, expected), Only([.. stated.Select(s => s.Split(' ')).Select(s => ("d", s[0], int.Parse(s[1], null), s[2] == "-" ? (int?)null : int.Parse(s[2], null), int.Parse(s[3], null)))]));

    private static (string Device, bool IsShared, string Times) Only(params (string Device, string Patient, int From, int? To, int Known)[] stated)
    {
        var device = Assert.Single(ErasurePlan.DevicesOf("p", [.. stated.Select(s => new DeviceAssignment
        {
            DeviceId = s.Device,
            PatientId = s.Patient,
            From = Day(s.From),
            To = s.To is { } to ? Day(to) : null,
            Known = Day(s.Known),
        })], Day(20)));
        return (device.Device, device.IsShared, string.Join(", ", device.Times.Select(t => $"{t.From?.InUtc().Day}–{t.To.InUtc().Day}")));
    }

    private static Instant Day(int day) => Instant.FromUtc(2025, 1, day, 0, 0);
}
