using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

[Collection(TrainedOnce.Name)]
public sealed class DailyRiskRunTests(TrainedHome trained)
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private DailyRiskRequest Request(double day = 12) =>
        new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(day), Model = trained.Model.Version };

    private static async Task<SortedDictionary<string, string>> DocumentsAsync(TempHome home)
    {
        var documents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var container in (string[])[Containers.Predictions, Containers.Worklists, Containers.Runs])
        {
            await foreach (var d in home.Store.Documents.ListAsync(container, s_none).Where(d => container != Containers.Runs || d.PartitionKey == DailyRiskRun.Workflow))
            {
                documents.Add($"{container}/{d.PartitionKey}/{d.Id}", d.Body);
            }
        }

        return documents;
    }

    [Fact]
    public async Task The_same_request_returns_the_same_run_and_writes_nothing_twice()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, worklists, before) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        Assert.False(before);
        var (files, documents) = (await home.FilesAsync(), await DocumentsAsync(home));
        var (again, listed, alreadyThere) = await DailyRiskRun.RunAsync(home.Store, manifest, Request() with { KnownBy = MadeUpFeed.At(12) }, s_none);
        Assert.True(alreadyThere);
        Assert.Equal(RiskDocumentJson.ToBytes(ledger), RiskDocumentJson.ToBytes(again));
        Assert.Equal(worklists.Select(RiskDocumentJson.ToJson), listed.Select(RiskDocumentJson.ToJson));
        Assert.Equal(files, await home.FilesAsync());
        Assert.Equal(documents, await DocumentsAsync(home));
    }

    [Fact]
    public async Task Another_instant_known_by_or_task_is_another_run()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var runs = new List<string>();
        foreach (var request in new[] { Request(), Request(11), Request() with { KnownBy = MadeUpFeed.At(11.5) } })
        {
            runs.Add((await DailyRiskRun.RunAsync(home.Store, manifest, request, s_none)).Ledger.Run);
        }

        Assert.Equal(3, runs.Distinct().Count());
    }

    [Fact]
    public async Task The_ledger_names_every_output_with_hash_and_rows_and_what_was_read()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var before = await home.Lake.ListAsync("gold", default);
        var (ledger, worklists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        Assert.Equal((await home.Lake.ListAsync("gold", default)).Except(before).Where(p => !p.StartsWith("gold/rollups/", StringComparison.Ordinal) && !p.StartsWith("gold/observations/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), ledger.Outputs.Select(o => o.Path).Order(StringComparer.Ordinal));
        foreach (var output in ledger.Outputs)
        {
            Assert.Equal(LakeDirectory.Hash(await home.Lake.ReadAsync(output.Path, s_none)), output.Sha256);
            Assert.Equal((await home.Lake.ReadTableAsync(output.Path, null, s_none)).Rows, output.Rows);
        }

        Assert.Equal(18, ledger.Scored);
        Assert.Equal(0, ledger.NotScored);
        Assert.Equal(worklists.Sum(w => w.Listed.Count), ledger.Listed);
        Assert.Equal(manifest.InputHash, ledger.Observations);
        Assert.Equal(manifest.Inputs.Frontier, ledger.Inputs.Frontier);
        Assert.Equal(manifest.Inputs.Reference, ledger.Inputs.Reference);
        Assert.Equal((trained.Model.Version, FeatureSet.Home.Hash, TrainedHome.Task.Hash), (ledger.Model, ledger.FeatureSetHash, ledger.TaskHash));
        Assert.Equal(RiskDocumentJson.ToBytes(ledger), await home.Lake.ReadAsync(LakePaths.Ledger(ledger.Run), s_none));
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    [InlineData(true, true, true)]
    public async Task Ledger_documents_and_files_that_were_deleted_are_made_again_to_the_same_bytes(bool ledgerGone, bool documentsGone, bool filesGone)
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, worklists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        var (files, documents) = (await home.HashesAsync(), await DocumentsAsync(home));
        if (ledgerGone)
        {
            home.Delete(LakePaths.Ledger(ledger.Run));
        }

        if (documentsGone)
        {
            await home.CloseStoreAsync();
            Directory.EnumerateFiles(home.Root, "documents.db*", SearchOption.AllDirectories).ToList().ForEach(File.Delete);
        }

        foreach (var output in ledger.Outputs.Where(_ => filesGone))
        {
            home.Delete(output.Path);
        }

        var (again, listed, alreadyThere) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        Assert.False(alreadyThere);
        Assert.Equal(RiskDocumentJson.ToBytes(ledger), RiskDocumentJson.ToBytes(again));
        Assert.Equal(worklists.Select(RiskDocumentJson.ToJson), listed.Select(RiskDocumentJson.ToJson));
        Assert.Equal(files, await home.HashesAsync());
        Assert.Equal(documents, await DocumentsAsync(home));
    }

    [Fact]
    public async Task Predictions_in_documents_are_those_of_the_lake()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        var table = await home.Lake.ReadTableAsync(ledger.Outputs.Single(o => o.Path.StartsWith("gold/predictions/", StringComparison.Ordinal)).Path, null, s_none);
        Assert.Equal(table.Rows, await home.Store.Documents.CountAsync(Containers.Predictions, default));
        for (var row = 0; row < table.Rows; row++)
        {
            var document = Assert.Single(await home.Store.Documents.ListAsync(Containers.Predictions, table.Text("patient_id")[row]!, s_none));
            var json = System.Text.Json.JsonDocument.Parse(document.Body).RootElement;
            Assert.Equal(json.GetProperty("raw").GetDouble(), table.Float64("raw")[row]);
            Assert.Equal(json.GetProperty("probability").GetDouble(), table.Float64("probability")[row]);
            Assert.Equal(json.GetProperty("run").GetString(), table.Text("run")[row]);
            Assert.Equal(ledger.Run, table.Text("run")[row]);
            Assert.Equal(
                string.Join("; ", json.GetProperty("reasons").EnumerateArray().Select(r => r.GetProperty("text").GetString())),
                table.Text("reasons")[row]);
        }
    }

    [Fact]
    public async Task Scores_are_those_of_the_model_over_the_builders_vectors()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        var reference = await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, s_none);
        VectorKey[] keys = [.. Cohort.Scoreable(TrainedHome.Task, reference, MadeUpFeed.At(12)).Rows
            .Select(r => new VectorKey(r.PatientId, Telemetry.UnixMicros.ToUnixMicros(r.AsOf), Telemetry.UnixMicros.ToUnixMicros(r.AsOf)))];
        var vectors = await FeatureStage.BuildAsync(home.Store, manifest, FeatureSet.Home, reference, keys, null, s_none);
        var model = await ModelVersions.LoadAsync(home.Lake, ledger.Task, ledger.Model, ledger.FeatureSetHash, s_none);
        var table = await home.Lake.ReadTableAsync(ledger.Outputs[1].Path, null, s_none);
        Assert.Equal(vectors.PatientId, table.Text("patient_id"));
        Assert.Equal(model.Score(vectors).Raw, table.Float64("raw"));
        Assert.Equal(model.Score(vectors).P, table.Float64("probability"));
    }

    [Fact]
    public async Task A_model_of_another_definition_of_the_task_is_refused_and_nothing_is_left()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var before = await home.FilesAsync();
        var fault = await Assert.ThrowsAsync<LakeException>(() => DailyRiskRun.RunAsync(home.Store, manifest, Request() with { Task = TrainedHome.Task with { Horizon = Horizon.LocalDays(7) } }, s_none));
        Assert.Contains("was trained for another definition", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, await home.FilesAsync());
        Assert.Empty(await DocumentsAsync(home));
    }

    [Fact]
    public async Task A_model_of_another_lake_can_be_used()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var elsewhere = home;
        await using var here = new TempHome();
        var own = await TrainedHome.Feed().LandAsync(here);
        var (ledger, _, _) = await DailyRiskRun.RunAsync(here.Store, own, Request() with { ModelLake = home.Lake }, s_none);
        var (same, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        Assert.Equal(same.Outputs, ledger.Outputs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"schemaVersion\": 1")]
    public async Task A_damaged_ledger_entry_is_named_in_one_line(string text)
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        home.Overwrite(LakePaths.Ledger(ledger.Run), text);
        var fault = await Assert.ThrowsAsync<LakeException>(() => DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none));
        Assert.StartsWith(home.Lake.FullPath(LakePaths.Ledger(ledger.Run)), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task An_output_with_other_bytes_than_the_run_makes_is_refused_by_name()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, _, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none);
        home.Delete(LakePaths.Ledger(ledger.Run));
        home.Overwrite(ledger.Outputs[1].Path, "other bytes");
        var fault = await Assert.ThrowsAsync<LakeException>(() => DailyRiskRun.RunAsync(home.Store, manifest, Request(), s_none));
        Assert.StartsWith(home.Lake.FullPath(ledger.Outputs[1].Path), fault.Message, StringComparison.Ordinal);
    }
}
