namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon lineage</c> and <c>rmon reproduce</c> as people run them.</summary>
[Collection("runs the program")]
public sealed class LineageCommandTests(ScoredHome made) : IClassFixture<ScoredHome>
{
    [Fact]
    public async Task A_prediction_of_the_list_leads_to_its_raw_messages()
    {
        var lineage = (await made.Rmon.RunAsync("lineage", made.Patient, made.Prediction, "--json")).Document;
        Assert.Equal((made.Prediction, true), (lineage.GetProperty("prediction").GetString(), lineage.GetProperty("complete").GetBoolean()));
        Assert.Equal(made.Run, lineage.GetProperty("run").GetProperty("run").GetString());
        Assert.All((string[])["score", "features"], name => Assert.Equal("verified", lineage.GetProperty(name).GetProperty("state").GetString()));
        var messages = lineage.GetProperty("messages").EnumerateArray().ToArray();
        Assert.Equal(lineage.GetProperty("readings").GetArrayLength(), messages.Sum(m => m.GetProperty("readings").GetInt32()));
        Assert.NotEmpty(messages);
        Assert.All(messages, m => Assert.True(File.Exists(Path.Combine(made.Rmon.Home, "simulated", "lake", m.GetProperty("bronze").GetString()!))));

        var said = await made.Rmon.RunAsync("lineage", made.Patient);
        Assert.Equal(0, said.ExitCode);
        Assert.StartsWith($"{made.Patient}: prediction {made.Prediction}", said.Output, StringComparison.Ordinal);
        Assert.EndsWith("Every file is there, and every hash is right.", said.Output.Trim(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody", null, "There is no prediction of a patient 'nobody'")]
    [InlineData(null, "20250101T000000Z-0123456789abcdef", "; the latest is ")]
    [InlineData(null, "../../x", "; the latest is ")]
    public async Task A_prediction_that_is_not_there_is_one_line(string? patient, string? prediction, string said)
    {
        var result = await made.Rmon.RunAsync(["lineage", patient ?? made.Patient, .. prediction is null ? Array.Empty<string>() : [prediction]]);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(said, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_made_again_and_one_whose_files_were_changed_is_told_by_its_exit_code()
    {
        var same = await made.Rmon.RunAsync("reproduce", made.Run, "--json");
        Assert.Equal((0, true), (same.ExitCode, same.Document.GetProperty("same").GetBoolean()));
        var outputs = same.Document.GetProperty("outputs").EnumerateArray().ToArray();
        Assert.All(outputs, o => Assert.Equal(o.GetProperty("sha256").GetString(), o.GetProperty("made").GetString()));

        var path = Path.Combine(made.Rmon.Home, "simulated", "lake", outputs[0].GetProperty("path").GetString()!);
        var bytes = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, [.. bytes, 0]);
        var changed = await made.Rmon.RunAsync("reproduce", made.Run);
        Assert.Equal(5, changed.ExitCode);
        Assert.Contains("OTHER bytes than the run made", changed.Output, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(path, bytes);
        Assert.Equal(0, (await made.Rmon.RunAsync("reproduce", made.Run)).ExitCode);
    }

    [Theory]
    [InlineData("0123456789abcdef")]
    [InlineData("../ledger/x")]
    [InlineData("erasure-00000000000000000001")]
    public async Task A_run_that_is_not_in_the_ledger_is_one_line(string run)
    {
        var result = await made.Rmon.RunAsync("reproduce", run);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains($"the ledger has no run '{run}'", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }
}
