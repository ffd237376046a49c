using System.Globalization;
using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>Races and timers: what was decided once is decided the same way for ever.</summary>
public abstract partial class WorkflowConformance
{
    [Theory]
    [InlineData("a,b", "a")]
    [InlineData("a,b", "b")]
    [InlineData("b,a", "a")]
    [InlineData("b,a", "b")]
    public async Task Who_won_a_race_wins_it_again_after_a_crash_when_both_have_ended(string order, string first)
    {
        var race = Samples.Of("race", async (context, names) =>
        {
            var runners = names.Split(',').Select(name => context.CallAsync(Samples.Gate, name)).ToArray();
            var winner = await await Task.WhenAny(runners);
            Show(context, $"won by {winner}");
            await Task.WhenAll(runners);
            Show(context, "all in");
            var word = await context.EventAsync(Samples.Go, CancellationToken.None);
            return $"{winner} {word}";
        });
        await StartHostAsync(race);
        await StartAsync(race, order);
        await AskedAsync("a");
        await AskedAsync("b");
        _gates.Open(first);
        await StatusAsync($"won by {first}");
        await CrashAndStartAsync();
        _gates.Open(first == "a" ? "b" : "a");
        await StatusAsync("all in");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Go, "on");
        Assert.Equal($"{first} on", await OutputAsync());
    }

    [Fact]
    public async Task Of_two_failures_at_once_the_first_argument_s_is_thrown_and_the_other_is_there_to_be_seen()
    {
        var both = Samples.Of("both", async (context, _) =>
        {
            var all = Task.WhenAll(context.CallAsync(Samples.Fail, "for good: one"), context.CallAsync(Samples.Next, 1), context.CallAsync(Samples.Fail, "for good: two"));
            try
            {
                await all;
                return "none failed";
            }
            catch (StepFailedException e)
            {
                Show(context, "failed");
                var word = await context.EventAsync(Samples.Go, CancellationToken.None);
                return $"{e.Failure.Message}; {string.Join(", ", all.Exception!.InnerExceptions.Cast<StepFailedException>().Select(f => f.Failure.Message))}; {word}";
            }
        });
        await StartHostAsync(both);
        await StartAsync(both, "");
        await StatusAsync("failed");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Go, "on");
        Assert.Equal("for good: one; for good: one, for good: two; on", await OutputAsync());
    }

    [Fact]
    public async Task A_timer_fires_after_a_restart_also_when_its_time_came_meanwhile()
    {
        var waits = Samples.Of("waits", async (context, _) =>
        {
            var until = context.Now + Soon;
            Show(context, "waits");
            await context.TimerAsync(until, CancellationToken.None);
            return (context.Now >= until).ToString(CultureInfo.InvariantCulture);
        });
        await StartHostAsync(waits);
        await StartAsync(waits, "");
        await StatusAsync("waits");
        await _host.CrashAsync();
        await Task.Delay((Soon * 2).ToTimeSpan());
        await _host.StartAsync(_registry);
        Assert.Equal("True", await OutputAsync());
    }

    [Fact]
    public async Task A_timer_of_the_past_fires_at_once()
    {
        var past = Samples.Of("past", async (context, _) =>
        {
            await context.TimerAsync(context.Now - Duration.FromDays(1), CancellationToken.None);
            await context.TimerAsync(context.Now, CancellationToken.None);
            await context.TimerAsync(Instant.FromUnixTimeSeconds(0), CancellationToken.None);
            return "through";
        });
        await StartHostAsync(past);
        await StartAsync(past, "");
        Assert.Equal("through", await OutputAsync());
    }

    [Fact]
    public async Task A_cancelled_timer_throws_and_holds_nobody_up()
    {
        var cancels = Samples.Of("cancels", async (context, _) =>
        {
            using var source = new CancellationTokenSource();
            var timer = context.TimerAsync(context.Now + Duration.FromDays(1), source.Token);
            var n = await context.CallAsync(Samples.Next, 1);
            source.Cancel();
            try
            {
                await timer;
            }
            catch (OperationCanceledException)
            {
                n = await context.CallAsync(Samples.Next, n);
            }

            try
            {
                await context.TimerAsync(context.Now, source.Token);
            }
            catch (OperationCanceledException)
            {
                n = await context.CallAsync(Samples.Next, n);
            }

            Show(context, "waits");
            return $"{n} {await context.EventAsync(Samples.Go, CancellationToken.None)}";
        });
        await StartHostAsync(cancels);
        await StartAsync(cancels, "");
        await StatusAsync("waits");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Go, "on");
        Assert.Equal("4 on", await OutputAsync());
    }

    [Fact]
    public async Task Of_a_timer_and_an_event_that_are_both_there_one_wins_and_does_so_again()
    {
        var race = Samples.Of("race", async (context, _) =>
        {
            var until = context.Now + Soon;
            Show(context, "waits");
            var (came, value) = await context.EventByAsync(Samples.Said, until);
            var first = came ? value : "timer";
            Show(context, $"{first} won");
            var go = await context.EventAsync(Samples.Go, CancellationToken.None);
            // An event that lost is not lost.
            return came ? $"{first} {go}" : $"{first} {go} {await context.EventAsync(Samples.Said, CancellationToken.None)}";
        });
        await StartHostAsync(race);
        await StartAsync(race, "");
        await StatusAsync("waits");
        await _host.StopAsync();
        await Task.Delay((Soon * 2).ToTimeSpan());
        await _host.StartAsync(_registry);
        await RaiseAsync(Samples.Said, "word");
        var decided = await UntilAsync(Id, i => i.CustomStatus?.EndsWith("won\"", StringComparison.Ordinal) == true);
        var winner = decided.CustomStatus!.Trim('"').Split(' ')[0];
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Go, "on");
        Assert.Equal(winner == "word" ? "word on" : "timer on word", await OutputAsync());
    }

    [Fact]
    public async Task Time_and_ids_are_the_same_within_a_turn_and_when_it_is_run_again()
    {
        var told = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var looks = Samples.Of("looks", async (context, _) =>
        {
            var lines = new List<string>();
            for (var i = 0; i < 3; i++)
            {
                var (now, id) = (context.Now, context.NewGuid());
                for (var until = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(until) < TimeSpan.FromMilliseconds(5);)
                {
                    Assert.Equal(now, context.Now);
                }

                lines.Add($"{now.ToUnixTimeTicks()} {id}");
                told.Enqueue($"{i} {lines[^1]}");
                await context.CallAsync(Samples.Next, i);
            }

            Show(context, "waits");
            await context.EventAsync(Samples.Go, CancellationToken.None);
            return string.Join('\n', lines);
        });
        await StartHostAsync(looks);
        await StartAsync(looks, "");
        await StatusAsync("waits");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Go, "on");
        var output = (await OutputAsync()).Split('\n');
        Assert.Equal(output.Select((line, i) => $"{i} {line}"), told.Distinct().Order(StringComparer.Ordinal));
        Assert.True(told.Count > 3, "It was not run again.");
        Assert.Equal(3, output.Select(line => line.Split(' ')[1]).Distinct().Count());
    }
}
