using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>
/// Runs the workflows of a home on this machine. One thread writes the journal: all that has come in since its last commit goes
/// into the next, with all that the instances ask for then, and only what is committed is done. Any number of engines, in any
/// number of processes, may share a journal: an instance is one engine's at a time, and who had it before finds out when it commits.
/// </summary>
public sealed class WorkflowEngine : IAsyncDisposable
{
    private const int MostAtATime = 500;

    /// <summary>Seconds that others may write at a stretch before it is told: so long a stop may take.</summary>
    private const int Patience = 2;

    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(5);

    /// <summary>Another writes, no memory, no disk, no file: SQLite's codes of what may be over the next time. A damaged file is none of it.</summary>
    private static readonly int[] s_mayPass = [SQLitePCL.raw.SQLITE_BUSY, SQLitePCL.raw.SQLITE_LOCKED, SQLitePCL.raw.SQLITE_NOMEM, SQLitePCL.raw.SQLITE_IOERR, SQLitePCL.raw.SQLITE_FULL, SQLitePCL.raw.SQLITE_CANTOPEN];

    private readonly WorkflowRegistry _registry;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _worker;
    private readonly SqliteConnection _connection;
    private readonly JournalStatements _journal;
    private readonly InstanceTurns _turns;
    private readonly ConcurrentQueue<Outcome> _outcomes = new();
    private readonly Dictionary<(long Instance, int Generation, int Task), CancellationTokenSource> _underWay = [];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _cancelled = new();
    private readonly CancellationTokenSource _gaveUp = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private readonly Action<WorkflowEngine>? _committed;
    private volatile bool _stops;
    private volatile bool _isAbandoned;
    private int _disposed;
    private long _seen = -1;
    private long? _beat;
    private Instant? _nextTimer;

    private WorkflowEngine(string file, WorkflowRegistry registry, EngineOptions options, TimeProvider time, ILogger logger, Action<WorkflowEngine>? committed)
    {
        (_registry, _options, _time, _logger, _committed) = (registry, options, time, logger, committed);
        _worker = options.Worker ?? ProcessName.Next();
        _connection = JournalFile.Open(file, Patience);
        _journal = new JournalStatements(_connection);
        _turns = new InstanceTurns(_journal, registry, _worker, options.InstancesInMemory, logger);
        Client = new JournalClient(file, time, Wake);
        _thread = new Thread(Run) { Name = "workflows", IsBackground = true };
    }

    /// <summary>Starts instances and looks at them.</summary>
    public JournalClient Client { get; }

    /// <summary>Commits since it began.</summary>
    public long Commits { get; private set; }

    /// <summary>Opens a journal, making it where it is not there, and goes on with what is under way.</summary>
    public static WorkflowEngine Start(string file, WorkflowRegistry registry, EngineOptions options, TimeProvider time, ILogger logger) =>
        Start(file, registry, options, time, logger, null);

    /// <summary>The same; <paramref name="committed"/> is called after each commit, before what that lets begin.</summary>
    internal static WorkflowEngine Start(string file, WorkflowRegistry registry, EngineOptions options, TimeProvider time, ILogger logger, Action<WorkflowEngine>? committed)
    {
        var engine = new WorkflowEngine(file, registry, options, time, logger, committed);
        engine._thread.Start();
        return engine;
    }

    /// <summary>Ends when it was stopped, or by the fault that stopped it: who waits for an instance waits for this too.</summary>
    public Task Ended => _stopped.Task;

    /// <summary>Takes nothing more on, waits for the activities under way as long as the options say, and gives the rest to whoever comes next.</summary>
    public async Task StopAsync()
    {
        _stops = true;
        _cancelled.CancelAfter(_options.Grace);
        _gaveUp.CancelAfter(_options.Grace * 2); // an activity that does not heed its token is done again by whoever comes next
        Wake();
        await _stopped.Task;
    }

