using System.Text;
using System.Text.Json;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Tests.Readings;

/// <summary>Holds the extractor to <c>tests/golden/rejected-readings.json</c>; see the README beside it.</summary>
public sealed class RejectedReadingsGoldenTests
{
    private static readonly Dictionary<string, JsonElement> s_cases = Load();

    public static TheoryData<string> Names => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_rejected_body_gets_the_reason_and_the_hint_written_down_for_it(string name)
    {
        var expected = s_cases[name];
        var x = Extraction.Of(BodyOf(expected));
        Assert.Equal(
            expected.GetProperty("rejected").EnumerateArray().Select(r => (r.GetProperty("reason").GetString()!, r.GetProperty("hint").GetString()!)),
            x.Reasons.Zip(x.Rejected.Hint));
        Assert.Equal(expected.GetProperty("accepted").GetInt32(), x.Accepted.Count);
    }

    [Fact]
    public void There_are_fifty_of_them_and_every_reason_that_a_message_alone_can_have_is_among_them()
    {
        Assert.Equal(50, s_cases.Count);
        var covered = s_cases.Values.SelectMany(c => c.GetProperty("rejected").EnumerateArray()).Select(r => r.GetProperty("reason").GetString()!).Distinct();
        RejectionReason[] ofAssignment = [RejectionReason.UnknownDevice, RejectionReason.UnassignedDevice];
        Assert.Equal(Enum.GetValues<RejectionReason>().Except(ofAssignment).Select(r => r.ToText()).Order(), covered.Order());
    }

    private static Dictionary<string, JsonElement> Load()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "rejected-readings.json")));
        return file.RootElement.EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, c => c.Clone());
    }

    private static byte[] BodyOf(JsonElement expected)
    {
        if (expected.TryGetProperty("bodyBase64", out var packed))
        {
            return packed.GetBytesFromBase64();
        }

        var text = expected.GetProperty("body").GetString()!;
        return Encoding.UTF8.GetBytes(expected.TryGetProperty("padTo", out var length) ? text.PadRight(length.GetInt32()) : text);
    }
}
