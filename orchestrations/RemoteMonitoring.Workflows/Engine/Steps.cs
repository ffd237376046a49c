using NodaTime;

namespace RemoteMonitoring.Workflows.Engine;

/// <summary>How often a failing activity is tried, and how long it is waited between.</summary>
/// <param name="Attempts">Tries at the most, the first included.</param>
/// <param name="FirstDelay">Wait after the first.</param>
/// <param name="Backoff">By how much each wait is longer than the one before; 2 by default.</param>
/// <param name="LongestDelay">The longest wait; a minute by default.</param>
public sealed record RetryPolicy(int Attempts, Duration FirstDelay, double Backoff = 2, Duration? LongestDelay = null)
{
    /// <summary>Five tries over about half a minute.</summary>
    public static RetryPolicy Default { get; } = new(5, Duration.FromSeconds(2));

    /// <summary>The wait after a number of tries that failed.</summary>
    public Duration DelayAfter(int attempts) => Duration.Min(FirstDelay * Math.Pow(Backoff, attempts - 1), LongestDelay ?? Duration.FromMinutes(1));
}

/// <summary>What workflows do with steps beyond awaiting them. All of it is made of timers and calls, so it is the same on every engine.</summary>
public static class Steps
{
    /// <summary>Has an activity done, and again where it fails in a way that may pass; the last failure is thrown.</summary>
    public static async Task<TOut> CallAsync<TIn, TOut>(this IWorkflowContext context, ActivityDefinition<TIn, TOut> activity, TIn input, RetryPolicy retry)
    {
        for (var attempts = 1; ; attempts++)
        {
            try
            {
                return await context.CallAsync(activity, input);
            }
            catch (StepFailedException e) when (e.Failure.Retryable && attempts < retry.Attempts)
            {
                // The wait is behind the catch: a timer has no place in a handler that may throw another.
            }

            await context.TimerAsync(context.Now + retry.DelayAfter(attempts), CancellationToken.None);
        }
    }

    /// <summary>
    /// Whether a step ends before an instant; one that does not goes on, and what becomes of it is nobody's. Of both at the same
    /// time the one that was told first wins, and does so for ever.
    /// </summary>
    public static async Task<bool> EndsByAsync(this IWorkflowContext context, Task step, Instant deadline)
    {
        using var cancelled = new CancellationTokenSource();
        var winner = await Task.WhenAny(step, context.TimerAsync(deadline, cancelled.Token));
        cancelled.Cancel();
        return winner == step;
    }

    /// <summary>An event, or the default when none comes before an instant.</summary>
    public static async Task<(bool Came, T? Value)> EventByAsync<T>(this IWorkflowContext context, EventDefinition<T> definition, Instant deadline)
    {
        using var cancelled = new CancellationTokenSource();
        var step = context.EventAsync(definition, cancelled.Token);
        if (await context.EndsByAsync(step, deadline))
        {
            return (true, await step);
        }

        cancelled.Cancel();
        return (false, default);
    }

    /// <summary>
    /// Does a step for each, some at a time, and gives what came of them in their order. Where some fail, the others are still done,
    /// then the first failure in the order of the items is thrown.
    /// </summary>
    public static async Task<TOut[]> ForEachAsync<T, TOut>(IReadOnlyList<T> items, int atATime, Func<T, Task<TOut>> step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atATime, 1);
        var all = new Task<TOut>[items.Count];
        var running = new List<Task>();
        for (var i = 0; i < items.Count; i++)
        {
            if (running.Count == atATime)
            {
                running.Remove(await Task.WhenAny(running));
            }

            running.Add(all[i] = step(items[i]));
        }

        while (running.Count > 0)
        {
            running.Remove(await Task.WhenAny(running));
        }

        var outcomes = new TOut[all.Length];
        for (var i = 0; i < all.Length; i++)
        {
            outcomes[i] = await all[i];
        }

        return outcomes;
    }
}
