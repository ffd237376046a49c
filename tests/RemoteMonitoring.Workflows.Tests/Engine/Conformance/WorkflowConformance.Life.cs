using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>Beginning, beginning anew, ending and being forgotten.</summary>
public abstract partial class WorkflowConformance
{
    [Fact]
    public async Task An_id_is_started_once_whatever_became_of_it()
    {
        _gates.Open("done");
        await StartHostAsync(s_waits, s_fails);
        await StartAsync(s_waits, "never", "running");
        await StartAsync(s_waits, "done", "completed");
        await StartAsync(s_fails, "for good", "failed");
        await StartAsync(s_waits, "never", "terminated");
        await OutputAsync("completed");
        await FailureAsync("failed");
        Assert.True(await Client.TerminateAsync("terminated", "", default));
        await EndAsync("terminated");
        await CrashAndStartAsync();
        foreach (var id in (string[])["running", "completed", "failed", "terminated"])
        {
            var before = await Client.FindAsync(id, default);
            Assert.False(await Client.TryStartAsync(s_waits, id, "done", default));
            Assert.False(await Client.TryStartAsync(s_fails, id, "for good", default));
            var after = await Client.FindAsync(id, default);
            Assert.Equal((before!.Status, before.Workflow, before.Input, before.Output, before.Created), (after!.Status, after.Workflow, after.Input, after.Output, after.Created));
        }

        Assert.Null(await Client.FindAsync("nobody", default));
    }

    [Fact]
    public async Task Of_many_who_start_the_same_id_at_once_one_does()
    {
        _gates.Open("done");
        await StartHostAsync(s_waits);
        var started = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Client.TryStartAsync(s_waits, Id, "done", default)));
        Assert.Single(started, true);
        await OutputAsync();
        Assert.Equal(1, _gates.Asked("done"));
    }

    [Fact]
    public async Task A_workflow_begins_anew_a_thousand_times_and_loses_no_event()
    {
        // Each beginning takes one event at the most; there are more than are taken, and they are in their order to the end.
        var again = Samples.OfNumber("again", async (context, round) =>
        {
            if (round == 1)
            {
                await context.EventAsync(Samples.Go, CancellationToken.None);
            }

            if (round % 100 == 0)
            {
                await context.CallAsync(Samples.Next, round);
                if (await context.EventAsync(Samples.Said, CancellationToken.None) != $"{round / 100}")
                {
                    throw new InvalidDataException($"Not the event of round {round}.");
                }
            }

            if (round < 1000)
            {
                context.ContinueAsNew(round + 1, Samples.Number);
            }

            return round;
        });
        await StartHostAsync(again);
        await StartAsync(again, 1);
        foreach (var i in Enumerable.Range(1, 12))
        {
            await RaiseAsync(Samples.Said, $"{i}");
        }

        await RaiseAsync(Samples.Go, "");
        var ended = await EndAsync();
        Assert.True(ended.Output == "1000", $"{ended.Status} {ended.Output} {ended.Failure}");
    }

    [Fact]
    public async Task A_beginning_may_drop_the_events_that_were_not_taken()
    {
        var drops = Samples.OfNumber("drops", async (context, round) =>
        {
            var word = await context.EventAsync(Samples.Said, CancellationToken.None);
            if (round == 0)
            {
                await context.CallAsync(Samples.Gate, "heard");
                context.ContinueAsNew(1, Samples.Number, keepEvents: false);
                return 0;
            }

            return word == "after" ? 1 : -1;
        });
        await StartHostAsync(drops);
        await StartAsync(drops, 0);
        await RaiseAsync(Samples.Said, "first");
        await AskedAsync("heard");
        await RaiseAsync(Samples.Said, "dropped");
        await RaiseAsync(Samples.Go, "too");
        await Task.Delay(200); // until it has been told
        _gates.Open("heard");
        await UntilAsync(Id, i => i.Input == "1");
        await RaiseAsync(Samples.Said, "after");
        Assert.Equal("1", (await EndAsync()).Output);
    }

    [Fact]
    public async Task A_step_of_an_earlier_beginning_is_not_taken_for_one_of_the_next()
    {
        // Both ask for an activity as their first step; the first's ends when the second waits for its own.
        var stale = Samples.OfNumber("stale", async (context, round) =>
        {
            var step = context.CallAsync(Samples.DeafGate, round == 0 ? "first" : "second");
            if (round == 0)
            {
                await context.EventAsync(Samples.Go, CancellationToken.None);
                context.ContinueAsNew(1, Samples.Number);
                return 0;
            }

            return await step == "second" ? 1 : -1;
        });
        await StartHostAsync(stale);
        await StartAsync(stale, 0);
        await AskedAsync("first");
        await RaiseAsync(Samples.Go, "");
        await AskedAsync("second");
        _gates.Open("first");
        await Task.Delay(200);
        Assert.Equal(InstanceStatus.Running, (await Client.FindAsync(Id, default))!.Status);
        _gates.Open("second");
        Assert.Equal("1", (await EndAsync()).Output);
    }

    [Fact]
    public async Task What_ended_before_an_instant_is_archived_with_all_that_it_called_then_forgotten()
    {
        var calls = Samples.Of("calls", (context, gate) => context.CallAsync(s_waits, $"{context.InstanceId}.called", gate));
        _gates.Open("done");
        await StartHostAsync(calls, s_waits);
        await StartAsync(calls, "done", "old");
        await StartAsync(calls, "never", "running");
        await OutputAsync("old");
        await AskedAsync("never");
        await Task.Delay(20);
        var between = Now;
        await Task.Delay(20);
        await StartAsync(calls, "done", "young");
        await OutputAsync("young");

        var refused = Client.PurgeAsync(between, (_, _) => throw new IOException("no room"), default);
        await Assert.ThrowsAsync<IOException>(() => refused);
        Assert.NotNull(await Client.FindAsync("old", default));

        var archived = new List<string>();
        Assert.Equal(1, await Client.PurgeAsync(between, (i, _) => { archived.Add(i.Instance.Id); return Task.CompletedTask; }, default));
        Assert.Equal(["old", "old.called"], archived.Order(StringComparer.Ordinal));
        Assert.Null(await Client.FindAsync("old", default));
        Assert.Null(await Client.FindAsync("old.called", default));
        Assert.Equal(["young", "running"], (await Client.ListAsync("calls", 10, default)).Select(i => i.Id));
        Assert.Equal(["young"], (await Client.ListAsync(null, 1, default)).Select(i => i.Id));
        Assert.Equal(["running"], (await Client.ListRunningAsync("calls", 10, default)).Select(i => i.Id));
        Assert.Empty(await Client.ListRunningAsync("another", 10, default));
        _gates.Open("never");
        Assert.Equal("never", await OutputAsync("running"));
    }
}
