namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class CompactCommandTests : IDisposable
{
    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task A_late_reading_redoes_its_day_and_garbage_collection_deletes_what_it_superseded()
    {
        await IngestAsync("first.ndjson", 1, 2, 3);
        await IngestAsync("late.ndjson", 2);
        var compacted = (await _rmon.RunAsync("compact", "--json")).Document;
        Assert.Equal((4, 0), (compacted.GetProperty("received").GetInt32(), compacted.GetProperty("partitions_redone").GetInt32()));
        Assert.Contains("0 of 3 days and shards made anew, 1 shard", (await _rmon.RunAsync("compact")).Output, StringComparison.Ordinal);

        var tried = (await _rmon.RunAsync("compact", "--gc", "--dry-run", "--json")).Document.GetProperty("garbage");
        Assert.Equal(2, tried.GetProperty("files").GetArrayLength()); // the day as it was, and the manifest
        Assert.Contains("Nothing was changed.", (await _rmon.RunAsync("compact", "--gc", "--dry-run")).Output, StringComparison.Ordinal);
        var paths = tried.GetProperty("files").EnumerateArray().Select(f => Path.Combine(_rmon.Home, "c", "lake", f.GetProperty("path").GetString()!)).ToArray();
        Assert.All(paths, p => Assert.True(File.Exists(p)));
        var done = (await _rmon.RunAsync("compact", "--gc", "--json")).Document.GetProperty("garbage");
        Assert.Equal(tried.GetProperty("bytes").GetInt64(), done.GetProperty("bytes").GetInt64());
        Assert.All(paths, p => Assert.False(File.Exists(p)));
        Assert.Equal(0, (await _rmon.RunAsync("rebuild")).ExitCode);
    }

    [Fact]
    public async Task Everything_redone_and_other_shards_come_to_the_same_account()
    {
        await IngestAsync("first.ndjson", 1, 2, 3);
        var first = (await _rmon.RunAsync("compact", "--json")).Document;
        var full = (await _rmon.RunAsync("compact", "--full", "--json")).Document;
        Assert.Equal((3, first.GetProperty("observations").GetString()), (full.GetProperty("partitions_redone").GetInt32(), full.GetProperty("observations").GetString()));
        var sharded = (await _rmon.RunAsync("compact", "--shards", "2", "--json")).Document;
        Assert.Equal((2, 3), (sharded.GetProperty("shards").GetInt32(), sharded.GetProperty("accepted").GetInt32()));
        Assert.Equal(0, (await _rmon.RunAsync("rebuild")).ExitCode);
        Assert.Equal(2, (await _rmon.RunAsync("compact", "--json")).Document.GetProperty("shards").GetInt32());
    }

    [Theory]
    [InlineData("--dry-run")]
    [InlineData("--gc", "--dry-run", "--full")]
    [InlineData("--shards", "-1")]
    [InlineData("--shards", "10000")]
    public async Task What_makes_no_sense_is_a_wrong_command_line(params string[] arguments)
    {
        await IngestAsync("first.ndjson", 1);
        var result = await _rmon.RunAsync(["compact", .. arguments]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(arguments[0] == "--shards" ? "--shards takes 1 to 9999" : "--dry-run goes with --gc", result.Errors, StringComparison.Ordinal);
    }

    private async Task IngestAsync(string name, params int[] days)
    {
        var assignments = Path.Combine(_rmon.Home, "assignments.csv");
        await File.WriteAllTextAsync(assignments, "device_id,patient_id,from,to\ncuff,A,2025-01-01T00:00:00Z,\n");
        var file = Path.Combine(_rmon.Home, name);
        await File.WriteAllLinesAsync(
            file,
            days.Select(d => $$$"""{"EnqueuedTimeUtc":"2025-01-0{{{d}}}T08:00:00Z","Properties":{},"SystemProperties":{"connectionDeviceId":"cuff","messageId":"{{{name}}}-{{{d}}}"},"Body":{"time":"2025-01-0{{{d}}}T0{{{name.Length % 5}}}:00:00Z","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}}"""));
        Assert.Equal(0, (await _rmon.RunAsync("import", "assignments", assignments, "--cohort", "c")).ExitCode);
        Assert.Equal(0, (await _rmon.RunAsync("ingest", file, "--cohort", "c", "--imported")).ExitCode);
    }
}
