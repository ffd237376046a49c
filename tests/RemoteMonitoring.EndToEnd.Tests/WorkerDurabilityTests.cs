using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>The worker as a process over a hub's log that is full: what it syncs before it says so, and how it stops.</summary>
public sealed partial class WorkerDurabilityTests : IDisposable
{
    private const int Messages = 400;
    private readonly string _home = Directory.CreateTempSubdirectory("rmon-worker-").FullName;

    private string LogFile => Path.Combine(_home, "ward", "gateway", "log.db");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task A_bronze_file_and_its_folder_are_synced_before_its_silver_is_there_and_before_the_log_notes_it_as_landed()
    {
        await FillAsync();
        var trace = Path.Combine(_home, "trace.txt");
        try
        {
            using var worker = RmonProcess.Start(
                ["worker", "--home", _home, "--cohort", "ward", "--once", "--no-gateway"],
                "strace", "-f", "-qq", "-y", "-s", "400", "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,pwrite64,write", "-o", trace);
            Assert.Equal(0, await worker.ExitAsync(TimeSpan.FromMinutes(2)));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Fail("The test of what is synced before an offset moves on needs strace (apt-get install strace).");
        }

        var calls = Calls(await File.ReadAllLinesAsync(trace)).ToList();
        await using var store = CohortStore.Open(_home, "ward");
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        var checkedFiles = 0;
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, default))
        {
            foreach (var file in await BronzeFile.ListAsync(store.Lake, partition, default))
            {
                var path = store.Lake.NameOf(file.Path);
                var named = calls.Single(c => c.IsNaming && c.Second == path);
                // The bytes before the name, and the name before anything that follows from it.
                Assert.Contains(calls, c => c.IsSync && c.First == named.First && c.Ended < named.Began);
                var folder = calls.First(c => c.IsSync && c.First == Path.GetDirectoryName(path) && c.Began > named.Ended);
                var made = (await silver.PathsAsync(file, default))[0];
                var silverNamed = new[] { made.Quarantine, made.Readings }.Select(p => calls.Single(c => c.IsNaming && c.Second == store.Lake.NameOf(p))).ToArray();
                Assert.All(silverNamed, s =>
                {
                    Assert.True(folder.Ended < s.Began, $"{s.Second} is there before {path} is synced");
                    Assert.Contains(calls, c => c.IsSync && c.First == s.First && c.Ended < s.Began);
                });
                // The worker writes nothing into the log but how far each partition has landed, once for each: the first note behind a
                // file is its own.
                var note = calls.FirstOrDefault(c => c.IsLogWrite && c.Began > named.Began);
                Assert.NotNull(note);
                Assert.True(folder.Ended < note.Began && silverNamed[^1].Ended < note.Began, $"{path} is noted as landed before it is synced");
                checkedFiles++;
            }
        }

        Assert.Equal(2, checkedFiles);
        using var log = new GatewayLogReader(LogFile);
        Assert.Equal(Messages, log.Bounds(0).End + log.Bounds(1).End);
        // Before the first file there was no note.
        var first = calls.First(c => c.IsNaming && c.Second.Contains("/bronze/telemetry/", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, c => c.IsLogWrite && c.Began < first.Began);
    }

    [Fact]
    public async Task Told_to_stop_a_worker_lands_what_it_holds_and_ends_well()
    {
        await FillAsync();
        using var worker = RmonProcess.Start(["worker", "--home", _home, "--cohort", "ward", "--no-gateway", "--batch-age", "600"]);
        await worker.LineAsync(worker.Errors, l => l.Contains("1: reading on from offset 0", StringComparison.Ordinal));
        await Task.Delay(1500); // it has read them, and would hold them for ten minutes
        Assert.Empty(Directory.EnumerateFiles(_home, "*.parquet", SearchOption.AllDirectories));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(0, await worker.TerminateAsync());
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        Assert.Contains(worker.Errors, l => l.Contains($"Stopped; {Messages} messages landed", StringComparison.Ordinal));
        await using var store = CohortStore.Open(_home, "ward");
        var rows = 0;
        foreach (var path in await store.Lake.ListAsync(LakePaths.BronzeTelemetry, default))
        {
            rows += (await store.Lake.ReadTableAsync(path, [], default)).Rows;
        }

        Assert.Equal(Messages, rows);
    }

    private async Task FillAsync()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LogFile)!);
        await using var log = GatewayLog.Open(LogFile, new GatewayLogOptions { Partitions = 2 }, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, Messages).Select(m => log.AppendAsync(
            new GatewayMessage
            {
                DeviceId = string.Create(CultureInfo.InvariantCulture, $"d{m % 20}"),
                MessageId = string.Create(CultureInfo.InvariantCulture, $"m{m}"),
                Body = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"readings":[{"code":"8867-4","value":{{60 + (m % 40)}},"unit":"/min"}]}""")),
            },
            default)));
    }

    /// <summary>The calls of a trace, with the lines where they began and ended.</summary>
    private static IEnumerable<Call> Calls(string[] lines)
    {
        var unfinished = new Dictionary<string, (string Text, int Line)>();
        for (var i = 0; i < lines.Length; i++)
        {
            var thread = lines[i].Split(' ', 2)[0];
            var text = lines[i][thread.Length..].TrimStart();
            var began = i;
            if (text.EndsWith("<unfinished ...>", StringComparison.Ordinal))
            {
                unfinished[thread] = (text[..^"<unfinished ...>".Length], i);
                continue;
            }

            if (Resumed().Match(text) is { Success: true } resumed)
            {
                if (!unfinished.Remove(thread, out var start))
                {
                    continue;
                }

                (text, began) = (start.Text + text[resumed.Length..], start.Line);
            }

            var name = text.Split('(', 2)[0];
            if (text.Contains(" = -1 ", StringComparison.Ordinal))
            {
                continue;
            }

            if (name is "fsync" or "fdatasync" or "pwrite64" or "write" && Descriptor().Match(text) is { Success: true } file)
            {
                yield return new Call(name, file.Groups[1].Value, "", began, i);
            }
            else if (Quoted().Matches(text) is [var from, .., var to])
            {
                yield return new Call(name, from.Groups[1].Value, to.Groups[1].Value, began, i);
            }
        }
    }

    private sealed record Call(string Name, string First, string Second, int Began, int Ended)
    {
        public bool IsSync => Name is "fsync" or "fdatasync";

        public bool IsNaming => Name.StartsWith("rename", StringComparison.Ordinal) || Name.StartsWith("link", StringComparison.Ordinal);

        public bool IsLogWrite => Name is "pwrite64" or "write" && First.EndsWith("gateway/log.db-wal", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^<\.\.\. \w+ resumed>")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^\w+\(\d+<([^>]*)>")]
    private static partial Regex Descriptor();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Quoted();
}
