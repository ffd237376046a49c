using System.Globalization;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class DeviceClockTests : IAsyncLifetime, IDisposable
{
    private readonly TempHome _home = new();
    private readonly CohortStore _store;

    public DeviceClockTests() => _store = _home.Store();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _store.DisposeAsync().AsTask();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task The_delay_is_the_median_over_days_of_the_least_of_a_day()
    {
        // Three days: a buffered reading of hours beside one of 40 s; one of 50 s; a bad day of -20 s.
        await IngestAsync(Line("slow", 1, 7_200), Line("slow", 1, 40), Line("slow", 2, 50), Line("slow", 3, -20), Line("ahead", 1, -30), Line("ahead", 2, -32));
        Assert.Equal(["ahead -32 of 2", "slow 40 of 3"], await ClocksAsync());
    }

    [Fact]
    public async Task Only_the_last_seven_days_count_and_projecting_again_changes_nothing()
    {
        string[] lines = [.. Enumerable.Range(1, 10).Select(day => Line("d", day, day <= 3 ? -100 : day))];
        await IngestAsync(lines[..9]);
        await IngestAsync(lines);
        Assert.Equal(["d 7 of 7"], await ClocksAsync());
        foreach (var container in new[] { Containers.Runs, Containers.Telemetry })
        {
            await _store.Documents.DeleteAllAsync(container, default);
        }

        await DocumentProjection.RunAsync(_store, TempHome.Silver(_store.Lake), default);
        Assert.Equal(["d 7 of 7"], await ClocksAsync());
        await _store.Documents.DeleteAllAsync(Containers.Runs, default);
        await _store.Documents.DeleteAllAsync(Containers.Devices, default);
        await DocumentProjection.RunAsync(_store, TempHome.Silver(_store.Lake), default);
        Assert.Equal(["d 7 of 7"], await ClocksAsync());
    }

    private async Task IngestAsync(params string[] lines) => await FeedIngestion.RunAsync(
        _store, FeedFolder.Open(_home.WriteFeed(string.Concat(lines.Select(l => l + "\n")), lines.Length), null, imported: false), TimeProvider.System, null, default);

    private async Task<string[]> ClocksAsync() =>
    [
        .. (await DeviceClock.ListAsync(_store.Documents, default).ToArrayAsync())
            .Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.DeviceId} {c.DelaySeconds} of {c.LeastDelays.Count}")).Order(StringComparer.Ordinal),
    ];

    /// <summary>A heart rate enqueued at noon of a day of January, taken some seconds earlier.</summary>
    private static string Line(string device, int day, int delay)
    {
        var enqueued = new DateTime(2025, 1, day, 12, 0, 0, DateTimeKind.Utc);
        var taken = enqueued.AddSeconds(-delay);
        return string.Create(CultureInfo.InvariantCulture,
            $$$"""{"EnqueuedTimeUtc":"{{{enqueued:yyyy-MM-ddTHH:mm:ssZ}}}","Properties":{},"SystemProperties":{"connectionDeviceId":"{{{device}}}"},"Body":{"time":"{{{taken:yyyy-MM-ddTHH:mm:ssZ}}}","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}}""");
    }
}
