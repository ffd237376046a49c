using System.Globalization;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Rebuild;
using RemoteMonitoring.Workflows.Tests.Erasure;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

[Collection(TrainedOnce.Name)]
public sealed class GoldGarbageTests(TrainedHome trained)
{
    [Fact]
    public async Task What_a_model_was_taught_with_stays_and_reads_as_it_was_and_what_nobody_refers_to_goes()
    {
        var (home, taught) = await trained.CopyAsync();
        await using var _ = home;
        var then = await RowsAsync(home.Lake, taught);
        var between = await GrowAsync(home, 1);
        var now = await GrowAsync(home, 2);
        var found = await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default);

        Assert.Equal(1, found.Kept);
        Assert.Empty(found.Silent);
        string[] expected = [.. between.Paths.Except(taught.Paths).Except(now.Paths).Append(LakePaths.ObservationsManifestOf(between.InputHash)).Order(StringComparer.Ordinal)];
        Assert.True(expected.Length > 1);
        Assert.Equal(expected, found.Files.Select(f => f.Path).Order(StringComparer.Ordinal));
        Assert.DoesNotContain((await home.Lake.ListAsync("gold", default)), expected.Contains);
        Assert.True(await home.Lake.AllExistAsync(now.Paths, default));
        Assert.Equal(then, await RowsAsync(home.Lake, (await ObservationsManifest.TryReadAsync(home.Lake, taught.InputHash, default))!));
        Assert.Null(await ObservationsManifest.TryReadAsync(home.Lake, between.InputHash, default));
        Assert.True((await CompactionStage.RunAsync(home.Store, default)).AlreadyThere);
        Assert.Empty((await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files);
    }

    [Fact]
    public async Task What_a_ledger_entry_refers_to_stays_and_scores_the_same_again()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _ = home;
        var scored = await GrowAsync(home, 1);
        var (ledger, lists, _) = await DailyRiskRun.RunAsync(home.Store, scored, Request(), default);
        await GrowAsync(home, 2);
        await GrowAsync(home, 3);
        Assert.NotEmpty((await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files);

        var past = (await ObservationsManifest.TryReadAsync(home.Lake, ledger.Observations, default))!;
        foreach (var output in ledger.Outputs)
        {
            await home.Lake.DeleteAsync(output.Path, default);
        }

        var (again, listed, alreadyThere) = await DailyRiskRun.RunAsync(home.Store, past, Request(), default);
        Assert.False(alreadyThere);
        Assert.Equal(RiskDocumentJson.ToBytes(ledger), RiskDocumentJson.ToBytes(again));
        Assert.Equal(lists.Select(RiskDocumentJson.ToJson), listed.Select(RiskDocumentJson.ToJson));
        foreach (var output in ledger.Outputs)
        {
            Assert.Equal(output.Sha256, Lake.Hash(await home.Lake.ReadAsync(output.Path, default)));
        }
    }

