using Microsoft.DurableTask;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>
/// The events of an instance. Durable Functions gives an event to a wait that was cancelled before, and so loses it: hence one wait for
/// each name goes on as long as it must, and gives what comes to those who still want it, else keeps it.
/// </summary>
internal sealed class EventInbox
{
    private readonly TaskOrchestrationContext _durable;
    private readonly Dictionary<string, Box> _boxes = new(StringComparer.OrdinalIgnoreCase);
    private bool _sendsOn;

    public EventInbox(TaskOrchestrationContext durable, IReadOnlyList<KeptEvent> events)
    {
        _durable = durable;
        foreach (var e in events)
        {
            BoxOf(e.Name).Kept.Enqueue(e.Payload);
        }
    }

    /// <summary>Waits for an event; a wait that is cancelled takes none.</summary>
    public Task<Payload> WaitAsync(string name, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Payload>(cancellationToken);
        }

        var box = BoxOf(name);
        if (box.Kept.TryDequeue(out var kept))
        {
            return Task.FromResult(kept);
        }

        // Goes on within the turn of who tells it: on the workflow's thread.
        var waiter = box.Waiters.AddLast(new TaskCompletionSource<Payload>());
        cancellationToken.Register(() =>
        {
            if (waiter.List is { } waiters)
            {
                waiters.Remove(waiter);
                waiter.Value.TrySetCanceled(cancellationToken);
            }
        });
        if (!box.Listens)
        {
            _ = ListenAsync(name, box);
        }

        return waiter.Value.Task;
    }

    /// <summary>What nobody took, in its order; what comes from now on is sent to the instance again, for when it has begun anew.</summary>
    public IReadOnlyList<KeptEvent> SendOn()
    {
        _sendsOn = true;
        return [.. _boxes.SelectMany(box => box.Value.Kept.Select(payload => new KeptEvent(box.Key, payload)))];
    }

    private async Task ListenAsync(string name, Box box)
    {
        box.Listens = true;
        while (box.Waiters.Count > 0)
        {
            var payload = await _durable.WaitForExternalEvent<Payload>(name);
            if (_sendsOn)
            {
                _durable.SendEvent(_durable.InstanceId, name, payload);
            }
            else if (box.Waiters.First is { } first)
            {
                box.Waiters.RemoveFirst();
                first.Value.SetResult(payload);
            }
            else
            {
                box.Kept.Enqueue(payload);
            }
        }

        box.Listens = false;
    }

    private Box BoxOf(string name)
    {
        if (!_boxes.TryGetValue(name, out var box))
        {
            _boxes.Add(name, box = new Box());
        }

        return box;
    }

    private sealed class Box
    {
        public Queue<Payload> Kept { get; } = new();

        public LinkedList<TaskCompletionSource<Payload>> Waiters { get; } = new();

        public bool Listens { get; set; }
    }
}
