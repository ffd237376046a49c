using RemoteMonitoring.Ingestion.Watermarks;

namespace RemoteMonitoring.Ingestion.Worker;

/// <summary>What a worker is at, for its health endpoint. Safe for several threads.</summary>
public sealed class WorkerState
{
    private readonly Lock _lock = new();
    private string? _blocked;
    private string? _documentsBlocked;
    private long _landed;
    private long _lag;
    private long _landedThrough = long.MinValue;

    /// <summary>Why nothing lands at the moment, or null.</summary>
    public string? Blocked
    {
        get { lock (_lock) { return _blocked; } }
        set { lock (_lock) { _blocked = value; } }
    }

    /// <summary>Why documents are not brought up to date at the moment, or null.</summary>
    public string? DocumentsBlocked
    {
        get { lock (_lock) { return _documentsBlocked; } }
        set { lock (_lock) { _documentsBlocked = value; } }
    }

    /// <summary>Messages this worker landed.</summary>
    public long Landed => Interlocked.Read(ref _landed);

    /// <summary>Messages that the source has and that have not landed, as far as it knows.</summary>
    public long Lag
    {
        get => Interlocked.Read(ref _lag);
        set => Interlocked.Exchange(ref _lag, value);
    }

    /// <summary>All that the hub had before this instant is landed, in all partitions that are this worker's, Unix microseconds; null where that cannot be said.</summary>
    public long? LandedThrough
    {
        get => Interlocked.Read(ref _landedThrough) is > long.MinValue and var through ? through : null;
        set => Interlocked.Exchange(ref _landedThrough, value ?? long.MinValue);
    }

    /// <summary>What it stated last of its partitions; none where that cannot be said of all.</summary>
    internal IReadOnlyList<LandingStatement> Stated
    {
        get { lock (_lock) { return field; } }
        set { lock (_lock) { field = value; } }
    } = [];

    internal void AddLanded(long messages) => Interlocked.Add(ref _landed, messages);
}
