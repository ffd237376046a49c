using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Training;

[Collection(TrainedOnce.Name)]
public sealed class CurrentModelTests(TrainedHome trained)
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task None_is_found_before_one_was_set_and_the_last_one_set_after()
    {
        await using var home = new TempHome();
        Assert.Null(await CurrentModel.FindAsync(home.Lake, "t", s_none));
        await CurrentModel.SetAsync(home.Lake, "t", "0123456789abcdef", s_none);
        await CurrentModel.SetAsync(home.Lake, "t", "fedcba9876543210", s_none);
        Assert.Equal("fedcba9876543210", await CurrentModel.FindAsync(home.Lake, "t", s_none));
        Assert.Null(await CurrentModel.FindAsync(home.Lake, "another", s_none));
    }

    [Fact]
    public async Task Setting_the_one_that_is_set_writes_nothing()
    {
        await using var home = new TempHome();
        await CurrentModel.SetAsync(home.Lake, "t", "0123456789abcdef", s_none);
        var before = await home.FilesAsync();
        await CurrentModel.SetAsync(home.Lake, "t", "0123456789abcdef", s_none);
        Assert.Equal(before, await home.FilesAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("../../elsewhere")]
    public async Task A_file_that_names_no_version_is_named_in_one_line(string text)
    {
        await using var home = new TempHome();
        await CurrentModel.SetAsync(home.Lake, "t", "0123456789abcdef", s_none);
        home.Overwrite("models/t/current", text);
        var fault = await Assert.ThrowsAsync<LakeException>(() => CurrentModel.FindAsync(home.Lake, "t", s_none));
        Assert.StartsWith(home.Lake.FullPath("models/t/current"), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

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

        var fault = await Assert.ThrowsAsync<LakeException>(() => CurrentModel.LoadAsync(home.Lake, model.Task, model.Version, FeatureSet.Home.Hash, s_none));
        Assert.StartsWith(home.Lake.FullPath(model.Folder), fault.Message, StringComparison.Ordinal);
        Assert.Contains(named, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task A_model_of_another_feature_set_task_or_version_is_refused_by_folder()
    {
        var (home, _) = await trained.CopyAsync();
        await using var disposed = home;
        var model = trained.Model;
        async Task<string> FaultAsync(string task, string version, string hash) =>
            (await Assert.ThrowsAsync<LakeException>(() => CurrentModel.LoadAsync(home.Lake, task, version, hash, s_none))).Message;

        Assert.Contains("train it again", await FaultAsync(model.Task, model.Version, FeatureSet.Acute.Hash), StringComparison.Ordinal);
        Assert.StartsWith(home.Lake.FullPath($"models/{model.Task}/0000"), await FaultAsync(model.Task, "0000", FeatureSet.Home.Hash), StringComparison.Ordinal);
        Directory.Move(home.Lake.FullPath($"models/{model.Task}"), home.Lake.FullPath("models/another-task"));
        Assert.Contains($"holds a model of '{model.Task}', not of 'another-task'", await FaultAsync("another-task", model.Version, FeatureSet.Home.Hash), StringComparison.Ordinal);
    }
}
