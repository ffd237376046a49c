namespace RemoteMonitoring.Ingestion.Sources;

/// <summary>One record of a partitioned stream of device messages, as its source hands it over.</summary>
public readonly record struct StreamRecord
{
    /// <summary>Offset in the partition.</summary>
    public required long Offset { get; init; }

    /// <summary>Authenticated device id; empty where <see cref="Problem"/> says that none could be read.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Message id that the device gave, or null.</summary>
    public string? MessageId { get; init; }

    /// <summary>When the hub had it, Unix microseconds.</summary>
    public required long EnqueuedTime { get; init; }

    /// <summary>Application properties as a JSON object of text, or null where there are none.</summary>
    public string? Properties { get; init; }

    /// <summary>The body as sent; the whole record where it is no device message.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Why the record is no device message, or null; it lands all the same, and in quarantine.</summary>
    public string? Problem { get; init; }
}
