using System.IO.Compression;
using System.Text;

namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class MappingCommandTests : IDisposable
{
    private const string Routed =
        """{"EnqueuedTimeUtc":"2025-01-01T07:41:00Z","Properties":{"model":"m1"},"SystemProperties":{"connectionDeviceId":"cuff-1"},"Body":BODY}""";

    private const string Mapping =
        """{"schemaVersion": 1, "name": "mine", "version": 1, "description": "mine", "match": {"properties": {"model": "m1"}}, "readings": [{"code": "8867-4", "value": "p", "unit": "/min"}]}""";

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task The_list_names_every_bundled_mapping_and_show_prints_a_document_that_checks()
    {
        var list = await _rmon.RunAsync("mapping", "list", "--json");
        var names = list.Document.GetProperty("mappings").EnumerateArray().Select(m => m.GetProperty("name").GetString()!).ToArray();
        Assert.Equal("rmon", names[^1]);
        Assert.Contains("fhir-observation", names);
        foreach (var name in names)
        {
            var file = Write("shown.json", (await _rmon.RunAsync("mapping", "show", name)).Output);
            var check = await _rmon.RunAsync("mapping", "check", file, "--json");
            Assert.Equal(0, check.ExitCode);
            Assert.Equal(name + "/1", check.Document.GetProperty("mapping").GetString());
        }
    }

    [Fact]
    public async Task A_document_with_faults_is_listed_fault_by_fault_with_exit_code_3()
    {
        var file = Write("bad.json", Mapping.Replace("/min", "kg", StringComparison.Ordinal).Replace("\"p\"", "\"\"", StringComparison.Ordinal));
        var result = await _rmon.RunAsync("mapping", "check", file, "--json");
        Assert.Equal(3, result.ExitCode);
        Assert.Equal(2, result.ErrorLines.Length);
        Assert.All(result.ErrorLines, l => Assert.StartsWith($"rmon: {file}: mapping 'mine', readings[0].", l, StringComparison.Ordinal));
        Assert.Equal(["readings[0].value", "readings[0].unit"], result.Document.GetProperty("problems").EnumerateArray().Select(p => p.GetProperty("field").GetString()));
    }

    [Fact]
    public async Task A_mapping_is_tried_on_routed_messages_plain_or_gzip()
    {
        var mapping = Write("mine.json", Mapping);
        string[] lines = [Line("""{"p":72}"""), Line("""{"p":7}"""), "not a message", Line("""{"heartrate":"80"}""").Replace("m1", "m2", StringComparison.Ordinal)];
        var plain = Write("messages.ndjson", lines);
        var packed = _rmon.Folder("messages.ndjson.gz");
        await using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Fastest))
        {
            await gzip.WriteAsync(await File.ReadAllBytesAsync(plain));
        }

        foreach (var file in new[] { plain, packed })
        {
            var result = await _rmon.RunAsync("mapping", "test", mapping, file, "--json");
            Assert.Equal(4, result.ExitCode);
            var totals = result.Document.GetProperty("totals");
            Assert.Equal((4, 2, 1), (totals.GetProperty("messages").GetInt32(), totals.GetProperty("chosen").GetInt32(), totals.GetProperty("unreadable").GetInt32()));
            Assert.Equal((4, 2, 2), (totals.GetProperty("received").GetInt32(), totals.GetProperty("accepted").GetInt32(), totals.GetProperty("rejected").GetInt32()));
            var messages = result.Document.GetProperty("messages").EnumerateArray().ToArray();
            Assert.Equal(["mine/1", "mine/1", "", "iot-hub-flat/1"], messages.Select(m => m.GetProperty("mapping").GetString()));
            Assert.Equal("Heart rate (8867-4) of 7 /min lies outside 20 to 300", messages[1].GetProperty("rejected")[0].GetProperty("hint").GetString());
        }

        var people = await _rmon.RunAsync("mapping", "test", mapping, plain);
        Assert.Contains("accepted  Heart rate (8867-4) 72 /min at 2025-01-01T07:41:00Z", people.Output, StringComparison.Ordinal);
        Assert.Contains("2 readings accepted, 2 rejected", people.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pretty_printed_message_without_device_and_enqueued_time_is_shown_nevertheless()
    {
        var file = _rmon.Folder("message.json");
        await File.WriteAllTextAsync(file, """
            {
              "Body": {
                "systolic": "123",
                "diastolic": "87",
                "endDate": "2019-02-01T22:46:01.8750000Z"
              },
              "Properties": {},
              "SystemProperties": {}
            }
            """, new UTF8Encoding(true));
        var result = await _rmon.RunAsync("mapping", "test", "iot-hub-flat", file);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("device unknown", result.Output, StringComparison.Ordinal);
        Assert.Contains("each reading's own is taken as now", result.Output, StringComparison.Ordinal);
        Assert.Contains("Systolic blood pressure (8480-6) 123 mm[Hg] at 2019-02-01T22:46:01.875Z", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_IoT_Central_export_has_the_device_and_time_of_its_envelope()
    {
        var file = Write("central.json", """{"applicationId":"a","deviceId":"patch-1","enqueuedTime":"2020-08-05T22:26:55.455Z",""", "\"telemetry\":{\"HeartRate\":75}}");
        var message = (await _rmon.RunAsync("mapping", "test", "iot-central/1", file, "--json")).Document.GetProperty("messages")[0];
        Assert.Equal("patch-1", message.GetProperty("device_id").GetString());
        Assert.Equal("2020-08-05T22:26:55.455Z", message.GetProperty("accepted")[0].GetProperty("effective_time").GetString());
    }

    [Theory]
    [InlineData("no bundled mapping 'none'", "show", "none")]
    [InlineData("no such file", "check", "nowhere.json")]
    [InlineData("no such file", "test", "nowhere.json", "nowhere.ndjson")]
    [InlineData("no such file", "test", "rmon/1", "nowhere.ndjson")]
    public async Task What_is_not_there_gets_one_line_and_exit_code_3(string says, params string[] arguments)
    {
        var result = await _rmon.RunAsync(["mapping", .. arguments]);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private static string Line(string body) => Routed.Replace("BODY", body, StringComparison.Ordinal);

    private string Write(string name, params string[] lines)
    {
        var path = _rmon.Folder(name);
        File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        return path;
    }
}
