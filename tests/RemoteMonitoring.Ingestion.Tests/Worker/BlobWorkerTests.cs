using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Azure.Storage.Blobs;
using RemoteMonitoring.Azurite;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests.Worker;

/// <summary>Two workers on one hub, whose requests and replies get lost and refused on their way to Azurite.</summary>
public sealed class BlobWorkerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private const int Messages = 4_000;
    private readonly TempHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task With_lost_replies_and_storms_of_refusals_everything_lands_once_as_on_a_disk()
    {
        var log = Path.Combine(_home.Root, "gateway", "log.db");
        await using (var filling = GatewayLog.Open(log, new GatewayLogOptions { Partitions = 2 }, TimeProvider.System))
        {
            await Task.WhenAll(Enumerable.Range(0, Messages).Select(m => filling.AppendAsync(Message(m), default)));
        }

        await using var clean = _home.Store();
        await LandAsync(clean, log);

        // Of creations every fifth loses its first reply; of all requests some dozens in a row are refused, twice.
        var lost = new ConcurrentDictionary<string, bool>();
        var creations = 0;
        await using var proxy = new FaultyProxy(azurite.Address, request => request switch
        {
            { Number: (> 40 and < 64) or (> 120 and < 144) } => Fault.Answer(request.Number % 2 == 0 ? 503 : 429, "", "Retry-After: 0"),
            { Method: "PUT" } when Interlocked.Increment(ref creations) % 5 == 0 && lost.TryAdd(request.Target, true) => Fault.LoseReply,
            _ => Fault.None,
        });
        var container = await azurite.NewContainerAsync();
        await using var first = Store(proxy, container, "first");
        await using var second = Store(proxy, container, "second");
        await Task.WhenAll(LandAsync(first, log), LandAsync(second, log));

        Assert.True(lost.Count >= 5, $"{lost.Count} lost replies");
        Assert.True(proxy.Requests > 144, $"{proxy.Requests} requests");
        await using var direct = Store(null, container, "first");
        var offsets = await WorkerRun.OffsetsAsync(direct);
        Assert.Equal(Messages, offsets.Values.Sum(o => o.Count));
        Assert.All(offsets.Values, o => Assert.Equal(Enumerable.Range(0, o.Count).Select(n => (long)n), o));
        Assert.Equal(await WorkerRun.ContentAsync(clean), await WorkerRun.ContentAsync(direct));
        Assert.Equal(Messages, (await IngestionAccount.TakeAsync(direct.Lake, TempHome.Silver(direct.Lake), default)).Messages);
    }

    private static GatewayMessage Message(int number) => new()
    {
        DeviceId = string.Create(CultureInfo.InvariantCulture, $"d{number % 20}"),
        MessageId = string.Create(CultureInfo.InvariantCulture, $"m{number - (number % 17 == 0 ? 1 : 0)}"),
        Body = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"time":"{{TimeProvider.System.GetUtcNow().AddMinutes(-number):yyyy-MM-dd'T'HH:mm:ss'Z'}}","readings":[{"code":"8867-4","value":{{(number % 13 == 0 ? 999 : 60 + (number % 40))}},"unit":"/min"}]}""")),
    };

    private static async Task LandAsync(CohortStore store, string log)
    {
        var since = NodaTime.Instant.FromUtc(2020, 1, 1, 0, 0);
        var lines = string.Concat(Enumerable.Range(0, 19).Select(d => ReferenceJson.ToLine(new DeviceAssignment { DeviceId = $"d{d}", PatientId = $"p{d % 5}", From = since, Known = since }) + "\n"));
        for (var tries = 0; ; tries++)
        {
            try
            {
                await store.Reference.AppendAsync(ReferenceKinds.Assignments, Encoding.UTF8.GetBytes(lines), default);
                break;
            }
            catch (LakeException) when (tries < 20)
            {
            }
        }

        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await using var source = new GatewaySource(log, "hub", TimeProvider.System);
        var options = new WorkerOptions { BatchMessages = 150, RetryDelay = TimeSpan.FromMilliseconds(10), MaxRetryDelay = TimeSpan.FromMilliseconds(100) };
        await new WorkerRun(store, source, options).RunAsync(untilLanded: true, tooLong.Token);
        Assert.False(tooLong.IsCancellationRequested, "It did not get through.");
    }

    private CohortStore Store(FaultyProxy? proxy, string container, string documents)
    {
        var options = LakeBlobs.Options();
        options.Retry.MaxRetries = 3;
        options.Retry.Delay = TimeSpan.FromMilliseconds(10);
        var lake = new LakeBlobs(new BlobContainerClient(azurite.ConnectionString(proxy?.Address), container, options));
        return new CohortStore("test", lake, new SqliteDocuments(Path.Combine(_home.Root, documents + ".db")), _home.Root);
    }
}
