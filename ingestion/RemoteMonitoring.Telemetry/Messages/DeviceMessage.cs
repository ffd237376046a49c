using NodaTime;

namespace RemoteMonitoring.Telemetry.Messages;

/// <summary>
/// One device-to-cloud message as IoT Hub delivers it. The device's identity is that of its authenticated connection;
/// nothing in the body can claim another.
/// </summary>
public sealed record DeviceMessage
{
    /// <summary>Property name under which a device may state when it made the message (UTC, ISO 8601).</summary>
    public const string CreationTimeProperty = "iothub-creation-time-utc";

    /// <summary>Authenticated device id (<c>iothub-connection-device-id</c>).</summary>
    public required string DeviceId { get; init; }

    /// <summary>When the hub had the message.</summary>
    public required Instant EnqueuedTime { get; init; }

    /// <summary>The id the device gave the message, by which a repeated delivery is recognised; null when it gave none.</summary>
    public string? MessageId { get; init; }

    /// <summary>Application properties, in the order sent.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>The body as sent, at most 256 KB on a real hub.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The message as it will stand in bronze at this offset, known from then on.</summary>
    public ReceivedMessage ReceivedAt(long offset, long knownFrom) => new()
    {
        DeviceId = DeviceId,
        MessageId = MessageId,
        Properties = ApplicationProperties.Format(Properties),
        EnqueuedTime = EnqueuedTime.ToUnixMicros(),
        KnownFrom = knownFrom,
        Offset = offset,
        Body = Body.Span,
    };
}

/// <summary>Which partition of a hub a device's messages go to: all of one device to one partition, in order.</summary>
public static class Partitioning
{
    /// <summary>FNV-1a over the UTF-16 code units, the same on every machine and in every version.</summary>
    public static int PartitionOf(string deviceId, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        var hash = 2166136261u;
        foreach (var c in deviceId)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return (int)(hash % (uint)partitions);
    }
}
