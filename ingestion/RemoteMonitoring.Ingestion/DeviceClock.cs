using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// What is known of a device's clock: by UTC day of enqueuing the least delay from effective to enqueued time, of the last
/// seven such days. Devices hold readings back, so a single delay says little, the least of a day says when nothing was held
/// back, and the median over days is not moved by a bad one. A figure: nothing is corrected by it.
/// </summary>
/// <param name="SchemaVersion">Version of this record: 1.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="LeastDelays">Least delay in microseconds by day since 1970-01-01.</param>
public sealed record DeviceClock(int SchemaVersion, string DeviceId, SortedDictionary<int, long> LeastDelays)
{
    /// <summary>Days that count.</summary>
    public const int Days = 7;

    private const string Id = "clock";
    private const int BatchDocuments = 5_000;

    /// <summary>
    /// The median of the days' least delays, in seconds; of an even number of days the lower middle one. Negative means that the
    /// clock is ahead; positive that it is behind, or that the device always holds back.
    /// </summary>
    [JsonIgnore]
    public double DelaySeconds => LeastDelays.Values.Order().ElementAt((LeastDelays.Count - 1) / 2) / 1e6;

    /// <summary>The clocks of all devices that have one.</summary>
    public static async IAsyncEnumerable<DeviceClock> ListAsync(DocumentStore documents, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var document in documents.ListAsync(Containers.Devices, cancellationToken))
        {
            if (TryRead(document) is { } clock)
            {
                yield return clock;
            }
        }
    }

    /// <summary>What a document of the container of devices says of a clock; null where it says something else.</summary>
    public static DeviceClock? TryRead(Document document) => document.Id == Id ? JsonSerializer.Deserialize(document.Body, DeviceClockJson.Default.DeviceClock) : null;

    /// <summary>Takes readings into account; the same again change nothing.</summary>
    internal static async Task UpdateAsync(DocumentStore documents, ReadingBatch readings, CancellationToken cancellationToken)
    {
        var least = new Dictionary<string, SortedDictionary<int, long>>(StringComparer.Ordinal);
        for (var i = 0; i < readings.Count; i++)
        {
            if (!least.TryGetValue(readings.DeviceId[i], out var days))
            {
                least.Add(readings.DeviceId[i], days = []);
            }

            Merge(days, UnixMicros.DayOf(readings.EnqueuedTime[i]), readings.EnqueuedTime[i] - readings.EffectiveTime[i]);
        }

        var changed = new List<Document>();
        foreach (var (device, days) in least)
        {
            var before = await documents.FindAsync(Containers.Devices, device, Id, cancellationToken);
            var clock = before is null ? new DeviceClock(1, device, []) : JsonSerializer.Deserialize(before.Body, DeviceClockJson.Default.DeviceClock)!;
            if (clock.Take(days))
            {
                changed.Add(new Document { PartitionKey = device, Id = Id, Body = JsonSerializer.Serialize(clock, DeviceClockJson.Default.DeviceClock) });
            }
        }

        foreach (var batch in changed.Chunk(BatchDocuments))
        {
            await documents.UpsertAsync(Containers.Devices, batch, cancellationToken);
        }
    }

    /// <summary>Merges days into the last seven; whether anything changed.</summary>
    private bool Take(SortedDictionary<int, long> days)
    {
        var before = LeastDelays.ToArray();
        foreach (var (day, delay) in days)
        {
            Merge(LeastDelays, day, delay);
        }

        return !before.SequenceEqual(LeastDelays);
    }

    private static void Merge(SortedDictionary<int, long> days, int day, long delay)
    {
        days[day] = days.TryGetValue(day, out var least) ? Math.Min(least, delay) : delay;
        while (days.Count > 0 && days.Keys.First() <= days.Keys.Last() - Days)
        {
            days.Remove(days.Keys.First());
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeviceClock))]
internal sealed partial class DeviceClockJson : JsonSerializerContext;
