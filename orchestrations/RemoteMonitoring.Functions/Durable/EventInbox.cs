using Microsoft.DurableTask;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>
/// The events of an instance. Durable Functions gives an event to a wait that was cancelled before, and so loses it, and mixes up what nobody
/// took when an instance begins anew. Hence all events come over one channel that is always listened to, and what they wait in is here.
/// </summary>
internal sealed class EventInbox
{
    private readonly TaskOrchestrationContext _durable;
    private readonly Dictionary<string, LinkedList<TaskCompletionSource<Payload>>> _waiters = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<RaisedEvent> _kept;
    private bool _sendsOn;

    public EventInbox(TaskOrchestrationContext durable, IReadOnlyList<RaisedEvent> events)
    {
        _durable = durable;
        _kept = [.. events];
        _ = ListenAsync();
    }

    /// <summary>Waits for an event; a wait that is cancelled takes none.</summary>
    public Task<Payload> WaitAsync(string name, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Payload>(cancellationToken);
        }

        var kept = _kept.FindIndex(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase));
        if (kept >= 0)
        {
            var payload = _kept[kept].Payload;
            _kept.RemoveAt(kept);
            return Task.FromResult(payload);
        }

        if (!_waiters.TryGetValue(name, out var waiters))
        {
            _waiters.Add(name, waiters = new());
        }

        // It goes on within the turn of who tells it: on the workflow's thread.
        var waiter = waiters.AddLast(new TaskCompletionSource<Payload>());
        cancellationToken.Register(() =>
        {
            if (waiter.List is not null)
            {
                waiters.Remove(waiter);
                waiter.Value.SetCanceled(cancellationToken);
            }
        });
        return waiter.Value.Task;
    }

    /// <summary>What nobody took, in its order; what comes from now on is sent to the instance again, for when it has begun anew.</summary>
    public IReadOnlyList<RaisedEvent> SendOn()
    {
        _sendsOn = true;
        return [.. _kept];
    }

    private async Task ListenAsync()
    {
        while (true)
        {
            var raised = await _durable.WaitForExternalEvent<RaisedEvent>(RaisedEvent.Channel);
            if (_sendsOn)
            {
                _durable.SendEvent(_durable.InstanceId, RaisedEvent.Channel, raised);
            }
            else if (_waiters.GetValueOrDefault(raised.Name) is { First: { } first } waiters)
            {
                waiters.RemoveFirst();
                first.Value.SetResult(raised.Payload);
            }
            else
            {
                // One that was sent on may come after others that were raised later.
                _kept.Insert(_kept.FindLastIndex(e => e.Raised <= raised.Raised) + 1, raised);
            }
        }
    }
}
