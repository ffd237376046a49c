using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Tests.Engine.Conformance;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>What the journal promises: what is committed is done once, a disk that fails loses nothing, and what is over costs nothing.</summary>
public sealed class JournalTests : IDisposable
{
    private static readonly WorkflowDefinition<int, int> s_called = Samples.OfNumber("called", async (context, n) => await context.CallAsync(Samples.Next, await context.CallAsync(Samples.Next, n)));

    private static readonly WorkflowDefinition<string, string> s_mixed = Samples.Of("mixed", async (context, _) =>
    {
        var a = await context.CallAsync(Samples.Next, 0);
        var both = await Task.WhenAll(context.CallAsync(Samples.Next, a), context.CallAsync(s_called, $"{context.InstanceId}.called", 10));
        var gate = context.CallAsync(Samples.Gate, "open");
        var inTime = await context.EndsByAsync(gate, context.Now + Duration.FromMinutes(1));
        await context.TimerAsync(context.Now + Duration.FromMilliseconds(20), CancellationToken.None);
        var word = await context.EventAsync(Samples.Said, CancellationToken.None);
        return $"{a} {both[0]} {both[1]} {inTime} {word} {await context.CallAsync(Samples.Fail, "until:1")}";
    });

    private readonly JournalHost _host = new();
    private readonly Gates _gates = new();

