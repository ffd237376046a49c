namespace RemoteMonitoring.Ingestion.Worker;

/// <summary>How the ingestion worker lands.</summary>
public sealed class WorkerOptions
{
    /// <summary>A micro-batch lands when its first message has waited so long. Default 5 s; 0.1 s to 10 min.</summary>
    public TimeSpan BatchAge { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A micro-batch lands when it has so many messages. Default 65,536; 1 to 131,072.</summary>
    public int BatchMessages { get; set; } = 65_536;

    /// <summary>A micro-batch lands when its bodies have so many bytes. Default 24 MiB; 256 KiB to 64 MiB.</summary>
    public int BatchBytes { get; set; } = 24 << 20;

    /// <summary>All partitions' batches land when together they have so many bytes. Default 96 MiB.</summary>
    public long HeldBytes { get; set; } = 96L << 20;

    /// <summary>How long to wait before trying again what failed, at first; it doubles up to <see cref="MaxRetryDelay"/>. Default 0.5 s.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Longest wait before trying again. Default 30 s.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often small files are sealed into large ones. Default 1 h; zero never.</summary>
    public TimeSpan SealEvery { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How often it asks the source how far it is, and states up to when all is landed. Default 10 s; 0.1 s to 1 min: what is older than two minutes is taken for nobody's.</summary>
    public TimeSpan StateEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a message may be on its way from the hub's stamp to the source, and how far the clocks of the two may be apart: what is stated to be
    /// landed ends so long ago. Default 1 min; zero to 1 h.
    /// </summary>
    public TimeSpan SourceDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>What is wrong, in one line that names the setting and what is allowed; null when nothing is.</summary>
    public string? Problem() => this switch
    {
        { BatchAge: var age } when age < TimeSpan.FromSeconds(0.1) || age > TimeSpan.FromMinutes(10) => $"{nameof(BatchAge)} is {age}; it may be 0.1 s to 10 min.",
        { BatchMessages: < 1 or > 131_072 } => $"{nameof(BatchMessages)} is {BatchMessages}; it may be 1 to 131,072.",
        { BatchBytes: < 256 << 10 or > 64 << 20 } => $"{nameof(BatchBytes)} is {BatchBytes}; it may be 256 KiB to 64 MiB.",
        { StateEvery: var every } when every < TimeSpan.FromSeconds(0.1) || every > TimeSpan.FromMinutes(1) => $"{nameof(StateEvery)} is {every}; it may be 0.1 s to 1 min.",
        { SourceDelay: var delay } when delay < TimeSpan.Zero || delay > TimeSpan.FromHours(1) => $"{nameof(SourceDelay)} is {delay}; it may be zero to 1 h.",
        _ => null,
    };
}
