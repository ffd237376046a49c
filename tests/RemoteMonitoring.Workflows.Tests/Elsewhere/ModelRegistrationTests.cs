using System.Text;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tests.Elsewhere;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Tests.DailyRisk;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Elsewhere;

/// <summary>Models from elsewhere over the trained home: registered, scored with in one go and by the night.</summary>
[Collection(TrainedOnce.Name)]
public sealed class ModelRegistrationTests(TrainedHome trained)
{
    private const string Features = """
        { "name": "oxygen", "column": "spo2_mean_3d", "missing": 96 }, { "name": "pulse", "column": "heart_rate_mean_3d", "missing": 70 }
        """;

    // The lower the oxygen the higher the risk.
    private static readonly float[] s_weights = [-0.5f, 0.02f];

    private static ModelFromElsewhere Asked(ModelKind kind, HttpEndpoint? endpoint = null, string features = Features) => new()
    {
        Task = TrainedHome.Task,
        Kind = kind,
        File = kind == ModelKind.Onnx ? OnnxBytes.Logistic(s_weights, 44) : null,
        Endpoint = endpoint,
        Mapping = Encoding.UTF8.GetBytes($$"""{ "schemaVersion": 1, "featureSet": "home", "features": [ {{features}} ], "output": { "as": "probability" } }"""),
        MappingName = "mapping.json",
        TrainedUntil = MadeUpFeed.At(0),
        By = "ada",
        Why = "to compare",
    };

