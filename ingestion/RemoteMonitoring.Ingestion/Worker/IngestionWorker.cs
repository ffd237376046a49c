using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Watermarks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Ingestion.Worker;

/// <summary>
/// Lands what a source has, for as long as it runs: finishes what a crash left half done, reads on from where the lake
/// ends, lands micro-batches by size and age, and brings the documents behind. Reads no more while it cannot land. Of any
/// number of workers on one stream the chain lets each message land once. States up to when all is landed.
/// </summary>
public sealed class IngestionWorker(
    CohortStore store, IEventSource source, WorkerOptions options, WorkerState state, WorkerMetrics metrics, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_historyAge = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, Lane> _lanes = [];
    private Silver _silver = null!;
    private readonly ConcurrentDictionary<int, LandingStatement> _statements = [];
    private readonly Dictionary<int, LandingStatement> _stated = [];
    private long _historyRead;
    private long? _asked;

    /// <summary>
    /// Runs until it is told to stop, or with <paramref name="untilLanded"/> until all that the source has is landed and its
    /// documents are written; then lands what it has read, and returns.
    /// </summary>
    public async Task RunAsync(bool untilLanded, CancellationToken stop)
    {
        if (options.Problem() is { } problem)
        {
            throw new LakeException($"The worker cannot start: {problem}");
        }

        await RetryAsync("recover", RecoverAsync, stop);
        WorkerLog.Started(logger, source.Hub, source.Epoch);
        using var behind = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task[] followers =
        [
            FollowAsync("write documents", s_historyAge, ProjectAsync, behind.Token),
            FollowAsync("state how far it has landed", options.StateEvery, StateAsync, behind.Token),
            SealAsync(behind.Token),
        ];
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var batches = await source.ReadAsync(PositionAsync, stop);
                foreach (var batch in batches)
                {
                    await TakeAsync(batch, stop);
                }

                await FlushAsync(untilLanded && batches.Count == 0 ? _ => true : IsDue, stop);
                await AskAsync(untilLanded && batches.Count == 0, stop);
                if (untilLanded && batches.Count == 0 && source.Ends.Count > 0 && state.Lag == 0)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }

        await behind.CancelAsync();
        await Task.WhenAll(followers);
        // What was read and not landed would come again; landing it now spares that. One attempt: who stops does not wait.
        foreach (var lane in _lanes.Values.Where(l => l.Batch.Envelopes.Count > 0))
        {
            try
            {
                await LandAsync(lane, CancellationToken.None);
            }
            catch (LakeException e)
            {
                WorkerLog.Failed(logger, "land before stopping, and what was read comes again", e.Message);
            }
        }

        if (untilLanded && !stop.IsCancellationRequested)
        {
            await RetryAsync("write documents", ProjectAsync, stop);
            await RetryAsync("state how far it has landed", StateAsync, stop);
        }

        WorkerLog.Stopped(logger, state.Landed);
    }

    /// <summary>Makes what is missing of silver, in all partitions of all streams.</summary>
    private async Task RecoverAsync(CancellationToken cancellationToken)
    {
        _silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        _historyRead = time.GetTimestamp();
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            if (await _silver.CatchUpAsync(partition, cancellationToken) is > 0 and var made)
            {
                WorkerLog.Recovered(logger, partition.ToString(), made);
            }
        }
    }

    private async Task<long> PositionAsync(int partition, CancellationToken cancellationToken)
    {
        await RetryAsync("find where the lake ends", async token =>
        {
            var chain = await PartitionChain.OpenAsync(store.Lake, new StreamPartition(source.Hub, source.Epoch, partition), time, token);
            _lanes[partition] = new Lane(chain, new LandingProgress((long)options.SourceDelay.TotalMicroseconds));
            // Whoever had it before may have died between bronze and silver.
            await _silver.CatchUpAsync(chain.Partition, token);
        }, cancellationToken);
        var opened = _lanes[partition].Chain;
        WorkerLog.Assigned(logger, opened.Partition.ToString(), opened.Next);
        return opened.Next;
    }

    private async Task TakeAsync(StreamBatch batch, CancellationToken cancellationToken)
    {
        var lane = _lanes[batch.Partition];
        foreach (var record in batch.Records)
        {
            if (record.Offset < lane.Expected)
            {
                continue; // read again after another worker landed it
            }

            if (record.Offset > lane.Expected)
            {
                await RetryAsync("land", token => LandAsync(lane, token), cancellationToken);
                await RetryAsync("land", token => RecordLossAsync(lane, record.Offset, token), cancellationToken);
                if (record.Offset != lane.Expected)
                {
                    continue; // another worker went on meanwhile
                }
            }

            if (lane.Batch.Envelopes.Count == 0)
            {
                lane.Since = time.GetTimestamp();
            }

            lane.Batch.Add(record);
            lane.Expected = record.Offset + 1;
            if (lane.Batch.Envelopes.Count >= options.BatchMessages || lane.Batch.Bytes >= options.BatchBytes)
            {
                await RetryAsync("land", token => LandAsync(lane, token), cancellationToken);
            }
        }

        if (_lanes.Values.Sum(l => l.Batch.Bytes) >= options.HeldBytes)
        {
            await FlushAsync(_ => true, cancellationToken);
        }
    }

    private bool IsDue(Lane lane) => time.GetElapsedTime(lane.Since) >= options.BatchAge;

    private async Task FlushAsync(Predicate<Lane> isDue, CancellationToken cancellationToken)
    {
        foreach (var lane in _lanes.Values.Where(l => l.Batch.Envelopes.Count > 0 && isDue(l)))
        {
            await RetryAsync("land", token => LandAsync(lane, token), cancellationToken);
        }

        var ends = source.Ends;
        state.Lag = ends.Values.Contains(long.MaxValue) // it cannot say
            ? long.MaxValue
            : ends.Sum(e => _lanes.TryGetValue(e.Key, out var lane) ? Math.Max(0, e.Value - lane.Chain.Next) : 0);
    }

    /// <summary>Asks the source now and then where it ends, and notes for each partition up to when it is landed.</summary>
    private async Task AskAsync(bool now, CancellationToken cancellationToken)
    {
        if (!now && _asked is { } last && time.GetElapsedTime(last) < options.StateEvery)
        {
            return;
        }

        // The instant is taken first: what comes while the source answers may or may not be counted.
        _asked = time.GetTimestamp();
        var at = Now();
        long? least = long.MaxValue;
        var stated = new List<LandingStatement>();
        foreach (var (partition, end) in await source.AskEndsAsync(cancellationToken))
        {
            if (!_lanes.TryGetValue(partition, out var lane))
            {
                least = null;
                continue;
            }

            lane.Progress.Asked(at, end, lane.Chain.Next);
            least = lane.Progress.Through is { } through && least is not null ? Math.Min(least.Value, through) : null;
            if (lane.Progress.Through is { } instant)
            {
                var waiting = lane.Batch.Envelopes.Count > 0 ? lane.Batch.Envelopes.EnqueuedTime[0] : lane.Progress.IsAtEnd ? (long?)null : instant + (long)options.SourceDelay.TotalMicroseconds;
                stated.Add(_statements[partition] = new LandingStatement(lane.Chain.Partition, UnixMicros.ToInstant(instant), UnixMicros.ToInstant(at), waiting is { } since ? UnixMicros.ToInstant(since) : null));
            }
        }

        state.LandedThrough = least == long.MaxValue ? null : least;
        // A stream asks no further after a partition that gives no answer; of that one nothing can be said.
        state.Stated = state.LandedThrough is null || stated.Count < source.Ends.Count ? [] : stated;
    }

    /// <summary>Writes down what was noted since.</summary>
    private async Task StateAsync(CancellationToken cancellationToken)
    {
        foreach (var (partition, statement) in _statements)
        {
            if (_stated.GetValueOrDefault(partition) != statement)
            {
                await statement.WriteAsync(store.Documents, cancellationToken);
                _stated[partition] = statement;
            }
        }
    }

    private async Task LandAsync(Lane lane, CancellationToken cancellationToken)
    {
        if (lane.Batch.Envelopes.Count == 0)
        {
            return;
        }

        await RefreshHistoryAsync(cancellationToken);
        var now = Now();
        _silver.Redact(lane.Batch.Envelopes);
        lane.Batch.Stamp(lane.Chain.Known, Landing(lane), now, imported: false);
        var (oldest, latest) = (lane.Batch.Envelopes.EnqueuedTime[0], lane.Batch.Envelopes.EnqueuedTime[^1]);
        var landed = await new PartitionLanding(_silver, lane.Chain).LandAsync(lane.Batch, cancellationToken);
        lane.Batch.Clear();
        lane.Progress.Landed(lane.Chain.Next, lane.Chain.Next == lane.Expected ? latest : null);
        state.AddLanded(landed.Rows);
        metrics.Landed(landed, Math.Max(0, now - oldest) / 1e6);
        if (lane.Chain.Next != lane.Expected)
        {
            // Another worker landed beyond what this one has read, or had it recorded as lost.
            WorkerLog.Adopted(logger, lane.Chain.Partition.ToString(), lane.Chain.Next);
            lane.Expected = lane.Chain.Next;
            await source.SeekAsync(lane.Chain.Partition.Partition, lane.Expected, cancellationToken);
        }

        await source.CommitAsync(lane.Chain.Partition.Partition, lane.Chain.Next, cancellationToken);
    }

    private async Task RecordLossAsync(Lane lane, long until, CancellationToken cancellationToken)
    {
        var missing = until - lane.Chain.Next;
        var recorded = missing > 0 && await lane.Chain.TryRecordLossAsync(until, "the source had them no more", Landing(lane), cancellationToken);
        // Also where it was there already: by another, or by a try whose reply was lost.
        await _silver.CatchUpAsync(lane.Chain.Partition, cancellationToken);
        if (recorded)
        {
            WorkerLog.Lost(logger, lane.Chain.Partition.ToString(), until - missing, until);
            metrics.Lost(missing);
        }

        lane.Expected = lane.Chain.Next;
    }

    /// <summary>Looks now and then whether mappings were activated, commands given or patients erased, and does what they ask.</summary>
    private async Task RefreshHistoryAsync(CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_historyRead) < s_historyAge)
        {
            return;
        }

        var history = await MappingHistory.LoadAsync(store.Reference, cancellationToken);
        _historyRead = time.GetTimestamp();
        if (history.Id != _silver.Mappings.Id || (await store.Reference.ErasuresAsync(cancellationToken)).Count != _silver.Redaction.Erasures.Count)
        {
            WorkerLog.HistoryChanged(logger, history.Latest.Id);
            await RecoverAsync(cancellationToken);
        }
    }

    private async Task ProjectAsync(CancellationToken cancellationToken)
    {
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        if (state.DocumentsBlocked is not null)
        {
            foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
            {
                await silver.CatchUpAsync(partition, cancellationToken);
            }
        }

        var projected = await DocumentProjection.RunAsync(store, silver, cancellationToken);
        metrics.Documents(projected.Written);
        if (projected.Moved > 0)
        {
            WorkerLog.Moved(logger, projected.Moved);
        }
    }

    private async Task SealAsync(CancellationToken cancellationToken)
    {
        if (options.SealEvery > TimeSpan.Zero)
        {
            await FollowAsync("seal", options.SealEvery, async token =>
            {
                var silver = await Silver.OpenAsync(store.Lake, store.Reference, token);
                foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, token))
                {
                    var done = await new Sealing(store.Lake, silver, time).RunAsync(partition, token);
                    if (done.Sealed > 0)
                    {
                        WorkerLog.Sealed(logger, partition.ToString(), done.Sealed, done.Into);
                    }
                }
            }, cancellationToken);
        }
    }

    /// <summary>Does something behind the landing, again and again: every so often.</summary>
    private async Task FollowAsync(string what, TimeSpan every, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        string? failed = null;
        try
        {
            while (true)
            {
                try
                {
                    await work(cancellationToken);
                    if (failed is not null)
                    {
                        WorkerLog.WorksAgain(logger, what);
                        failed = null;
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
                {
                    // A fault of the program too: what goes on behind the landing must not stop unheard.
                    metrics.Failed(what);
                    var message = e is LakeException ? e.Message : $"a fault of the program ({e.GetType().Name})";
                    if (failed != message)
                    {
                        WorkerLog.Failed(logger, what, failed = message);
                    }
                }

                state.DocumentsBlocked = what == "write documents" ? failed : state.DocumentsBlocked;
                await Task.Delay(every, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>Tries until it works or the worker stops, with growing pauses; says so once when it fails, and once when it works again.</summary>
    private async Task RetryAsync(string what, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        var delay = options.RetryDelay;
        while (true)
        {
            try
            {
                await work(cancellationToken);
                if (state.Blocked is not null)
                {
                    state.Blocked = null;
                    WorkerLog.WorksAgain(logger, what);
                }

                return;
            }
            catch (LakeException e)
            {
                metrics.Failed(what);
                if (state.Blocked != e.Message)
                {
                    WorkerLog.Failed(logger, what, e.Message);
                    state.Blocked = e.Message;
                }

                await Task.Delay(delay, time, cancellationToken);
                delay = delay * 2 < options.MaxRetryDelay ? delay * 2 : options.MaxRetryDelay;
            }
        }
    }

    /// <summary>The soonest that a file may say it landed: no sooner than the chain's last, nor than a command that is known, whatever clock that had.</summary>
    private long Landing(Lane lane) => Math.Max(lane.Chain.Landed, Math.Max(_silver.Mappings.LastKnown, Now()));

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    /// <summary>One partition on its way: its chain, the batch that gathers, and the offset that the next record must have.</summary>
    private sealed class Lane(PartitionChain chain, LandingProgress progress)
    {
        public PartitionChain Chain => chain;

        public LandingProgress Progress => progress;

        public MicroBatch Batch { get; } = new();

        public long Expected { get; set; } = chain.Next;

        public long Since { get; set; }
    }
}
