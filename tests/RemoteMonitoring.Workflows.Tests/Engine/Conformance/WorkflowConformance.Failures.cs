using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>Failures, retries, and code that was changed under a running workflow.</summary>
public abstract partial class WorkflowConformance
{
    [Theory]
    [InlineData("for good: x", false, typeof(PermanentFailureException))]
    [InlineData("may pass", true, typeof(TimeoutException))]
    public async Task A_failure_has_its_type_message_and_whether_it_may_pass_also_after_a_crash(string how, bool retryable, Type type)
    {
        var catches = Samples.Of("catches", async (context, _) =>
        {
            try
            {
                await context.CallAsync(Samples.Fail, how);
                return "did not fail";
            }
            catch (StepFailedException e)
            {
                Show(context, "failed");
                await context.EventAsync(Samples.Go, CancellationToken.None);
                return $"{e.StepName}|{e.Failure.Type}|{e.Failure.Message}|{e.Failure.Retryable}";
            }
        });
        await StartHostAsync(catches);
        await StartAsync(catches, "");
        await StatusAsync("failed");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Go, "");
        Assert.Equal($"fail|{type.FullName}|{how}|{retryable}", await OutputAsync());
        Assert.Equal(1, _gates.Asked($"fail {how}"));
    }

    [Fact]
    public async Task A_workflow_that_throws_fails_with_what_it_threw()
    {
        var throws = Samples.Of("throws", async (context, _) =>
        {
            await context.CallAsync(Samples.Next, 1);
            throw new InvalidDataException("not what was asked for");
        });
        await StartHostAsync(throws);
        await StartAsync(throws, "");
        var failure = await FailureAsync();
        Assert.Equal((typeof(InvalidDataException).FullName, "not what was asked for"), (failure.Type, failure.Message));
    }

    [Fact]
    public async Task Retries_go_on_where_they_were_after_a_restart_and_come_to_an_end()
    {
        var retries = Samples.Of("retries", async (context, how) => $"{await context.CallAsync(Samples.Fail, how, new RetryPolicy(3, Soon, Backoff: 1))}");
        await StartHostAsync(retries);
        await StartAsync(retries, "until:3");
        await StartAsync(retries, "never", "in vain");
        await StartAsync(retries, "for good", "for good");
        await AskedAsync("fail until:3");
        await CrashAndStartAsync();
        await AskedAsync("fail until:3", 2);
        await CrashAndStartAsync();
        // What a crash overtakes is done again: at least once.
        Assert.InRange(int.Parse(await OutputAsync(), System.Globalization.CultureInfo.InvariantCulture), 3, 5);
        Assert.Equal("never", (await FailureAsync("in vain")).Message);
        Assert.InRange(_gates.Asked("fail never"), 3, 5);
        await FailureAsync("for good");
        Assert.InRange(_gates.Asked("fail for good"), 1, 3);
    }

    [Theory]
    [InlineData("added")]
    [InlineData("removed")]
    [InlineData("reordered")]
    [InlineData("ends early")]
    public async Task Code_changed_under_a_running_workflow_fails_it_and_names_the_step(string change)
    {
        var before = Samples.Of("changes", async (context, _) =>
        {
            await context.CallAsync(Samples.Next, 1);
            await context.CallAsync(Samples.Gate, "open");
            Show(context, "waits");
            return await context.EventAsync(Samples.Go, CancellationToken.None);
        });
        var after = Samples.Of("changes", async (context, _) =>
        {
            switch (change)
            {
                case "added":
                    await context.CallAsync(Samples.Next, 1);
                    await context.CallAsync(Samples.Next, 2);
                    await context.CallAsync(Samples.Gate, "open");
                    break;
                case "removed":
                    await context.CallAsync(Samples.Gate, "open");
                    break;
                case "reordered":
                    await context.CallAsync(Samples.Gate, "open");
                    await context.CallAsync(Samples.Next, 1);
                    break;
                default:
                    await context.CallAsync(Samples.Next, 1);
                    return "ended early";
            }

            return await context.EventAsync(Samples.Go, CancellationToken.None);
        });
        _gates.Open("open");
        await StartHostAsync(before);
        await StartAsync(before, "");
        await StatusAsync("waits");
        await _host.StopAsync();
        await StartHostAsync(after);
        await RaiseAsync(Samples.Go, "on");
        var failure = await FailureAsync();
        Assert.Contains(change is "removed" or "reordered" ? "'next'" : "'gate'", failure.Message, StringComparison.Ordinal);
        Assert.False(failure.Retryable);
    }

    [Fact]
    public async Task A_workflow_that_catches_that_its_code_was_changed_fails_all_the_same()
    {
        var before = Samples.Of("changes", async (context, _) => $"{await context.CallAsync(Samples.Next, 1)} {await context.EventAsync(Samples.Go, CancellationToken.None)}");
        var after = Samples.Of("changes", async (context, _) =>
        {
            try
            {
                return await context.CallAsync(Samples.Gate, "open");
            }
            catch (Exception)
            {
                return "caught";
            }
        });
        await StartHostAsync(before);
        await StartAsync(before, "");
        await UntilAsync(Id, i => i.Updated > i.Created);
        await _host.StopAsync();
        await StartHostAsync(after);
        await RaiseAsync(Samples.Go, "on");
        Assert.Contains("'next'", (await FailureAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timer_that_outlasts_a_race_is_nobodys_and_steps_that_lost_may_still_fail()
    {
        var race = Samples.Of("race", async (context, _) =>
        {
            var slow = context.CallAsync(Samples.Gate, "slow");
            var inTime = await context.EndsByAsync(slow, context.Now + Duration.FromMilliseconds(50));
            return $"{inTime} {await context.CallAsync(Samples.Next, 1)}";
        });
        await StartHostAsync(race);
        await StartAsync(race, "");
        Assert.Equal("False 2", await OutputAsync());
        _gates.Open("slow");
        Assert.Equal("False 2", await OutputAsync());
    }
}
