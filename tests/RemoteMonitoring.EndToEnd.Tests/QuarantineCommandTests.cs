using System.Text;
using System.Text.Json;

namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class QuarantineCommandTests : IDisposable
{
    private const string Mapping =
        """{"schemaVersion": 1, "name": "mine", "version": 1, "description": "mine", "match": {"properties": {"model": "m1"}}, "readings": [{"code": "8867-4", "value": "p", "unit": "/min"}]}""";

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task The_list_counts_what_the_door_and_compaction_rejected_and_shows_the_newest()
    {
        await IngestAsync();
        var list = (await _rmon.RunAsync("quarantine", "list", "--json", "--limit", "2")).Document;
        Assert.Equal(4, list.GetProperty("readings").GetInt32());
        Assert.Contains(list.GetProperty("counts").EnumerateArray(), c => c.GetProperty("reason").GetString() == "unknown-device" && c.GetProperty("code").GetString() == "8867-4");
        Assert.Equal(2, list.GetProperty("newest").GetArrayLength());
        var ofDevice = (await _rmon.RunAsync("quarantine", "list", "--json", "--device", "cuff-2")).Document;
        Assert.Equal(1, ofDevice.GetProperty("readings").GetInt32());
        var unknown = (await _rmon.RunAsync("quarantine", "list", "--json", "--reason", "unknown-device")).Document.GetProperty("newest")[0];
        Assert.Contains("no assignment names this device", unknown.GetProperty("hint").GetString(), StringComparison.Ordinal);

        var people = await _rmon.RunAsync("quarantine", "list");
        Assert.Contains("unknown-device", people.Output, StringComparison.Ordinal);
        Assert.Contains(unknown.GetProperty("partition").GetString()!, people.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_gives_the_raw_form_reason_hint_and_times()
    {
        await IngestAsync();
        var entries = (await _rmon.RunAsync("quarantine", "list", "--json")).Document.GetProperty("newest").EnumerateArray().ToArray();
        foreach (var (device, raw) in new[] { ("cuff-2", """{"p":7,"s":"\u001b[2J"}"""), ("known", """{"time":"2025-01-01T07:00:00Z","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}""") })
        {
            var entry = entries.Single(e => e.GetProperty("device_id").GetString() == device);
            string[] place = [entry.GetProperty("partition").GetString()!, entry.GetProperty("offset").GetRawText(), entry.GetProperty("ordinal").GetRawText()];
            var shown = (await _rmon.RunAsync(["quarantine", "show", .. place, "--json"])).Document.GetProperty("rejected")[0];
            Assert.Equal(JsonDocument.Parse(raw).RootElement.GetRawText(), shown.GetProperty("raw").GetString());
            Assert.Equal(entry.GetProperty("hint").GetString(), shown.GetProperty("hint").GetString());
            Assert.Contains(entry.GetProperty("reason").GetString()!, (await _rmon.RunAsync(["quarantine", "show", .. place])).Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Reprocess_says_before_what_it_then_does_and_a_second_time_does_nothing()
    {
        await IngestAsync();
        await _rmon.RunAsync("mapping", "activate", Write("mine.json", Mapping), "--yes");
        var dry = (await _rmon.RunAsync("quarantine", "reprocess", "--dry-run", "--json")).Document;
        Assert.Equal((true, 1, 0), (dry.GetProperty("dry_run").GetBoolean(), dry.GetProperty("added").GetInt32(), dry.GetProperty("taken_back").GetInt32()));
        Assert.False(Directory.Exists(Path.Combine(_rmon.Home, "c", "lake", "bronze", "reference", "reprocess")));

        var done = (await _rmon.RunAsync("quarantine", "reprocess", "--json")).Document;
        foreach (var count in new[] { "messages", "added", "taken_back", "still_rejected" })
        {
            Assert.Equal(dry.GetProperty(count).GetInt32(), done.GetProperty(count).GetInt32());
        }

        Assert.True(done.GetProperty("appended").GetBoolean());
        Assert.False((await _rmon.RunAsync("quarantine", "reprocess", "--json")).Document.GetProperty("appended").GetBoolean());
        Assert.Single(Directory.GetFiles(Path.Combine(_rmon.Home, "c", "lake", "bronze", "reference", "reprocess")));
        Assert.Contains("adds up", (await _rmon.RunAsync("ingest", _rmon.Folder("m.ndjson"), "--cohort", "c")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("is no reason", "list", "--reason", "bad")]
    [InlineData("is no partition", "show", "hub", "1")]
    [InlineData("nothing lies in quarantine", "show", "hub/epoch/0", "1")]
    [InlineData("rmon import assignments", "reprocess", "--reason", "unknown-device")]
    public async Task What_cannot_be_done_gets_one_line_and_exit_code_3(string says, params string[] arguments)
    {
        await IngestAsync();
        var result = await _rmon.RunAsync(["quarantine", .. arguments]);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    /// <summary>Two messages that no mapping knows, one with an implausible value, and an accepted one of a device that no assignment names.</summary>
    private async Task IngestAsync()
    {
        string[] lines =
        [
            Line("cuff-1", """{"p":72}"""),
            Line("cuff-2", """{"p":7,"s":"\u001b[2J"}"""),
            Line("cuff-1", """{"time":"2025-01-01T07:00:00Z","readings":[{"code":"8867-4","value":7000,"unit":"/min"}]}""", "m2"),
            Line("known", """{"time":"2025-01-01T07:00:00Z","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}""", "m2"),
        ];
        var result = await _rmon.RunAsync("ingest", Write("m.ndjson", lines), "--cohort", "c");
        Assert.True(result.ExitCode == 0, result.Errors);
    }

    private static string Line(string device, string body, string model = "m1") =>
        $$"""{"EnqueuedTimeUtc":"2025-01-01T07:41:00Z","Properties":{"model":"{{model}}"},"SystemProperties":{"connectionDeviceId":"{{device}}"},"Body":{{body}}}""";

    private string Write(string name, params string[] lines)
    {
        var path = _rmon.Folder(name);
        File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        return path;
    }
}
