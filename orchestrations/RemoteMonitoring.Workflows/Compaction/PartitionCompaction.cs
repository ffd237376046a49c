using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using RemoteMonitoring.Features.Resolution;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>A partition that was redone: its file, where it has rows, and its account.</summary>
internal sealed record CompactedPartition(PartitionKey Key, PartitionCounts Counts, ObservationsFile? File, UnassignedFile? Unassigned);

/// <summary>
/// Redoes partitions, a group at a time: reads each source that has rows of their days once, and of messages whose time is the
/// hub's the copies that may be of other days; then resolves each partition by itself, and writes its file. What it holds is
/// what a resolution of all there is has for it.
/// </summary>
internal sealed class PartitionCompaction(Lake lake, IReadOnlyList<LiveSource> sources, DevicePlaces places)
{
    private static readonly int s_atATime = Environment.ProcessorCount;

    /// <summary>Redoes a group; what is left without a row is in the answer too.</summary>
    public async Task<IReadOnlyCollection<CompactedPartition>> RunAsync(IReadOnlyList<PartitionKey> group, CancellationToken cancellationToken)
    {
        var parts = group.ToDictionary(key => key, key => new Part(key));
        await GatherAsync(parts, cancellationToken);
        await GatherCopiesAsync(parts, cancellationToken);
        var done = new ConcurrentBag<CompactedPartition>();
        await Parallel.ForEachAsync(
            parts.Values,
            new ParallelOptions { MaxDegreeOfParallelism = s_atATime, CancellationToken = cancellationToken },
            async (part, token) =>
            {
                done.Add(await WriteAsync(part, token));
                part.Clear();
            });
        return done;
    }

    private async Task GatherAsync(Dictionary<PartitionKey, Part> parts, CancellationToken cancellationToken)
    {
        var days = parts.Keys.Select(k => k.Day).ToHashSet();
        await foreach (var (source, pieces) in ReadAsync(sources.Where(s => s.Days.Overlaps(days)), cancellationToken))
        {
            for (var p = 0; p < pieces.Count; p++)
            {
                var piece = pieces[p];
                for (var row = 0; row < piece.Count; row++)
                {
                    var day = UnixMicros.DayOf(piece.EffectiveTime[row]);
                    if (!days.Contains(day))
                    {
                        continue;
                    }

                    foreach (var shard in places.Of(piece.DeviceId[row], piece.EffectiveTime[row]))
                    {
                        if (parts.TryGetValue(new PartitionKey(day, shard), out var part))
                        {
                            part.Add(source, p - pieces.Count, p == 0, piece, row);
                        }
                    }
                }
            }
        }
    }

