using System.Globalization;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon serve</c> in processes of its own, one of them killed.</summary>
[Collection("runs the program")]
public sealed class ServeCommandTests(ScoredHome made) : IClassFixture<ScoredHome>, IDisposable
{
    private const int Nights = 4;

    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(3);

    private readonly Rmon _served = new();

    public void Dispose() => _served.Dispose();

    [Fact]
    public async Task Of_two_that_serve_one_home_one_is_killed_and_every_night_comes_to_what_it_comes_to_undisturbed()
    {
        Copy(made.Rmon.Home, _served.Home);
        string[] nights = [.. Enumerable.Range(0, Nights).Select(n => string.Create(CultureInfo.InvariantCulture, $"2025-02-{20 + n}T00:00:00Z"))];
        foreach (var night in nights)
        {
            Assert.Equal(0, (await made.Rmon.RunAsync("run", "daily", "--retrospective", "--as-of", night)).ExitCode);
            var asked = await _served.RunAsync("run", "daily", "--retrospective", "--as-of", night, "--detach", "--json");
            Assert.True(asked.Document.GetProperty("new").GetBoolean(), asked.Errors);
        }

        Assert.All(await RunsAsync(), r => Assert.Equal(InstanceStatus.Running, r.Status));
        RmonProcess[] both = [Serve(), Serve()];
        using var first = both[0];
        using var second = both[1];
        // Whoever is up first may take all of them: that one dies.
        var taken = both.Select(p => p.LineAsync(p.Errors, l => l.Contains("is taken on by this engine", StringComparison.Ordinal))).ToArray();
        var killed = Array.IndexOf(taken, await Task.WhenAny(taken));
        both[killed].Kill();
        var other = both[1 - killed];
        Assert.Contains(await RunsAsync(), r => r.Status == InstanceStatus.Running);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while ((await RunsAsync()).Any(r => r.Status == InstanceStatus.Running))
        {
            // Nights take a second or two each; the rest is for a machine that is busy.
            Assert.True(clock.Elapsed < s_lease + TimeSpan.FromSeconds(40), string.Join('\n', other.Output.Concat(other.Errors)));
            await Task.Delay(100);
        }

        var runs = await RunsAsync();
        Assert.Equal(Nights, runs.Count);
        Assert.All(runs, r => Assert.True(r.Status == InstanceStatus.Completed, r.Failure?.ToString()));
        foreach (var run in runs)
        {
            await other.LineAsync(l => l.StartsWith($"{run.Id}: ", StringComparison.Ordinal) && l.Contains("patients scored", StringComparison.Ordinal));
        }

        Assert.Equal(0, await TimedAsync(other.TerminateAsync));
        Assert.Contains("Stopping.", other.Output);
        foreach (var container in (string[])[Containers.Predictions, Containers.Worklists])
        {
            var expected = await DocumentsAsync(made.Rmon.Home, container);
            Assert.NotEmpty(expected);
            Assert.Equal(expected, await DocumentsAsync(_served.Home, container));
        }

        var done = await StepsAsync(runs);
        Assert.True(done.Count > Nights * 4);
        Assert.Equal(done.Distinct(), done);
    }

    [Fact]
    public async Task Without_workflows_it_serves_pages_alone_and_without_pages_too_it_says_so()
    {
        Copy(made.Rmon.Home, _served.Home);
        await _served.RunAsync("run", "daily", "--retrospective", "--as-of", "2025-02-18T00:00:00Z", "--detach");
        using var pages = RmonProcess.Start(["serve", "--no-worker", "--no-workflows", "--worklist-port", "0", "--home", _served.Home]);
        var at = (await pages.LineAsync(l => l.StartsWith("worklist: http", StringComparison.Ordinal))).Split(' ')[1];
        using var client = new HttpClient();
        Assert.Contains("Sign in", await client.GetStringAsync(at + "/sign-in"), StringComparison.Ordinal);
        await pages.LineAsync(l => l.Contains("whose workflows run elsewhere", StringComparison.Ordinal));
        // Longer than an engine takes to find it.
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.Equal(InstanceStatus.Running, Assert.Single(await RunsAsync(), r => r.Id.EndsWith("20250218T000000Z", StringComparison.Ordinal)).Status);
        Assert.Equal(0, await TimedAsync(pages.TerminateAsync));

        var nothing = await _served.RunAsync("serve", "--no-worker", "--no-workflows", "--no-worklist");
        Assert.Equal((2, "rmon: There is nothing left to serve: leave out --no-worker, --no-workflows or --no-worklist."), (nothing.ExitCode, Assert.Single(nothing.ErrorLines)));
    }

    [Fact]
    public async Task Schedules_that_cannot_be_read_stop_the_start_with_a_line_each()
    {
        Copy(made.Rmon.Home, _served.Home);
        await File.WriteAllTextAsync(_served.Folder("schedules.json"), """
            { "schemaVersion": 1, "schedules": [
              { "name": "a", "workflow": "nightly", "cohort": "simulated", "task": "admission-7d", "cron": "30 5 * * *", "timeZone": "Europe/London" },
              { "name": "b", "workflow": "daily-risk", "cohort": "simulated", "cron": "30 5 * * *", "timeZone": "Europe/London" } ] }
            """);
        var result = await _served.RunAsync("serve", "--no-worker");
        Assert.Equal(3, result.ExitCode);
        Assert.Equal(2, result.ErrorLines.Length);
        Assert.Contains("workflow 'nightly' is none", result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Contains("task is missing", result.ErrorLines[1], StringComparison.Ordinal);
    }

    private RmonProcess Serve() => RmonProcess.Start(["serve", "--no-worker", "--lease", "3", "--home", _served.Home]);

    private JournalClient Client() => new(Path.Combine(_served.Home, "simulated", "workflows.db"), TimeProvider.System);

    private Task<IReadOnlyList<WorkflowInstance>> RunsAsync() => Client().ListAsync(null, 100, default);

    /// <summary>Which step of which instance each outcome that is recorded belongs to.</summary>
    private async Task<List<(string Instance, int Step)>> StepsAsync(IEnumerable<WorkflowInstance> runs)
    {
        var done = new List<(string, int)>();
        foreach (var run in runs)
        {
            foreach (var instance in (await Client().ChildrenAsync(run.Id, default)).Prepend(run))
            {
                done.AddRange((await Client().HistoryAsync(instance.Id, default))
                    .Where(e => e.Kind is HistoryKind.ActivityCompleted or HistoryKind.ActivityFailed or HistoryKind.WorkflowCompleted or HistoryKind.WorkflowFailed or HistoryKind.TimerFired)
                    .Select(e => (instance.Id, e.Task)));
            }
        }

        return done;
    }

    private static async Task<int> TimedAsync(Func<Task<int>> stop)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var exit = await stop();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"It took {clock.Elapsed} to stop.");
        return exit;
    }

    private static async Task<SortedDictionary<string, string>> DocumentsAsync(string home, string container)
    {
        await using var store = CohortStore.Open(home, "simulated");
        var documents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var document in store.Documents.ListAsync(container, default))
        {
            documents.Add($"{document.PartitionKey}/{document.Id}", document.Body);
        }

        return documents;
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }
    }
}
