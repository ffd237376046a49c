using System.Text.Json;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon tasks</c>, and tasks of one's own wherever a task is named.</summary>
[Collection("runs the program")]
public sealed class TasksCommandTests : IDisposable
{
    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task The_bundled_tasks_are_listed_and_shown_in_words_and_as_data()
    {
        var listed = (await _rmon.RunAsync("tasks", "list", "--json")).Document.GetProperty("tasks").EnumerateArray();
        Assert.Equal(BundledTasks.All.Select(t => (t.Name, t.Hash)), listed.Select(t => (t.GetProperty("name").GetString()!, t.GetProperty("hash").GetString()!)));
        var shown = await _rmon.RunAsync("tasks", "show", "tihm-agitation-day");
        Assert.Equal("same-day", JsonDocument.Parse(shown.Output).RootElement.GetProperty("horizon").GetProperty("unit").GetString());
        Assert.Contains(BundledTasks.Named("tihm-agitation-day").Hash, shown.Errors, StringComparison.Ordinal);
        Assert.Contains("in the local day that ends at as-of", shown.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_shown_can_be_changed_checked_and_trained_by_its_file()
    {
        var file = _rmon.Folder("mine.json");
        var text = (await _rmon.RunAsync("tasks", "show", "admission-7d")).Output;
        await File.WriteAllTextAsync(file, text.Replace("\"count\": 7", "\"count\": 14", StringComparison.Ordinal));
        var taken = await _rmon.RunAsync("tasks", "check", file);
        Assert.Equal(3, taken.ExitCode);
        Assert.Contains("mine.json: name 'admission-7d': a bundled task has it and means other rows", taken.Errors, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace("\"count\": 7", "\"count\": 3", StringComparison.Ordinal).Replace("admission-7d", "admission-3d", StringComparison.Ordinal));
        Assert.Contains("admission-3d is a task, hash ", (await _rmon.RunAsync("tasks", "check", file)).Output, StringComparison.Ordinal);

        var feed = _rmon.Folder("feed");
        Assert.Equal(0, (await _rmon.RunAsync("simulate", feed, "--patients", "120", "--days", "60", "--seed", "3")).ExitCode);
        Assert.Equal(0, (await _rmon.RunAsync("ingest", feed)).ExitCode);
        var trained = await _rmon.RunAsync("train", file, "--json");
        Assert.True(trained.ExitCode == 0, trained.Errors);
        var scored = await _rmon.RunAsync("score", file, "--json");
        Assert.True(scored.ExitCode == 0, scored.Errors);
        Assert.Equal("admission-3d", scored.Document.GetProperty("task").GetString());
        var exported = (await _rmon.RunAsync("features", "export", file, "--labels", "--out", _rmon.Folder("rows.parquet"), "--json")).Document;
        Assert.True(exported.GetProperty("rows").GetInt32() > 0);
    }

    [Theory]
    [InlineData("tasks", "check")]
    [InlineData("tasks", "show")]
    [InlineData("train")]
    [InlineData("score")]
    [InlineData("features", "export")]
    public async Task A_task_that_does_not_hold_is_refused_with_one_line(params string[] command)
    {
        var file = _rmon.Folder("mine.json");
        await File.WriteAllTextAsync(file, BundledTasks.AdmissionSevenDays.ToJson().Replace("hospital-admission", "visit-arranged", StringComparison.Ordinal));
        var refused = await _rmon.RunAsync([.. command, file]);
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("mine.json: not a task: outcomeKinds: 'visit-arranged' is a thing staff did", refused.Errors.TrimEnd(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Errors.TrimEnd());
    }

    [Fact]
    public async Task A_detection_is_not_exported_beside_features_that_tell_its_label()
    {
        var refused = await _rmon.RunAsync("features", "export", "tihm-agitation-day", "--set", "home", "--labels");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--set home: it has the history of 'clinical-alert' up to as-of, which is the label of 'tihm-agitation-day'", refused.Errors, StringComparison.Ordinal);
    }
}
