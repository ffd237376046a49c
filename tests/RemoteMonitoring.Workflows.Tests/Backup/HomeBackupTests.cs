using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Backup;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;

namespace RemoteMonitoring.Workflows.Tests.Backup;

[Collection(TrainedOnce.Name)]
public sealed class HomeBackupTests(TrainedHome trained) : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-backup-").FullName;

    private volatile int _landed;

    private string BackupFile => Path.Combine(_root, "backups", "home.tar.gz");

    private string Restored => Path.Combine(_root, "restored");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task What_is_restored_is_what_was_backed_up_and_a_run_of_it_stands()
    {
        await using var home = await ScoredAsync();
        _ = home.Store.MakeErasureKey();
        using (var registry = new DeviceRegistry(GatewayHome.Of(home.Store).RegistryFile, TimeProvider.System))
        {
            registry.Add(["cuff-1"]);
        }

        await using (var log = GatewayLog.Open(GatewayHome.Of(home.Store).LogFile, new GatewayLogOptions(), TimeProvider.System))
        {
            await log.AppendAsync(new GatewayMessage { DeviceId = "cuff-1", Body = [1, 2, 3] });
            // The hub goes on writing while it is backed up.
            var summary = await BackUpAsync(home);
            Assert.Empty(summary.Missing);
            Assert.Contains(summary.Files, f => f.Path == "made-up/gateway/log.db");
        }

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(BackupFile));
        }

        await HomeRestore.RunAsync(BackupFile, Restored, null, default);
        Assert.Equal(["made-up"], Directory.EnumerateFileSystemEntries(Restored).Select(Path.GetFileName));
        await using var store = CohortStore.Open(Restored, MadeUpFeed.Cohort);
        Assert.Equal(await home.HashesAsync(), await HashesAsync(store));
        foreach (var container in (string[])[.. Containers.All, Containers.Devices])
        {
            Assert.Equal(await DocumentsAsync(home.Store, container), await DocumentsAsync(store, container));
        }

        Assert.Equal(File.ReadAllText(home.Store.ErasureKeyFile), File.ReadAllText(store.ErasureKeyFile));
        using var devices = new DeviceRegistry(GatewayHome.Of(store).RegistryFile, TimeProvider.System);
        Assert.NotNull(devices.KeysOf("cuff-1"));
        using var reader = new GatewayLogReader(GatewayHome.Of(store).LogFile);
        Assert.Equal(1, Enumerable.Range(0, reader.Partitions).Sum(p => reader.Bounds(p).End));
        var (_, _, alreadyThere) = await DailyRiskRun.RunAsync(store, (await ObservationsManifest.TryReadAsync(store.Lake, default))!, Request(), default);
        Assert.True(alreadyThere);
    }

    [Fact]
    public async Task A_backup_that_is_cut_short_or_altered_anywhere_is_one_line_and_leaves_nothing()
    {
        await using var home = await ScoredAsync();
        await BackUpAsync(home);
        var bytes = await File.ReadAllBytesAsync(BackupFile);
        var random = new Random(3);
        var damaged = new List<byte[]> { Array.Empty<byte>(), new byte[] { 1, 2, 3 }, bytes[..10], bytes[..^1], bytes[..^9] };
        damaged.AddRange(Enumerable.Range(0, 12).Select(_ => bytes[..random.Next(bytes.Length)]));
        damaged.AddRange(Enumerable.Range(0, 40).Select(_ =>
        {
            byte[] altered = [.. bytes];
            // Behind the head of the gzip stream, whose time and name nobody reads.
            altered[random.Next(10, bytes.Length)] ^= (byte)random.Next(1, 256);
            return altered;
        }));
        foreach (var (content, i) in damaged.Select((d, i) => (d, i)))
        {
            var file = Path.Combine(_root, $"damaged-{i}");
            await File.WriteAllBytesAsync(file, content);
            foreach (var act in (Func<Task>[])[() => HomeRestore.RunAsync(file, Restored, null, default), () => HomeRestore.VerifyAsync(file, null, default)])
            {
                var fault = await Record.ExceptionAsync(act) as LakeException;
                Assert.True(fault is not null, $"damage {i} was not seen");
                Assert.StartsWith(file, fault.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', fault.Message);
                Assert.False(Directory.Exists(Restored), $"damage {i}");
            }
        }
    }

    [Fact]
    public async Task Nothing_is_written_over_by_a_backup_or_a_restore()
    {
        await using var home = await ScoredAsync();
        await BackUpAsync(home);
        var before = File.GetLastWriteTimeUtc(BackupFile);
        Assert.Contains("is there already", (await Assert.ThrowsAsync<LakeException>(() => BackUpAsync(home))).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.GetLastWriteTimeUtc(BackupFile));
        var files = await home.FilesAsync();
        Assert.Contains("is there already", (await Assert.ThrowsAsync<LakeException>(() => HomeRestore.RunAsync(BackupFile, home.Root, null, default))).Message, StringComparison.Ordinal);
        Assert.Equal(files, await home.FilesAsync());
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(home.Root), e => Path.GetFileName(e).StartsWith('.'));
        var inside = Path.Combine(home.Store.Folder, "backup.tar.gz");
        Assert.Contains("lies in the cohort", (await Assert.ThrowsAsync<LakeException>(() => HomeBackup.RunAsync(home.Root, ["made-up"], inside, TimeProvider.System, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_home_of_several_cohorts_all_or_one_is_restored()
    {
        await using var home = await ScoredAsync();
        await using (var other = CohortStore.Open(home.Root, "other"))
        {
            await other.Lake.TryCreateAsync("bronze/x", new byte[] { 5 }, default);
        }

        await HomeBackup.RunAsync(home.Root, ["made-up", "other"], BackupFile, TimeProvider.System, default);
        await HomeRestore.RunAsync(BackupFile, Restored, "other", default);
        Assert.Equal(["other"], CohortStore.List(Restored));
        Assert.Contains("is there already", (await Assert.ThrowsAsync<LakeException>(() => HomeRestore.RunAsync(BackupFile, Restored, null, default))).Message, StringComparison.Ordinal);
        Assert.Equal(["other"], CohortStore.List(Restored));
        await HomeRestore.RunAsync(BackupFile, Restored, "made-up", default);
        Assert.Equal(["made-up", "other"], CohortStore.List(Restored));
        Assert.Contains("has no cohort 'x'; it has made-up, other", (await Assert.ThrowsAsync<LakeException>(() => HomeRestore.RunAsync(BackupFile, _root, "x", default))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../escaped")]
    [InlineData("made-up/../../escaped")]
    [InlineData("/tmp/escaped")]
    [InlineData("made-up//escaped")]
    [InlineData("other/escaped")]
    [InlineData("escaped")]
    public async Task An_entry_that_leads_out_of_its_cohort_is_refused(string path)
    {
        var bytes = Encoding.UTF8.GetBytes("x");
        await WriteAsync(1, 2, (path, bytes));
        var fault = await Assert.ThrowsAsync<LakeException>(() => HomeRestore.RunAsync(BackupFile, Restored, null, default));
        Assert.Contains("it has an entry that is no file of a cohort", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_root, "escaped", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(Restored));
    }

    [Theory]
    [InlineData(2, 2, "is a backup of layout version 2; this program reads up to 1. Update the program.")]
    [InlineData(1, 3, "is a home of version 3; this program opens up to 2. Update the program")]
    public async Task A_backup_of_a_newer_program_is_refused(int layout, int home, string said)
    {
        await WriteAsync(layout, home, ("made-up/lake/x", [1]));
        Assert.Contains(said, (await Assert.ThrowsAsync<LakeException>(() => HomeRestore.RunAsync(BackupFile, Restored, null, default))).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Restored));
    }

    [Fact]
    public async Task A_backup_of_before_homes_had_versions_is_brought_up_to_date_when_it_is_opened()
    {
        await WriteAsync(1, 1, ("made-up/lake/bronze/x", [1]));
        await HomeRestore.RunAsync(BackupFile, Restored, null, default);
        Assert.Equal(1, HomeFormat.VersionOf(Path.Combine(Restored, "made-up")));
        await using var store = CohortStore.Open(Restored, "made-up");
        Assert.Equal(2, HomeFormat.VersionOf(store.Folder));
        Assert.True(await store.Lake.ExistsAsync("bronze/x", default));
    }

    [Fact]
    public async Task A_backup_that_is_taken_while_messages_land_and_runs_are_made_is_whole()
    {
        await using var home = await ScoredAsync();
        var observations = (await ObservationsManifest.TryReadAsync(home.Lake, default))!.InputHash;
        using var stop = new CancellationTokenSource();
        var landing = Task.Run(() => LandAsync(home, stop.Token));
        for (var i = 0; i < 5; i++)
        {
            for (var before = _landed; _landed < before + 5;)
            {
                Assert.False(landing.IsCompleted);
                await Task.Delay(5);
            }

            var file = Path.Combine(_root, $"{i}.tar.gz");
            var summary = await HomeBackup.RunAsync(home.Root, [MadeUpFeed.Cohort], file, TimeProvider.System, default);
            Assert.Empty(summary.Missing);
            await HomeRestore.RunAsync(file, Path.Combine(_root, $"home-{i}"), null, default);
        }

        await stop.CancelAsync();
        await landing;
        var messages = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            await using var store = CohortStore.Open(Path.Combine(_root, $"home-{i}"), MadeUpFeed.Cohort);
            // Throws where the chain has a hole; and what is current reads, hashes and all.
            var compacted = await CompactionStage.RunAsync(store, default);
            Assert.True(compacted.Manifest.Conserves);
            messages.Add(compacted.Manifest.Messages);
            foreach (var file in compacted.Manifest.Files)
            {
                await CompactionStage.ReadAsync(store.Lake, file, default);
            }

            Assert.True((await DailyRiskRun.RunAsync(store, (await ObservationsManifest.TryReadAsync(store.Lake, observations, default))!, Request(), default)).AlreadyThere);
        }

        Assert.Equal(messages.Order(), messages);
        Assert.True(messages[^1] > messages[0]);
    }

    [Fact]
    public async Task While_an_erasure_is_not_completed_nothing_is_backed_up()
    {
        await using var home = await ScoredAsync();
        await PatientErasure.RunAsync(home.Store, "q1", TimeProvider.System, default);
        await BackUpAsync(home);
        File.Delete(BackupFile);
        home.Delete(LakePaths.ErasureProof(1)); // written last
        Assert.Contains("erasure 1 was begun and is not completed", (await Assert.ThrowsAsync<LakeException>(() => BackUpAsync(home))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(BackupFile)!));
    }

    [Fact]
    public async Task What_a_manifest_names_and_is_not_there_is_told()
    {
        await using var home = await ScoredAsync();
        var gone = (await ObservationsManifest.TryReadAsync(home.Lake, default))!.Files[0].Path;
        home.Delete(gone);
        Assert.Equal([$"made-up/lake/{gone}"], (await BackUpAsync(home)).Missing);
    }

    [Fact]
    public async Task Of_two_that_make_the_same_backup_at_once_one_makes_it_whole()
    {
        await using var home = await ScoredAsync();
        var tries = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () => await Record.ExceptionAsync(() => BackUpAsync(home)))));
        Assert.Single(tries, t => t is null);
        Assert.All(tries.Where(t => t is not null), t => Assert.IsType<LakeException>(t));
        await HomeRestore.VerifyAsync(BackupFile, null, default);
        Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(BackupFile)!));
    }

    [Fact]
    public async Task Stopped_half_way_it_leaves_no_backup_and_no_draft()
    {
        await using var home = await ScoredAsync();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HomeBackup.RunAsync(home.Root, [MadeUpFeed.Cohort], BackupFile, TimeProvider.System, stop.Token));
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(BackupFile)!));
        await BackUpAsync(home);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HomeRestore.RunAsync(BackupFile, Restored, null, stop.Token));
        Assert.False(Directory.Exists(Restored));
    }

    private async Task LandAsync(TempHome home, CancellationToken stop)
    {
        await using var store = CohortStore.Open(home.Root, MadeUpFeed.Cohort);
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        var partition = (await BronzeFile.PartitionsAsync(store.Lake, default))[0];
        var chain = await PartitionChain.OpenAsync(store.Lake, partition, TimeProvider.System, default);
        for (var landed = 0; !stop.IsCancellationRequested; landed++)
        {
            var batch = new MicroBatch();
            batch.Add(new StreamRecord
            {
                Offset = chain.Next,
                DeviceId = "d-q1",
                EnqueuedTime = MadeUpFeed.At(12).ToUnixMicros() + landed,
                Body = Encoding.UTF8.GetBytes($$"""{"readings":[{"code":"8867-4","value":{{40 + (landed % 100)}},"unit":"/min","time":"{{MadeUpFeed.At(12 + (landed / 1e5))}}"}]}"""),
            });
            batch.Stamp(chain.Known, chain.Landed, chain.Landed, imported: true);
            await new PartitionLanding(silver, chain).LandAsync(batch, default);
            if (landed % 10 == 9)
            {
                await CompactionStage.RunAsync(store, default);
                await DocumentProjection.RunAsync(store, silver, default);
            }

            _landed = landed + 1;
        }
    }

    private DailyRiskRequest Request() => new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version };

    private async Task<TempHome> ScoredAsync()
    {
        var (home, manifest) = await trained.CopyAsync();
        await DailyRiskRun.RunAsync(home.Store, manifest, Request(), default);
        return home;
    }

    private Task<BackupSummary> BackUpAsync(TempHome home) => HomeBackup.RunAsync(home.Root, [MadeUpFeed.Cohort], BackupFile, TimeProvider.System, default);

    /// <summary>A backup put together by hand.</summary>
    private async Task WriteAsync(int layout, int homeVersion, params (string Path, byte[] Bytes)[] files)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(BackupFile)!);
        await using var tar = new TarWriter(new GZipStream(File.Create(BackupFile), CompressionLevel.Fastest));
        string header = $$"""{"schemaVersion":{{layout}},"at":"2025-01-01T00:00:00Z","program":"x","cohorts":[{"name":"made-up","homeVersion":{{homeVersion}}}]}""";
        string contents = $$"""{"files":[{{string.Join(',', files.Select(f => $$"""{"path":"{{f.Path}}","bytes":{{f.Bytes.Length}},"sha256":"{{Lake.Hash(f.Bytes)}}"}"""))}}]}""";
        foreach (var (path, bytes) in (IEnumerable<(string, byte[])>)[("rmon-backup.json", Encoding.UTF8.GetBytes(header)), .. files, ("rmon-contents.json", Encoding.UTF8.GetBytes(contents))])
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(bytes) });
        }
    }

    private static async Task<SortedDictionary<string, string>> HashesAsync(CohortStore store)
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in await store.Lake.ListAsync("", default))
        {
            hashes.Add(path, Lake.Hash(await store.Lake.ReadAsync(path, default)));
        }

        return hashes;
    }

    private static async Task<string[]> DocumentsAsync(CohortStore store, string container) =>
        await store.Documents.ListAsync(container, default).Select(d => $"{d.PartitionKey}/{d.Id} {d.Body} {d.Expires}").Order(StringComparer.Ordinal).ToArrayAsync();
}