    /// <summary>Of messages whose time is the hub's, the copies of other instants that no partition of the same device and instant has.</summary>
    private async Task GatherCopiesAsync(Dictionary<PartitionKey, Part> parts, CancellationToken cancellationToken)
    {
        var wanted = new Dictionary<long, List<Part>>();
        var days = new HashSet<int>();
        foreach (var part in parts.Values)
        {
            foreach (var copy in part.HubTimed())
            {
                ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(wanted, copy, out _);
                if (!(list ??= []).Contains(part))
                {
                    list.Add(part);
                    days.UnionWith(DevicePlaces.Near(part.Key.Day));
                }
            }
        }

        await foreach (var (source, pieces) in ReadAsync(sources.Where(s => wanted.Count > 0 && s.HubTimedDays.Overlaps(days)), cancellationToken))
        {
            for (var p = 0; p < pieces.Count; p++)
            {
                var piece = pieces[p];
                for (var row = 0; row < piece.Count; row++)
                {
                    if (!DevicePlaces.IsHubTimed(piece, row)
                        || !wanted.TryGetValue(DevicePlaces.CopyKey(piece.DeviceId[row], piece.MessageId[row]!, piece.BodyHash[row], piece.Ordinal[row]), out var askers))
                    {
                        continue;
                    }

                    var day = UnixMicros.DayOf(piece.EffectiveTime[row]);
                    var own = places.Of(piece.DeviceId[row], piece.EffectiveTime[row]);
                    foreach (var part in askers)
                    {
                        if (DevicePlaces.AreNear(part.Key.Day, day) && !(part.Key.Day == day && own.Contains(part.Key.Shard)))
                        {
                            part.AddCopy(source, p - pieces.Count, p == 0, piece, row);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The pieces of sources, in their order; as many files are read side by side as there are processors.</summary>
    private async IAsyncEnumerable<(LiveSource Source, IReadOnlyList<ReadingBatch> Pieces)> ReadAsync(
        IEnumerable<LiveSource> wanted, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var some in wanted.Chunk(s_atATime))
        {
            var read = new IReadOnlyList<ReadingBatch>[some.Length];
            await Parallel.ForAsync(0, some.Length, cancellationToken, async (i, token) => read[i] = await SilverReadings.ReadAsync(lake, some[i].Silver, token));
            for (var i = 0; i < some.Length; i++)
            {
                yield return (some[i], read[i]);
            }
        }
    }

    private async Task<CompactedPartition> WriteAsync(Part part, CancellationToken cancellationToken)
    {
        var isNobody = part.Key.Shard == PartitionKey.Nobody;
        var scope = isNobody ? new ResolutionScope(_ => false, true) : new ResolutionScope(patient => places.ShardOf(patient) == part.Key.Shard, false);
        var (streams, copies) = part.Streams();
        var resolved = ObservationResolver.Resolve(streams, copies, places.Assignments, scope);
        var counts = new PartitionCounts(
            part.Key.Date, part.Key.Shard, streams.Sum(s => (long)s.Readings.Count), resolved.Accepted, resolved.Duplicates, resolved.Corrected, resolved.Reassigned,
            resolved.TakenBack, resolved.UnknownDevice.Count, resolved.UnassignedDevice.Count);
        if (resolved.Observations.Count > 0)
        {
            var (path, sha256) = await CreateAsync(
                TelemetryTables.ToTable(resolved.Observations, VitalSignCatalog.Default), name => LakePaths.Observations(part.Key.Date, part.Key.Shard, name), cancellationToken);
            return new CompactedPartition(part.Key, counts, new ObservationsFile(path, part.Key.Date, part.Key.Shard, resolved.Observations.Count, sha256), null);
        }

        var rows = resolved.UnknownDevice.Count + resolved.UnassignedDevice.Count;
        if (rows == 0)
        {
            return new CompactedPartition(part.Key, counts, null, null);
        }

        var unassigned = await CreateAsync(Unassigned(streams, resolved), name => LakePaths.Unassigned(part.Key.Date, name), cancellationToken);
        return new CompactedPartition(part.Key, counts, null, new UnassignedFile(unassigned.Path, part.Key.Date, rows, unassigned.Sha256));
    }

    private async Task<(string Path, string Sha256)> CreateAsync(ParquetTable table, Func<string, string> path, CancellationToken cancellationToken)
    {
        var bytes = table.ToBytes();
        var name = path(Lake.Hash(bytes)[..16]);
        return (name, (await lake.CreateDerivedAsync(name, bytes, cancellationToken)).Sha256);
    }

    /// <summary>Readings that belong to nobody are kept in full beside the observations, with the reason.</summary>
    private static ParquetTable Unassigned(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, ResolvedObservations resolved)
    {
        var rows = resolved.UnknownDevice.Select(r => (r.Stream, r.Row, Reason: RejectionReason.UnknownDevice))
            .Concat(resolved.UnassignedDevice.Select(r => (r.Stream, r.Row, Reason: RejectionReason.UnassignedDevice)))
            .ToArray();
        T[] Column<T>(Func<ReadingBatch, int, T> value) => Array.ConvertAll(rows, r => value(streams[r.Stream].Readings, r.Row));
        var table = new ParquetTable()
            .Text("reason", Array.ConvertAll(rows, r => r.Reason.ToText()))
            .Text("hint", Array.ConvertAll(rows, r => r.Reason == RejectionReason.UnknownDevice
                ? "no assignment names this device: add one, and the next compaction takes its readings in"
                : "the device was with nobody at this time: if it was, add the assignment, back-dated"))
            .Text("device_id", Column((b, i) => b.DeviceId[i]))
            .Text("code", Column((b, i) => VitalSignCatalog.Default.Vitals[b.Vital[i]].Code))
            .Float64("value", Column((b, i) => b.Value[i]))
            .Time("effective_time", Column((b, i) => b.EffectiveTime[i]))
            .Time("known_from", Column((b, i) => b.KnownFrom[i]))
            .Text("stream", Array.ConvertAll(rows, r => streams[r.Stream].Stream))
            .Int64("offset", Column((b, i) => b.Offset[i]))
            .Int32("ordinal", Column((b, i) => b.Ordinal[i]));
        table.Metadata["remotemonitoring.rows"] = rows.Length.ToString(CultureInfo.InvariantCulture);
        return table;
    }

    /// <summary>The rows of a partition, by stream and piece: that of landing, and the n-th command from the last.</summary>
    private sealed class Part(PartitionKey key)
    {
        private readonly Dictionary<(string Stream, int Piece), ReadingBatch> _rows = [];
        private readonly Dictionary<(string Stream, int Piece), ReadingBatch> _copies = [];

        // Rows come source by source, thousands of one piece: each time the same batch.
        private (ReadingBatch Piece, ReadingBatch Batch)? _last;

        public PartitionKey Key => key;

        public void Add(LiveSource source, int fromEnd, bool isLanding, ReadingBatch piece, int row)
        {
            if (!ReferenceEquals(_last?.Piece, piece))
            {
                _last = (piece, BatchOf(_rows, source, isLanding ? 0 : fromEnd));
            }

            Add(_last.Value.Batch, piece, row);
        }

        public void AddCopy(LiveSource source, int fromEnd, bool isLanding, ReadingBatch piece, int row) => Add(BatchOf(_copies, source, isLanding ? 0 : fromEnd), piece, row);

        public IEnumerable<long> HubTimed() => _rows.Values.SelectMany(b => Enumerable.Range(0, b.Count)
            .Where(row => DevicePlaces.IsHubTimed(b, row))
            .Select(row => DevicePlaces.CopyKey(b.DeviceId[row], b.MessageId[row]!, b.BodyHash[row], b.Ordinal[row])));

        public (IReadOnlyList<(string Stream, ReadingBatch Readings)> Streams, IReadOnlyList<(string Stream, ReadingBatch Readings)> Copies) Streams() => (Ordered(_rows), Ordered(_copies));

        /// <summary>Lets go of the rows.</summary>
        public void Clear()
        {
            _last = null;
            _rows.Clear();
            _copies.Clear();
        }

        private static (string, ReadingBatch)[] Ordered(Dictionary<(string Stream, int Piece), ReadingBatch> rows) =>
            [.. rows.OrderBy(r => r.Key.Stream, StringComparer.Ordinal).ThenBy(r => r.Key.Piece == 0 ? int.MinValue : r.Key.Piece).Select(r => (r.Key.Stream, r.Value))];

        private static ReadingBatch BatchOf(Dictionary<(string Stream, int Piece), ReadingBatch> batches, LiveSource source, int place) =>
            CollectionsMarshal.GetValueRefOrAddDefault(batches, (source.Source.Stream, place), out _) ??= new ReadingBatch();

        private static void Add(ReadingBatch batch, ReadingBatch piece, int row)
        {
            batch.AddFrom(piece, row);
            if (piece.KnownTo.TryGetValue(row, out var until))
            {
                batch.KnownTo[batch.Count - 1] = until;
            }
        }
    }
}
