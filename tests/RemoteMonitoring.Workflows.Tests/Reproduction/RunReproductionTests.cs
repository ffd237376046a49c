using System.Text;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Lineage;
using RemoteMonitoring.Workflows.Reproduction;

namespace RemoteMonitoring.Workflows.Tests.Reproduction;

[Collection(TrainedOnce.Name)]
public sealed class RunReproductionTests(TrainedHome trained) : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("rmon-scratch-").FullName;
    private int _times;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task A_run_is_made_again_byte_for_byte_and_the_home_is_left_as_it_is()
    {
        await using var home = await ScoredAsync();
        var (files, documents) = (await home.FilesAsync(), await home.Store.Documents.CountAsync(Containers.Predictions, default));
        var reproduced = await ReproduceAsync(home);
        Assert.True(reproduced.IsSame);
        Assert.False(reproduced.FromBronze);
        Assert.Equal(2, reproduced.Outputs.Count);
        Assert.All(reproduced.Outputs, o => Assert.Equal((true, FileState.Verified), (o.IsSame, o.Recorded.State)));
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(_scratch, "1", "lake", "gold"), "*.parquet", SearchOption.AllDirectories)); // they were made, not looked up
        Assert.Equal(files, await home.FilesAsync());
        Assert.Equal(documents, await home.Store.Documents.CountAsync(Containers.Predictions, default));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Observations_that_are_gone_are_made_again_from_what_had_landed_by_then(bool isSealed)
    {
        await using var home = await ScoredAsync();
        await GoOnAsync(home, isSealed);
        Assert.NotEqual(Entry(home).Observations, (await CompactionStage.RunAsync(home.Store, default)).Manifest.InputHash);
        foreach (var path in (await home.Lake.ListAsync("gold/observations", default)).Concat(await home.Lake.ListAsync("silver", default)))
        {
            home.Delete(path);
        }

        var files = await home.FilesAsync();
        var reproduced = await ReproduceAsync(home);
        Assert.True(reproduced.FromBronze);
        Assert.True(reproduced.IsSame, string.Join('\n', reproduced.Notes.Append(reproduced.Obstacle)));
        Assert.Contains(reproduced.Notes, n => n.Contains("came out under the same name", StringComparison.Ordinal));
        Assert.Equal(files, await home.FilesAsync());
    }

    [Fact]
    public async Task A_file_of_observations_with_other_bytes_is_not_read_but_made_again()
    {
        await using var home = await ScoredAsync();
        var manifest = (await ObservationsManifest.TryReadAsync(home.Lake, default))!;
        home.Overwrite(manifest.Files[^1].Path, "other bytes");
        var reproduced = await ReproduceAsync(home);
        Assert.True(reproduced.IsSame, string.Join('\n', reproduced.Notes.Append(reproduced.Obstacle)));
        Assert.True(reproduced.FromBronze);
        Assert.Contains(reproduced.Notes, n => n.Contains(manifest.Files[^1].Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Outputs_that_are_gone_are_made_again_and_those_with_other_bytes_are_told()
    {
        await using var home = await ScoredAsync();
        var outputs = Entry(home).Outputs;
        home.Delete(outputs[0].Path);
        Assert.True((await ReproduceAsync(home)).IsSame);
        home.Overwrite(outputs[1].Path, "other bytes");
        var reproduced = await ReproduceAsync(home);
        Assert.False(reproduced.IsSame);
        Assert.Equal([(true, FileState.Gone), (true, FileState.Changed)], reproduced.Outputs.Select(o => (o.IsSame, o.Recorded.State)));
    }

    [Fact]
    public async Task Of_a_run_that_scored_otherwise_the_first_patient_column_and_values_are_told()
    {
        await using var home = await ScoredAsync();
        var entry = Entry(home);
        var table = await home.Lake.ReadTableAsync(entry.Outputs[1].Path, null, default);
        var patient = table.Text("patient_id")[4]!;
        var raw = table.Float64("raw")[4];
        table.Float64("raw")[4] = raw + 1;
        var bytes = Rewritten(table).ToBytes();
        await home.Lake.ReplaceAsync(entry.Outputs[1].Path, bytes, default);
        await home.Lake.ReplaceAsync(
            LakePaths.Ledger(entry.Run), RiskDocumentJson.ToBytes(entry with { Outputs = [entry.Outputs[0], entry.Outputs[1] with { Sha256 = Lake.Hash(bytes) }] }), default);

        var reproduced = await ReproduceAsync(home);
        Assert.False(reproduced.IsSame);
        Assert.Equal([true, false], reproduced.Outputs.Select(o => o.IsSame));
        var difference = reproduced.Outputs[1].Difference!;
        Assert.Equal((1, "raw"), (difference.Rows, Assert.Single(difference.Columns)));
        Assert.Equal((patient, "raw"), (difference.First!.PatientId, difference.First.Column));
        Assert.Equal(raw, double.Parse(difference.First.Now!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Empty(difference.OnlyThen.Concat(difference.OnlyNow).Concat(difference.OtherColumns));
    }

    [Fact]
    public async Task Of_a_run_with_an_erased_patient_everybody_else_comes_out_the_same()
    {
        await using var home = await ScoredAsync();
        await PatientErasure.RunAsync(home.Store, "q1", TimeProvider.System, default);
        foreach (var goldIsGone in new[] { false, true })
        {
            foreach (var path in goldIsGone ? await home.Lake.ListAsync("gold/observations", default) : [])
            {
                home.Delete(path);
            }

            var reproduced = await ReproduceAsync(home);
            Assert.Equal((false, goldIsGone), (reproduced.IsSame, reproduced.FromBronze));
            Assert.Null(reproduced.Obstacle);
            Assert.Contains(reproduced.Notes, n => n.StartsWith("erasure 1 at ", StringComparison.Ordinal));
            Assert.All(reproduced.Outputs, o => Assert.Equal((FileState.Erased, true), (o.Recorded.State, o.Difference!.IsNone)));
        }
    }

    [Fact]
    public async Task What_cannot_be_made_again_is_told_with_the_cause()
    {
        await using var home = await ScoredAsync();
        var entry = Entry(home);
        Assert.Null(await new RunReproduction(home.Store, [TrainedHome.Task], _scratch).RunAsync("another", default));
        Assert.Contains("this program has no task 'admission-2d'", (await new RunReproduction(home.Store, [], _scratch).RunAsync(entry.Run, default))!.Obstacle, StringComparison.Ordinal);

        home.Delete(LakePaths.Model(entry.Task, entry.Model, "trees.txt"));
        var without = await ReproduceAsync(home);
        Assert.Contains("trees.txt", without.Obstacle, StringComparison.Ordinal);
        Assert.All(without.Outputs, o => Assert.Equal((null, false), (o.Made, o.IsSame)));
    }

    [Fact]
    public async Task A_run_by_a_model_of_another_lake_is_made_again_with_that_model()
    {
        var (elsewhere, _) = await trained.CopyAsync();
        await using var models = elsewhere;
        await using var home = new TempHome();
        var manifest = await TrainedHome.Feed().LandAsync(home);
        await DailyRiskRun.RunAsync(
            home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version, ModelLake = models.Lake }, default);
        Assert.Contains("The model has no model.json", (await ReproduceAsync(home)).Obstacle, StringComparison.Ordinal);
        var reproduced = await new RunReproduction(home.Store, [TrainedHome.Task], Path.Combine(_scratch, "with")) { ModelLake = models.Lake }.RunAsync(Entry(home).Run, default);
        Assert.True(reproduced!.IsSame, reproduced.Obstacle);
    }

    [Fact]
    public async Task Raw_messages_that_are_gone_are_told_by_stream_and_offset()
    {
        await using var home = await ScoredAsync();
        var entry = Entry(home);
        foreach (var path in (await home.Lake.ListAsync("gold/observations", default)).Append((await home.Lake.ListAsync("bronze/telemetry", default))[^1]))
        {
            home.Delete(path);
        }

        var reproduced = await ReproduceAsync(home);
        Assert.False(reproduced.IsSame);
        var (partition, end) = entry.Inputs.Frontier.Last();
        Assert.Equal($"Bronze of {partition} ends at offset 0; the run read up to {end}. Its raw messages are gone: restore them from a backup.", reproduced.Obstacle);
    }

    private async Task<TempHome> ScoredAsync()
    {
        var (home, manifest) = await trained.CopyAsync();
        await DailyRiskRun.RunAsync(home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version }, default);
        return home;
    }

    private static LedgerEntry Entry(TempHome home) => RiskDocumentJson.ReadLedger(File.ReadAllBytes(
        home.Lake.FullPath(home.Lake.ListAsync("ledger", default).GetAwaiter().GetResult().Single(LakePaths.IsLedgerEntry))));

    private async Task<ReproducedRun> ReproduceAsync(TempHome home) =>
        (await new RunReproduction(home.Store, [TrainedHome.Task], Path.Combine(_scratch, $"{++_times}")).RunAsync(Entry(home).Run, default))!;

    private static ParquetTable Rewritten(ParquetTable table) => table.Select([.. Enumerable.Range(0, table.Rows)]);

    /// <summary>The same devices send on, outcomes are stated, and what landed is sealed across what the run had seen.</summary>
    private static async Task GoOnAsync(TempHome home, bool isSealed)
    {
        var time = new SetTime { Now = DateTimeOffset.UnixEpoch };
        var silver = await Silver.OpenAsync(home.Lake, home.Store.Reference, default);
        foreach (var partition in await BronzeFile.PartitionsAsync(home.Lake, default))
        {
            for (var later = 0; later < 3; later++)
            {
                var chain = await PartitionChain.OpenAsync(home.Lake, partition, time, default);
                // The first of them on the day that the run's files landed on, so that they are sealed together.
                var landed = chain.Landed + (later == 0 ? 0 : 2 * UnixMicros.PerDay);
                time.Now = DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(landed * 10);
                var batch = new MicroBatch();
                batch.Add(new StreamRecord
                {
                    Offset = chain.Next,
                    DeviceId = "d-q1",
                    EnqueuedTime = MadeUpFeed.At(11.9).ToUnixMicros() + later,
                    Body = Encoding.UTF8.GetBytes($$"""{"readings":[{"code":"8867-4","value":{{140 + later}},"unit":"/min","time":"{{MadeUpFeed.At(11.5)}}"}]}"""),
                });
                batch.Stamp(chain.Known, chain.Landed, landed, imported: true);
                await new PartitionLanding(silver, chain).LandAsync(batch, default);
            }
        }

        await home.Store.Reference.AppendAsync(
            ReferenceKinds.Roster, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(new Patient { PatientId = "q2", CareTeamId = "north", Age = 20, Known = MadeUpFeed.At(1) }) + "\n"), default);
        time.Now += TimeSpan.FromDays(1);
        await new HistoryCommands(home.Store, time).ReprocessAsync(null, null, default);
        silver = await Silver.OpenAsync(home.Lake, home.Store.Reference, default);
        if (isSealed)
        {
            time.Now += TimeSpan.FromDays(5);
            var joined = 0;
            foreach (var partition in await BronzeFile.PartitionsAsync(home.Lake, default))
            {
                joined += (await new Sealing(home.Lake, silver, time).RunAsync(partition, default)).Into;
                time.Now += TimeSpan.FromDays(1);
                await new Sealing(home.Lake, silver, time).RunAsync(partition, default);
            }

            Assert.True(joined > 0);
            var ends = Entry(home).Inputs.Frontier.Values;
            Assert.Contains(
                (await home.Lake.ListAsync("bronze/telemetry", default)).Select(p => LakePaths.RangeOf(LakePaths.StemOf(p))!.Value),
                range => range.End is { } end && ends.Any(e => range.Start < e && e < end));
        }
    }

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
