using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// What a device last said of its battery. It says it among its readings under <see cref="Code"/>, which is no vital sign of anybody: there it is rejected
/// as an unknown code, counted and kept, and noted here beside the device's clock.
/// </summary>
/// <param name="SchemaVersion">Version of this record: 1.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="Percent">Charge, 0 to 100 %.</param>
/// <param name="Enqueued">When the hub had it, Unix microseconds.</param>
public sealed record DeviceBattery(int SchemaVersion, string DeviceId, double Percent, long Enqueued)
{
    /// <summary>The code that devices say it under, in percent.</summary>
    public const string Code = "local:battery";

    private const string Id = "battery";

    /// <summary>The batteries of all devices that said something of theirs.</summary>
    public static async IAsyncEnumerable<DeviceBattery> ListAsync(DocumentStore documents, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var document in documents.ListAsync(Containers.Devices, cancellationToken))
        {
            if (TryRead(document) is { } battery)
            {
                yield return battery;
            }
        }
    }

    /// <summary>What a document of the container of devices says of a battery; null where it says something else.</summary>
    public static DeviceBattery? TryRead(Document document) => document.Id == Id ? JsonSerializer.Deserialize(document.Body, DeviceBatteryJson.Default.DeviceBattery) : null;

    /// <summary>Takes in what devices said in a bronze file; the same again changes nothing, and an older word changes no newer one.</summary>
    internal static async Task UpdateAsync(DocumentStore documents, IEnumerable<QuarantinedReading> rejected, CancellationToken cancellationToken)
    {
        var changed = new List<Document>();
        foreach (var device in rejected.Where(r => r is { Reason: RejectionReason.UnknownCode, Code: Code, Value: >= 0 and <= 100, DeviceId.Length: > 0 }).GroupBy(r => r.DeviceId, StringComparer.Ordinal))
        {
            var last = device.MaxBy(r => r.EnqueuedTime)!;
            if (await documents.FindAsync(Containers.Devices, device.Key, Id, cancellationToken) is { } before && TryRead(before)!.Enqueued >= last.EnqueuedTime)
            {
                continue;
            }

            var battery = new DeviceBattery(1, device.Key, last.Value, last.EnqueuedTime);
            changed.Add(new Document { PartitionKey = device.Key, Id = Id, Body = JsonSerializer.Serialize(battery, DeviceBatteryJson.Default.DeviceBattery) });
        }

        if (changed.Count > 0)
        {
            await documents.UpsertAsync(Containers.Devices, changed, cancellationToken);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeviceBattery))]
internal sealed partial class DeviceBatteryJson : JsonSerializerContext;
