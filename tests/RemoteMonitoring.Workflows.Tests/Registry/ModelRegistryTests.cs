using System.Text;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Backup;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.Tests.Registry;

public sealed class ModelRegistryTests
{
    private static readonly Instant s_at = Instant.FromUtc(2025, 3, 1, 12, 0);

    [Fact]
    public async Task The_first_model_scores_the_next_is_the_challenger_and_people_promote_and_roll_back()
    {
        await using var home = new TempHome();
        var registry = Of(home);
        Assert.Null(await registry.ChampionAsync("t", default));
        var state = await registry.AddTrainedAsync("t", "v1", "ada", default);
        Assert.Equal(("v1", null), (state.Champion, state.Challenger));
        var first = Assert.Single(state.Decisions);
        Assert.Equal((DecisionKind.FirstModel, "ada", "the first model of the task; nothing to compare with", s_at), (first.Kind, first.By, first.Why, first.At));
        Assert.Equal((1, null, null), (first.Sequence, first.PreviousChampion, first.PreviousSha256));

        Assert.Equal(("v1", "v2"), Aliases(await registry.AddTrainedAsync("t", "v2", "ada", default)));
        Assert.Equal(("v1", "v3"), Aliases(await registry.AddTrainedAsync("t", "v3", "ada", default)));
        await DecideAsync(registry, DecisionKind.Promote, "v2");
        Assert.Equal(("v2", "v3"), Aliases(await registry.ReadAsync("t", default)));
        await DecideAsync(registry, DecisionKind.Promote, "v3");
        Assert.Equal(("v3", null), Aliases(await registry.ReadAsync("t", default)));

        // Twice goes on back, and not forth again.
        await DecideAsync(registry, DecisionKind.Rollback, "v2");
        await DecideAsync(registry, DecisionKind.Rollback, "v1");
        state = await registry.ReadAsync("t", default);
        Assert.Equal(("v1", null), Aliases(state));
        Assert.Equal(["v1"], state.Champions);
        Assert.Equal(Enumerable.Range(1, 7), state.Decisions.Select(d => d.Sequence));
        Assert.Equal("models/t/decisions/00000007.json", (await home.Lake.ListAsync("models/t/decisions", default))[^1]);
        Assert.Null(await registry.ChampionAsync("another", default));
    }

    [Fact]
    public async Task What_was_decided_about_before_is_not_made_the_challenger_again_by_training_the_same()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        var before = await home.FilesAsync();
        foreach (var version in (string[])["v1", "v2", "v3"])
        {
            await registry.AddTrainedAsync("t", version, "bob", default);
        }

