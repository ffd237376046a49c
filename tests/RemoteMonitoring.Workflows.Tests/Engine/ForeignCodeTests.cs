using Microsoft.Extensions.Logging;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Tests.Engine.Conformance;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>A workflow that goes on by something else than its engine is told so; others run on.</summary>
public sealed class ForeignCodeTests
{
    private static readonly Dictionary<string, Func<IWorkflowContext, Task<string>>> s_ways = new()
    {
        ["without its context, then a step"] = async context =>
        {
            await context.CallAsync(Samples.Next, 1).ConfigureAwait(false);
            return $"{await context.CallAsync(Samples.Next, 2)}";
        },
        ["without its context, then its end"] = async context => $"{await context.CallAsync(Samples.Next, 1).ConfigureAwait(false)}",
        ["a delay"] = async context =>
        {
            await Task.Delay(1);
            return "";
        },
        ["a delay in a race"] = async context =>
        {
            await Task.WhenAny(Task.Delay(20), context.EventAsync(Samples.Go, CancellationToken.None));
            return "";
        },
        ["the thread pool"] = async context => await Task.Run(async () => $"{await context.CallAsync(Samples.Next, 1)}"),
        ["nothing at all"] = async context => await new TaskCompletionSource<string>().Task,
        ["a wait that another clock ends"] = async context =>
        {
            using var clock = new CancellationTokenSource(20);
            return await context.EventAsync(Samples.Go, clock.Token);
        },
    };

    public static TheoryData<string> Ways => [.. s_ways.Keys];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task It_fails_and_names_the_cause(string way)
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var foreign = Samples.Of("foreign", (context, _) =>
        {
            began.TrySetResult();
            return s_ways[way](context);
        });
        var sound = Samples.Of("sound", async (context, _) => $"{await context.CallAsync(Samples.Next, 1)}");
        await using var host = new JournalHost();
        await host.StartAsync(Samples.Registry(new Gates(), foreign, sound));
        Assert.True(await host.Client.TryStartAsync(foreign, "bad", "", default));
        // What wakes it otherwise has done so by then, however late it began.
        await began.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await Task.Delay(150);
        await host.Client.RaiseAsync("bad", Samples.Go, "wakes who waits", default);
        var ended = await host.Engine.Client.WaitAsync("bad", default).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((InstanceStatus.Failed, typeof(NonDeterminismException).FullName), (ended.Status, ended.Failure?.Type));
        Assert.StartsWith("foreign bad, step ", ended.Failure!.Message, StringComparison.Ordinal);
        Assert.Contains("ConfigureAwait", ended.Failure.Message, StringComparison.Ordinal);
        Assert.True(await host.Client.TryStartAsync(sound, "good", "", default));
        Assert.Equal("\"2\"", (await host.Engine.Client.WaitAsync("good", default).WaitAsync(TimeSpan.FromSeconds(20))).Output);
    }

    [Fact]
    public async Task What_is_thrown_beside_a_workflows_task_ends_that_workflow_alone()
    {
        var stray = Samples.Of("stray", async (context, _) =>
        {
            Stray(context);
            return await context.EventAsync(Samples.Go, CancellationToken.None);
        });
        await using var host = new JournalHost();
        await host.StartAsync(Samples.Registry(new Gates(), stray));
        Assert.True(await host.Client.TryStartAsync(stray, "bad", "", default));
        var ended = await host.Engine.Client.WaitAsync("bad", default).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((InstanceStatus.Failed, "stray"), (ended.Status, ended.Failure?.Message));
        Assert.True(await host.Client.TryStartAsync(stray, "another", "", default));
        await host.Engine.Client.WaitAsync("another", default).WaitAsync(TimeSpan.FromSeconds(20));

        static async void Stray(IWorkflowContext context)
        {
            await context.CallAsync(Samples.Next, 1);
            throw new InvalidDataException("stray");
        }
    }

    [Fact]
    public void What_a_workflow_logs_is_logged_once_also_by_a_logger_it_kept()
    {
        var lines = new Lines();
        var logs = Samples.Of("logs", async (context, _) =>
        {
            var logger = context.Logger;
            for (var i = 0; i < 3; i++)
            {
                logger.Log(LogLevel.Information, default, i, null, (n, _) => $"step {n}");
                await context.CallAsync(Samples.Next, i);
            }

            return "";
        });
        var history = new List<HistoryEvent>();
        for (var i = -1; i < 3; i++)
        {
            var execution = new WorkflowExecution("one", 0, logs, lines);
            execution.Replay(history);
            var told = i < 0
                ? new HistoryEvent(HistoryKind.Started, -1, null, "\"\"", default)
                : new HistoryEvent(HistoryKind.ActivityCompleted, i, "next", "1", default);
            history.Add(told);
            history.AddRange(execution.Tell(told));
        }

        Assert.Equal(["step 0", "step 1", "step 2"], lines);
    }

    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Add(formatter(state, exception));
    }
}
