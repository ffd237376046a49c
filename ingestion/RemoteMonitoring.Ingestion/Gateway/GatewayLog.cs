using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>A device's message on its way into the log.</summary>
public readonly record struct GatewayMessage
{
    /// <summary>Authenticated device id.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Message id that the device gave, or null.</summary>
    public string? MessageId { get; init; }

    /// <summary>Properties as a JSON object of text, or null where there are none.</summary>
    public string? Properties { get; init; }

    /// <summary>The body; not changed by the caller afterwards.</summary>
    public required byte[] Body { get; init; }
}

/// <summary>Limits of <see cref="GatewayLog"/>.</summary>
public sealed record GatewayLogOptions
{
    /// <summary>Partitions of a log that is made; one that is there keeps its own. Default 4.</summary>
    public int Partitions { get; init; } = 4;

    /// <summary>Messages that wait for the next commit at the most; whoever appends more waits. Default 4,096.</summary>
    public int WaitingMessages { get; init; } = 4096;

    /// <summary>Bytes of bodies that wait for the next commit at the most. Default 16 MiB.</summary>
    public int WaitingBytes { get; init; } = 16 << 20;
}

/// <summary>
/// A durable, partitioned log of device messages in one SQLite file; this is its one writer. Offsets of a partition are
/// consecutive from 0. Group commit: whatever waits while one commit is synced goes into the next, in the order it came.
/// Safe for use by many threads.
/// </summary>
public sealed class GatewayLog : IAsyncDisposable
{
    /// <summary>The version of the file that this program writes, and the only one it opens.</summary>
    public const int SchemaVersion = GatewayLogFile.SchemaVersion;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly GatewayLogOptions _options;
    private readonly TimeProvider _time;
    private readonly string _file;
    private readonly FileStream _writer;
    private readonly SqliteConnection _connection;
    private readonly LogStatements _statements;
    private readonly long[] _ends;
    private readonly Thread _thread;
    private Batch _waiting = new();
    private TaskCompletionSource? _room;
    private int _queued;
    private long _lastEnqueued;
    private bool _closed;

    private GatewayLog(string file, GatewayLogOptions options, TimeProvider time)
    {
        (_file, _options, _time) = (file, options, time);
        _writer = Lock(file);
        try
        {
            _connection = GatewayLogFile.OpenOrCreate(file, options.Partitions);
            Epoch = GatewayLogFile.Epoch(_connection);
            _ends = [.. Enumerable.Range(0, GatewayLogFile.Partitions(_connection)).Select(p => GatewayLogFile.Bounds(_connection, p).End)];
            _statements = new LogStatements(_connection, _ends.Length);
        }
        catch
        {
            _connection?.Dispose();
            _writer.Dispose();
            throw;
        }

        _thread = new Thread(Run) { Name = "gateway log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Called after each commit with how many messages and bytes of bodies it held: for figures.</summary>
    public Action<int, long>? Committed { get; set; }

    /// <summary>Identity of this log, made with it: another file under the same name is another stream.</summary>
    public string Epoch { get; }

    /// <summary>How many partitions it has.</summary>
    public int Partitions => _ends.Length;

    /// <summary>
    /// Opens the log for writing, making it where it is not there. Throws <see cref="LakeException"/> where it cannot be used,
    /// or another process writes it.
    /// </summary>
    public static GatewayLog Open(string file, GatewayLogOptions options, TimeProvider time) => new(Path.GetFullPath(file), options, time);

    /// <summary>
    /// Appends a message; done when the commit that holds it has been synced, and failed with <see cref="LakeException"/> when
    /// it could not be: then it is not in the log. Waits for room first where too much is waiting. Cancelling gives up the
    /// waiting for room, never a message that was taken.
    /// </summary>
    public Task AppendAsync(GatewayMessage message, CancellationToken cancellationToken = default)
    {
        // Who waits for room is not overtaken: messages of a device stay in the order they came.
        return Volatile.Read(ref _queued) == 0 && TryTake(message, out _) is { } taken ? taken : AppendInTurnAsync(message, cancellationToken);
    }

    /// <summary>Commits what waits, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            _room?.TrySetResult();
        }

        _work.Release();
        await Task.Run(_thread.Join);
        _statements.Dispose();
        await _connection.DisposeAsync();
        await _writer.DisposeAsync();
        _work.Dispose();
    }

    /// <summary>One writer: the operating system takes the lock off a process that is gone, however it went.</summary>
    private static FileStream Lock(string file)
    {
        PrivateFile.Create(file + ".lock");
        try
        {
            return new FileStream(file + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new LakeException($"{file}: another gateway writes this log. Stop it first, or take another home.", e);
        }
    }

    private async Task AppendInTurnAsync(GatewayMessage message, CancellationToken cancellationToken)
    {
        Task? taken;
        Interlocked.Increment(ref _queued);
        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                while ((taken = TryTake(message, out var room)) is null)
                {
                    await room!.WaitAsync(cancellationToken);
                }
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _queued);
        }

        await taken;
    }

    private static long SizeOf(in GatewayMessage message) => message.Body.Length + (2L * (message.Properties?.Length ?? 0));

    private Task? TryTake(in GatewayMessage message, out Task? room)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_waiting.Messages.Count >= _options.WaitingMessages || (_waiting.Bytes > 0 && _waiting.Bytes + SizeOf(message) > _options.WaitingBytes))
            {
                room = (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                return null;
            }

            room = null;
            // Never falling, whatever the clock does: the order of offsets is that of enqueued times.
            _lastEnqueued = Math.Max(_lastEnqueued, _time.GetUtcNow().Ticks / 10 - DateTime.UnixEpoch.Ticks / 10);
            _waiting.Messages.Add((message, _lastEnqueued));
            _waiting.Bytes += SizeOf(message);
            if (_waiting.Messages.Count == 1)
            {
                _work.Release();
            }

            return _waiting.Done.Task;
        }
    }

    private void Run()
    {
        while (true)
        {
            _work.Wait();
            Batch batch;
            lock (_gate)
            {
                if (_waiting.Messages.Count == 0)
                {
                    if (_closed)
                    {
                        return;
                    }

                    continue;
                }

                batch = _waiting;
                _waiting = new Batch();
                _room?.TrySetResult();
                _room = null;
            }

            Commit(batch);
        }
    }

    private void Commit(Batch batch)
    {
        Span<long> next = stackalloc long[_ends.Length];
        try
        {
            _statements.Begin();
            _ends.CopyTo(next);
            foreach (var (message, enqueued) in batch.Messages)
            {
                var partition = Partitioning.PartitionOf(message.DeviceId, next.Length);
                _statements.Insert(partition, next[partition]++, message, enqueued);
            }

            _statements.Commit();
            next.CopyTo(_ends);
        }
        catch (Exception e)
        {
            TakeBack();
            // Whoever waits for the batch is told; the next batch tries anew.
            var cause = e is SqliteException sqlite ? GatewayLogFile.Cause(sqlite) : e.Message;
            batch.Done.SetException(new LakeException($"{_file}: messages cannot be appended, and none of the batch was ({cause}).", e));
            // Nobody may be waiting any more.
            _ = batch.Done.Task.Exception;
            return;
        }

        Committed?.Invoke(batch.Messages.Count, batch.Bytes);
        batch.Done.SetResult();
    }

    private void TakeBack()
    {
        try
        {
            _statements.Rollback();
        }
        catch (SqliteException)
        {
            // Then beginning the next batch fails too, and says so.
        }
    }

    private sealed class Batch
    {
        public List<(GatewayMessage Message, long Enqueued)> Messages { get; } = [];

        public long Bytes { get; set; }

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
