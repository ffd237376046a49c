using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Registry;

[Collection(TrainedOnce.Name)]
public sealed class ModelVersionsTests(TrainedHome trained)
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Theory]
    [InlineData("trees.txt", null, "trees.txt")]
    [InlineData("trees.txt", "PK", "trees.txt")]
    [InlineData("model.json", null, "model.json")]
    [InlineData("model.json", "", "model.json")]
    [InlineData("model.json", "{ \"schemaVersion\": 99 }", "layout version 99")]
    public async Task Missing_and_damaged_files_are_named_with_their_folder_in_one_line(string file, string? text, string named)
    {
        var (home, _) = await trained.CopyAsync();
        await using var disposed = home;
        var model = trained.Model;
        if (text is null)
        {
            home.Delete($"{model.Folder}/{file}");
        }
        else
        {
            home.Overwrite($"{model.Folder}/{file}", text);
        }

        var fault = await Assert.ThrowsAsync<LakeException>(() => ModelVersions.LoadAsync(home.Lake, model.Task, model.Version, FeatureSet.Home.Hash, s_none));
        Assert.StartsWith(home.Lake.FullPath(model.Folder), fault.Message, StringComparison.Ordinal);
        Assert.Contains(named, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task A_held_out_file_of_before_events_were_named_is_still_compared_with_and_not_computed_again()
    {
        var (home, _) = await trained.CopyAsync();
        await using var disposed = home;
        var model = trained.Model;
        var now = await ModelVersions.EvaluationAsync(home.Lake, model.Task, model.Version, null, s_none);
        var table = await home.Lake.ReadTableAsync(model.HeldOut[0], null, s_none);
        Assert.Equal(table.Time("own_event"), now!.HeldOut!.OwnEvent);
        var older = new ParquetTable().Text("patient_id", table.Text("patient_id")).Time("as_of", table.Time("as_of")).Int32("fold", table.Int32("fold"))
            .Boolean("label", table.Boolean("label")).Float64("p", table.Float64("p")).Float64("raw", table.Float64("raw"));
        await File.WriteAllBytesAsync(home.Lake.FullPath(model.HeldOut[0]), older.ToBytes());
        var before = await ModelVersions.EvaluationAsync(home.Lake, model.Task, model.Version, null, s_none);
        Assert.Equal(now.HeldOut.P, before!.HeldOut!.P);
        Assert.Equal(now.HeldOut.Raw, before.HeldOut.Raw);
        Assert.Null(before.HeldOut.OwnEvent);
        var read = await home.Lake.ReadTableAsync(model.HeldOut[0], null, s_none);
        var fault = Assert.Throws<LakeException>(() => HeldOutTable.FromParquet(read));
        Assert.StartsWith(home.Lake.FullPath(model.HeldOut[0]), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task A_model_of_another_feature_set_task_or_version_is_refused_by_folder()
    {
        var (home, _) = await trained.CopyAsync();
        await using var disposed = home;
        var model = trained.Model;
        async Task<string> FaultAsync(string task, string version, string hash) =>
            (await Assert.ThrowsAsync<LakeException>(() => ModelVersions.LoadAsync(home.Lake, task, version, hash, s_none))).Message;

        Assert.Contains("train it again", await FaultAsync(model.Task, model.Version, FeatureSet.Acute.Hash), StringComparison.Ordinal);
        Assert.StartsWith(home.Lake.FullPath($"models/{model.Task}/0000"), await FaultAsync(model.Task, "0000", FeatureSet.Home.Hash), StringComparison.Ordinal);
        Directory.Move(home.Lake.FullPath($"models/{model.Task}"), home.Lake.FullPath("models/another-task"));
        Assert.Contains($"holds a model of '{model.Task}', not of 'another-task'", await FaultAsync("another-task", model.Version, FeatureSet.Home.Hash), StringComparison.Ordinal);
    }
}
