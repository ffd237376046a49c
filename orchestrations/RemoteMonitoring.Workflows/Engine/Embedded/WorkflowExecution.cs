using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using NodaTime;
using NodaTime.Text;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>
/// One instance in memory: its code, stopped where it awaits, and its history. Told what is recorded it comes to where it was;
/// told something new it goes on, and what it asks for is recorded behind. Of one thread at a time.
/// </summary>
internal sealed class WorkflowExecution(string instanceId, int generation, WorkflowDefinition workflow, ILogger logger) : IWorkflowContext
{
    private readonly TurnContext _turn = new();
    private readonly Dictionary<int, TaskCompletionSource<string>> _awaited = [];
    private readonly List<(string Name, TaskCompletionSource<string> Waiter)> _waiters = [];
    private readonly List<HistoryEvent> _unread = [];
    private readonly List<HistoryEvent> _fresh = [];
    private IReadOnlyList<HistoryEvent> _recorded = [];
    private int _cursor;
    private bool _replays;
    private int _asked;
    private int _ids;
    private Task<string>? _run;
    private NonDeterminismException? _broken;
    private (string Input, bool KeepsEvents)? _next;

    /// <summary>Id of the instance.</summary>
    public string InstanceId => instanceId;

    /// <inheritdoc />
    public Instant Now { get; private set; }

    /// <inheritdoc />
    public ILogger Logger => field ??= new ReplaySafeLogger(logger, () => _replays);

    /// <summary>How often it began anew.</summary>
    public int Generation => generation;

    /// <summary>Events of its history.</summary>
    public int Length { get; private set; }

    /// <summary>What it last said of itself.</summary>
    public string? CustomStatus { get; private set; }

    /// <summary>Whether it came to its end.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What it was told and has not taken, to be kept when it begins anew.</summary>
    public IReadOnlyList<HistoryEvent> EventsToKeep => _next is { KeepsEvents: true } ? _unread : [];

    /// <summary>Tells it a history, one event after the other; what it asks for must be what it asked for then.</summary>
    public void Replay(IReadOnlyList<HistoryEvent> history)
    {
        (_recorded, _cursor, _replays) = (history, 0, true);
        while (_cursor < history.Count)
        {
            var told = history[_cursor];
            if (told.IsAsked)
            {
                throw new NonDeterminismException($"{Where}: its history has {told.Described} next, but it asked for nothing. Its code was changed under it, or takes something from elsewhere.");
            }

            _cursor++;
            Deliver(told);
        }

        (_recorded, _replays, Length) = ([], false, history.Count);
        _fresh.Clear();
    }

    /// <summary>Tells it something new; gives what it asked for then, to be recorded behind.</summary>
    public IReadOnlyList<HistoryEvent> Tell(HistoryEvent told)
    {
        _fresh.Clear();
        Deliver(told);
        Length += 1 + _fresh.Count;
        return _fresh;
    }

    /// <inheritdoc />
    public Guid NewGuid()
    {
        CheckTurn();
        Span<byte> hash = stackalloc byte[16];
        XxHash128.Hash(Encoding.UTF8.GetBytes($"{instanceId}\n{generation}\n{_ids++}"), hash);
        // Variant and version of RFC 9562 for ids of one's own making.
        hash[6] = (byte)(0x80 | (hash[6] & 0x0F));
        hash[8] = (byte)(0x80 | (hash[8] & 0x3F));
        return new Guid(hash, bigEndian: true);
    }

    /// <inheritdoc />
    public async Task<TOut> CallAsync<TIn, TOut>(ActivityDefinition<TIn, TOut> activity, TIn input)
    {
        var output = await Ask(HistoryKind.ActivityScheduled, activity.Name, JsonSerializer.Serialize(input, activity.Input));
        return JsonSerializer.Deserialize(output, activity.Output)!;
    }