    [Fact]
    public async Task A_snapshot_keeps_what_it_was_made_of_when_its_model_is_not_there()
    {
        var (home, taught) = await trained.CopyAsync();
        await using var _ = home;
        foreach (var path in await home.Lake.ListAsync("models", default))
        {
            await home.Lake.DeleteAsync(path, default);
        }

        await GrowAsync(home, 1);
        Assert.Empty((await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files);
        await home.Lake.DeleteAsync(trained.Model.Features, default);
        Assert.Contains((await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files, f => f.Path == LakePaths.ObservationsManifestOf(taught.InputHash));
    }

    [Fact]
    public async Task A_dry_run_names_what_would_go_with_its_bytes_and_changes_nothing()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _ = home;
        await GrowAsync(home, 1);
        await GrowAsync(home, 2);
        var before = await home.FilesAsync();
        var tried = await GoldGarbage.CollectAsync(home.Lake, dryRun: true, default);
        Assert.Equal(before, await home.FilesAsync());
        Assert.All(tried.Files, f => Assert.Equal(new FileInfo(home.Lake.FullPath(f.Path)).Length, f.Bytes));
        Assert.True(tried.Bytes > 0);
        Assert.Equal(tried.Files, (await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files);
    }

    [Fact]
    public async Task A_collection_that_is_killed_is_completed_by_the_next()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _ = home;
        await GrowAsync(home, 1);
        var now = await GrowAsync(home, 2);
        var all = (await GoldGarbage.CollectAsync(home.Lake, dryRun: true, default)).Files.Count;
        for (var most = 0; most < all; most++)
        {
            await Assert.ThrowsAsync<OperationCanceledException>(() => GoldGarbage.CollectAsync(new DyingLake(home.Lake, 1), dryRun: false, default));
            Assert.True(await home.Lake.AllExistAsync(now.Paths, default));
            if ((await GoldGarbage.CollectAsync(home.Lake, dryRun: true, default)).Files.Count == 1)
            {
                break;
            }
        }

        Assert.Single((await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files);
        Assert.Empty((await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files);
    }

    [Fact]
    public async Task A_file_that_no_manifest_names_yet_stays()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _ = home;
        await GrowAsync(home, 1);
        await GrowAsync(home, 2);
        var unpublished = LakePaths.Observations(new DateOnly(2025, 3, 1), 0, "0123456789abcdef");
        await home.Lake.TryCreateAsync(unpublished, "being written"u8.ToArray(), default);
        Assert.NotEmpty((await GoldGarbage.CollectAsync(home.Lake, dryRun: false, default)).Files);
        Assert.True(await home.Lake.ExistsAsync(unpublished, default));
    }

    [Fact]
    public async Task A_model_that_does_not_say_what_it_was_taught_with_is_named()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _ = home;
        var path = LakePaths.Model(trained.Model.Task, trained.Model.Version, "model.json");
        var text = System.Text.Encoding.UTF8.GetString(await home.Lake.ReadAsync(path, default));
        home.Overwrite(path, string.Join('\n', text.Split('\n').Where(l => !l.Contains("\"observations\"", StringComparison.Ordinal) && !l.Contains("\"model.json\"", StringComparison.Ordinal))));
        Assert.Equal([path], (await GoldGarbage.CollectAsync(home.Lake, dryRun: true, default)).Silent);
    }

    [Fact]
    public async Task A_rebuild_keeps_what_a_model_was_taught_with()
    {
        var (home, taught) = await trained.CopyAsync();
        await using var _ = home;
        await GrowAsync(home, 1);
        Assert.All(await RebuildStage.RunAsync(home.Store, default), p => Assert.True(p.IsEqual, p.ToString()));
        Assert.True(await home.Lake.AllExistAsync(taught.Paths, default));
        Assert.NotNull(await ObservationsManifest.TryReadAsync(home.Lake, taught.InputHash, default));
    }

    /// <summary>One reading more, on a day that has some already.</summary>
    internal static async Task<ObservationsManifest> GrowAsync(TempHome home, int number)
    {
        var file = Path.Combine(home.Root, string.Create(CultureInfo.InvariantCulture, $"more-{number}.ndjson"));
        var time = MadeUpFeed.At(3 + (number / 24.0));
        await File.WriteAllTextAsync(file,
            $$$"""{"EnqueuedTimeUtc":"{{{time}}}","Properties":{},"SystemProperties":{"connectionDeviceId":"d-q1","messageId":"more-{{{number}}}"},"Body":{"time":"{{{time}}}","readings":[{"code":"8867-4","value":{{{60 + number}}},"unit":"/min"}]}}""" + "\n");
        await Ingestion.FeedIngestion.RunAsync(home.Store, Ingestion.FeedFolder.Open(file, MadeUpFeed.Cohort, imported: true), TimeProvider.System, null, default);
        return (await CompactionStage.RunAsync(home.Store, default)).Manifest;
    }

    private DailyRiskRequest Request() => new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version };

    private static async Task<IReadOnlyList<double>> RowsAsync(Lake lake, ObservationsManifest manifest) =>
        GrowingCohort.Values(await CompactionStage.ReadShardAsync(lake, manifest, 0, default));
}
