using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class DeviceBatteryTests : IAsyncLifetime, IDisposable
{
    private readonly TempHome _home = new();
    private readonly CohortStore _store;

    public DeviceBatteryTests() => _store = _home.Store();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _store.DisposeAsync().AsTask();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task The_last_word_of_a_device_counts_and_a_level_that_is_none_does_not()
    {
        await IngestAsync(Line("cuff", 1, 80), Line("cuff", 3, 12), Line("cuff", 2, 40), Line("scale", 1, 130), Line("oximeter", 1, 55));
        Assert.Equal([("cuff", 12.0), ("oximeter", 55.0)], await BatteriesAsync());
    }

    [Fact]
    public async Task It_stays_what_was_rejected_and_counted_and_is_no_clock()
    {
        await IngestAsync(Line("cuff", 1, 80));
        var rejected = await RejectedByVital.CountAsync(_store.Lake, TempHome.Silver(_store.Lake), default);
        Assert.Equal((DeviceBattery.Code, 1L), Assert.Single(rejected) is var one ? (one.Code, one.Readings) : default);
        Assert.Empty(await DeviceClock.ListAsync(_store.Documents, default).ToArrayAsync());
    }

    [Fact]
    public async Task Made_again_from_the_lake_it_is_the_same()
    {
        await IngestAsync(Line("cuff", 1, 80), Line("cuff", 3, 12));
        await DocumentProjection.ForgetAsync(_store.Documents, default);
        Assert.Equal(0, await _store.Documents.CountAsync(Containers.Devices, default));
        await DocumentProjection.RunAsync(_store, TempHome.Silver(_store.Lake), default);
        Assert.Equal([("cuff", 12.0)], await BatteriesAsync());
    }

    private async Task IngestAsync(params string[] lines) => await FeedIngestion.RunAsync(
        _store, FeedFolder.Open(_home.WriteFeed(string.Concat(lines.Select(l => l + "\n")), lines.Length), null, imported: false), TimeProvider.System, null, default);

    private async Task<(string Device, double Percent)[]> BatteriesAsync() =>
        [.. (await DeviceBattery.ListAsync(_store.Documents, default).ToArrayAsync()).Select(b => (b.DeviceId, b.Percent)).OrderBy(b => b.DeviceId, StringComparer.Ordinal)];

    private static string Line(string device, int day, int percent) => $$$"""
        {"EnqueuedTimeUtc":"2025-01-{{{day:D2}}}T12:00:00Z","Properties":{},"SystemProperties":{"connectionDeviceId":"{{{device}}}","messageId":"{{{device}}}-{{{day}}}"},"Body":{"time":"2025-01-{{{day:D2}}}T11:59:00Z","readings":[{"code":"local:battery","value":{{{percent}}},"unit":"%"}]}}
        """;
}
