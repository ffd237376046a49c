namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>
/// Runs a workflow's code on the thread that tells it something, and nowhere else, until it awaits what has not come yet. What
/// it posts is run in the order of posting: so a history that is told again in its order leads to the same.
/// </summary>
internal sealed class TurnContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private int _thread;
    private volatile bool _isForeign;

    /// <summary>Whether the calling code is the workflow's, in its turn.</summary>
    public bool IsTurn => _thread == Environment.CurrentManagedThreadId;

    /// <summary>Whether the workflow wanted to go on when it was nobody's turn: it awaited something that is not the engine's.</summary>
    public bool IsForeign => _isForeign;

    /// <summary>Whether it is the turn of the calling code; else that is noted, and it must do nothing.</summary>
    public bool Admits()
    {
        _isForeign |= !IsTurn;
        return IsTurn;
    }

    /// <summary>Runs code, and all that it leads to.</summary>
    public void Run(Action code)
    {
        var before = Current;
        SetSynchronizationContext(this);
        _thread = Environment.CurrentManagedThreadId;
        try
        {
            code();
            while (_posted.TryDequeue(out var next))
            {
                next.Callback(next.State);
            }
        }
        finally
        {
            _thread = 0;
            _posted.Clear();
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Posts in its turn. Out of it the code goes no further: when that would be depends on more than the history.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Admits())
        {
            _posted.Enqueue((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A workflow has one thread, and sends nothing to others.");

    public override SynchronizationContext CreateCopy() => this;
}