    public void Dispose() => _host.DisposeAsync().AsTask().GetAwaiter().GetResult();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_process_that_dies_at_any_commit_changes_nothing(bool alsoWhenItGoesOn)
    {
        for (var at = 1; ; at++)
        {
            var (left, hasDied) = (at, false);
            var gates = new Gates();
            gates.Open("open");
            await using var host = new JournalHost
            {
                Committed = engine =>
                {
                    if (--left == 0)
                    {
                        hasDied = true;
                        engine.Abandon();
                    }
                },
            };
            var registry = Samples.Registry(gates, s_mixed, s_called);
            Assert.True(await host.Client.TryStartAsync(s_mixed, "one", "", default));
            Assert.True(await host.Client.RaiseAsync("one", Samples.Said, "word", default));
            await host.StartAsync(registry);
            for (var runs = 1; (await host.Client.FindAsync("one", default))!.Status == InstanceStatus.Running; await Task.Delay(5))
            {
                if (Volatile.Read(ref hasDied))
                {
                    Assert.True(++runs < 100, "It does not come to an end.");
                    await host.CrashAsync();
                    (left, hasDied) = (alsoWhenItGoesOn ? 2 : -1, false);
                    await host.StartAsync(registry);
                }
            }

            var ended = await host.Client.FindAsync("one", default);
            Assert.True(ended!.Output?.StartsWith("\"1 2 12 True word ", StringComparison.Ordinal) == true, $"died at commit {at}: {ended.Status} {ended.Output} {ended.Failure}");
            foreach (var id in (string[])["one", "one.called"])
            {
                var told = (await host.Engine.Client.HistoryAsync(id, default)).Where(e => !e.IsAsked && e.Task >= 0);
                Assert.All(told.GroupBy(e => e.Task), step => Assert.Single(step));
            }

            if (left > 0 && !alsoWhenItGoesOn)
            {
                Assert.True(at > 5, "There were few commits to die at.");
                return; // it ended before it could die
            }

            if (alsoWhenItGoesOn && at == 8)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task What_ends_at_the_same_time_is_committed_together()
    {
        await using var host = new JournalHost { Options = new EngineOptions { ActivitiesAtATime = 300, Poll = TimeSpan.FromMilliseconds(10) } };
        var fan = Samples.Of("fan", async (context, _) => $"{(await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => context.CallAsync(Samples.Gate, "open")))).Length}");
        await host.StartAsync(Samples.Registry(_gates, fan));
        Assert.True(await host.Client.TryStartAsync(fan, "one", "", default));
        for (var i = 0; _gates.Asked("open") < 300; i++)
        {
            Assert.True(i < 1500, "Waited in vain.");
            await Task.Delay(20);
        }

        var before = host.Engine.Commits;
        _gates.Open("open");
        await host.Engine.Client.WaitAsync("one", default).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(host.Engine.Commits - before, 1, 150);
    }

    [Fact]
    public async Task While_another_holds_the_file_nothing_is_lost()
    {
        await _host.StartAsync(Samples.Registry(_gates, s_mixed, s_called));
        Assert.True(await _host.Client.TryStartAsync(s_mixed, "one", "", default));
        await UntilAsync(() => _gates.Asked("open") == 1);
        using (var other = JournalFile.Open(_host.File))
        {
            Execute(other, "BEGIN IMMEDIATE");
            _gates.Open("open");
            await Task.Delay(TimeSpan.FromSeconds(5)); // longer than the engine's patience
            Execute(other, "COMMIT");
        }

        Assert.True(await _host.Client.RaiseAsync("one", Samples.Said, "word", default));
        Assert.Equal("\"1 2 12 True word 1\"", (await _host.Engine.Client.WaitAsync("one", default).WaitAsync(TimeSpan.FromSeconds(30))).Output);
        Assert.Equal(1, _gates.Asked("open"));
    }

    [Fact]
    public async Task While_the_disk_is_full_nothing_is_lost_and_it_goes_on_when_there_is_room()
    {
        var large = new Odd(1, new string('x', 500_000), null, null);
        var through = new WorkflowDefinition<string, Odd>("through", 1, Samples.Text, Samples.OddValue, async (context, _) =>
        {
            await context.CallAsync(Samples.Gate, "open");
            return await context.CallAsync(Samples.Echo, large);
        });
        await _host.StartAsync(Samples.Registry(_gates, through));
        Assert.True(await _host.Client.TryStartAsync(through, "one", "", default));
        await UntilAsync(() => _gates.Asked("open") == 1);
        Execute(_host.Engine.Connection, "PRAGMA max_page_count = 60");
        _gates.Open("open");
        await Task.Delay(1000);
        Assert.Equal(InstanceStatus.Running, (await _host.Client.FindAsync("one", default))!.Status);
        Assert.Equal(2, (await _host.Engine.Client.HistoryAsync("one", default)).Count); // nothing halfway
        Execute(_host.Engine.Connection, "PRAGMA max_page_count = 1000000");
        var ended = await _host.Engine.Client.WaitAsync("one", default).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(large, System.Text.Json.JsonSerializer.Deserialize(ended.Output!, Samples.OddValue));
        Assert.Equal(1, _gates.Asked("open"));
    }

    [Fact]
    public async Task Ten_thousand_instances_that_wait_cost_nothing_and_all_go_on_when_their_time_comes()
    {
        var time = new OffsetTime();
        var waits = Samples.OfNumber("waits", async (context, n) =>
        {
            await context.TimerAsync(context.Now + Duration.FromHours(1), CancellationToken.None);
            return n;
        });
        var all = Samples.Of("all", async (context, _) => $"{(await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i => context.CallAsync(waits, $"{i}", i)))).Length}");
        await using var engine = WorkflowEngine.Start(
            _host.File, Samples.Registry(_gates, all, waits, s_called), new EngineOptions { Lease = Duration.FromMinutes(10), Poll = TimeSpan.FromMilliseconds(10) }, time, NullLogger.Instance);
        Assert.True(await engine.Client.TryStartAsync(all, "all", "", default));
        using var connection = JournalFile.Open(_host.File);
        await UntilAsync(() => Number(connection, "SELECT count(*) FROM timers") == 10_000);
        // The outcome of the last step is written soon after what it began; from then on there is nothing to write.
        for (var (commits, rounds) = (-1L, 0); engine.Commits != commits; rounds++)
        {
            Assert.True(rounds < 20, "It goes on writing.");
            commits = engine.Commits;
            await Task.Delay(500);
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.True(await engine.Client.TryStartAsync(s_called, "beside", 1, default));
        await engine.Client.WaitAsync("beside", default).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
        time.Move(TimeSpan.FromHours(2));
        Assert.Equal("\"10000\"", (await engine.Client.WaitAsync("all", default).WaitAsync(TimeSpan.FromSeconds(60))).Output);
        Assert.Equal(0, Number(connection, "SELECT count(*) FROM timers"));
    }

    [Fact]
    public async Task A_hundred_thousand_finished_instances_are_archived_and_forgotten_in_flat_memory_and_the_file_shrinks()
    {
        const int Instances = 100_000;
        await _host.StartAsync(Samples.Registry(_gates, s_waiting));
        Assert.True(await _host.Client.TryStartAsync(s_waiting, "running", "", default));
        await UntilAsync(() => _gates.Asked("open") == 1);
        using (var connection = JournalFile.Open(_host.File))
        {
            Assert.Equal(2, Number(connection, "PRAGMA auto_vacuum")); // incremental
            Execute(connection, $$"""
                BEGIN;
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{Instances}})
                INSERT INTO instances (number, id, workflow, status, generation, length, parent, input, output, created, updated, fence)
                SELECT 1000 + i, 'i' || i, 'waiting', 1, 0, 3, iif(i % 10 = 0, 1000 + i - 1, NULL), '"x"', '"y"', i, i, 1 FROM n;
                INSERT INTO history (instance, sequence, kind, task, payload, at) SELECT number, 0, 0, -1, '"{{new string('x', 300)}}"', 0 FROM instances WHERE number > 1000;
                INSERT INTO history (instance, sequence, kind, task, payload, at) SELECT number, 1, 11, -1, '"y"', 0 FROM instances WHERE number > 1000;
                COMMIT;
                PRAGMA wal_checkpoint(TRUNCATE);
                """);
        }

        var before = new FileInfo(_host.File).Length;
        var (archived, called, most, lines) = (0, 0, 0L, 0);
        var held = GC.GetTotalMemory(forceFullCollection: true);
        var purged = await _host.Client.PurgeAsync(
            Instant.FromUtc(2000, 1, 1, 0, 0),
            (instance, _) =>
            {
                lines += instance.History!.Count(c => c == '\n');
                called += instance.Instance.Parent is null ? 0 : 1;
                if (++archived % 20_000 == 0)
                {
                    most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - held);
                }

                return Task.CompletedTask;
            },
            default);
        Assert.Equal((Instances / 10 * 9, Instances, Instances / 10, 2 * Instances), (purged, archived, called, lines));
        Assert.InRange(most, 0, 30 << 20);
        using (var connection = JournalFile.Open(_host.File))
        {
            Assert.Equal(1, Number(connection, "SELECT count(*) FROM instances"));
            Execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        }

        Assert.InRange(new FileInfo(_host.File).Length, 1, before / 10);
        _gates.Open("open");
        await _host.Engine.Client.WaitAsync("running", default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_journal_of_a_newer_program_or_a_damaged_one_is_refused_in_one_line()
    {
        using (var connection = JournalFile.Open(_host.File))
        {
            Execute(connection, "PRAGMA user_version = 99");
        }

        var fault = Assert.Throws<LakeException>(() => JournalFile.Open(_host.File));
        Assert.StartsWith($"{_host.File}: has layout version 99", fault.Message, StringComparison.Ordinal);
        var damaged = Path.Combine(Path.GetDirectoryName(_host.File)!, "damaged.db");
        File.WriteAllText(damaged, new string('x', 10_000));
        fault = Assert.Throws<LakeException>(() => JournalFile.Open(damaged));
        Assert.StartsWith($"{damaged}: cannot be used", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    private static readonly WorkflowDefinition<string, string> s_waiting = Samples.Of("waiting", (context, _) => context.CallAsync(Samples.Gate, "open"));

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var i = 0; !isSo(); i++)
        {
            Assert.True(i < 1500, "Waited in vain.");
            await Task.Delay(20);
        }
    }

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
