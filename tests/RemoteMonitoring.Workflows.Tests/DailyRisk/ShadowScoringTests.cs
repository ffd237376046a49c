using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Lineage;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>The challenger scores in the shadow of a night, and touches nothing of it.</summary>
[Collection(TrainedOnce.Name)]
public sealed class ShadowScoringTests(TrainedHome trained)
{
    private const string Twin = "twin";

    [Fact]
    public async Task From_the_vectors_of_the_night_the_same_model_comes_to_the_same_scores_of_the_same_patients()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        await TwinAsync(home);
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        var shadow = (await DailyRiskRun.ShadowOfAsync(home.Store, ledger.Run, default))!;
        Assert.Equal((trained.Model.Version, Twin, ledger.Scored, null), (shadow.Champion, shadow.Challenger, shadow.Scored, shadow.Problem));
        Assert.StartsWith("Nobody was called because of these scores", shadow.Statement, StringComparison.Ordinal);
        var rows = 0;
        foreach (var output in shadow.Outputs)
        {
            Assert.StartsWith($"gold/shadow/{LakePaths.Stamp(ledger.AsOf.ToUnixTimeTicks() / 10)}/{ledger.Run}/{Twin}/", output.Path, StringComparison.Ordinal);
            var table = await home.Lake.ReadVerifiedTableAsync(output.Path, output.Sha256, null, default);
            Assert.Equal(table.Float64("champion_probability"), table.Float64("probability"));
            Assert.Equal(table.Float64("champion_raw"), table.Float64("raw"));
            Assert.All(table.Text("model"), m => Assert.Equal(Twin, m));
            rows += table.Rows;
        }

