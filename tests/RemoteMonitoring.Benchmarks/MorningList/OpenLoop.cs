using System.Collections.Concurrent;
using System.Diagnostics;

namespace RemoteMonitoring.Benchmarks.MorningList;

/// <summary>What came of requests that were sent by the clock.</summary>
/// <param name="Milliseconds">Time of each from when it was due to its last byte, shortest first.</param>
/// <param name="Errors">Those that were not answered as they should.</param>
/// <param name="Heaviest">Bytes of the largest answer.</param>
internal sealed record Answers(IReadOnlyList<double> Milliseconds, int Errors, int Heaviest)
{
    /// <summary>The time that a share of them took at the most.</summary>
    public double Quantile(double share) => Milliseconds[Math.Clamp((int)Math.Ceiling(share * Milliseconds.Count) - 1, 0, Milliseconds.Count - 1)];
}

/// <summary>
/// Requests at a fixed rate, whether those before were answered or not, each timed from when it was due: who waits in a queue
/// because others are slow is counted as waiting.
/// </summary>
internal static class OpenLoop
{
    /// <summary>Sends them.</summary>
    /// <param name="perSecond">Rate.</param>
    /// <param name="length">How long.</param>
    /// <param name="ask">Sends one, by its number; the bytes of the answer, or null for a wrong one.</param>
    public static async Task<Answers> RunAsync(double perSecond, TimeSpan length, Func<int, Task<int?>> ask)
    {
        var (clock, times, sizes) = (Stopwatch.StartNew(), new ConcurrentBag<double>(), new ConcurrentBag<int?>());
        var count = (int)(length.TotalSeconds * perSecond);
        var asked = new List<Task>(count);
        for (var i = 0; i < count; i++)
        {
            var due = TimeSpan.FromSeconds(i / perSecond);
            if (due - clock.Elapsed is { Ticks: > 0 } wait)
            {
                await Task.Delay(wait);
            }

            var number = i;
            asked.Add(Task.Run(async () =>
            {
                int? size;
                try
                {
                    size = await ask(number);
                }
                catch (HttpRequestException)
                {
                    size = null;
                }

                times.Add((clock.Elapsed - due).TotalMilliseconds);
                sizes.Add(size);
            }));
        }

        await Task.WhenAll(asked);
        return new Answers([.. times.Order()], sizes.Count(s => s is null), sizes.Max() ?? 0);
    }
}
