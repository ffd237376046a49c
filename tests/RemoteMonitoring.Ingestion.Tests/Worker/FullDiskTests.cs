using System.Diagnostics;
using System.Globalization;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests.Worker;

/// <summary>A worker whose lake is on a disk of 6 MB in memory.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly TempHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task A_worker_on_a_full_disk_says_so_once_stays_up_and_lands_all_when_there_is_room()
    {
        var disk = Directory.CreateDirectory(Path.Combine(_home.Root, "disk")).FullName;
        if (!Mount(disk))
        {
            return;
        }

        try
        {
            await RunAsync(disk);
        }
        finally
        {
            Assert.True(AsRoot("umount", disk));
        }
    }

    private async Task RunAsync(string disk)
    {
        var ballast = Path.Combine(disk, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[5_700_000]);
        var log = Path.Combine(_home.Root, "gateway", "log.db");
        var random = new Random(1);
        await using (var filling = GatewayLog.Open(log, new GatewayLogOptions { Partitions = 2 }, TimeProvider.System))
        {
            for (var m = 0; m < 600; m++)
            {
                var noise = new byte[750];
                random.NextBytes(noise);
                await filling.AppendAsync(new GatewayMessage { DeviceId = string.Create(CultureInfo.InvariantCulture, $"d{m % 10}"), Body = noise }, default);
            }
        }

        await using var store = new CohortStore("test", new LakeDirectory(Path.Combine(disk, "lake")), new SqliteDocuments(Path.Combine(_home.Root, "documents.db")), _home.Root);
        await using var source = new GatewaySource(log, "hub", TimeProvider.System);
        var worker = new WorkerRun(store, source, new WorkerOptions { BatchMessages = 50, RetryDelay = TimeSpan.FromMilliseconds(5), MaxRetryDelay = TimeSpan.FromMilliseconds(20) });
        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var running = worker.RunAsync(untilLanded: true, tooLong.Token);
        while (worker.State.Blocked is null)
        {
            Assert.False(running.IsCompleted, "It got through on a disk that is too small for it.");
            await Task.Delay(5, tooLong.Token);
        }

        // On the last pages a small file may still fit after a larger one did not; then it stands, and says no more.
        await Task.Delay(300, tooLong.Token);
        var said = worker.Said.Said;
        await Task.Delay(700, tooLong.Token);
        Assert.Equal(said, worker.Said.Said);
        Assert.False(running.IsCompleted, "It gave up.");
        Assert.Contains("the disk is full", worker.State.Blocked, StringComparison.Ordinal);
        Assert.Contains(said, l => l.StartsWith("Warning Cannot land", StringComparison.Ordinal));
        Assert.InRange(worker.State.Landed, 0, 599);

        File.Delete(ballast);
        await running;
        Assert.False(tooLong.IsCancellationRequested, "It did not get through.");
        Assert.Null(worker.State.Blocked);
        int Times(string what) => worker.Said.Said.Count(l => l.Contains(what, StringComparison.Ordinal));
        Assert.InRange(Times("Cannot land"), Times("Can land again"), 4);
        var offsets = await WorkerRun.OffsetsAsync(store);
        Assert.Equal(600, offsets.Values.Sum(o => o.Count));
        Assert.All(offsets.Values, o => Assert.Equal(Enumerable.Range(0, o.Count).Select(n => (long)n), o));
        var account = await IngestionAccount.TakeAsync(store.Lake, TempHome.Silver(store.Lake), default);
        Assert.Equal((600, 600), (account.Messages, account.Received));
        Assert.Empty(Directory.GetFiles(Path.Combine(disk, "lake", ".drafts")));
    }

    /// <summary>False where this user may not mount: then a run that counts (CI=true) fails.</summary>
    private static bool Mount(string folder)
    {
        var mounted = AsRoot("mount", "-t", "tmpfs", "-o", "size=6m,mode=777", "tmpfs", folder);
        Assert.False(
            !mounted && Environment.GetEnvironmentVariable("CI") == "true",
            "The test of a worker on a full disk needs to mount a small tmpfs: run it on Linux as root, in a container with --cap-add SYS_ADMIN, or with passwordless sudo.");
        return mounted;
    }

    private static bool AsRoot(params string[] command) => Run(command) || Run(["sudo", "-n", .. command]);

    private static bool Run(string[] command)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