        Assert.Equal(ledger.Scored, rows);
    }

    [Fact]
    public async Task Lists_documents_predictions_and_ledger_entry_are_what_they_are_without_a_challenger()
    {
        var (alone, manifest) = await trained.CopyAsync();
        await using var _1 = alone;
        await DailyRiskRun.RunAsync(alone.Store, manifest, Request(), default);
        var (home, _) = await trained.CopyAsync();
        await using var _2 = home;
        var (challenger, _) = await TrainingStage.RunAsync(home.Store, manifest, TrainedHome.Task, TrainedHome.Quick with { Seed = 8 }, null, default);
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        Assert.Equal(await NightOf.DocumentsAsync(alone), await NightOf.DocumentsAsync(home));
        foreach (var folder in (string[])["gold/predictions", "gold/worklists", "gold/observations"])
        {
            Assert.Equal(await alone.HashesAsync(folder), await home.HashesAsync(folder));
        }

        Assert.Equal(await alone.Lake.ReadAsync(LakePaths.Ledger(ledger.Run), default), await home.Lake.ReadAsync(LakePaths.Ledger(ledger.Run), default));
        var shadow = (await DailyRiskRun.ShadowOfAsync(home.Store, ledger.Run, default))!;
        Assert.Equal((challenger.Version, ledger.Scored), (shadow.Challenger, shadow.Scored));
        var table = await home.Lake.ReadTableAsync(shadow.Outputs[0].Path, null, default);
        Assert.NotEqual(table.Float64("champion_probability"), table.Float64("probability"));
        // Who asks where a score comes from is not led to one that nobody was shown.
        Assert.Equal(ledger.Run, Assert.Single(await PredictionSearch.FindAsync(home.Store, TrainedHome.Patient(1), null, default)).Run);
        Assert.Equal(1, await home.Store.Documents.ListAsync(Containers.Runs, default).CountAsync(d => d.PartitionKey == DailyRiskRun.Workflow));
    }

    [Fact]
    public async Task The_night_comes_to_the_shadow_that_one_go_comes_to_and_says_so()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _1 = home;
        await TwinAsync(home);
        await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        var (other, _) = await trained.CopyAsync();
        await using var _2 = other;
        await TwinAsync(other);
        await using var night = new NightOf(other);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Equal(new ShadowOutcome(Twin, outcome.Scored, null), outcome.Shadow);
        Assert.Equal(await home.HashesAsync("gold"), await other.HashesAsync("gold"));
        Assert.Equal(await home.HashesAsync("ledger"), await other.HashesAsync("ledger"));
        Assert.Empty(await other.Lake.ListAsync(LakePaths.WorkFolder, default));
    }

    [Fact]
    public async Task Without_a_challenger_or_with_another_model_than_the_champion_nothing_is_scored_in_the_shadow()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await using var night = new NightOf(home);
        Assert.Null((await night.SucceedAsync(NightOf.Input(11))).Shadow);
        await TwinAsync(home);
        Assert.Null((await night.SucceedAsync(NightOf.Input() with { Model = Twin, Retrospective = true }, "by-the-twin")).Shadow);
        Assert.Null((await night.SucceedAsync(NightOf.Input(10) with { Model = ModelVersions.Challenger, Retrospective = true }, "by-alias")).Shadow);
        Assert.Empty(await home.Lake.ListAsync("gold/shadow", default));
    }

    [Theory]
    [InlineData("trees.txt", "PK", "trees.txt")]
    [InlineData("model.json", "{ \"schemaVersion\": 99 }", "layout version 99")]
    [InlineData("model.json", null, "model.json")]
    public async Task A_challenger_that_cannot_be_loaded_is_noted_and_the_night_succeeds_whole(string file, string? text, string said)
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        await TwinAsync(home);
        var path = LakePaths.Model(TrainedHome.Task.Name, Twin, file);
        if (text is null)
        {
            home.Delete(path);
        }
        else
        {
            home.Overwrite(path, text);
        }

        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.True(outcome is { Scored: > 10, SetAside: 0, Shadow.Scored: 0 }, $"{outcome}");
        Assert.Contains(said, outcome.Shadow!.Problem, StringComparison.Ordinal);
        Assert.Equal(outcome.Shadow.Problem, (await DailyRiskRun.ShadowOfAsync(home.Store, outcome.Run, default))!.Problem);
        home.Delete(LakePaths.Ledger(outcome.Run));
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default); // in one go too
        Assert.Equal(outcome.Scored, ledger.Scored);
    }

    [Fact]
    public async Task Patients_who_were_set_aside_are_not_scored_in_the_shadow_either()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await TwinAsync(home);
        await using var night = new NightOf(home, id => _ = id == "q1" ? throw new InvalidDataException("bad") : 0);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Equal((1, outcome.Scored), (outcome.SetAside, outcome.Shadow!.Scored));
        Assert.DoesNotContain(await NightOf.RowsAsync(home, "gold/shadow"), r => r.StartsWith("q1|", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_record_of_decisions_does_not_hold_the_champion_of_before_scores_and_the_lists_say_so()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await TwinAsync(home);
        home.Overwrite(LakePaths.Decision(TrainedHome.Task.Name, 2), "{}");
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Null(outcome.Shadow);
        var notice = Assert.Single(outcome.Notices);
        Assert.Contains($"({LakePaths.Decision(TrainedHome.Task.Name, 2)}): version {trained.Model.Version}, the champion of the last decision that does", notice, StringComparison.Ordinal);
        Assert.All(await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default), l => Assert.Equal([notice], l.Notices));
    }

    [Fact]
    public async Task Erasing_a_patient_takes_the_shadow_too_and_notes_it_at_the_run()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        await TwinAsync(home);
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        Assert.Contains(await NightOf.RowsAsync(home, "gold/shadow"), r => r.StartsWith("q1|", StringComparison.Ordinal));
        var (proof, _) = await PatientErasure.RunAsync(home.Store, "q1", TimeProvider.System, default);
        Assert.DoesNotContain(await NightOf.RowsAsync(home, "gold/shadow"), r => r.StartsWith("q1|", StringComparison.Ordinal));
        Assert.Contains(proof.Things, t => t.Place == "shadow");
        var shadow = (await DailyRiskRun.ShadowOfAsync(home.Store, ledger.Run, default))!;
        var notes = (await LedgeredRun.TryReadAsync(home.Lake, ledger.Run, default))!.Erasures;
        Assert.Contains(Assert.Single(notes).Outputs, o => shadow.Outputs.Any(s => s.Path == o.Path && s.Sha256 == o.Sha256Then));
        Assert.Null((await new ModelRegistry(home.Store, TimeProvider.System).ReadAsync(TrainedHome.Task.Name, default)).Damage);
    }

    /// <summary>The champion's files under another name, as the challenger.</summary>
    internal static async Task TwinAsync(TempHome home, string version = Twin)
    {
        var registry = new ModelRegistry(home.Store, TimeProvider.System);
        var champion = (await registry.ChampionAsync(TrainedHome.Task.Name, default))!;
        foreach (var path in await home.Lake.ListAsync($"models/{TrainedHome.Task.Name}/{champion}", default))
        {
            await home.Lake.TryCreateAsync(LakePaths.Model(TrainedHome.Task.Name, version, path.Split('/')[^1]), await home.Lake.ReadAsync(path, default), default);
        }

        await registry.AddTrainedAsync(TrainedHome.Task.Name, version, "test", default);
    }

    private DailyRiskRequest Request() => new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version };
}
