using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Benchmarks.Night;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Worklist;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Benchmarks.MorningList;

/// <summary>What the process that serves says of itself.</summary>
/// <param name="Nights">Nights that ended since they were asked for.</param>
/// <param name="Between">Seconds between the end of one and the start of the next, all together.</param>
/// <param name="Resident">Resident memory, MiB.</param>
/// <param name="Peak">Its peak, MiB.</param>
/// <param name="PauseShare">Share of the time that collections of garbage stopped everything, since the nights were asked for.</param>
/// <param name="LongestPause">The longest of the latest collections of each kind, milliseconds.</param>
internal sealed record PagesMeasured(int Nights, double Between, long Resident, long Peak, double PauseShare, double LongestPause);

/// <summary>
/// The pages of a home in a process of their own, as <c>rmon serve</c> has them: one store, an engine over it, and the pages beside it. It is told by lines what
/// to do: <c>nights</c> begins one after the other until <c>quiet</c>, which waits for the last.
/// </summary>
internal static class PagesAlone
{
    public const string Nights = "nights";
    public const string Quiet = "quiet";

    /// <summary>What the process does, until its input ends.</summary>
    public static async Task RunAsync(string home, TextReader input, TextWriter output)
    {
        await using var store = CohortStore.Open(home, NightAlone.Cohort);
        // The night at parallelism 1.
        await using var engine = NightAlone.StartEngine(store, new EngineOptions { ActivitiesAtATime = 1 });
        using var services = new WorklistServices(store, new PatientHandles(store.MakeHandleKey().Bytes), engine.Client, new MorningTime());
        await using var app = WorklistApp.Create(services, new WorklistOptions(IPAddress.Loopback, 0) { SignInsAMinute = 100_000 });
        await app.StartAsync();
        await output.WriteLineAsync(app.Urls.Single());
        var began = 0;
        while (await input.ReadLineAsync() == Nights)
        {
            var (clock, paused, ended) = (Stopwatch.StartNew(), GC.GetTotalPauseDuration(), 0);
            var between = TimeSpan.Zero;
            using var stop = new CancellationTokenSource();
            var nights = Task.Run(async () =>
            {
                TimeSpan? end = null;
                while (!stop.IsCancellationRequested)
                {
                    between += end is { } since ? clock.Elapsed - since : TimeSpan.Zero;
                    // A quarter of an hour later each, for a run of its own over the same data.
                    await NightAlone.RunNightAsync(engine, string.Create(CultureInfo.InvariantCulture, $"tonight-{began}"), WardHome.Tonight + Duration.FromMinutes(15 * began++));
                    (ended, end) = (ended + 1, clock.Elapsed);
                }
            });
            await output.WriteLineAsync(Nights);
            await input.ReadLineAsync();
            var (share, upTo) = ((GC.GetTotalPauseDuration() - paused) / clock.Elapsed, ended);
            await stop.CancelAsync();
            await nights;
            using var self = Process.GetCurrentProcess();
            var longest = Enum.GetValues<GCKind>().Max(k => Math.Max(GC.GetGCMemoryInfo(k).PauseDurations[0].TotalMilliseconds, GC.GetGCMemoryInfo(k).PauseDurations[1].TotalMilliseconds));
            await output.WriteLineAsync(JsonSerializer.Serialize(new PagesMeasured(upTo, between.TotalSeconds, self.WorkingSet64 >> 20, self.PeakWorkingSet64 >> 20, share, longest)));
        }
    }

    /// <summary>The morning of the home's data, from the start of the process on.</summary>
    private sealed class MorningTime : TimeProvider
    {
        private readonly TimeSpan _moved = WardHome.Now.ToDateTimeOffset() - System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _moved;
    }
}