    /// <inheritdoc />
    public async Task<TOut> CallAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string instanceId, TIn input)
    {
        var output = await Ask(HistoryKind.WorkflowScheduled, workflow.Name, new CalledWorkflow(instanceId, JsonSerializer.Serialize(input, workflow.Input)).ToJson());
        return JsonSerializer.Deserialize(output, workflow.Output)!;
    }

    /// <inheritdoc />
    public async Task TimerAsync(Instant at, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var task = _asked;
        var fired = Ask(HistoryKind.TimerSet, null, InstantPattern.ExtendedIso.Format(at));
        using var registration = cancellationToken.Register(() =>
        {
            if (_turn.Admits() && _awaited.Remove(task, out var waiter))
            {
                Record(new HistoryEvent(HistoryKind.TimerCancelled, task, null, null, Now));
                waiter.SetCanceled(cancellationToken);
            }
        });
        await fired;
    }

    /// <inheritdoc />
    public async Task<T> EventAsync<T>(EventDefinition<T> definition, CancellationToken cancellationToken)
    {
        CheckTurn();
        cancellationToken.ThrowIfCancellationRequested();
        if (_unread.FindIndex(e => IsNamed(e.Name!, definition.Name)) is var index and >= 0)
        {
            var there = _unread[index];
            _unread.RemoveAt(index);
            return JsonSerializer.Deserialize(there.Payload!, definition.Payload)!;
        }

        var waiter = (definition.Name, new TaskCompletionSource<string>());
        _waiters.Add(waiter);
        using var registration = cancellationToken.Register(() =>
        {
            if (_turn.Admits() && _waiters.Remove(waiter))
            {
                waiter.Item2.SetCanceled(cancellationToken);
            }
        });
        return JsonSerializer.Deserialize(await waiter.Item2.Task, definition.Payload)!;
    }

    /// <inheritdoc />
    public void SetStatus<T>(T status, JsonTypeInfo<T> type)
    {
        CheckTurn();
        CustomStatus = JsonSerializer.Serialize(status, type);
    }

    /// <inheritdoc />
    public void ContinueAsNew<TIn>(TIn input, JsonTypeInfo<TIn> type, bool keepEvents = true)
    {
        CheckTurn();
        _next = (JsonSerializer.Serialize(input, type), keepEvents);
    }

    private string Where => $"{workflow.Name} {instanceId}, step {_asked + 1}";

    private static bool IsNamed(string name, string wanted) => string.Equals(name, wanted, StringComparison.OrdinalIgnoreCase);

    private void Deliver(HistoryEvent told)
    {
        if (IsOver)
        {
            return; // too late, and nobody's any more
        }

        Now = told.At;
        _turn.Run(() =>
        {
            switch (told.Kind)
            {
                case HistoryKind.Started:
                    _run = workflow.RunAsync(this, told.Payload!);
                    break;
                case HistoryKind.ActivityCompleted or HistoryKind.WorkflowCompleted or HistoryKind.TimerFired when _awaited.Remove(told.Task, out var waiter):
                    waiter.SetResult(told.Payload ?? "");
                    break;
                case HistoryKind.ActivityFailed or HistoryKind.WorkflowFailed when _awaited.Remove(told.Task, out var waiter):
                    waiter.SetException(new StepFailedException(told.Name!, Failure.Read(told.Payload!)));
                    break;
                case HistoryKind.EventReceived when _waiters.FindIndex(w => IsNamed(w.Name, told.Name!)) is var index and >= 0:
                    var (_, taker) = _waiters[index];
                    _waiters.RemoveAt(index);
                    taker.SetResult(told.Payload!);
                    break;
                case HistoryKind.EventReceived:
                    _unread.Add(told);
                    break;
            }
        });
        var isStuck = _run is { IsCompleted: false } && _awaited.Count == 0 && _waiters.Count == 0;
        if (_turn.IsForeign || isStuck)
        {
            _broken ??= new NonDeterminismException($"{Where}: it awaits something that is not the engine's, or without its context (ConfigureAwait).");
        }

        // The workflow may have caught it; what it does after is worth nothing.
        if (_broken is not null)
        {
            throw _broken;
        }

        if (_run is { IsCompleted: true })
        {
            IsOver = true;
            Record(End(_run));
        }
    }

    private HistoryEvent End(Task<string> run)
    {
        if (run.IsCompletedSuccessfully)
        {
            return _next is { } next
                ? new HistoryEvent(HistoryKind.ContinuedAsNew, -1, null, next.Input, Now)
                : new HistoryEvent(HistoryKind.Completed, -1, null, run.Result, Now);
        }

        var why = run.Exception?.InnerException ?? new OperationCanceledException("The workflow cancelled itself.");
        return new HistoryEvent(HistoryKind.Failed, -1, null, Failure.Of(why).ToJson(), Now);
    }

    private Task<string> Ask(HistoryKind kind, string? name, string? payload)
    {
        CheckTurn();
        var task = _asked;
        Record(new HistoryEvent(kind, task, name, payload, Now));
        _asked++;
        return (_awaited[task] = new TaskCompletionSource<string>()).Task;
    }

    private void Record(HistoryEvent asked)
    {
        if (!_replays)
        {
            _fresh.Add(asked);
            return;
        }

        var recorded = _cursor < _recorded.Count ? _recorded[_cursor] : null;
        if (recorded is null || recorded.Kind != asked.Kind || recorded.Task != asked.Task || recorded.Name != asked.Name)
        {
            var history = recorded is null ? "ends here" : recorded.IsAsked ? $"has {recorded.Described} next" : "has nothing asked for here";
            throw _broken ??= new NonDeterminismException($"{Where}: it asks for {asked.Described}, but its history {history}. Its code was changed under it, or takes something from elsewhere.");
        }

        _cursor++;
    }

    private void CheckTurn()
    {
        if (!_turn.IsTurn)
        {
            throw _broken ??= new NonDeterminismException($"{Where}: it goes on outside of its turn. A workflow awaits only what its context gives, without ConfigureAwait.");
        }
    }
}

/// <summary>What a history keeps of a workflow that was called: its instance id and its input.</summary>
internal sealed record CalledWorkflow(string InstanceId, string Input)
{
    public string ToJson() => JsonSerializer.Serialize(this, EngineJson.Default.CalledWorkflow);

    public static CalledWorkflow Read(string json) => JsonSerializer.Deserialize(json, EngineJson.Default.CalledWorkflow)!;
}
