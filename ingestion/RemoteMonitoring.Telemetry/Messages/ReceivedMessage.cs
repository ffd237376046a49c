namespace RemoteMonitoring.Telemetry.Messages;

/// <summary>
/// A message as it stands in bronze: what readings are made from. The device's identity is that of its authenticated
/// connection; nothing in the body can claim another. Times are Unix microseconds.
/// </summary>
public readonly ref struct ReceivedMessage
{
    /// <summary>
    /// Stands for an enqueued time that nobody knows. No reading is then too old or ahead of the hub, its enqueued time is its
    /// own, and one without a time is rejected. For looking at messages; what is ingested has an enqueued time.
    /// </summary>
    public const long UnknownTime = long.MinValue;

    /// <summary>Authenticated device id.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Message id given by the device, or null.</summary>
    public string? MessageId { get; init; }

    /// <summary>Application properties as a JSON object of text, or null for none. Read only where a mapping asks for one.</summary>
    public string? Properties { get; init; }

    /// <summary>When the hub had it, or <see cref="UnknownTime"/>.</summary>
    public required long EnqueuedTime { get; init; }

    /// <summary>When we had it.</summary>
    public required long KnownFrom { get; init; }

    /// <summary>Offset in its partition.</summary>
    public required long Offset { get; init; }

    /// <summary>The body as sent.</summary>
    public required ReadOnlySpan<byte> Body { get; init; }
}
