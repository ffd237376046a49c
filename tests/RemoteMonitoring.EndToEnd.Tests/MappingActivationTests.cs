using System.Text;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>A cuff whose messages say <c>p</c>, which no bundled mapping knows, and a mapping that does.</summary>
[Collection("runs the program")]
public sealed class MappingActivationTests : IDisposable
{
    private const string Mapping =
        """{"schemaVersion": 1, "name": "mine", "version": 1, "description": "mine", "match": {"properties": {"model": "m1"}}, "readings": [{"code": "8867-4", "value": "p", "unit": "/min"}]}""";

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task A_diff_shows_what_would_appear_and_changes_nothing()
    {
        await IngestAsync("""{"p":72}""", """{"p":7}""");
        var files = Files();
        var diff = await _rmon.RunAsync("mapping", "diff", Write("mine.json", Mapping), "--json");
        Assert.Equal((0, 2, 1, 0, 0, 1), (
            diff.ExitCode, Number(diff, "messages"), Number(diff, "appears"), Number(diff, "disappears"), Number(diff, "differs"), Number(diff, "rejected_otherwise")));
        var first = diff.Document.GetProperty("first")[0];
        Assert.Equal(("appears", 72.0, "mine/1"), (first.GetProperty("change").GetString(), first.GetProperty("after").GetProperty("value").GetDouble(), first.GetProperty("after").GetProperty("mapping").GetString()));
        Assert.NotNull(first.GetProperty("before").GetProperty("reason").GetString());
        Assert.Equal(files, Files());

        var people = await _rmon.RunAsync("mapping", "diff", _rmon.Folder("mine.json"), "--limit", "1");
        Assert.Contains("Heart rate (8867-4) 72 /min at 2025-01-01T07:41:00Z by mine/1", people.Output, StringComparison.Ordinal);
        Assert.Contains("… and 1 more", people.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_activated_mapping_reads_what_lands_from_then_on_and_is_activated_once()
    {
        await IngestAsync("""{"p":72}""");
        var file = Write("mine.json", Mapping);
        var unsaid = await _rmon.RunAsync("mapping", "activate", file);
        Assert.Equal(2, unsaid.ExitCode);
        Assert.Contains("--yes", Assert.Single(unsaid.ErrorLines), StringComparison.Ordinal);
        Assert.DoesNotContain("mine/1", (await _rmon.RunAsync("mapping", "list")).Output, StringComparison.Ordinal);

        Assert.True((await _rmon.RunAsync("mapping", "activate", file, "--yes", "--json")).Document.GetProperty("appended").GetBoolean());
        var again = await _rmon.RunAsync("mapping", "activate", file, "--yes");
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("active already", again.Output, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Path.Combine(_rmon.Home, "c", "lake", "bronze", "reference", "mappings")));
        Assert.NotNull((await _rmon.RunAsync("mapping", "list", "--json")).Document.GetProperty("mappings")[0].GetProperty("active_since").GetString());

        await IngestAsync("""{"p":72}""", """{"p":80}""");
        var diff = await _rmon.RunAsync("mapping", "diff", file, "--json");
        Assert.Equal((1, 0), (Number(diff, "appears"), Number(diff, "disappears"))); // the second message is read by it already
    }

    [Fact]
    public async Task A_name_and_version_never_come_to_mean_another_document()
    {
        await IngestAsync("""{"p":72}""");
        Assert.Equal(0, (await _rmon.RunAsync("mapping", "activate", Write("1.json", Mapping), "--yes")).ExitCode);
        Assert.Equal(0, (await _rmon.RunAsync("mapping", "activate", Write("2.json", Mapping.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal)), "--yes")).ExitCode);
        foreach (var verb in new[] { "activate", "diff" })
        {
            var other = await _rmon.RunAsync("mapping", verb, Write("other.json", Mapping.Replace("\"p\"", "\"q\"", StringComparison.Ordinal)));
            Assert.Equal(3, other.ExitCode);
            Assert.Contains("give this one a higher version", Assert.Single(other.ErrorLines), StringComparison.Ordinal);
        }

        // To go back to what it was is another matter.
        Assert.Equal(0, (await _rmon.RunAsync("mapping", "activate", _rmon.Folder("1.json"), "--yes")).ExitCode);
        Assert.Contains("mine/1", (await _rmon.RunAsync("mapping", "list")).Output, StringComparison.Ordinal);
    }

    private static long Number(RmonResult result, string name) => result.Document.GetProperty(name).GetInt64();

    private async Task IngestAsync(params string[] bodies)
    {
        var lines = bodies.Select((body, i) =>
            $$"""{"EnqueuedTimeUtc":"2025-01-01T07:41:0{{i}}Z","Properties":{"model":"m1"},"SystemProperties":{"connectionDeviceId":"cuff-1"},"Body":{{body}}}""");
        var result = await _rmon.RunAsync("ingest", Write("m.ndjson", [.. lines]), "--cohort", "c");
        Assert.True(result.ExitCode == 0, result.Errors);
    }

    private string[] Files() => [.. Directory.EnumerateFiles(Path.Combine(_rmon.Home, "c", "lake"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private string Write(string name, params string[] lines)
    {
        var path = _rmon.Folder(name);
        File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        return path;
    }
}
