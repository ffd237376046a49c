using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// The log as a source: all partitions are this reader's. A position before the log's begin is answered with what is there
/// from its begin on. One beyond its end is refused: the log lost what it had acknowledged, and offsets would be given out twice.
/// </summary>
public sealed class GatewaySource : IEventSource
{
    /// <summary>How long records that have landed stay in the log, by default: 7 days.</summary>
    public static readonly TimeSpan DefaultRetention = TimeSpan.FromDays(7);

    private const int BatchRecords = 8192;
    private const long BatchBytes = 4 << 20;
    private const int Looks = 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_trimEvery = TimeSpan.FromHours(1);

    private readonly GatewayLogReader _log;
    private readonly TimeProvider _time;
    private readonly TimeSpan _retention;
    private readonly long?[] _next;
    private readonly DateTimeOffset[] _noted;
    private readonly DateTimeOffset[] _trimmed;

    /// <summary>Opens a log that is there.</summary>
    /// <param name="file">The log.</param>
    /// <param name="hub">Name of the hub, as bronze has it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="retention">How long what has landed stays; <see cref="DefaultRetention"/> where null.</param>
    public GatewaySource(string file, string hub, TimeProvider time, TimeSpan? retention = null)
    {
        _log = new GatewayLogReader(file);
        (Hub, _time, _retention) = (hub, time, retention ?? DefaultRetention);
        _next = new long?[_log.Partitions];
        _noted = new DateTimeOffset[_log.Partitions];
        _trimmed = new DateTimeOffset[_log.Partitions];
    }

    /// <inheritdoc />
    public string Hub { get; }

    /// <inheritdoc />
    public string Epoch => _log.Epoch;

    /// <inheritdoc />
    public IReadOnlyDictionary<int, long> Ends => Enumerable.Range(0, _log.Partitions).ToDictionary(p => p, p => _log.Bounds(p).End);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<int, long>> AskEndsAsync(CancellationToken cancellationToken) => Task.FromResult(Ends);

    /// <inheritdoc />
    public async Task<IReadOnlyList<StreamBatch>> ReadAsync(Func<int, CancellationToken, Task<long>> positionOf, CancellationToken cancellationToken)
    {
        for (var p = 0; p < _next.Length; p++)
        {
            _next[p] ??= NotBeyondEnd(p, await positionOf(p, cancellationToken));
        }

        for (var look = 0; look < Looks; look++)
        {
            if (look > 0)
            {
                await Task.Delay(s_pause, _time, cancellationToken);
            }

            var batches = new List<StreamBatch>();
            for (var p = 0; p < _next.Length; p++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_log.Read(p, _next[p]!.Value, BatchRecords, BatchBytes / _next.Length) is { Count: > 0 } records)
                {
                    batches.Add(new StreamBatch(p, records));
                    _next[p] = records[^1].Offset + 1;
                }
            }

            if (batches.Count > 0)
            {
                return batches;
            }
        }

        return [];
    }

    /// <inheritdoc />
    public Task SeekAsync(int partition, long offset, CancellationToken cancellationToken)
    {
        _next[partition] = offset;
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task CommitAsync(int partition, long nextOffset, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (now - _noted[partition] >= s_noteEvery)
        {
            _noted[partition] = now;
            _log.Landed(partition, nextOffset, Micros(now));
        }

        if (now - _trimmed[partition] >= s_trimEvery)
        {
            _trimmed[partition] = now;
            await _log.TrimLanded(partition, Micros(now - _retention), cancellationToken);
        }
    }

    private long NotBeyondEnd(int partition, long position) => position <= _log.Bounds(partition).End
        ? position
        : throw new LakeException($"{Hub}, epoch {Epoch}, partition {partition}: the lake ends at offset {position}, the log at {_log.Bounds(partition).End}: it was put back to an earlier state, and what it takes in now would get offsets that have been given out. Restore it, or move it away to begin a new one.");

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _log.Dispose();
        return ValueTask.CompletedTask;
    }

    private static long Micros(DateTimeOffset instant) => (instant - DateTimeOffset.UnixEpoch).Ticks / 10;
}
