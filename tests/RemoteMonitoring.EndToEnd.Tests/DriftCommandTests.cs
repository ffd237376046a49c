namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon drift</c> and <c>rmon run drift</c> as data scientists and operators use them.</summary>
[Collection("runs the program")]
public sealed class DriftCommandTests(ScoredHome made) : IClassFixture<ScoredHome>
{
    private const string Task = "admission-7d";

    private Rmon Rmon => made.Rmon;

    [Fact]
    public async Task Drift_is_told_in_a_table_a_document_and_a_page_and_the_workflow_comes_to_the_same()
    {
        var asked = await Rmon.RunAsync("drift", Task, "--json");
        Assert.True(asked.ExitCode == 0, asked.Errors);
        var report = asked.Document;
        Assert.Equal((Task, 1), (report.GetProperty("task").GetString(), report.GetProperty("schemaVersion").GetInt32()));
        Assert.True(report.GetProperty("rows").GetInt32() > 0);
        Assert.Equal(430, report.GetProperty("columns").GetArrayLength());
        Assert.Equal(1, report.GetProperty("workload").GetProperty("now").GetProperty("runs").GetInt32());
        // One night, whose week has not passed.
        Assert.StartsWith("Not matured", report.GetProperty("performance").GetProperty("notMatured").GetString(), StringComparison.Ordinal);
        var page = await File.ReadAllTextAsync(report.GetProperty("page").GetString()!);
        Assert.Contains("<h2>Inputs</h2>", page, StringComparison.Ordinal);

        var said = await Rmon.RunAsync("drift", Task);
        Assert.Contains("not matured", said.Output, StringComparison.Ordinal);
        var run = await Rmon.RunAsync("run", "drift", Task, "--json");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(report.GetProperty("verdict").GetString(), run.Document.GetProperty("outcome").GetProperty("verdict").GetString());
        Assert.Equal(page, await File.ReadAllTextAsync(report.GetProperty("page").GetString()!));
        Assert.Contains("stands", (await Rmon.RunAsync("run", "drift", Task)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--window", "28")]
    [InlineData("--window", "0d")]
    [InlineData("--window", "99w")]
    [InlineData("--as-of", "yesterday")]
    public async Task What_cannot_be_meant_is_one_line(string option, string value)
    {
        var run = await Rmon.RunAsync("drift", Task, option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(value, run.ErrorLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_without_a_model_says_what_to_do()
    {
        var run = await Rmon.RunAsync("drift", "admission-30d");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains($"Run 'rmon train admission-30d --home {Rmon.Home}' first.", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }
}
