using CsCheck;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class FeedIngestionTests : IDisposable
{
    private const string Team = """{"careTeamId":"t1","name":"North","capacity":5,"known":"2025-01-01T00:00:00Z"}""";
    private readonly TempHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task A_feed_ingested_twice_is_ingested_once()
    {
        var feed = FeedFolder.Open(_home.WriteFeed(TempHome.Messages(0, 10), 10, null, (ReferenceKinds.Teams, Team + "\n")), null, imported: true);
        await using var store = _home.Store();
        var first = await FeedIngestion.RunAsync(store, feed, TimeProvider.System, null, default);
        var before = await TempHome.ContentsAsync(store.Lake);
        var second = await FeedIngestion.RunAsync(store, feed, TimeProvider.System, null, default);
        Assert.Equal((10, 1, false), (first.Landed, first.ReferenceBatches, first.NothingNew));
        Assert.True(second.NothingNew);
        Assert.Equal(before, await TempHome.ContentsAsync(store.Lake));
        Assert.Equal(10, second.Account.Frontier["test/e1/0"]);
    }

    [Fact]
    public async Task A_bad_reference_line_names_file_and_line_and_nothing_of_any_kind_is_appended()
    {
        var folder = _home.WriteFeed(TempHome.Messages(0, 2), 2, null, (ReferenceKinds.Teams, Team + "\n"), (ReferenceKinds.Outcomes, "\n{\"patientId\":\"p\"}\n"));
        await using var store = _home.Store();
        var e = await Assert.ThrowsAsync<LakeException>(() => FeedIngestion.RunAsync(store, FeedFolder.Open(folder, null, true), TimeProvider.System, null, default));
        Assert.StartsWith(Path.Combine(folder, "outcomes.ndjson") + ", line 2: ", e.Message, StringComparison.Ordinal);
        Assert.Empty(await store.Lake.ListAsync("bronze", default));
    }

    [Fact]
    public async Task Fewer_messages_than_promised_are_told_after_they_landed()
    {
        var feed = FeedFolder.Open(_home.WriteFeed(TempHome.Messages(0, 2), 3), null, imported: true);
        await using var store = _home.Store();
        var e = await Assert.ThrowsAsync<LakeException>(() => FeedIngestion.RunAsync(store, feed, TimeProvider.System, null, default));
        Assert.Contains("promises 3 messages; its files hold 2", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await IngestionAccount.TakeAsync(store.Lake, TempHome.Silver(store.Lake), default)).Messages);
    }

    [Fact]
    public async Task Silver_that_a_run_of_another_stream_left_undone_is_made()
    {
        await using var store = _home.Store();
        var other = new StreamPartition("another-hub", "e1", 0);
        await (await PartitionChain.OpenAsync(store.Lake, other, TimeProvider.System, default)).TryAppendAsync(PartitionChainTests.Batch(0, 3, 0), 0, default);
        Assert.Contains("are not there", (await Assert.ThrowsAsync<LakeException>(() => IngestionAccount.TakeAsync(store.Lake, TempHome.Silver(store.Lake), default))).Message, StringComparison.Ordinal);
        var feed = FeedFolder.Open(_home.WriteFeed(TempHome.Messages(0, 2), 2), null, imported: true);
        Assert.Equal(5, (await FeedIngestion.RunAsync(store, feed, TimeProvider.System, null, default)).Account.Messages);
    }

    [Fact]
    public async Task A_feed_of_another_epoch_is_refused_before_anything_lands_and_taken_under_a_cohort_of_its_own()
    {
        await using var store = _home.Store();
        await (await PartitionChain.OpenAsync(store.Lake, new StreamPartition("test", "other", 0), TimeProvider.System, default)).TryAppendAsync(PartitionChainTests.Batch(0, 3, 0), 0, default);
        var folder = _home.WriteFeed(TempHome.Messages(0, 2), 2, null, (ReferenceKinds.Teams, Team + "\n"));
        var refused = await Assert.ThrowsAsync<LakeException>(() => FeedIngestion.RunAsync(store, FeedFolder.Open(folder, null, imported: true), TimeProvider.System, null, default));
        Assert.Contains("--cohort NAME", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await store.Reference.PositionAsync(default))[ReferenceKinds.Teams]);

        var own = FeedFolder.Open(folder, "own", imported: true);
        await using var ownStore = CohortStore.Open(_home.Root, own.Cohort);
        Assert.Equal(2, (await FeedIngestion.RunAsync(ownStore, own, TimeProvider.System, null, default)).Account.Messages);
    }

    [Theory]
    [InlineData("Thumbs.db")]
    [InlineData("desktop.ini")]
    [InlineData("copy of 00000000000000000000.parquet")]
    [InlineData("00000000000000000005.parquet.tmp")]
    [InlineData("5.parquet")]
    [InlineData("99999999999999999999.parquet")]
    public async Task What_others_left_in_the_folders_is_passed_over(string name)
    {
        await using var store = _home.Store();
        var first = await FeedIngestion.RunAsync(store, FeedFolder.Open(_home.WriteFeed(TempHome.Messages(0, 3) + "?\n", 4), null, imported: true), TimeProvider.System, null, default);
        foreach (var folder in new[] { "bronze/telemetry", "bronze/telemetry/test", "bronze/telemetry/test/e1", "bronze/telemetry/test/e1/0", "silver/readings/test/e1/0", "silver/quarantine/test/e1/0" })
        {
            await File.WriteAllTextAsync(Path.Combine(store.Lake.NameOf(folder), name), "x");
        }

        var again = await FeedIngestion.RunAsync(store, FeedFolder.Open(_home.WriteFeed(TempHome.Messages(0, 3) + "?\n" + TempHome.Messages(3, 2), 6), null, imported: true), TimeProvider.System, null, default);
        Assert.Equal((4, 2, 6), (first.Landed, again.Landed, again.Account.Messages));
        Assert.Equal([new StreamPartition("test", "e1", 0)], await BronzeFile.PartitionsAsync(store.Lake, default));
        Assert.Equal(1, Assert.Single(await RejectedByVital.CountAsync(store.Lake, TempHome.Silver(store.Lake), default)).Readings);
    }

    [Fact]
    public async Task Deleted_silver_is_made_again_as_it_was()
    {
        var lake = _home.Lake();
        await Land(lake, TempHome.Messages(0, 5) + "?\n" + TempHome.Message(5, value: -1) + "\n");
        var before = await TempHome.ContentsAsync(lake);
        Directory.Delete(lake.FullPath("silver"), recursive: true);
        Assert.Equal(1, await TempHome.Silver(lake).CatchUpAsync(TempHome.Partition, default));
        Assert.Equal(before, await TempHome.ContentsAsync(lake));
        Assert.Equal(0, await TempHome.Silver(lake).CatchUpAsync(TempHome.Partition, default));
    }

    [Fact]
    public async Task Received_is_accepted_plus_rejected_and_quarantine_keeps_the_raw_form_for_random_messages()
    {
        var line = Gen.OneOf(
            Gen.Int[0, 1000].Select(m => TempHome.Message(m)),
            Gen.Select(Gen.Int[0, 1000], Gen.OneOf("-5", "1e9", "\"x\"", "null", "{}"), (m, v) => TempHome.Message(m, body: $$"""{"readings":[{"code":"8867-4","value":{{v}},"unit":"/min"},{"code":"8867-4","value":70,"unit":"/min"}]}""")),
            Gen.OneOf("{}", "[]", "\"eyJ9\"", "7", "null", "{\"readings\":[]}").Select(b => TempHome.Message(1, body: b)),
            Gen.OneOf("garbage", "{\"Body\":{}}", "{"));
        await line.Array[1, 30].SampleAsync(async drawn =>
        {
            // A file without a single message is refused as no file of messages.
            string[] lines = [.. drawn, TempHome.Message(2)];
            using var home = new TempHome();
            var lake = home.Lake();
            await new FileLanding(lake, TempHome.Silver(lake), TimeProvider.System).LandAsync(home.Write("m.ndjson", string.Join('\n', lines) + "\n"), TempHome.Partition, true, null, default);
            var account = await IngestionAccount.TakeAsync(lake, TempHome.Silver(lake), default);
            Assert.Equal(lines.Length, account.Messages);
            Assert.Equal(account.Received, account.Accepted + account.RejectedTotal);
            var quarantine = await lake.ReadTableAsync((await lake.ListAsync(LakePaths.SilverQuarantine, default))[0], null, default);
            Assert.Equal(account.RejectedTotal, quarantine.Rows);
            Assert.All(quarantine.Bytes("raw"), raw => Assert.False(raw.IsEmpty));
            Assert.All(quarantine.Text("hint"), hint => Assert.False(string.IsNullOrEmpty(hint)));
        }, iter: 60, threads: 1);
    }

    [Fact]
    public async Task A_chain_with_a_hole_is_told()
    {
        var lake = _home.Lake();
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 2));
        await new FileLanding(lake, TempHome.Silver(lake), TimeProvider.System).LandAsync(file, TempHome.Partition, true, null, default);
        _home.Write("m.ndjson", TempHome.Messages(0, 4));
        await new FileLanding(lake, TempHome.Silver(lake), TimeProvider.System).LandAsync(file, TempHome.Partition, true, null, default);
        File.Delete(lake.FullPath(LakePaths.Bronze(TempHome.Partition, 0)));
        var e = await Assert.ThrowsAsync<LakeException>(() => IngestionAccount.TakeAsync(lake, TempHome.Silver(lake), default));
        Assert.Contains("the chain of hub/epoch/0 is broken: offset 0 expected, the file has 2 to 4", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TelemetryTables.Received)]
    [InlineData(TelemetryTables.Accepted)]
    public async Task Silver_that_does_not_add_up_is_told_with_its_file(string key)
    {
        var lake = _home.Lake();
        await Land(lake, TempHome.Messages(0, 2));
        var path = (await lake.ListAsync(LakePaths.SilverReadings, default))[0];
        var table = await lake.ReadTableAsync(path, null, default);
        table.Metadata[key] = "3";
        await lake.ReplaceAsync(path, table.ToBytes(), default);
        var e = await Assert.ThrowsAsync<LakeException>(() => IngestionAccount.TakeAsync(lake, TempHome.Silver(lake), default));
        Assert.StartsWith($"{lake.FullPath(path)}: silver does not add up", e.Message, StringComparison.Ordinal);
    }

    private Task<LandedFile> Land(LakeDirectory lake, string text) =>
        new FileLanding(lake, TempHome.Silver(lake), TimeProvider.System).LandAsync(_home.Write("m.ndjson", text), TempHome.Partition, true, null, default);
}