    /// <summary>Stops, and closes the journal.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        try
        {
            await StopAsync();
        }
        finally
        {
            _thread.Join();
            _journal.Dispose();
            await _connection.DisposeAsync();
            _cancelled.Dispose();
            _gaveUp.Dispose();
            _wake.Dispose();
        }
    }

    /// <summary>The connection of its thread, for tests that leave it no room.</summary>
    internal SqliteConnection Connection => _connection;

    /// <summary>Ends as with its process: nothing more is written, and nothing given back. Activities under way go on, and their outcome is nobody's.</summary>
    internal void Abandon()
    {
        _isAbandoned = true;
        Wake();
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // It is awake already, or gone.
        }
    }

    private void Run()
    {
        var delay = TimeSpan.Zero;
        while (!_isAbandoned && (!_stops || (_underWay.Count > 0 && !_gaveUp.IsCancellationRequested)))
        {
            try
            {
                if (!Step())
                {
                    _wake.Wait(_options.Poll);
                }

                delay = TimeSpan.Zero;
            }
            catch (SqliteException e) when (s_mayPass.Contains(e.SqliteErrorCode))
            {
                // What came in is kept, and what is in memory made again.
                EngineLog.CannotCommit(_logger, e.Message);
                delay = TimeSpan.FromMilliseconds(Math.Min(s_longestDelay.TotalMilliseconds, (2 * delay.TotalMilliseconds) + 50));
                _wake.Wait(delay);
            }
            catch (ObjectDisposedException) when (_isAbandoned)
            {
                break;
            }
            catch (Exception e)
            {
                EngineLog.Stopped(_logger, e.Message);
                _ = _cancelled.CancelAsync();
                _stopped.TrySetException(new LakeException($"The engine of the workflows stopped: {e.Message}", e));
                return;
            }
        }

        try
        {
            if (!_isAbandoned)
            {
                _journal.Begin();
                _journal.Release(_worker);
                _journal.Commit();
            }
        }
        catch (SqliteException e)
        {
            EngineLog.CannotCommit(_logger, e.Message); // its lease runs out
        }

        _stopped.TrySetResult();
    }

    /// <summary>One transaction; false when there is nothing to do.</summary>
    private bool Step()
    {
        var now = Instant.FromDateTimeOffset(_time.GetUtcNow());
        var began = _time.GetTimestamp();
        var version = _journal.DataVersion;
        var isChanged = version != _seen;
        var isBeat = _beat is not { } beat || _time.GetElapsedTime(beat, began) >= (_options.Lease / 3).ToTimeSpan(); // whatever becomes of the clock
        var capacity = _stops ? 0 : _options.ActivitiesAtATime - _underWay.Count;
        if (_outcomes.IsEmpty && !isChanged && !isBeat && !(_nextTimer <= now) && !(_turns.HasBacklog && capacity > 0))
        {
            return false;
        }

        var outcomes = new List<Outcome>();
        while (outcomes.Count < MostAtATime && _outcomes.TryDequeue(out var outcome))
        {
            outcomes.Add(outcome);
        }

        // What is under way is told apart on this thread alone; whose outcome is here does not count any more.
        capacity += _stops ? 0 : outcomes.Count;
        var isAll = true;
        string?[]? runs;
        try
        {
            _journal.Begin();
            _turns.Begin(now, capacity);
            if (isBeat)
            {
                Beat(now);
            }

            if (!_stops && (isChanged || isBeat))
            {
                _turns.TakeInstances(MostAtATime);
            }

            foreach (var message in _journal.Inbox(_worker, now, MostAtATime))
            {
                isAll = false;
                if (_turns.IsFull)
                {
                    break; // what is told already comes first
                }

                _journal.EndMessage(message.Number);
                _turns.Tell(message.Instance, message.Generation, message.Event);
            }

            foreach (var outcome in outcomes)
            {
                if (outcome.Told is { } told && _journal.EndActivity(outcome.Instance, outcome.Generation, outcome.Task, _worker))
                {
                    _turns.Tell(outcome.Instance, outcome.Generation, told with { At = now });
                }
            }

            foreach (var (instance, task) in _journal.DueTimers(_worker, now, MostAtATime))
            {
                isAll = false;
                if (_journal.FireTimer(instance, task, now))
                {
                    _turns.Tell(instance, -1, new HistoryEvent(HistoryKind.TimerFired, task, null, null, now));
                }
            }

            if (isChanged || isBeat || _turns.HasBacklog)
            {
                _turns.TakeActivities();
            }

            _turns.End();
            _nextTimer = _journal.NextTimer(_worker);
            runs = WorkflowTraces.IsWanted ? [.. _turns.ToRun.Select(a => _journal.RunOf(a.Instance))] : null;
            ObjectDisposedException.ThrowIf(_isAbandoned, this);
            _journal.Commit();
        }
        catch
        {
            outcomes.ForEach(_outcomes.Enqueue);
            _turns.Reset();
            _seen = -1;
            _journal.Rollback();
            throw;
        }

        Commits++;
        // There may be more than was read at a time: then it looks again.
        _seen = isAll && !_turns.HasMore ? version : -1;
        _beat = isBeat ? began : _beat;
        outcomes.ForEach(o => End((o.Instance, o.Generation, o.Task)));
        _committed?.Invoke(this);
        if (!_isAbandoned)
        {
            DoWhatIsCommitted(runs);
        }

        return true;
    }

    private void Beat(Instant now)
    {
        _journal.Beat(_worker, now + _options.Lease);
        foreach (var other in _journal.Workers().Where(w => w != _worker && ProcessName.IsGone(w)))
        {
            EngineLog.WorkerGone(_logger, other);
            _journal.EndWorker(other);
        }
    }

    /// <param name="runs">Of each activity the run that it is of; null where nobody wants to know.</param>
    private void DoWhatIsCommitted(string?[]? runs)
    {
        foreach (var (instance, generation, _) in _turns.Unwanted)
        {
            foreach (var (key, source) in _underWay.Where(u => u.Key.Instance == instance && u.Key.Generation <= generation))
            {
                _ = source.CancelAsync(); // what an activity does then is not for this thread
            }
        }

        foreach (var (i, activity) in _turns.ToRun.Index())
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(_cancelled.Token);
            if (_underWay.TryAdd((activity.Instance, activity.Generation, activity.Task), source))
            {
                _ = Task.Run(() => RunAsync(activity, runs?[i], source.Token));
            }
            else
            {
                source.Dispose(); // another engine had it in between, and it is still under way here
            }
        }
    }

    private async Task RunAsync(ActivityRow activity, string? run, CancellationToken cancellationToken)
    {
        HistoryEvent? told;
        try
        {
            var output = await _registry.RunAsync(activity.Name, activity.Input, run, cancellationToken);
            told = new HistoryEvent(HistoryKind.ActivityCompleted, activity.Task, activity.Name, output, default);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            told = null; // done again by whoever comes next, or wanted by nobody
        }
        catch (Exception e)
        {
            var failure = Failure.Of(e);
            EngineLog.ActivityFailed(_logger, activity.Name, activity.Instance, failure.Type);
            told = new HistoryEvent(HistoryKind.ActivityFailed, activity.Task, activity.Name, failure.ToJson(), default);
        }

        _outcomes.Enqueue(new Outcome(activity.Instance, activity.Generation, activity.Task, told));
        Wake();
    }

    private void End((long Instance, int Generation, int Task) key)
    {
        if (_underWay.Remove(key, out var source))
        {
            source.Dispose();
        }
    }

    private sealed record Outcome(long Instance, int Generation, int Task, HistoryEvent? Told);
}
