using System.Text;

namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class BadInputTests : IDisposable
{
    private const string Message =
        """{"EnqueuedTimeUtc":"2025-01-01T07:41:00Z","Properties":{},"SystemProperties":{"connectionDeviceId":"cuff-1","messageId":"MID"},"Body":{"time":"2025-01-01T07:40:00Z","readings":[{"code":"CODE","value":72,"unit":"/min"}]}}""";

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Theory]
    [InlineData("there is no such file or folder", "ingest", "nowhere")]
    [InlineData("does not exist", "import", "tihm", "nowhere", "out")]
    [InlineData("does not exist", "demo", "--data", "physionet2012", "nowhere")]
    [InlineData("holds no cohort yet", "worklist")]
    [InlineData("holds no cohort yet", "train", "admission-7d")]
    public async Task What_is_not_there_gets_one_line_and_exit_code_3(string says, params string[] arguments)
    {
        var result = await _rmon.RunAsync(arguments);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "no-such-task")]
    [InlineData("simulate")]
    [InlineData("simulate", "out", "--days", "many")]
    [InlineData("demo", "--patients", "1.5")]
    [InlineData("score", "admission-7d", "--as-of", "yesterday")]
    [InlineData("simulate", "out", "--patients", "0")]
    public async Task A_wrong_command_line_gets_exit_code_2_and_a_hint(params string[] arguments)
    {
        var result = await _rmon.RunAsync(arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--help", result.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_line_is_named_counted_and_kept_while_the_rest_lands()
    {
        var file = Write("messages.ndjson", Line("1", "8867-4"), """{"EnqueuedTimeUtc":"2025-01-01T""", Line("2", "8867-4"));
        var result = await _rmon.RunAsync("ingest", file, "--cohort", "ward", "--imported", "--json");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains(result.ErrorLines, l => l.Contains("messages.ndjson, line 2", StringComparison.Ordinal));
        var readings = result.Document.GetProperty("readings");
        Assert.Equal(3, readings.GetProperty("messages").GetInt64());
        Assert.Equal(1, readings.GetProperty("rejected_by_reason").GetProperty("unparsable").GetInt64());
    }

    [Fact]
    public async Task A_file_without_any_message_is_refused_and_nothing_lands()
    {
        var result = await _rmon.RunAsync("ingest", Write("letter.txt", "Dear all,", "not a message in sight."), "--cohort", "ward");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("Nothing has landed", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_rmon.Home, "*.parquet", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task An_instant_after_the_data_is_refused_so_that_no_empty_list_hides_a_real_one()
    {
        await _rmon.RunAsync("ingest", Write("messages.ndjson", Line("1", "8867-4")), "--cohort", "ward", "--imported");
        var result = await _rmon.RunAsync("features", "export", "admission-7d", "--as-of", "2030-01-01T00:00:00Z");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("after the data", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_vital_is_counted_by_reason()
    {
        var file = Write("messages.ndjson", Line("1", "99999-9"));
        var result = await _rmon.RunAsync("ingest", file, "--cohort", "ward", "--imported", "--json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(1, result.Document.GetProperty("readings").GetProperty("rejected_by_reason").GetProperty("unknown-code").GetInt64());
    }

    [Fact]
    public async Task A_damaged_parquet_file_is_named_in_one_line_and_nothing_else_is_touched()
    {
        var file = Write("messages.ndjson", Line("1", "8867-4"));
        await _rmon.RunAsync("ingest", file, "--cohort", "ward", "--imported");
        var readings = Directory.EnumerateFiles(Path.Combine(_rmon.Home, "ward", "lake", "silver", "readings"), "*.parquet", SearchOption.AllDirectories).Single();
        var whole = await File.ReadAllBytesAsync(readings);
        await File.WriteAllBytesAsync(readings, whole[..(whole.Length / 2)]);

        var result = await _rmon.RunAsync("ingest", Write("messages.ndjson", Line("1", "8867-4"), Line("2", "8867-4")), "--cohort", "ward", "--imported");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(Path.GetFileName(readings), Assert.Single(result.ErrorLines), StringComparison.Ordinal);

        File.Delete(readings);
        var mended = await _rmon.RunAsync("ingest", file, "--cohort", "ward", "--imported", "--json");
        Assert.Equal(0, mended.ExitCode);
        Assert.Equal(2, mended.Document.GetProperty("readings").GetProperty("messages").GetInt64());
    }

    [Fact]
    public async Task A_damaged_model_is_refused_in_one_line()
    {
        await _rmon.RunAsync("demo", "--patients", "120", "--days", "60", "--seed", "3");
        var model = Directory.EnumerateFiles(_rmon.Home, "trees.txt", SearchOption.AllDirectories).Single();
        await File.WriteAllTextAsync(model, "not a model");
        var result = await _rmon.RunAsync("score", "admission-7d", "--as-of", "2025-02-25T00:00:00Z");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("trees.txt", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private static string Line(string id, string code) => Message.Replace("MID", id, StringComparison.Ordinal).Replace("CODE", code, StringComparison.Ordinal);

    private string Write(string name, params string[] lines)
    {
        var path = _rmon.Folder(name);
        File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        return path;
    }
}