    private static DailyRiskRequest Request(string version) => new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = version };

    [Fact]
    public async Task An_ONNX_model_becomes_a_version_that_scores_by_name_and_says_that_it_gives_no_reasons()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (version, document, before, isChallenger) = await ModelRegistration.RegisterAsync(home.Store, Asked(ModelKind.Onnx), TimeProvider.System, default);
        Assert.Equal((false, true), (before, isChallenger));
        Assert.Equal(("ada", "to compare", "as given"), (document.Origin!.By, document.Origin.Why, document.Origin.Calibration));
        Assert.True((await ModelRegistration.RegisterAsync(home.Store, Asked(ModelKind.Onnx), TimeProvider.System, default)).AlreadyThere);
        var state = await new ModelRegistry(home.Store, TimeProvider.System).ReadAsync(TrainedHome.Task.Name, default);
        Assert.Equal((trained.Model.Version, version, "to compare"), (state.Champion, state.Challenger, state.Decisions[^1].Why));

        var (ledger, lists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(version), default);
        Assert.Equal((18, version), (ledger.Scored, ledger.Model));
        var listed = lists.SelectMany(l => l.Listed).ToArray();
        Assert.Equal("q1", lists.Single(l => l.CareTeamId == "north").Listed[0].PatientId);
        Assert.All(listed, p => Assert.Equal((true, 0, (RiskBand?)null), (p.WithoutReasons, p.Reasons.Count + p.Technical.Count, p.Band)));

        // Nothing it was made of lies here, so it keeps no observations from being collected, nor the collection from going on.
        Assert.DoesNotContain(LakePaths.Model(TrainedHome.Task.Name, version, ModelFiles.DocumentName), (await RetainedObservations.FindAsync(home.Lake, default)).Silent);
    }

    [Fact]
    public async Task Calibrated_on_the_cohort_its_mean_probability_is_that_of_the_outcome_and_who_is_listed_stays()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var asked = Asked(ModelKind.Onnx) with { CalibrateOn = manifest };
        var (version, document, _, _) = await ModelRegistration.RegisterAsync(home.Store, asked, TimeProvider.System, default);
        Assert.StartsWith("calibrated on ", document.Origin!.Calibration, StringComparison.Ordinal);
        Assert.Equal(manifest.InputHash, document.Observations);
        Assert.NotEqual(Risk.Training.PlattScaling.Identity, document.Calibration);
        var (plain, _, _, _) = await ModelRegistration.RegisterAsync(home.Store, Asked(ModelKind.Onnx), TimeProvider.System, default);
        Assert.NotEqual(plain, version);
        var given = (await DailyRiskRun.RunAsync(home.Store, manifest, Request(plain), default)).Worklists;
        var calibrated = (await DailyRiskRun.RunAsync(home.Store, manifest, Request(version), default)).Worklists;
        // The order is that of the risk as it is shown, which calibration changes; who is listed is told by the raw score.
        Assert.Equal(given.SelectMany(l => l.Listed).Select(p => (p.PatientId, p.Raw)).Order(), calibrated.SelectMany(l => l.Listed).Select(p => (p.PatientId, p.Raw)).Order());
        Assert.All(calibrated.SelectMany(l => l.Listed), p => Assert.Equal(document.Calibration.Probability(p.Raw), p.Probability));
    }

    [Theory]
    [InlineData("""{ "name": "oxygen", "column": "spo2_maen_3d" }""", "mapping.json: features[0].column 'spo2_maen_3d': feature set 'home' has no such column. Did you mean ", "spo2_mean_3d")]
    [InlineData("""{ "name": "oxygen" }""", "mapping.json: not a mapping of features: line 1, features[0]: ", "missing required properties including: 'column'")]
    public async Task A_mapping_that_does_not_fit_is_refused_and_nothing_is_written(string features, string says, string and)
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        var files = await home.FilesAsync();
        var e = await Assert.ThrowsAsync<ModelException>(() => ModelRegistration.RegisterAsync(home.Store, Asked(ModelKind.Onnx, features: features), TimeProvider.System, default));
        Assert.StartsWith(says, e.Message, StringComparison.Ordinal);
        Assert.Contains(and, e.Message, StringComparison.Ordinal);
        Assert.Equal(files, await home.FilesAsync());
    }

    [Fact]
    public async Task The_night_asks_an_endpoint_in_batches_and_patients_it_has_no_number_for_are_not_scored()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        using var server = new LoopbackModel((call, body) => (200, call == 1 ? LoopbackModel.Logistic(body, s_weights, 44).Replace("[0", "[null, 0", StringComparison.Ordinal) is var text && text.LastIndexOf(',') is var last ? text[..last] + "]" : "" : LoopbackModel.Logistic(body, s_weights, 44)));
        var (version, _, _, _) = await ModelRegistration.RegisterAsync(home.Store, Asked(ModelKind.Http, server.Endpoint with { BatchRows = 5 }), TimeProvider.System, default);
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input() with { Model = version });
        Assert.Equal((17, 1, 0), (outcome.Scored, outcome.NotScored, outcome.SetAside));
        Assert.Equal("the model gave no score", Assert.Single((await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default)).SelectMany(l => l.NotScored)).Why);
        Assert.All(server.Received, r => Assert.DoesNotMatch("\"[pq][0-9]", r.Body));
    }

    [Fact]
    public async Task Of_an_endpoint_that_is_away_for_some_the_list_ships_with_the_scores_it_has_and_says_so()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        // One shard's rows are turned away whoever asks; which shard that is, its size tells.
        using var server = new LoopbackModel((_, body) => body["input_data"]!["data"]!.AsArray() is var rows && rows.Count == Turned(rows.Count) ? (401, "") : (200, LoopbackModel.Logistic(body, s_weights, 44)));
        var (version, _, _, _) = await ModelRegistration.RegisterAsync(home.Store, Asked(ModelKind.Http, server.Endpoint), TimeProvider.System, default);
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input() with { Model = version });
        Assert.True(outcome.PartiallySucceeded);
        Assert.Equal(18, outcome.Scored + outcome.SetAside);
        Assert.Contains("The model that scores is asked over the network: the model at 127.0.0.1 answered HTTP 401.", outcome.Notices);
        var lists = await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default);
        Assert.Equal(outcome.SetAside, lists.Sum(l => l.SetAside.Count));
        Assert.All(lists.SelectMany(l => l.SetAside), n => Assert.Equal("the model at 127.0.0.1 answered HTTP 401", n.Why));

        int Turned(int count) => _turned ??= count;
    }

    private int? _turned;

    [Fact]
    public async Task An_endpoint_that_comes_back_while_the_shard_is_tried_again_leaves_no_gap()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        using var server = new LoopbackModel((call, body) => call <= 4 ? (503, "") : (200, LoopbackModel.Logistic(body, s_weights, 44)));
        var (version, _, _, _) = await ModelRegistration.RegisterAsync(home.Store, Asked(ModelKind.Http, server.Endpoint), TimeProvider.System, default);
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input() with { Model = version });
        Assert.Equal((18, 0), (outcome.Scored, outcome.SetAside));
    }
}
