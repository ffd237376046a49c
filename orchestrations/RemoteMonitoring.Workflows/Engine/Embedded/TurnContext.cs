namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>
/// Runs a workflow's code on the thread that tells it something, and nowhere else, until it awaits what has not come yet. What
/// it posts is run in the order of posting: so a history that is told again in its order leads to the same.
/// </summary>
internal sealed class TurnContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private int _thread;

    /// <summary>Whether the calling code is the workflow's, in its turn.</summary>
    public bool IsTurn => _thread == Environment.CurrentManagedThreadId;

    /// <summary>Runs code, and all that it leads to.</summary>
    public void Run(Action code)
    {
        var before = Current;
        SetSynchronizationContext(this);
        _thread = Environment.CurrentManagedThreadId;
        try
        {
            code();
            while (TryTake(out var next))
            {
                next.Callback(next.State);
            }
        }
        finally
        {
            _thread = 0;
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Posts; from another thread it waits for the next turn, where the workflow is told that it awaited something that is not the engine's.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_posted)
        {
            _posted.Enqueue((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A workflow has one thread, and sends nothing to others.");

    public override SynchronizationContext CreateCopy() => this;

    private bool TryTake(out (SendOrPostCallback Callback, object? State) next)
    {
        lock (_posted)
        {
            return _posted.TryDequeue(out next);
        }
    }
}
