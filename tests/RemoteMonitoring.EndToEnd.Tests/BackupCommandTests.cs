using System.Text;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon backup</c>, <c>rmon restore</c> and <c>rmon home</c> as people run them, and killed.</summary>
[Collection("runs the program")]
public sealed class BackupCommandTests(ScoredHome made) : IClassFixture<ScoredHome>, IDisposable
{
    private const int Kills = 12;

    private readonly string _root = Directory.CreateTempSubdirectory("rmon-backup-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_restored_home_has_the_same_lists_and_scoring_says_nothing_new()
    {
        var file = Path.Combine(_root, "home.tar.gz");
        var backup = (await made.Rmon.RunAsync("backup", file, "--json")).Document;
        Assert.Equal((0, "simulated"), (backup.GetProperty("missing").GetArrayLength(), backup.GetProperty("cohorts")[0].GetProperty("cohort").GetString()));
        var verified = await made.Rmon.RunAsync("restore", file, "--dry-run");
        Assert.Contains("every hash is right", verified.Output, StringComparison.Ordinal);

        var again = await made.Rmon.RunAsync("backup", file);
        Assert.Equal(3, again.ExitCode);
        Assert.Contains("is there already", Assert.Single(again.ErrorLines), StringComparison.Ordinal);
        var over = await made.Rmon.RunAsync("restore", file);
        Assert.Equal(3, over.ExitCode);
        Assert.Contains("is there already", Assert.Single(over.ErrorLines), StringComparison.Ordinal);

        using var other = new Rmon();
        var restored = await other.RunAsync("restore", file, "--json");
        Assert.Equal(backup.GetProperty("files").GetInt32(), restored.Document.GetProperty("files").GetInt32());
        Assert.Equal((await made.Rmon.RunAsync("worklist", "--json")).Output, (await other.RunAsync("worklist", "--json")).Output);
        Assert.Contains($"nothing new: run {made.Run}", (await other.RunAsync("score", "admission-7d")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await other.RunAsync("reproduce", made.Run)).ExitCode);
        Assert.Equal(0, (await other.RunAsync("rebuild")).ExitCode);
    }

    [Fact]
    public async Task Killed_anywhere_neither_leaves_anything_half_made()
    {
        var random = new Random(7);
        var whole = Path.Combine(_root, "whole.tar.gz");
        Assert.Equal(0, (await made.Rmon.RunAsync("backup", whole)).ExitCode);
        var (backedUp, restored) = (0, 0);
        for (var kill = 0; kill < Kills; kill++)
        {
            var file = Path.Combine(_root, "killed.tar.gz");
            await RunForAsync(random.Next(100, 1500), "backup", file, "--home", made.Rmon.Home);
            if (File.Exists(file))
            {
                backedUp++;
                Assert.Equal(0, (await made.Rmon.RunAsync("restore", file, "--dry-run")).ExitCode);
                File.Delete(file);
            }

            using var other = new Rmon();
            await RunForAsync(random.Next(100, 2500), "restore", whole, "--home", other.Home);
            if (Directory.Exists(other.Folder("simulated")))
            {
                restored++;
            }
            else
            {
                Assert.Contains("holds no cohort yet", (await other.RunAsync("worklist")).Errors, StringComparison.Ordinal);
                Assert.Equal(0, (await other.RunAsync("restore", whole)).ExitCode);
            }

            Assert.Equal(Lake(made.Rmon), Lake(other));
            Assert.Equal(0, (await other.RunAsync("worklist")).ExitCode);
        }

        Assert.True(backedUp < Kills && restored < Kills, $"No kill came in time: {backedUp} backups and {restored} restores of {Kills} were done.");
        Assert.Equal(0, (await made.Rmon.RunAsync("backup", Path.Combine(_root, "killed.tar.gz"))).ExitCode);
        Assert.Empty(Directory.EnumerateFiles(_root, "*.draft*"));
    }

    /// <summary>While a hub takes messages in and a worker lands them: what was acknowledged before the backup is in it, each message once, and the worker goes on.</summary>
    [Fact]
    public async Task A_home_at_work_is_backed_up_whole_and_a_worker_goes_on_from_what_is_restored()
    {
        using var ward = new Rmon();
        await using var log = GatewayLog.Open(ward.Folder("ward/gateway/log.db"), new GatewayLogOptions { Partitions = 2 }, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var acknowledged = 0;
        var sending = Task.Run(async () =>
        {
            for (; !stop.IsCancellationRequested; await Task.Delay(1))
            {
                var body = Encoding.UTF8.GetBytes($$"""{"readings":[{"code":"8867-4","value":{{60 + (acknowledged % 50)}},"unit":"/min"}]}""");
                await Task.WhenAll(Enumerable.Range(0, 10).Select(d => log.AppendAsync(new GatewayMessage { DeviceId = $"cuff-{d}", Body = body })));
                Interlocked.Add(ref acknowledged, 10);
            }
        });
        using var worker = RmonProcess.Start(["worker", "--cohort", "ward", "--no-gateway", "--batch-age", "0.1", "--home", ward.Home]);
        var backups = new List<(string File, int Acknowledged)>();
        while (backups.Count < 3)
        {
            await Task.Delay(700);
            Assert.False(worker.HasExited, string.Join('\n', worker.Errors));
            var file = Path.Combine(_root, $"{backups.Count}.tar.gz");
            var before = Volatile.Read(ref acknowledged);
            if (Directory.Exists(ward.Folder("ward/lake/bronze/telemetry")))
            {
                Assert.Equal(0, (await ward.RunAsync("backup", file)).ExitCode);
                backups.Add((file, before));
            }
        }

        await stop.CancelAsync();
        await sending;
        worker.Kill();
        foreach (var (file, before) in backups)
        {
            using var restored = new Rmon();
            Assert.Equal(0, (await restored.RunAsync("restore", file)).ExitCode);
            Assert.Equal(0, (await restored.RunAsync("worker", "--cohort", "ward", "--once")).ExitCode);
            var streams = (await restored.RunAsync("stream", "list", "--json")).Document.GetProperty("streams").EnumerateArray().ToArray();
            Assert.InRange(streams.Sum(s => s.GetProperty("next_offset").GetInt64()), before, Volatile.Read(ref acknowledged));
            Assert.All(streams, s => Assert.Equal(0, s.GetProperty("losses").GetArrayLength()));
            var compacted = (await restored.RunAsync("compact", "--json")).Document;
            Assert.Equal(streams.Sum(s => s.GetProperty("next_offset").GetInt64()), compacted.GetProperty("received").GetInt64());
            Assert.Equal(0, (await restored.RunAsync("rebuild")).ExitCode);
        }
    }

    [Fact]
    public async Task A_damaged_backup_and_no_backup_are_one_line()
    {
        var file = Path.Combine(_root, "home.tar.gz");
        Assert.Equal(0, (await made.Rmon.RunAsync("backup", file)).ExitCode);
        var bytes = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, bytes[..(bytes.Length / 2)]);
        using var other = new Rmon();
        foreach (var given in (string[])[file, Path.Combine(_root, "none"), _root])
        {
            var result = await other.RunAsync("restore", given);
            Assert.Equal(3, result.ExitCode);
            Assert.StartsWith($"rmon: {given}: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(other.Home));
        }

        var azure = await other.RunAsync("backup", file, "--blobs", "UseDevelopmentStorage=true", "--cosmos", "https://x.documents.azure.com/");
        Assert.Equal(2, azure.ExitCode);
        Assert.Contains("is for local homes", azure.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_home_says_its_formats_and_one_of_a_newer_program_is_refused_by_every_command()
    {
        var formats = (await made.Rmon.RunAsync("home", "--json")).Document.GetProperty("cohorts")[0].GetProperty("formats").EnumerateArray()
            .ToDictionary(f => f.GetProperty("what").GetString()!, f => f);
        Assert.All((string[])["home", "documents.db", "observations manifests", "models", "ledger entries"], what =>
            Assert.Equal(formats[what].GetProperty("current").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture), Assert.Single(formats[what].GetProperty("found").EnumerateObject()).Name));

        using var newer = new Rmon();
        Directory.CreateDirectory(newer.Folder("a/lake"));
        await File.WriteAllTextAsync(newer.Folder("a/home.json"), """{"schemaVersion":9}""");
        foreach (var arguments in (string[][])[["home"], ["worklist"], ["worker", "--once"], ["backup", Path.Combine(_root, "x.tar.gz")], ["lineage", "p"]])
        {
            var result = await newer.RunAsync(arguments);
            Assert.Equal(3, result.ExitCode);
            Assert.Contains("is a home of version 9; this program opens up to 2. Update the program", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        }

        Assert.Equal(["home.json", "lake"], Directory.EnumerateFileSystemEntries(newer.Folder("a"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static async Task RunForAsync(int milliseconds, params string[] arguments)
    {
        using var process = RmonProcess.Start(arguments);
        await Task.Delay(milliseconds);
        process.Kill();
    }

    private static SortedDictionary<string, string> Lake(Rmon rmon) => new(
        Directory.EnumerateFiles(rmon.Folder("simulated/lake"), "*", SearchOption.AllDirectories).Where(f => !f.Contains("/.drafts/", StringComparison.Ordinal))
            .ToDictionary(f => Path.GetRelativePath(rmon.Home, f), f => Storage.Lake.Lake.Hash(File.ReadAllBytes(f))),
        StringComparer.Ordinal);
}
