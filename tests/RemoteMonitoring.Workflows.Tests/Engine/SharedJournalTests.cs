using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Tests.Engine.Conformance;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>Several engines on one journal: who has an instance is told at every commit.</summary>
public sealed class SharedJournalTests : IDisposable
{
    private static readonly WorkflowDefinition<string, string> s_steps = Samples.Of("steps", async (context, _) =>
    {
        var first = await context.CallAsync(Samples.Gate, "first");
        context.SetStatus("waits", Samples.Text);
        var word = await context.EventAsync(Samples.Said, CancellationToken.None);
        return $"{first} {word} {await context.EventAsync(Samples.Said, CancellationToken.None)}";
    });

    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("rmon-engine-").FullName, "workflows.db");
    private readonly Gates _gates = new();

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    private WorkflowEngine Start(string worker, WorkflowRegistry? registry = null, Duration? lease = null, Action<WorkflowEngine>? committed = null, int atATime = 4, TimeProvider? time = null) => WorkflowEngine.Start(
        _file,
        registry ?? Samples.Registry(_gates, s_steps),
        new EngineOptions { Worker = worker, Lease = lease ?? Duration.FromSeconds(15), Poll = TimeSpan.FromMilliseconds(10), ActivitiesAtATime = atATime, Grace = TimeSpan.FromMilliseconds(100) },
        time ?? TimeProvider.System,
        NullLogger.Instance,
        committed);

    private static Task<WorkflowInstance> EndAsync(WorkflowEngine engine, string id = "one") => engine.Client.WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(30));

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var i = 0; !isSo(); i++)
        {
            Assert.True(i < 1500, "Waited in vain.");
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task An_owner_whose_lease_ran_out_is_fenced_at_its_next_commit()
    {
        using var pause = new ManualResetEventSlim();
        var isPaused = new TaskCompletionSource();
        var pauses = false;
        await using var slow = Start("slow", RegistryOf("slow"), Duration.FromSeconds(2), _ =>
        {
            if (Volatile.Read(ref pauses))
            {
                isPaused.TrySetResult();
                pause.Wait();
            }
        });
        Assert.True(await slow.Client.TryStartAsync(s_steps, "one", "", default));
        await UntilAsync(() => _gates.Asked("first of slow") == 1);
        Volatile.Write(ref pauses, true);
        await isPaused.Task.WaitAsync(TimeSpan.FromSeconds(10));

        // Its process stands still with an instance in memory and an activity under way; another takes both, and goes on.
        await using (var quick = Start("quick", RegistryOf("quick"), Duration.FromSeconds(2)))
        {
            await UntilAsync(() => _gates.Asked("first of quick") == 1);
            _gates.Open("first of slow");
            await Task.Delay(300); // its outcome is at hand
            Volatile.Write(ref pauses, false);
            pause.Set();
            var commits = slow.Commits;
            await UntilAsync(() => slow.Commits > commits + 1);
            Assert.DoesNotContain(await quick.Client.HistoryAsync("one", default), e => e.Kind == HistoryKind.ActivityCompleted);
            _gates.Open("first of quick");
            await UntilAsync(() => quick.Client.FindAsync("one", default).Result!.CustomStatus == "\"waits\"");
            Assert.True(await quick.Client.RaiseAsync("one", Samples.Said, "quick", default));
            await UntilAsync(() => quick.Client.HistoryAsync("one", default).Result.Any(e => e.Kind == HistoryKind.EventReceived));
        }

        // Given back, it is the first one's again, which makes it anew.
        Assert.True(await slow.Client.RaiseAsync("one", Samples.Said, "slow", default));
        Assert.Equal("\"first of quick quick slow\"", (await EndAsync(slow)).Output);
        Assert.Single(await slow.Client.HistoryAsync("one", default), e => e.Kind == HistoryKind.ActivityCompleted);

        WorkflowRegistry RegistryOf(string engine) => new WorkflowRegistry().Add(s_steps).Add(Samples.Gate, (gate, cancellationToken) => _gates.PassAsync($"{gate} of {engine}", cancellationToken));
    }

    [Fact]
    public async Task Two_engines_share_the_work_and_do_nothing_twice()
    {
        var done = new ConcurrentBag<(string Engine, int Number)>();
        var work = new ActivityDefinition<int, int>("work", Samples.Number, Samples.Number);
        var fan = Samples.Of("fan", async (context, _) => $"{(await Task.WhenAll(Enumerable.Range(0, 200).Select(i => context.CallAsync(work, i)))).Sum()}");
        WorkflowRegistry Registry(string engine) => Samples.Registry(_gates, fan).Add(work, async (n, cancellationToken) =>
        {
            await Task.Delay(10, cancellationToken);
            done.Add((engine, n));
            return n;
        });
        await using var one = Start("one", Registry("one"));
        await using var other = Start("other", Registry("other"));
        Assert.True(await one.Client.TryStartAsync(fan, "one", "", default));
        Assert.Equal("\"19900\"", (await EndAsync(other)).Output);
        Assert.Equal(Enumerable.Range(0, 200), done.Select(d => d.Number).Order());
        Assert.Equal(["one", "other"], done.Select(d => d.Engine).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_called_workflow_of_another_engine_tells_its_caller_and_is_ended_with_it()
    {
        var leaf = Samples.Of("leaf", (context, gate) => context.CallAsync(Samples.Gate, gate));
        var caller = Samples.Of("caller", async (context, _) => string.Join(' ', await Task.WhenAll(context.CallAsync(leaf, "a", "a"), context.CallAsync(leaf, "b", "b"))));
        var registry = Samples.Registry(_gates, leaf, caller);
        await using var one = Start("one", registry);
        Assert.True(await one.Client.TryStartAsync(caller, "one", "", default));
        await UntilAsync(() => _gates.Asked("a") + _gates.Asked("b") == 2);
        Execute("UPDATE instances SET owner = NULL WHERE id = 'a'"); // as one that was given back
        await using var other = Start("other", registry);
        await UntilAsync(() => Text("SELECT owner FROM instances WHERE id = 'a'") is "other" or "one");
        _gates.Open("a");
        await UntilAsync(() => other.Client.FindAsync("a", default).Result!.Status == InstanceStatus.Completed);
        Execute("UPDATE instances SET owner = 'other' WHERE id = 'b'");
        Assert.True(await one.Client.TerminateAsync("one", "", default));
        await EndAsync(one);
        Assert.Equal(InstanceStatus.Terminated, (await EndAsync(one, "b")).Status);
    }

    [Fact]
    public async Task A_stopped_engine_gives_back_what_it_had_and_the_next_goes_on_at_once()
    {
        var one = Start("one");
        Assert.True(await one.Client.TryStartAsync(s_steps, "one", "", default));
        await UntilAsync(() => _gates.Asked("first") == 1);
        await one.StopAsync();
        Assert.Equal("0 0 0", Text("SELECT (SELECT count(*) FROM instances WHERE owner IS NOT NULL) || ' ' || (SELECT count(*) FROM activities WHERE owner IS NOT NULL) || ' ' || (SELECT count(*) FROM workers)"));
        await one.DisposeAsync();
        await one.DisposeAsync();
        await using var next = Start("next");
        await UntilAsync(() => _gates.Asked("first") == 2);
        _gates.Open("first");
        await UntilAsync(() => next.Client.FindAsync("one", default).Result!.CustomStatus == "\"waits\"");
    }

    [Fact]
    public async Task An_activity_that_does_not_heed_its_token_holds_no_stop_up_and_is_done_again()
    {
        var never = new TaskCompletionSource<int>();
        var times = 0;
        var work = new ActivityDefinition<int, int>("work", Samples.Number, Samples.Number);
        var works = Samples.Of("works", async (context, _) => $"{await context.CallAsync(work, 1)}");
        var registry = Samples.Registry(_gates, works).Add(work, (_, _) => Interlocked.Increment(ref times) == 1 ? never.Task : Task.FromResult(2));
        var one = Start("one", registry);
        Assert.True(await one.Client.TryStartAsync(works, "one", "", default));
        await UntilAsync(() => times == 1);
        await one.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        never.SetResult(1); // too late
        await using var next = Start("next", registry);
        Assert.Equal("\"2\"", (await EndAsync(next)).Output);
    }

    [Fact]
    public async Task An_activity_that_fails_because_it_was_cancelled_did_not_fail()
    {
        var times = 0;
        var work = new ActivityDefinition<int, int>("work", Samples.Number, Samples.Number);
        var works = Samples.Of("works", async (context, _) => $"{await context.CallAsync(work, 1)}");
        var registry = Samples.Registry(_gates, works).Add(work, async (_, cancellationToken) =>
        {
            if (Interlocked.Increment(ref times) == 1)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                throw new IOException("The connection was closed.");
            }

            return 2;
        });
        var one = Start("one", registry);
        Assert.True(await one.Client.TryStartAsync(works, "one", "", default));
        await UntilAsync(() => times == 1);
        await one.DisposeAsync();
        await using var next = Start("next", registry);
        Assert.Equal("\"2\"", (await EndAsync(next)).Output);
    }

    [Fact]
    public async Task Instances_of_a_workflow_that_nobody_knows_wait_and_stand_in_nobodys_way()
    {
        var later = Samples.Of("later", (_, input) => Task.FromResult(input));
        var client = new JournalClient(_file, TimeProvider.System);
        Assert.True(await client.TryStartAsync(later, "0", "x", default));
        Execute("""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
            INSERT INTO instances (id, workflow, status, generation, length, input, created, updated, fence) SELECT i, 'later', 0, 0, 0, '"x"', 0, 0, 1 FROM n
            """);
        await using (var old = Start("old"))
        {
            Assert.True(await client.TryStartAsync(s_steps, "one", "", default));
            await UntilAsync(() => _gates.Asked("first") == 1);
            Assert.Equal(InstanceStatus.Running, (await client.FindAsync("0", default))!.Status);
        }

        await using var young = Start("young", Samples.Registry(_gates, later), lease: Duration.FromMinutes(10));
        await UntilAsync(() => Text($"SELECT count(*) FROM instances WHERE workflow = 'later' AND status = {(int)InstanceStatus.Completed}") == "1201");
    }

    [Fact]
    public async Task A_clock_that_is_set_back_stops_nobody()
    {
        var time = new OffsetTime();
        var timers = Samples.Of("timers", async (context, _) =>
        {
            await context.CallAsync(Samples.Gate, "first");
            await context.TimerAsync(context.Now + Duration.FromMilliseconds(200), CancellationToken.None);
            return "through";
        });
        var registry = Samples.Registry(_gates, timers);
        await using var one = Start("one", registry, lease: Duration.FromSeconds(2), time: time);
        Assert.True(await one.Client.TryStartAsync(timers, "one", "", default));
        await UntilAsync(() => _gates.Asked("first") == 1);
        time.Move(TimeSpan.FromHours(-1));
        await using var other = Start("other", registry, lease: Duration.FromSeconds(2), time: time);
        await Task.Delay(5000);
        Assert.Equal(1, _gates.Asked("first")); // it is alive, and says so
        _gates.Open("first");
        Assert.Equal("\"through\"", (await EndAsync(one)).Output);
    }

    private void Execute(string sql) => Text(sql);

    private string? Text(string sql)
    {
        using var connection = JournalFile.Open(_file);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()?.ToString();
    }
}
