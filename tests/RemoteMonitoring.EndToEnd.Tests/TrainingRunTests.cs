using System.Text.Json;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon train-snapshot</c>, <c>rmon run training</c> and <c>rmon runs approve</c>, as they are used.</summary>
[Collection("runs the program")]
public sealed class TrainingRunTests(ScoredHome made) : IClassFixture<ScoredHome>
{
    private const string Task = "admission-7d";

    private Rmon Rmon => made.Rmon;

    [Fact]
    public async Task A_snapshot_alone_comes_to_the_same_bytes_as_training_at_home()
    {
        var snapshot = Snapshot();
        var hash = Storage.Lake.Lake.Hash(await File.ReadAllBytesAsync(snapshot));
        var task = Rmon.Folder("task.json");
        await File.WriteAllTextAsync(task, BundledTasks.AdmissionSevenDays.ToJson());
        var (copy, home, output) = (Rmon.Folder("copy.parquet"), Rmon.Folder("no-home"), Rmon.Folder("out"));
        File.Copy(snapshot, copy);
        using (var elsewhere = RmonProcess.Start(["train-snapshot", copy, "--task", task, "--out", output, "--sha256", hash, "--home", home]))
        {
            Assert.True(await elsewhere.ExitAsync(TimeSpan.FromMinutes(3)) == 0, string.Join('\n', elsewhere.Errors));
        }

        Assert.False(Directory.Exists(home));
        var version = Path.GetFileNameWithoutExtension(snapshot)[(Task.Length + 1)..];
        var (here, there) = (Files(Path.Combine(Lake, "models", Task, version)), Files(Path.Combine(output, "models", Task, version)));
        Assert.True(here.Count >= 6, "There are few files.");
        Assert.Equal(here, there);
        var trained = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(output, "trained.json"))).RootElement;
        Assert.Equal(here, trained.GetProperty("files").EnumerateArray().ToDictionary(f => Path.GetFileName(f.GetProperty("path").GetString()!), f => f.GetProperty("sha256").GetString()!));
    }

    [Theory]
    [InlineData("not what it was", "cannot be read as Parquet")]
    [InlineData(null, "its SHA-256 is ")]
    public async Task A_snapshot_that_is_none_or_another_is_refused_in_one_line(string? text, string said)
    {
        var file = Rmon.Folder($"{Guid.CreateVersion7():N}.parquet");
        if (text is null)
        {
            File.Copy(Snapshot(), file);
        }
        else
        {
            await File.WriteAllTextAsync(file, text);
        }

        string[] hash = text is null ? ["--sha256", new string('0', 64)] : [];
        var refused = await Rmon.RunAsync(["train-snapshot", file, "--task", Task, "--out", Rmon.Folder("nothing"), .. hash]);
        Assert.Equal(3, refused.ExitCode);
        var line = Assert.Single(refused.ErrorLines);
        Assert.StartsWith($"rmon: {file}: ", line, StringComparison.Ordinal);
        Assert.Contains(said, line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Rmon.Folder("nothing")));
    }

    [Fact]
    public async Task A_snapshot_of_another_task_and_a_table_that_is_none_are_refused_in_one_line()
    {
        var other = await Rmon.RunAsync("train-snapshot", Snapshot(), "--task", "admission-30d", "--out", Rmon.Folder("nothing"));
        Assert.Contains("was made for the task 'admission-7d', not 'admission-30d'", Assert.Single(other.ErrorLines), StringComparison.Ordinal);
        var table = Directory.GetFiles(Path.Combine(Lake, "models", Task), "held-out-*.parquet", SearchOption.AllDirectories)[0];
        var none = await Rmon.RunAsync("train-snapshot", table, "--task", Task, "--out", Rmon.Folder("nothing"));
        Assert.Contains("is no training snapshot", Assert.Single(none.ErrorLines), StringComparison.Ordinal);
        Assert.Equal((3, 3), (other.ExitCode, none.ExitCode));
    }

    [Fact]
    public async Task What_was_trained_stands_as_a_run_too()
    {
        var run = await Rmon.RunAsync("run", "training", Task, "--json");
        Assert.True(run.ExitCode == 0, run.Errors);
        var outcome = run.Document.GetProperty("outcome");
        Assert.True(outcome.GetProperty("alreadyThere").GetBoolean());
        Assert.Equal("champion", outcome.GetProperty("result").GetString());
    }

    [Fact]
    public async Task A_challenger_that_a_run_waits_with_is_approved_of_and_scores()
    {
        var asked = (await Rmon.RunAsync("run", "training", Task, "--trials", "1", "--budget", "60s", "--wait-for-approval", "--detach", "--json")).Document;
        var id = asked.GetProperty("run").GetString()!;
        var early = await Rmon.RunAsync("runs", "approve", id, "--why", "x");
        Assert.Equal(3, early.ExitCode);
        Assert.Contains("waits for no approval", Assert.Single(early.ErrorLines), StringComparison.Ordinal);
        using (var serving = RmonProcess.Start(["runs", "resume", id, "--home", Rmon.Home]))
        {
            await serving.LineAsync(line => line.Contains("wait for approval", StringComparison.Ordinal), TimeSpan.FromMinutes(3));
            serving.Kill();
        }

        var approved = await Rmon.RunAsync("runs", "approve", id, "--by", "ada", "--why", "tried", "--json");
        Assert.True(approved.ExitCode is 0 or 4, approved.Errors);
        var outcome = approved.Document.GetProperty("outcome");
        var result = outcome.GetProperty("result").GetString();
        // The gate decides; on so few events it may conclude nothing, and then ada's word is enough.
        Assert.Equal(result == "promoted" ? 0 : 4, approved.ExitCode);
        Assert.Contains(result, (string[])["promoted", "gate-failed"]);
        var models = (await Rmon.RunAsync("models", "list", Task, "--json")).Document.GetProperty("tasks")[0];
        Assert.Equal(outcome.GetProperty("version").GetString(), models.GetProperty(result == "promoted" ? "champion" : "challenger").GetString());
        if (result == "promoted")
        {
            await Rmon.RunAsync("models", "rollback", Task, "--why", "as it was");
        }
    }

    [Fact]
    public async Task Trained_with_another_feature_set_it_is_promoted_and_the_lists_are_made_of_its_columns()
    {
        var trained = await Rmon.RunAsync("train", Task, "--features", "acute", "--json");
        Assert.True(trained.ExitCode == 0, trained.Errors);
        var promoted = await Rmon.RunAsync("models", "promote", Task, "@challenger", "--by", "ada", "--why", "other columns", "--override");
        Assert.True(promoted.ExitCode == 0, promoted.Errors);
        var scored = await Rmon.RunAsync("score", Task, "--as-of", "2025-02-20T00:00:00Z", "--json");
        Assert.True(scored.ExitCode == 0, scored.Errors);
        Assert.True(scored.Document.GetProperty("scored").GetInt32() > 0);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(Lake, "gold", "features", "acute", "20250220T000000Z"), "*.parquet"));
        Assert.Equal(0, (await Rmon.RunAsync("models", "rollback", Task, "--why", "as it was")).ExitCode);
    }

    [Fact]
    public async Task On_azure_ml_what_is_missing_is_named_in_one_line()
    {
        var refused = await Rmon.RunAsync("run", "training", Task, "--on", "azureml");
        Assert.Equal(2, refused.ExitCode);
        Assert.StartsWith("rmon: Training on Azure ML needs RMON_AZUREML_SUBSCRIPTION, ", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
    }

    private string Lake => Path.Combine(Directory.GetDirectories(Rmon.Home).Single(d => File.Exists(Path.Combine(d, "home.json"))), "lake");

    private string Snapshot() => Directory.GetFiles(Path.Combine(Lake, "gold", "features", "home", "snapshots"), $"{Task}-*.parquet")[0];

    private static SortedDictionary<string, string> Files(string folder) => new(
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetFileName(f), f => Storage.Lake.Lake.Hash(File.ReadAllBytes(f))), StringComparer.Ordinal);
}
