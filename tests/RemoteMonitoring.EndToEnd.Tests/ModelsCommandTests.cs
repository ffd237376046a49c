using System.Text.Json;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon models</c> as data scientists use it. Every test leaves the record of decisions longer, and the champion as it was.</summary>
[Collection("runs the program")]
public sealed class ModelsCommandTests(ScoredHome made) : IClassFixture<ScoredHome>
{
    private const string Task = "admission-7d";

    private Rmon Rmon => made.Rmon;

    [Fact]
    public async Task A_challenger_is_compared_promoted_and_rolled_back_and_all_of_it_is_on_record()
    {
        var champion = Text((await ListAsync()).GetProperty("champion"));
        await ChallengeAsync("twin-a");
        var task = await ListAsync();
        Assert.Equal((champion, "twin-a"), (Text(task.GetProperty("champion")), Text(task.GetProperty("challenger"))));
        var versions = task.GetProperty("versions").EnumerateArray().ToDictionary(v => Text(v.GetProperty("version")));
        Assert.Equal(("@champion", "@challenger"), (Text(versions[champion].GetProperty("alias")), Text(versions["twin-a"].GetProperty("alias"))));
        var auroc = versions[champion].GetProperty("metrics").GetProperty("auroc");
        Assert.InRange(auroc.GetProperty("value").GetDouble(), auroc.GetProperty("low").GetDouble(), auroc.GetProperty("high").GetDouble());

        // A model is no better and no worse than itself, in every resample.
        var compared = (await Rmon.RunAsync("models", "compare", Task, "@champion", "twin-a", "--json")).Document;
        Assert.Equal((champion, "twin-a", 0), (Text(compared.GetProperty("a")), Text(compared.GetProperty("b")), compared.GetProperty("only_a").GetInt32()));
        var difference = compared.GetProperty("metrics").GetProperty("auroc").GetProperty("difference");
        Assert.All((string[])["value", "low", "high"], end => Assert.Equal(0, difference.GetProperty(end).GetDouble()));

        // So small a cohort has too few events for the gate, or the model does not beat NEWS2: either way a person has to say so.
        var promoted = await Rmon.RunAsync("models", "promote", Task, "--why", "tried in the shadow", "--by", "ada", "--override", "--json");
        Assert.True(promoted.ExitCode == 0, promoted.Errors);
        var verdict = promoted.Document.GetProperty("verdict");
        Assert.Equal(("promote", "twin-a", champion, "ada", "tried in the shadow"), Said(promoted.Document));
        Assert.Equal(4, verdict.GetProperty("rules").GetArrayLength());
        Assert.Equal(Text(verdict.GetProperty("verdict")) == "failed", promoted.Document.GetProperty("overridden").GetBoolean());
        Assert.NotEqual("passed", Text(verdict.GetProperty("verdict")));
        Assert.Equal("twin-a", Text((await ListAsync()).GetProperty("champion")));

        var scored = (await Rmon.RunAsync("score", Task, "--json")).Document;
        Assert.Equal("twin-a", Text(scored.GetProperty("model")));
        var back = await Rmon.RunAsync("models", "rollback", Task, "--why", "too many calls", "--by", "bob", "--json");
        Assert.Equal(("rollback", champion, "twin-a", "bob", "too many calls"), Said(back.Document));
        Assert.Equal(champion, Text((await ListAsync()).GetProperty("champion")));

        var shown = (await Rmon.RunAsync("models", "show", Task, "twin-a", "--json")).Document;
        Assert.Equal(["challenger", "promote", "rollback"], shown.GetProperty("decisions").EnumerateArray().Select(d => Text(d.GetProperty("kind"))));
        Assert.Equal(Task, Text(shown.GetProperty("document").GetProperty("task")));
        var read = await Rmon.RunAsync("models", "show", Task, "twin-a");
        Assert.Contains("rollback " + champion + " in the place of twin-a, by bob: too many calls", read.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_challenger_scores_in_the_shadow_of_a_list_and_of_a_night()
    {
        await ChallengeAsync("twin-b");
        var scored = (await Rmon.RunAsync("score", Task, "--as-of", "2025-02-27T00:00:00Z", "--json")).Document;
        var shadow = scored.GetProperty("shadow");
        Assert.Equal(("twin-b", scored.GetProperty("scored").GetInt32()), (Text(shadow.GetProperty("challenger")), shadow.GetProperty("scored").GetInt32()));
        Assert.All(shadow.GetProperty("predictions").EnumerateArray(), p => Assert.True(File.Exists(p.GetString())));
        var night = await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-26T00:00:00Z", "--retrospective");
        Assert.True(night.ExitCode == 0, night.Errors);
        Assert.Contains("the challenger scored ", night.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        var by = (await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-25T00:00:00Z", "--retrospective", "--model", "@challenger", "--json")).Document;
        Assert.Equal("twin-b", Text(by.GetProperty("input").GetProperty("model")));
        Assert.False(by.GetProperty("outcome").TryGetProperty("shadow", out _));

        var withdrawn = (await Rmon.RunAsync("models", "withdraw", Task, "--json")).Document;
        Assert.Equal(("withdraw-challenger", "twin-b"), (Text(withdrawn.GetProperty("kind")), Text(withdrawn.GetProperty("version"))));
        Assert.Equal(JsonValueKind.Null, (await ListAsync()).GetProperty("challenger").ValueKind);
    }

    [Fact]
    public async Task Trained_again_it_stands_and_nothing_is_decided()
    {
        var before = Decisions();
        var trained = await Rmon.RunAsync("train", Task);
        Assert.Equal(0, trained.ExitCode);
        Assert.Contains("nothing new: model", trained.Output, StringComparison.Ordinal);
        Assert.Equal(before, Decisions());
    }

    [Fact]
    public async Task A_card_is_printed_as_it_is_where_there_is_one()
    {
        await ChallengeAsync("twin-c", ("card.md", "# A card\n"));
        Assert.Equal("# A card\n", (await Rmon.RunAsync("models", "card", Task, "twin-c")).Output);
        Assert.Equal("# A card\n", Text((await Rmon.RunAsync("models", "card", Task, "twin-c", "--json")).Document.GetProperty("card")));
        File.Delete(Path.Combine(Folder("twin-c"), "card.md"));
        var none = await Rmon.RunAsync("models", "card", Task, "twin-c");
        Assert.Equal(3, none.ExitCode);
        Assert.Contains("this version has no model card", Assert.Single(none.ErrorLines), StringComparison.Ordinal);
        await Rmon.RunAsync("models", "withdraw", Task);
    }

    [Fact]
    public async Task A_challenger_that_is_damaged_is_refused_in_one_line_and_the_champion_keeps_scoring()
    {
        await ChallengeAsync("twin-d");
        await File.WriteAllTextAsync(Path.Combine(Folder("twin-d"), "trees.txt"), "PK");
        var refused = await Rmon.RunAsync("models", "promote", Task, "twin-d", "--why", "x", "--override");
        Assert.Equal(3, refused.ExitCode);
        Assert.StartsWith("rmon: " + Folder("twin-d"), Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        var scored = await Rmon.RunAsync("score", Task, "--as-of", "2025-02-24T00:00:00Z", "--json");
        Assert.Equal(0, scored.ExitCode);
        Assert.Contains("trees.txt", Text(scored.Document.GetProperty("shadow").GetProperty("problem")), StringComparison.Ordinal);
        await Rmon.RunAsync("models", "withdraw", Task);
    }

    [Theory]
    [InlineData(2, "There is no task 'admision-7d'. Did you mean admission-7d", "models", "list", "admision-7d")]
    [InlineData(3, "there is no model for 'tihm-alert-next-day' yet. Run 'rmon train tihm-alert-next-day --home ", "models", "list", "tihm-alert-next-day")]
    [InlineData(3, "there is no model for 'tihm-alert-next-day' yet", "models", "show", "tihm-alert-next-day")]
    [InlineData(3, "Did you mean @champion?", "models", "show", Task, "@chmpion")]
    [InlineData(3, "there is no version '../x'", "models", "compare", Task, "../x", "@champion")]
    [InlineData(3, "is the champion of 'admission-7d' already", "models", "promote", Task, "@champion", "--why", "x")]
    [InlineData(3, "there is no such file", "models", "promote", Task, "@champion", "--why", "x", "--external", "nowhere.json")]
    [InlineData(2, "--margin takes a number from 0 to 0.5", "models", "promote", Task, "--why", "x", "--margin", "2")]
    [InlineData(2, "--margin above 0.01 asks less than the gate does: it needs --override", "models", "promote", Task, "--why", "x", "--margin", "0.2")]
    [InlineData(2, "--why takes a text", "models", "rollback", Task, "--why", " ")]
    [InlineData(2, "Option '--why' is required", "models", "promote", Task)]
    [InlineData(3, "there is no version '@nobody' of the model", "run", "daily", "--model", "@nobody", "--as-of", "2025-02-10T00:00:00Z")]
    public async Task What_cannot_be_done_is_one_line_and_nothing_is_decided(int exitCode, string says, params string[] arguments)
    {
        var before = Decisions();
        var result = await Rmon.RunAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(says, result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Equal(exitCode == 2 && result.ErrorLines.Length == 2 ? 2 : 1, result.ErrorLines.Length); // a wrong command line also says where help is
        Assert.Equal(before, Decisions());
    }

    [Fact]
    public async Task A_record_that_was_altered_is_told_by_every_look_and_decides_nothing_more()
    {
        await ChallengeAsync("twin-e");
        var last = Decisions()[^1];
        var bytes = await File.ReadAllBytesAsync(last);
        try
        {
            await File.WriteAllTextAsync(last, "{}");
            var listed = await Rmon.RunAsync("models", "list", Task);
            Assert.Equal(0, listed.ExitCode);
            Assert.StartsWith($"rmon: {last}: is not a decision", Assert.Single(listed.ErrorLines), StringComparison.Ordinal);
            var refused = await Rmon.RunAsync("models", "rollback", Task, "--why", "x");
            Assert.Equal(3, refused.ExitCode);
            Assert.StartsWith($"rmon: {last}: is not a decision", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        }
        finally
        {
            await File.WriteAllBytesAsync(last, bytes);
        }

        Assert.Equal(0, (await Rmon.RunAsync("models", "withdraw", Task)).ExitCode);
    }

    private string Folder(string version) => Path.Combine(Rmon.Home, "simulated", "lake", "models", Task, version);

    private string[] Decisions() => [.. Directory.GetFiles(Folder("decisions")).Order(StringComparer.Ordinal)];

    private async Task<JsonElement> ListAsync() => (await Rmon.RunAsync("models", "list", Task, "--json")).Document.GetProperty("tasks")[0];

    /// <summary>The champion's files under another name, as a training would leave them.</summary>
    private async Task ChallengeAsync(string version, params (string Name, string Text)[] more)
    {
        await using var store = CohortStore.Open(Rmon.Home, "simulated");
        var registry = new ModelRegistry(store, TimeProvider.System);
        var champion = (await registry.ChampionAsync(Task, default))!;
        foreach (var path in await store.Lake.ListAsync($"models/{Task}/{champion}", default))
        {
            await store.Lake.TryCreateAsync(LakePaths.Model(Task, version, path.Split('/')[^1]), await store.Lake.ReadAsync(path, default), default);
        }

        foreach (var (name, text) in more)
        {
            await store.Lake.ReplaceAsync(LakePaths.Model(Task, version, name), System.Text.Encoding.UTF8.GetBytes(text), default);
        }

        await registry.AddTrainedAsync(Task, version, "test", default);
    }

    private static (string Kind, string Version, string Before, string By, string Why) Said(JsonElement decision) =>
        (Text(decision.GetProperty("kind")), Text(decision.GetProperty("version")), Text(decision.GetProperty("previous_champion")), Text(decision.GetProperty("by")), Text(decision.GetProperty("why")));

    private static string Text(JsonElement element) => element.GetString()!;
}