        Assert.Equal(before, await home.FilesAsync());
    }

    [Fact]
    public async Task Of_two_who_decide_at_the_same_time_one_is_told_so_in_one_line_and_nothing_is_lost()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        var state = await registry.ReadAsync("t", default);
        var deciders = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            await Record.ExceptionAsync(() => Of(home).DecideAsync(state, new NewDecision(DecisionKind.Promote, "v3", "one of many") { Why = $"{i}" }, default)))));
        Assert.Single(deciders, e => e is null);
        Assert.All(deciders.OfType<Exception>(), e =>
        {
            Assert.IsType<LakeException>(e);
            Assert.StartsWith(home.Lake.FullPath("models/t/decisions/00000004.json"), e.Message, StringComparison.Ordinal);
            Assert.Contains("somebody else decided about 't' meanwhile", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        });
        var after = await registry.ReadAsync("t", default);
        Assert.Equal((4, "v3", null), (after.Decisions.Count, after.Champion, after.Damage));
    }

    [Fact]
    public async Task Trainings_that_end_at_the_same_time_all_get_into_the_record()
    {
        await using var home = new TempHome();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => Of(home).AddTrainedAsync("t", $"v{i}", "night", default))));
        var state = await Of(home).ReadAsync("t", default);
        Assert.Null(state.Damage);
        Assert.Equal(["v0", "v1", "v2", "v3", "v4", "v5"], state.Decisions.Select(d => d.Version).Order(StringComparer.Ordinal));
        Assert.Equal(DecisionKind.FirstModel, state.Decisions[0].Kind);
        Assert.All(state.Decisions.Skip(1), d => Assert.Equal(DecisionKind.Challenger, d.Kind));
        Assert.Equal(state.Decisions[^1].Version, state.Challenger);
    }

    [Theory]
    [InlineData("\"v3\"", "\"v1\"", "is not what was signed")]
    [InlineData("\"signature\":\"", "\"signature\":\"0", "is not what was signed")]
    [InlineData("\"keyId\":\"", "\"keyId\":\"0", "is signed with another key")]
    [InlineData("{\"decision\"", "{\"more\":1,\"decision\"", "is not a decision")]
    [InlineData("{", "", "is not a decision")]
    public async Task A_file_that_was_altered_is_named_in_one_line_and_what_was_decided_before_it_holds(string old, string now, string said)
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        var path = LakePaths.Decision("t", 3);
        home.Overwrite(path, ReplaceFirst(await File.ReadAllTextAsync(home.Lake.FullPath(path)), old, now));
        await RefusesAsync(home, registry, path, said);
        Assert.Equal(("v1", "v2"), Aliases(await registry.ReadAsync("t", default)));
        Assert.Equal("v1", await registry.ChampionAsync("t", default));
    }

    [Fact]
    public async Task A_file_that_was_exchanged_for_one_that_is_signed_too_does_not_follow_on_the_one_before()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        await registry.AddTrainedAsync("other", "w1", "ada", default);
        await registry.AddTrainedAsync("other", "w2", "ada", default);
        File.Copy(home.Lake.FullPath(LakePaths.Decision("other", 2)), home.Lake.FullPath(LakePaths.Decision("t", 2)), overwrite: true);
        await RefusesAsync(home, registry, LakePaths.Decision("t", 2), "does not follow on the decision before it");
        home.Overwrite(LakePaths.Decision("t", 2), await File.ReadAllTextAsync(home.Lake.FullPath(LakePaths.Decision("t", 1))));
        await RefusesAsync(home, registry, LakePaths.Decision("t", 2), "does not follow on the decision before it");
        File.Copy(home.Lake.FullPath(LakePaths.Decision("other", 1)), home.Lake.FullPath(LakePaths.Decision("t", 1)), overwrite: true);
        await RefusesAsync(home, registry, LakePaths.Decision("t", 1), "is of the task 'other'");
    }

    [Fact]
    public async Task A_file_that_is_missing_in_the_chain_is_named()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        home.Delete(LakePaths.Decision("t", 2));
        await RefusesAsync(home, registry, LakePaths.Decision("t", 2), "is missing, and later decisions are there");
        Assert.Equal(("v1", null), Aliases(await registry.ReadAsync("t", default)));
    }

    [Fact]
    public async Task One_of_a_newer_program_is_refused_with_what_to_do()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        var state = await registry.ReadAsync("t", default);
        var newer = DecisionFile.ToBytes(state.Decisions[2] with { SchemaVersion = 2 }, home.Store.MakeRegistryKey());
        await File.WriteAllBytesAsync(home.Lake.FullPath(LakePaths.Decision("t", 3)), newer);
        await RefusesAsync(home, registry, LakePaths.Decision("t", 3), "has layout version 2; this program reads up to 1. Update the program");
    }

    [Fact]
    public async Task Without_its_key_the_record_cannot_be_verified_the_champion_scores_and_nothing_is_decided_and_no_other_key_is_made()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        File.Delete(home.Store.RegistryKeyFile);
        var state = await registry.ReadAsync("t", default);
        Assert.Equal(("v1", "v3"), Aliases(state));
        Assert.Contains("cannot be verified", state.Damage, StringComparison.Ordinal);
        Assert.Contains("cannot be verified", (await Assert.ThrowsAsync<LakeException>(() => registry.AddTrainedAsync("t", "v4", "ada", default))).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(home.Store.RegistryKeyFile));
    }

    [Fact]
    public async Task No_other_key_is_made_for_one_task_while_another_has_decisions_by_the_key_that_is_lost()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        var key = await File.ReadAllTextAsync(home.Store.RegistryKeyFile);
        File.Delete(home.Store.RegistryKeyFile);
        foreach (var refused in (Func<Task>[])[() => registry.AddTrainedAsync("other", "w1", "ada", default), () => registry.CheckAsync("other", default)])
        {
            var fault = await Assert.ThrowsAsync<LakeException>(refused);
            Assert.StartsWith(home.Lake.FullPath(LakePaths.Decision("t", 1)), fault.Message, StringComparison.Ordinal);
            Assert.Contains($"the registry's key is not there ({home.Store.RegistryKeyFile}", fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', fault.Message);
        }

        Assert.False(File.Exists(home.Store.RegistryKeyFile));
        Assert.Empty(await home.Lake.ListAsync(LakePaths.Decisions("other"), default));
        await File.WriteAllTextAsync(home.Store.RegistryKeyFile, key);
        Assert.Equal(("w1", null), Aliases(await registry.AddTrainedAsync("other", "w1", "ada", default)));
        Assert.Null((await registry.ReadAsync("t", default)).Damage);
    }

    [Fact]
    public async Task Under_another_key_than_the_one_it_is_signed_with_the_record_is_as_without_one()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        File.Delete(home.Store.RegistryKeyFile);
        home.Store.MakeRegistryKey();
        var state = await registry.ReadAsync("t", default);
        Assert.Equal(("v1", "v3"), Aliases(state));
        Assert.Contains("is signed with another key", state.Damage, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', state.Damage!);
        Assert.Contains("version v1, the champion of the last decision", state.Warning, StringComparison.Ordinal);
        Assert.Contains("is signed with another key", (await Assert.ThrowsAsync<LakeException>(() => registry.AddTrainedAsync("t", "v4", "ada", default))).Message, StringComparison.Ordinal);

        // Nor does a file that holds no key stop who reads.
        await File.WriteAllTextAsync(home.Store.RegistryKeyFile, "none");
        state = await registry.ReadAsync("t", default);
        Assert.Equal(("v1", "v3"), Aliases(state));
        Assert.Contains("is no key of the registry", state.Damage, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LakeException>(() => registry.AddTrainedAsync("t", "v4", "ada", default));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"decision\":null,\"keyId\":\"x\",\"signature\":\"y\"}")]
    public async Task Without_a_first_decision_that_holds_the_signed_ones_after_it_say_who_scores_and_nothing_is_decided(string? first)
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        await DecideAsync(registry, DecisionKind.Promote, "v2");
        await registry.AddTrainedAsync("t", "v4", "ada", default);
        home.Delete(LakePaths.Decision("t", 1));
        if (first is not null)
        {
            await home.Lake.ReplaceAsync(LakePaths.Decision("t", 1), Encoding.UTF8.GetBytes(first), default);
        }

        var state = await registry.ReadAsync("t", default);
        Assert.Equal(("v2", null, LakePaths.Decision("t", 1)), (state.Champion, state.Challenger, state.DamagedFile));
        Assert.EndsWith("version v2, the champion by the decisions after it, made these scores.", state.Warning, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LakeException>(() => registry.AddTrainedAsync("t", "v9", "ada", default));

        // Of those after it, one that was altered says nothing, nor does what follows on it.
        home.Overwrite(LakePaths.Decision("t", 4), ReplaceFirst(await File.ReadAllTextAsync(home.Lake.FullPath(LakePaths.Decision("t", 4))), "\"v2\"", "\"v3\""));
        Assert.Equal("v1", (await registry.ReadAsync("t", default)).Champion);
    }

    [Fact]
    public async Task The_key_is_for_its_owner_alone()
    {
        await using var home = new TempHome();
        await Of(home).AddTrainedAsync("t", "v1", "ada", default);
        Assert.Equal(65, new FileInfo(home.Store.RegistryKeyFile).Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(home.Store.RegistryKeyFile));
        }
    }

    [Fact]
    public async Task What_scored_before_there_were_decisions_is_the_champion_and_the_first_decision_carries_it_over()
    {
        await using var home = new TempHome();
        await home.Lake.ReplaceAsync("models/t/current", Encoding.UTF8.GetBytes("v0\n"), default);
        var registry = Of(home);
        Assert.Equal("v0", await registry.ChampionAsync("t", default));
        Assert.Empty((await registry.AddTrainedAsync("t", "v0", "ada", default)).Decisions); // training the same again
        var state = await registry.AddTrainedAsync("t", "v1", "ada", default);
        Assert.Equal(("v0", "v1"), Aliases(state));
        Assert.Equal("v0", Assert.Single(state.Decisions).PreviousChampion);
        home.Delete("models/t/current");
        await DecideAsync(registry, DecisionKind.Promote, "v1");
        await DecideAsync(registry, DecisionKind.Rollback, "v0");
        Assert.Equal("v0", await registry.ChampionAsync("t", default));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("../../elsewhere")]
    public async Task A_file_of_before_that_names_no_version_is_named_in_one_line(string text)
    {
        await using var home = new TempHome();
        await home.Lake.ReplaceAsync("models/t/current", Encoding.UTF8.GetBytes(text), default);
        var fault = await Assert.ThrowsAsync<LakeException>(() => Of(home).ChampionAsync("t", default));
        Assert.StartsWith(home.Lake.FullPath("models/t/current"), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData(DecisionKind.Promote, "v1", "is about the champion itself")]
    [InlineData(DecisionKind.Challenger, "v1", "is about the champion itself")]
    [InlineData(DecisionKind.Rollback, "v2", "rolls back to a version that was not the champion before")]
    [InlineData(DecisionKind.WithdrawChallenger, "v2", "withdraws a version that was not the challenger")]
    [InlineData(DecisionKind.FirstModel, "v4", "makes a first model where there is a champion")]
    public async Task What_does_not_follow_is_refused_and_not_written(DecisionKind kind, string version, string said)
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        var fault = await Assert.ThrowsAsync<LakeException>(() => DecideAsync(registry, kind, version));
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await registry.ReadAsync("t", default)).Decisions.Count);
    }

    [Fact]
    public async Task A_verdict_is_kept_in_full_and_read_as_it_was()
    {
        await using var home = new TempHome();
        var registry = await ThreeAsync(home);
        var verdict = PromotionGate.Judge(new GateEvidence(), new GateSettings { AurocMargin = 0.02 }) with { Reported = [new("beside", 3, new Dictionary<string, Metric> { ["auroc"] = new(0.5, double.NaN, 1) })] };
        await registry.DecideAsync(await registry.ReadAsync("t", default), new NewDecision(DecisionKind.Promote, "v3", "ada") { Why = "ärger\n\"x\"", Verdict = verdict, Overridden = true }, default);
        var read = (await registry.ReadAsync("t", default)).Decisions[^1];
        Assert.Equal(("ärger\n\"x\"", true, 0.02), (read.Why, read.Overridden, read.Verdict!.Settings.AurocMargin));
        Assert.Equal(verdict.Rules, read.Verdict.Rules);
        Assert.Equal(new Metric(0.5, double.NaN, 1), read.Verdict.Reported[0].Figures["auroc"]);
    }

    [Fact]
    public async Task A_backup_has_decisions_and_key_and_what_is_restored_of_it_holds()
    {
        await using var home = new TempHome();
        await ThreeAsync(home);
        var root = Directory.CreateTempSubdirectory("rmon-registry-").FullName;
        try
        {
            var file = Path.Combine(root, "home.tar.gz");
            var summary = await HomeBackup.RunAsync(home.Root, [MadeUpFeed.Cohort], file, TimeProvider.System, default);
            Assert.Contains(summary.Files, f => f.Path == $"{MadeUpFeed.Cohort}/registry.key");
            await HomeRestore.RunAsync(file, Path.Combine(root, "restored"), null, default);
            await using var store = CohortStore.Open(Path.Combine(root, "restored"), MadeUpFeed.Cohort);
            var state = await new ModelRegistry(store, TimeProvider.System).ReadAsync("t", default);
            Assert.Equal(("v1", "v3", 3, null), (state.Champion, state.Challenger, state.Decisions.Count, state.Damage));
            var format = Assert.Single(await HomeFormats.FindAsync(store, default), f => f.What == "decisions about models");
            Assert.Equal((3, 1L), (format.Found[1], format.Current));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static ModelRegistry Of(TempHome home) => new(home.Store, new ClockByHand(s_at));

    /// <summary>v1 is the champion, v2 was the challenger and v3 is.</summary>
    private static async Task<ModelRegistry> ThreeAsync(TempHome home)
    {
        var registry = Of(home);
        foreach (var version in (string[])["v1", "v2", "v3"])
        {
            await registry.AddTrainedAsync("t", version, "ada", default);
        }

        return registry;
    }

    private static async Task<Decision> DecideAsync(ModelRegistry registry, DecisionKind kind, string version) =>
        await registry.DecideAsync(await registry.ReadAsync("t", default), new NewDecision(kind, version, "ada") { Why = "because" }, default);

    private static async Task RefusesAsync(TempHome home, ModelRegistry registry, string path, string said)
    {
        var state = await registry.ReadAsync("t", default);
        Assert.Equal(path, state.DamagedFile);
        foreach (var line in (string[])[state.Damage!, (await Assert.ThrowsAsync<LakeException>(() => registry.AddTrainedAsync("t", "v9", "ada", default))).Message])
        {
            Assert.StartsWith(home.Lake.FullPath(path), line, StringComparison.Ordinal);
            Assert.Contains(said, line, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', line);
        }
    }

    private static (string? Champion, string? Challenger) Aliases(RegistryState state) => (state.Champion, state.Challenger);

    private static string ReplaceFirst(string text, string old, string now)
    {
        var at = text.IndexOf(old, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        return text[..at] + now + text[(at + old.Length)..];
    }
}
