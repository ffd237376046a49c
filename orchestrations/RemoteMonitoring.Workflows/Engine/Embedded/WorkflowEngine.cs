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

    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(5);

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
    private volatile bool _stops;
    private int _disposed;
    private long _seen = -1;
    private Instant _now;
    private Instant _beatAt;
    private Instant? _nextTimer;

    private WorkflowEngine(string file, WorkflowRegistry registry, EngineOptions options, TimeProvider time, ILogger logger)
    {
        (_registry, _options, _time, _logger) = (registry, options, time, logger);
        _worker = options.Worker ?? ProcessName.Next();
        _connection = JournalFile.Open(file);
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
    public static WorkflowEngine Start(string file, WorkflowRegistry registry, EngineOptions options, TimeProvider time, ILogger logger)
    {
        var engine = new WorkflowEngine(file, registry, options, time, logger);
        engine._thread.Start();
        return engine;
    }

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

        await StopAsync();
        _thread.Join();
        _journal.Dispose();
        await _connection.DisposeAsync();
        _cancelled.Dispose();
        _gaveUp.Dispose();
        _wake.Dispose();
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
        while (!_stops || (_underWay.Count > 0 && !_gaveUp.IsCancellationRequested))
        {
            try
            {
                if (!Step())
                {
                    _wake.Wait(_options.Poll);
                }

                delay = TimeSpan.Zero;
            }
            catch (SqliteException e)
            {
                // The disk is full, or another process has held the file for long: what came in is kept, and what is in memory made again.
                EngineLog.CannotCommit(_logger, e.Message);
                delay = TimeSpan.FromMilliseconds(Math.Min(s_longestDelay.TotalMilliseconds, (2 * delay.TotalMilliseconds) + 50));
                _wake.Wait(delay);
            }
            catch (Exception e)
            {
                _stopped.TrySetException(new LakeException($"The engine of the workflows stopped: {e.Message}", e));
                return;
            }
        }

        try
        {
            _journal.Begin();
            _journal.Release(_worker);
            _journal.Commit();
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
        // A clock that is set back does not take back what was recorded.
        _now = Instant.Max(_now, Instant.FromDateTimeOffset(_time.GetUtcNow()));
        var version = _journal.DataVersion;
        var isChanged = version != _seen;
        var isBeat = _now >= _beatAt;
        var capacity = _stops ? 0 : _options.ActivitiesAtATime - _underWay.Count;
        if (_outcomes.IsEmpty && !isChanged && !isBeat && !(_nextTimer <= _now) && !(_turns.HasBacklog && capacity > 0))
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
        try
        {
            _journal.Begin();
            _turns.Begin(_now, capacity);
            if (isBeat)
            {
                Beat();
            }

            if (!_stops && (isChanged || isBeat))
            {
                _turns.TakeInstances(MostAtATime);
            }

            foreach (var message in _journal.Inbox(_worker, _now, MostAtATime))
            {
                isAll = false;
                _journal.EndMessage(message.Number);
                _turns.Tell(message.Instance, message.Generation, message.Event);
            }

            foreach (var outcome in outcomes.Where(o => o.Told is not null && _journal.EndActivity(o.Instance, o.Generation, o.Task, _worker)))
            {
                _turns.Tell(outcome.Instance, outcome.Generation, outcome.Told! with { At = _now });
            }

            foreach (var (instance, task) in _journal.DueTimers(_worker, _now, MostAtATime))
            {
                isAll = false;
                if (_journal.EndTimer(instance, task))
                {
                    _turns.Tell(instance, -1, new HistoryEvent(HistoryKind.TimerFired, task, null, null, _now));
                }
            }

            if (isChanged || isBeat || _turns.HasBacklog)
            {
                _turns.TakeActivities();
            }

            _turns.End();
            _nextTimer = _journal.NextTimer(_worker);
            _journal.Commit();
        }
        catch
        {
            outcomes.ForEach(_outcomes.Enqueue);
            _journal.Rollback();
            _turns.Reset();
            _seen = -1;
            throw;
        }

        Commits++;
        // There may be more than was read at a time: then it looks again.
        _seen = isAll ? version : -1;
        _beatAt = isBeat ? _now + (_options.Lease / 3) : _beatAt;
        outcomes.ForEach(o => End((o.Instance, o.Generation, o.Task)));
        DoWhatIsCommitted();
        return true;
    }

    private void Beat()
    {
        _journal.Beat(_worker, _now + _options.Lease);
        foreach (var other in _journal.Workers().Where(w => w != _worker && ProcessName.IsGone(w)))
        {
            EngineLog.WorkerGone(_logger, other);
            _journal.EndWorker(other);
        }
    }

    private void DoWhatIsCommitted()
    {
        foreach (var (instance, generation, _) in _turns.Unwanted)
        {
            foreach (var (key, source) in _underWay.Where(u => u.Key.Instance == instance && u.Key.Generation <= generation))
            {
                source.Cancel();
            }
        }

        foreach (var activity in _turns.ToRun)
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(_cancelled.Token);
            _underWay.Add((activity.Instance, activity.Generation, activity.Task), source);
            _ = Task.Run(() => RunAsync(activity, source.Token));
        }
    }

    private async Task RunAsync(ActivityRow activity, CancellationToken cancellationToken)
    {
        HistoryEvent? told;
        try
        {
            var output = await _registry.RunAsync(activity.Name, activity.Input, cancellationToken);
            told = new HistoryEvent(HistoryKind.ActivityCompleted, activity.Task, activity.Name, output, default);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
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
