namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class DevicesDriftTests : IDisposable
{
    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task Clocks_that_are_off_are_listed_those_ahead_first()
    {
        var file = _rmon.Folder("m.ndjson");
        await File.WriteAllLinesAsync(file, new[] { ("ahead", "08:11:00"), ("right", "08:00:00"), ("behind", "07:58:00") }.Select(d =>
            $$$"""{"EnqueuedTimeUtc":"2025-01-01T08:00:00Z","Properties":{},"SystemProperties":{"connectionDeviceId":"{{{d.Item1}}}"},"Body":{"time":"2025-01-01T{{{d.Item2}}}Z","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}}"""));
        Assert.Equal(0, (await _rmon.RunAsync("ingest", file, "--cohort", "c")).ExitCode);
        var over = (await _rmon.RunAsync("devices", "drift", "--over", "30", "--json")).Document;
        Assert.Equal([("ahead", -660.0), ("behind", 120.0)], over.GetProperty("devices").EnumerateArray().Select(d => (d.GetProperty("device_id").GetString(), d.GetProperty("delay_seconds").GetDouble())));
        Assert.Equal(3, over.GetProperty("of").GetInt32());
        // In the words of the lists: two minutes are no matter there.
        Assert.Equal(["The clock of ahead is 11 min ahead.", null], over.GetProperty("devices").EnumerateArray().Select(d => d.GetProperty("told").GetString()));
        var output = (await _rmon.RunAsync("devices", "drift")).Output;
        Assert.Contains("The clock of ahead is 11 min ahead.", output, StringComparison.Ordinal);
        Assert.Contains("Lists tell of a clock that is more than 10 min ahead, or behind: more than 1 h late", output, StringComparison.Ordinal);
        Assert.DoesNotContain("its clock is", output, StringComparison.Ordinal);
    }
}
