namespace RemoteMonitoring.Ingestion.Watermarks;

/// <summary>
/// Up to when one partition has landed. Who asks the source at an instant where it ends knows, once the lake is there, that all that
/// the hub had by then is landed. On the way there, the last landed message says when the hub had it. Never goes back.
/// </summary>
/// <param name="delay">
/// How long, in microseconds, a message may be on its way from the hub's stamp to its place in the partition, and how far the clocks may be
/// apart: so much is taken off.
/// </param>
internal sealed class LandingProgress(long delay)
{
    private const int MostAsked = 1_000;

    private readonly Queue<(long At, long End)> _asked = [];
    private long? _enqueued;

    /// <summary>All that the hub had before this instant is landed, Unix microseconds; null where nothing can be said yet.</summary>
    public long? Through { get; private set; }

    /// <summary>Whether the lake has come to where the source ended when it was last asked.</summary>
    public bool IsAtEnd => _asked.Count == 0;

    /// <summary>The source was asked at an instant and ended at an offset (exclusive); the lake is at <paramref name="next"/>.</summary>
    public void Asked(long at, long end, long next)
    {
        if (_asked.Count < MostAsked)
        {
            _asked.Enqueue((at, end));
        }

        Landed(next, null);
    }

    /// <summary>The lake has come to an offset (exclusive); the message before it was enqueued at an instant, where that is known.</summary>
    public void Landed(long next, long? lastEnqueued)
    {
        while (_asked.TryPeek(out var asked) && asked.End <= next)
        {
            _asked.Dequeue();
            Raise(asked.At);
        }

        _enqueued = lastEnqueued ?? _enqueued;
        // A message that was there when the source was asked was enqueued before: what says otherwise had a wrong clock.
        if (_enqueued is { } enqueued && _asked.TryPeek(out var open))
        {
            Raise(Math.Min(enqueued, open.At));
        }
    }

    private void Raise(long at) => Through = Math.Max(Through ?? long.MinValue, at - delay);
}
