using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using NodaTime;
using NodaTime.Text;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>
/// Tells instances what happened, inside of the journal's transaction, and writes behind it what they ask for: one event at a
/// time, until nobody has anything more to be told. What is to be done outside is kept for after the commit.
/// </summary>
internal sealed class InstanceTurns(JournalStatements journal, WorkflowRegistry registry, string worker, int instancesInMemory, ILogger logger)
{
    /// <summary>So much is told in one transaction, or a workflow that begins anew for ever would never be committed; the rest goes to the head of the inbox.</summary>
    private const int MostAtATime = 5_000;

    private readonly Dictionary<long, Held> _held = [];
    private readonly Dictionary<long, Held> _touched = [];
    private readonly LinkedList<(long Number, int Generation, HistoryEvent Event)> _told = [];
    private readonly List<(long Number, int Generation, int Task)> _unwanted = [];
    private readonly List<ActivityRow> _toRun = [];
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);
    private readonly string _known = JsonSerializer.Serialize(registry.Workflows, EngineJson.Default.IReadOnlyCollectionString);
    private Instant _now;
    private int _capacity;
    private int _delivered;
    private long? _place;

    /// <summary>The activities that this transaction took on.</summary>
    public IReadOnlyList<ActivityRow> ToRun => _toRun;

    /// <summary>Activities whose instance ended, or began anew: task -1 stands for all of an instance.</summary>
    public IReadOnlyList<(long Number, int Generation, int Task)> Unwanted => _unwanted;

    /// <summary>Whether there are more activities to do than were taken on.</summary>
    public bool HasBacklog { get; private set; }

    /// <summary>Whether more is to be told, or taken on, than went into this transaction.</summary>
    public bool HasMore { get; private set; }

    /// <summary>Whether no more is to be told in this transaction.</summary>
    public bool IsFull => _place is not null;

    /// <summary>Begins a transaction's turns.</summary>
    public void Begin(Instant now, int capacity)
    {
        (_now, _capacity) = (now, capacity);
        _touched.Clear();
        _told.Clear();
        _unwanted.Clear();
        _toRun.Clear();
        (_delivered, _place, HasMore) = (0, null, false);
    }

    /// <summary>Forgets all that is in memory: the transaction was taken back.</summary>
    public void Reset()
    {
        _held.Clear();
        HasBacklog = true;
    }

    /// <summary>Takes on instances that nobody has.</summary>
    public void TakeInstances(int most)
    {
        foreach (var workflow in journal.WorkflowsUnowned().Where(w => registry.Workflow(w) is null && _unknown.Add(w)))
        {
            EngineLog.UnknownWorkflow(logger, workflow);
        }

        var free = journal.Unowned(worker, _now, _known, most);
        HasMore |= free.Count == most;
        foreach (var number in free)
        {
            journal.Take(number, worker);
            var row = journal.Find(number)!;
            EngineLog.Taken(logger, row.Id, row.Workflow);
            if (row.Length == 0)
            {
                Tell(number, row.Generation, new HistoryEvent(HistoryKind.Started, -1, null, row.Input, _now));
            }
        }
    }

    /// <summary>Takes on activities that nobody does.</summary>
    public void TakeActivities()
    {
        var free = _capacity - _toRun.Count;
        if (free > 0)
        {
            var taken = journal.TakeActivities(worker, _now, free);
            _toRun.AddRange(taken);
            HasBacklog = taken.Count == free;
        }
    }

    /// <summary>Tells an instance of what happened; a generation of -1 is any.</summary>
    public void Tell(long number, int generation, HistoryEvent e)
    {
        _told.AddLast((number, generation, e));
        while (_told.First is { } next)
        {
            _told.RemoveFirst();
            if (_delivered++ < MostAtATime)
            {
                Deliver(next.Value.Number, next.Value.Generation, next.Value.Event);
            }
            else
            {
                HasMore = true;
                _place ??= journal.FirstPlace() - 1_000_000_000;
                journal.Send(next.Value.Number, next.Value.Generation, next.Value.Event, _place++);
            }
        }
    }

    /// <summary>Writes how far the instances are that were told something, before the commit.</summary>
    public void End()
    {
        foreach (var (number, held) in _touched)
        {
            if (held.Row.Status == InstanceStatus.Running && held.IsOurs(worker))
            {
                journal.GoOn(number, held.Length, held.Execution?.CustomStatus, _now);
            }
        }

        // What is made of a history again costs time, and what is held costs memory: some that were not told anything now go.
        if (_held.Count > instancesInMemory)
        {
            foreach (var number in _held.Where(h => !_touched.ContainsKey(h.Key)).Select(h => h.Key).Take(_held.Count - instancesInMemory).ToArray())
            {
                _held.Remove(number);
            }
        }
    }

    private void Deliver(long number, int generation, HistoryEvent e)
    {
        var held = Touch(number);
        if (held is null || held.Row.Status != InstanceStatus.Running || (generation >= 0 && generation != held.Generation)
            || (e.Kind == HistoryKind.Started && held.Length > 0))
        {
            return; // nobody's any more
        }

        if (!held.IsOurs(worker))
        {
            journal.Send(number, generation, e);
            return;
        }

        if (e.Kind == HistoryKind.Terminated)
        {
            Append(held, e);
            EndInstance(held, InstanceStatus.Terminated, null, e.Payload!);
            return;
        }

        try
        {
            var execution = held.Execution ??= Make(held);
            Append(held, e);
            foreach (var asked in execution.Tell(e).ToArray())
            {
                Append(held, asked);
                Do(held, asked);
            }
        }
        catch (Exception fault) when (fault is not SqliteException)
        {
            // Its code was changed under it, throws outside of its task, or its history cannot be read: it ends, and no other does.
            var failure = Failure.Of(fault).ToJson();
            Append(held, new HistoryEvent(HistoryKind.Failed, -1, null, failure, _now));
            EndInstance(held, InstanceStatus.Failed, null, failure);
        }
    }

    private void Do(Held held, HistoryEvent asked)
    {
        switch (asked.Kind)
        {
            case HistoryKind.ActivityScheduled:
                var isTaken = _toRun.Count < _capacity;
                HasBacklog |= !isTaken;
                journal.AddActivity(held.Row.Number, asked.Task, held.Length - 1, isTaken ? worker : null);
                if (isTaken)
                {
                    _toRun.Add(new ActivityRow(held.Row.Number, held.Generation, asked.Task, asked.Name!, asked.Payload!));
                }

                break;
            case HistoryKind.WorkflowScheduled:
                Call(held, asked);
                break;
            case HistoryKind.TimerSet:
                var at = InstantPattern.ExtendedIso.Parse(asked.Payload!).Value;
                if (at <= _now)
                {
                    _told.AddLast((held.Row.Number, held.Generation, new HistoryEvent(HistoryKind.TimerFired, asked.Task, null, null, _now)));
                }
                else
                {
                    journal.SetTimer(held.Row.Number, asked.Task, at);
                }

                break;
            case HistoryKind.TimerCancelled:
                journal.EndTimer(held.Row.Number, asked.Task);
                break;
            case HistoryKind.Completed:
                EndInstance(held, InstanceStatus.Completed, asked.Payload, null);
                break;
            case HistoryKind.Failed:
                EndInstance(held, InstanceStatus.Failed, null, asked.Payload);
                break;
            case HistoryKind.ContinuedAsNew:
                BeginAnew(held, asked.Payload!);
                break;
        }
    }

    private void Call(Held held, HistoryEvent asked)
    {
        var called = CalledWorkflow.Read(asked.Payload!);
        var problem = registry.Workflow(asked.Name!) is null
            ? new Failure(typeof(PermanentFailureException).FullName!, $"This version of the program has no workflow '{asked.Name}'.", false)
            : journal.Insert(called.InstanceId, asked.Name!, called.Input, (held.Row.Number, held.Generation, asked.Task), worker, _now)
                ? null
                : new Failure(InstanceExistsException.TypeName, $"There is, or was, an instance '{called.InstanceId}' already.", false);
        _told.AddLast(problem is null
            ? (journal.LastInserted, 0, new HistoryEvent(HistoryKind.Started, -1, null, called.Input, _now))
            : (held.Row.Number, held.Generation, new HistoryEvent(HistoryKind.WorkflowFailed, asked.Task, asked.Name, problem.ToJson(), _now)));
    }

    private void BeginAnew(Held held, string input)
    {
        var kept = held.Execution!.EventsToKeep.ToArray();
        _unwanted.Add((held.Row.Number, held.Generation, -1));
        TerminateCalled(held, "The workflow that called it began anew.");
        held.BeginAnew(input);
        journal.BeginAnew(held.Row.Number, held.Generation, input);
        // Before all else that it may be told; to whichever beginning comes to listen.
        foreach (var e in kept.Reverse())
        {
            _told.AddFirst((held.Row.Number, -1, e with { At = _now }));
        }

        _told.AddFirst((held.Row.Number, held.Generation, new HistoryEvent(HistoryKind.Started, -1, null, input, _now)));
    }

    private void EndInstance(Held held, InstanceStatus status, string? output, string? failure)
    {
        var row = held.Row;
        held.Row = row with { Status = status };
        _held.Remove(row.Number);
        _unwanted.Add((row.Number, held.Generation, -1));
        journal.GoOn(row.Number, held.Length, held.Execution?.CustomStatus, _now);
        journal.End(row.Number, status, output, failure, _now);
        TerminateCalled(held, "The workflow that called it ended.");
        EngineLog.Ended(logger, row.Id, row.Workflow, status);
        if (row.Parent is { } parent)
        {
            _told.AddLast((parent, row.ParentGeneration, status == InstanceStatus.Completed
                ? new HistoryEvent(HistoryKind.WorkflowCompleted, row.ParentTask, row.Workflow, output, _now)
                : new HistoryEvent(HistoryKind.WorkflowFailed, row.ParentTask, row.Workflow, failure, _now)));
        }
    }

    private void TerminateCalled(Held held, string why)
    {
        foreach (var called in journal.Called(held.Row.Number))
        {
            _told.AddLast((called, -1, new HistoryEvent(HistoryKind.Terminated, -1, null, TerminatedFailure(why), _now)));
        }
    }

    /// <summary>What is kept of an instance that a person, or the end of its caller, ended.</summary>
    public static string TerminatedFailure(string why) => new Failure("Terminated", why, false).ToJson();

    private void Append(Held held, HistoryEvent e) => journal.Append(held.Row.Number, held.Length++, e);

    /// <summary>The instance as the journal has it now: what is in memory holds only if nobody else had it since.</summary>
    private Held? Touch(long number)
    {
        if (_touched.TryGetValue(number, out var touched))
        {
            return touched;
        }

        if (journal.Find(number) is not { } row)
        {
            return null;
        }

        if (!_held.TryGetValue(number, out var held) || !held.IsSame(row))
        {
            held = new Held(row);
            _held[number] = held;
        }

        _touched.Add(number, held);
        return held;
    }

    private WorkflowExecution Make(Held held)
    {
        var execution = new WorkflowExecution(held.Row.Id, held.Generation, registry.Workflow(held.Row.Workflow)!, logger);
        execution.Replay(held.Length == 0 ? [] : journal.History(held.Row.Number));
        return execution;
    }

    /// <summary>An instance in memory.</summary>
    private sealed class Held(InstanceRow row)
    {
        public InstanceRow Row { get; set; } = row;

        public int Generation { get; private set; } = row.Generation;

        public int Length { get; set; } = row.Length;

        public WorkflowExecution? Execution { get; set; }

        public bool IsOurs(string worker) => Row.Owner == worker;

        public bool IsSame(InstanceRow row) =>
            row.Owner == Row.Owner && row.Fence == Row.Fence && row.Generation == Generation && row.Length == Length && row.Status == InstanceStatus.Running;

        public void BeginAnew(string input)
        {
            (Row, Generation, Length, Execution) = (Row with { Input = input }, Generation + 1, 0, null);
        }
    }
}
