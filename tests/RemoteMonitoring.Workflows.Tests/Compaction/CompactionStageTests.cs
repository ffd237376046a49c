using System.Text.Json;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

public sealed class CompactionStageTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private static MadeUpFeed TwoPatients() => new MadeUpFeed()
        .Team("north", 5)
        .Patient("a").Daily("a", 0, 3)
        .Patient("b").Daily("b", 1, 2);

    [Fact]
    public async Task A_second_run_finds_its_output_and_changes_no_byte()
    {
        await using var home = new TempHome();
        var first = await TwoPatients().LandAsync(home);
        var before = await home.FilesAsync();
        var (second, alreadyThere) = await CompactionStage.RunAsync(home.Store, s_none);
        Assert.True(alreadyThere);
        Assert.Equal(first.ToBytes(), second.ToBytes());
        Assert.Equal(before, await home.FilesAsync());
    }

    [Fact]
    public async Task A_deleted_file_of_observations_is_made_again_byte_for_byte()
    {
        await using var home = new TempHome();
        var manifest = await TwoPatients().LandAsync(home);
        var before = await home.HashesAsync();
        home.Delete(manifest.Files[1].Path);
        var (_, alreadyThere) = await CompactionStage.RunAsync(home.Store, s_none);
        Assert.False(alreadyThere);
        Assert.Equal(before, await home.HashesAsync());
    }

    [Fact]
    public async Task All_of_gold_can_be_deleted_and_comes_out_the_same()
    {
        await using var home = new TempHome();
        await TwoPatients().LandAsync(home);
        var before = await home.HashesAsync();
        Directory.Delete(home.Lake.FullPath("gold"), recursive: true);
        await CompactionStage.RunAsync(home.Store, s_none);
        Assert.Equal(before, await home.HashesAsync());
    }

    [Fact]
    public async Task The_manifest_names_every_file_with_its_rows_and_hash_and_conserves()
    {
        await using var home = new TempHome();
        var manifest = await TwoPatients().Again().Reading("d-a", "spo2", 180, 2.5).Reading("d-nobody", "spo2", 95, 2).LandAsync(home);
        Assert.True(manifest.Conserves);
        Assert.Equal(13, manifest.Received);
        Assert.Equal(10, manifest.Accepted);
        Assert.Equal(1, manifest.Duplicates);
        Assert.Equal(2, manifest.Rejected.Values.Sum());
        Assert.Equal(manifest.Accepted, manifest.Files.Sum(f => f.Rows));
        Assert.Equal([new DateOnly(2025, 3, 1), new DateOnly(2025, 3, 2), new DateOnly(2025, 3, 3)], manifest.Files.Select(f => f.EventDate));
        foreach (var file in manifest.Files)
        {
            Assert.Equal(LakeDirectory.Hash(await home.Lake.ReadAsync(file.Path, s_none)), file.Sha256);
            Assert.Equal(file.Rows, (await home.Lake.ReadTableAsync(file.Path, null, s_none)).Rows);
        }
    }

    [Fact]
    public async Task Readings_of_nobody_are_set_aside_with_reason_and_hint()
    {
        await using var home = new TempHome();
        var manifest = await TwoPatients()
            .Reading("d-unheard-of", "heart_rate", 81, 1)
            .Returned("b", 4)
            .Reading("d-b", "spo2", 93, 5)
            .LandAsync(home);
        Assert.Equal([new DateOnly(2025, 3, 2), new DateOnly(2025, 3, 6)], manifest.Unassigned.Select(f => f.EventDate));
        var table = await home.Lake.ReadTableAsync(manifest.Unassigned[0].Path, null, s_none);
        Assert.Equal(
            ["reason", "hint", "device_id", "code", "value", "effective_time", "known_from", "stream", "offset", "ordinal"],
            table.ColumnNames);
        var readings = await UnassignedReading.ReadAsync(home.Lake, s_none);
        Assert.Equal(["unknown-device", "unassigned-device"], readings.Select(r => r.Reason.ToText()));
        Assert.Contains("no assignment names this device", readings[0].Hint, StringComparison.Ordinal);
        Assert.Contains("back-dated", readings[1].Hint, StringComparison.Ordinal);
        Assert.Equal(["d-unheard-of", "d-b"], readings.Select(r => r.DeviceId));
        Assert.Equal([VitalSignCatalog.Default["heart_rate"].Code, VitalSignCatalog.Default["spo2"].Code], readings.Select(r => r.Code));
        Assert.Equal([81, 93], readings.Select(r => r.Value));
        Assert.Equal([MadeUpFeed.At(1).ToUnixMicros(), MadeUpFeed.At(5).ToUnixMicros()], readings.Select(r => r.EffectiveTime));
        Assert.Equal(1, manifest.Rejected["unknown-device"]);
        Assert.Equal(1, manifest.Rejected["unassigned-device"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"schemaVersion\": 1, \"inputHash\": ")]
    [InlineData("{ \"schemaVersion\": 1 }")]
    [InlineData("[1, 2]")]
    [InlineData("\u0000\u0001\u0002")]
    public async Task A_damaged_manifest_is_named_in_one_line(string text)
    {
        await using var home = new TempHome();
        await TwoPatients().LandAsync(home);
        home.Overwrite(LakePaths.ObservationsManifest, text);
        var fault = await Assert.ThrowsAsync<LakeException>(() => CompactionStage.RunAsync(home.Store, s_none));
        Assert.Contains(home.Lake.FullPath(LakePaths.ObservationsManifest), fault.Message, StringComparison.Ordinal);
        Assert.Contains("delete it and run again", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.IsAssignableFrom<JsonException>(fault.InnerException);
    }

    [Fact]
    public async Task Without_anything_landed_there_is_no_manifest_and_compaction_makes_an_empty_one()
    {
        await using var home = new TempHome();
        Assert.Null(await ObservationsManifest.TryReadAsync(home.Lake, s_none));
        var (manifest, _) = await CompactionStage.RunAsync(home.Store, s_none);
        Assert.Empty(manifest.Files);
        Assert.True(manifest.Conserves);
        Assert.Empty((await CompactionStage.ReadShardAsync(home.Lake, manifest, 0, s_none)).PatientIds);
    }

    [Fact]
    public async Task Reading_a_shard_gives_what_reading_every_file_gives()
    {
        await using var home = new TempHome();
        var manifest = await TwoPatients().LandAsync(home);
        var shard = await CompactionStage.ReadShardAsync(home.Lake, manifest, 0, s_none);
        Assert.Equal(["a", "b"], shard.PatientIds);
        var expected = new List<(string, string, long, double)>();
        foreach (var path in (await home.Lake.ListAsync("gold/observations", default)).Where(p => p.EndsWith(".parquet", StringComparison.Ordinal)))
        {
            var table = await home.Lake.ReadTableAsync(path, null, s_none);
            expected.AddRange(Enumerable.Range(0, table.Rows).Select(i =>
                (table.Text("patient_id")[i]!, table.Text("code")[i]!, table.Time("effective_time")[i], table.Float64("value")[i])));
        }

        var found = new List<(string, string, long, double)>();
        foreach (var id in shard.PatientIds)
        {
            foreach (var vital in VitalSignCatalog.Default.Vitals)
            {
                found.AddRange(shard.Held(id, vital.Index, long.MinValue, long.MaxValue, UnixMicros.Open - 1).Select(r => (id, vital.Code, r.Time, r.Value)));
            }
        }

        Assert.Equal(10, found.Count);
        Assert.Equal(expected.Order(), found.Order());
    }
}
