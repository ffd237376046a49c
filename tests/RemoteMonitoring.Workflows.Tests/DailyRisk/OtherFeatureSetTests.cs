using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Lineage;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Reproduction;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>What describes the patients is the model's own affair: one that was trained with another set than its task's is compared, promoted and scored with like any other.</summary>
[Collection(TrainedOnce.Name)]
public sealed class OtherFeatureSetTests(TrainedHome trained)
{
    private static readonly FeatureSet s_other = FeatureSet.Acute;

    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task Once_promoted_its_night_scores_with_the_vectors_of_its_set_and_that_run_can_be_made_again()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _1 = home;
        var version = await ChallengeAsync(home, manifest);
        await PromoteAsync(home);
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.True(outcome is { Scored: > 10, SetAside: 0, Shadow: null }, $"{outcome}");
        var ledger = (await LedgeredRun.TryReadAsync(home.Lake, outcome.Run, s_none))!.Entry;
        Assert.Equal((version, s_other.Name, s_other.Hash, TrainedHome.Task.Hash), (ledger.Model, ledger.FeatureSet, ledger.FeatureSetHash, ledger.TaskHash));
        Assert.Contains(ledger.Outputs, o => o.Path.StartsWith($"gold/features/{s_other.Name}/", StringComparison.Ordinal));

        var predictions = await PredictionsAsync(home, ledger);
        Assert.Equal((await ModelAsync(home, version)).Score(await VectorsAsync(home, predictions, ledger)).Raw, predictions.Float64("raw"));
        Assert.NotEmpty(await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, s_none));

        var scratch = Directory.CreateTempSubdirectory("rmon-other-set-").FullName;
        var again = await new RunReproduction(home.Store, [TrainedHome.Task], scratch).RunAsync(outcome.Run, s_none);
        Directory.Delete(scratch, recursive: true);
        Assert.True(again!.IsSame, again.Obstacle);
        // The night that the other champion made stays another run.
        var (before, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(trained.Model.Version), s_none);
        Assert.Equal(("home", false), (before.FeatureSet, before.Run == ledger.Run));
    }

    [Fact]
    public async Task As_challenger_it_scores_in_the_shadow_from_vectors_of_its_own_set_and_the_night_stays_what_it_is()
    {
        var (alone, manifest) = await trained.CopyAsync();
        await using var _1 = alone;
        await DailyRiskRun.RunAsync(alone.Store, manifest, Request(trained.Model.Version), s_none);
        var (home, _) = await trained.CopyAsync();
        await using var _2 = home;
        var version = await ChallengeAsync(home, manifest);
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Equal(new ShadowOutcome(version, outcome.Scored, null), outcome.Shadow);
        var ledger = (await LedgeredRun.TryReadAsync(home.Lake, outcome.Run, s_none))!.Entry;
        var shadow = (await DailyRiskRun.ShadowOfAsync(home.Store, outcome.Run, s_none))!;
        var table = await home.Lake.ReadVerifiedTableAsync(Assert.Single(shadow.Outputs).Path, shadow.Outputs[0].Sha256, null, s_none);
        Assert.Equal((await ModelAsync(home, version)).Score(await VectorsAsync(home, table, ledger)).Raw, table.Float64("raw"));
        Assert.NotEqual(table.Float64("champion_raw"), table.Float64("raw"));
        Assert.Equal(await NightOf.DocumentsAsync(alone), await NightOf.DocumentsAsync(home));
        Assert.Equal(await alone.HashesAsync("gold/predictions"), await home.HashesAsync("gold/predictions"));
    }

    [Fact]
    public async Task Without_the_observations_of_the_run_the_shadow_says_so_and_the_lists_stand()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(trained.Model.Version), s_none);
        var version = await ChallengeAsync(home, manifest);
        var gone = ledger with { Observations = "0123456789abcdef" };
        var shadow = await ShadowScoring.RunAsync(home.Store, gone, TrainedHome.Task, version, s_none);
        Assert.Equal(0, shadow.Scored);
        Assert.Contains("its observations 0123456789abcdef are not there any more", shadow.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-set", null, "which this program does not have")]
    [InlineData(null, "0000000000000000", "but this program's is")]
    public async Task A_model_of_a_set_that_this_program_does_not_have_is_refused_in_one_line(string? name, string? hash, string says)
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var path = $"{trained.Model.Folder}/model.json";
        var json = System.Text.Json.Nodes.JsonNode.Parse(await home.Lake.ReadAsync(path, s_none))!;
        json["featureSet"] = name ?? json["featureSet"]!.GetValue<string>();
        json["featureSetHash"] = hash ?? json["featureSetHash"]!.GetValue<string>();
        json["sha256"]!.AsObject().Remove("model.json");
        home.Overwrite(path, json.ToJsonString());
        var before = await home.FilesAsync();
        var fault = await Assert.ThrowsAsync<LakeException>(() => DailyRiskRun.RunAsync(home.Store, manifest, Request(trained.Model.Version), s_none));
        Assert.StartsWith(home.Lake.FullPath(trained.Model.Folder), fault.Message, StringComparison.Ordinal);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal(before, await home.FilesAsync());
    }

    private static DailyRiskRequest Request(string version) => new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = version };

    private static async Task<string> ChallengeAsync(TempHome home, ObservationsManifest manifest)
    {
        var (model, _) = await TrainingStage.RunAsync(home.Store, manifest, TrainedHome.Task with { FeatureSet = s_other.Name }, TrainedHome.Quick, null, s_none);
        Assert.Equal(model.Version, (await new ModelRegistry(home.Store, TimeProvider.System).ReadAsync(TrainedHome.Task.Name, s_none)).Challenger);
        return model.Version;
    }

    private static Task<AskedPromotion> PromoteAsync(TempHome home) =>
        new ModelPromotion(home.Store, new ModelRegistry(home.Store, TimeProvider.System)).PromoteAsync(TrainedHome.Task.Name, ModelVersions.Challenger, "Ada", "other columns", true, new GateSettings(), null, s_none);

    private static async Task<Risk.Scoring.RiskModel> ModelAsync(TempHome home, string version) => (await ModelVersions.LoadAsync(home.Lake, TrainedHome.Task, version, s_none)).Model;

    private static async Task<ParquetTable> PredictionsAsync(TempHome home, LedgerEntry ledger) =>
        await home.Lake.ReadTableAsync(ledger.Outputs.Single(o => o.Path.StartsWith("gold/predictions/", StringComparison.Ordinal)).Path, null, s_none);

    /// <summary>The vectors of the other set for the patients of a table, built beside the night.</summary>
    private static async Task<FeatureTable> VectorsAsync(TempHome home, ParquetTable table, LedgerEntry ledger)
    {
        var manifest = (await ObservationsManifest.TryReadAsync(home.Lake, s_none))!;
        var reference = await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, s_none);
        return await FeatureStage.BuildAsync(
            home.Store, manifest, s_other, reference, [.. table.Text("patient_id").Select(p => new VectorKey(p!, ledger.AsOf.ToUnixMicros(), ledger.KnownBy.ToUnixMicros()))], null, s_none);
    }
}
