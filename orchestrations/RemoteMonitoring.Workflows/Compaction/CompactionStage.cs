using System.Globalization;
using RemoteMonitoring.Features.Resolution;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>
/// Silver → observations: patients, duplicates and corrections settled, one file per UTC day and patient shard, named by the
/// hash of the inputs, made visible by the manifest. Run again over the same inputs it finds its output and returns it.
/// </summary>
public static class CompactionStage
{
    /// <summary>Changes whenever the rules of compaction do, so that old output is not taken for new.</summary>
    private const string Rules = "compaction 5";

    /// <summary>
    /// Patients of a shard at the most: what is read of gold at a time. Compaction itself still holds all of silver, so its
    /// memory grows with the history.
    /// </summary>
    private const int PatientsPerShard = 10_000;

    /// <summary>Compacts what has landed.</summary>
    /// <returns>The manifest, and whether it was there already.</returns>
    public static async Task<(ObservationsManifest Manifest, bool AlreadyThere)> RunAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            await silver.CatchUpAsync(partition, cancellationToken);
        }

        var account = await IngestionAccount.TakeAsync(store.Lake, silver, cancellationToken, makeMissing: true);
        var inputs = await PinnedInputs.PinAsync(account, store.Reference, cancellationToken);
        var hash = inputs.Hash(Rules);
        if (await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken) is { } current
            && current.InputHash == hash && await store.Lake.AllExistAsync([.. current.Files.Select(f => f.Path), LakePaths.Unassigned(hash)], cancellationToken))
        {
            return (current, true);
        }

        var reference = await store.Reference.LoadAsync(inputs.Reference, cancellationToken);
        var streams = await ReadStreamsAsync(store.Lake, silver, inputs, cancellationToken);
        var resolved = ObservationResolver.Resolve(streams, new AssignmentIndex(reference.Assignments));
        await WriteUnassignedAsync(store.Lake, hash, streams, resolved, cancellationToken);

        var shards = Math.Max(1, (int)Math.Ceiling(reference.Patients.DistinctBy(p => p.PatientId).Count() / (double)PatientsPerShard));
        var rejected = new SortedDictionary<string, long>(account.Rejected.ToDictionary(), StringComparer.Ordinal);
        Count(rejected, RejectionReason.UnknownDevice, resolved.UnknownDevice.Count);
        Count(rejected, RejectionReason.UnassignedDevice, resolved.UnassignedDevice.Count);
        var manifest = new ObservationsManifest
        {
            SchemaVersion = 2,
            InputHash = hash,
            Inputs = inputs,
            Shards = shards,
            Messages = account.Messages,
            Received = account.Received,
            Accepted = resolved.Accepted,
            Corrected = resolved.Corrected,
            Reassigned = resolved.Reassigned,
            Duplicates = resolved.Duplicates,
            Rejected = rejected,
            Files = await WriteFilesAsync(store.Lake, hash, shards, resolved.Observations, cancellationToken),
        };
        if (!manifest.Conserves)
        {
            throw new InvalidOperationException(
                $"Compaction does not conserve: received {manifest.Received}, accepted {manifest.Accepted}, rejected {rejected.Values.Sum()}, duplicate {manifest.Duplicates}.");
        }

        await store.Lake.ReplaceAsync(LakePaths.ObservationsManifest, manifest.ToBytes(), cancellationToken);
        return (manifest, false);
    }

    /// <summary>The observations of one shard, indexed by patient and vital.</summary>
    public static async Task<PatientObservations> ReadShardAsync(Lake lake, ObservationsManifest manifest, int shard, CancellationToken cancellationToken)
    {
        var batches = new List<ObservationColumns>();
        foreach (var file in manifest.Files.Where(f => f.Shard == shard).OrderBy(f => f.EventDate))
        {
            batches.Add(ObservationColumns.Of(TelemetryTables.ToObservations(await lake.ReadVerifiedTableAsync(file.Path, file.Sha256, cancellationToken), VitalSignCatalog.Default)));
        }

        return new PatientObservations(batches);
    }

    private static void Count(SortedDictionary<string, long> rejected, RejectionReason reason, int count)
    {
        if (count > 0)
        {
            rejected[reason.ToText()] = rejected.GetValueOrDefault(reason.ToText()) + count;
        }
    }

    private static async Task<List<(string Stream, ReadingBatch Readings)>> ReadStreamsAsync(Lake lake, Silver silver, PinnedInputs inputs, CancellationToken cancellationToken)
    {
        var streams = new List<(string, ReadingBatch)>();
        foreach (var (stream, end) in inputs.Frontier)
        {
            foreach (var piece in await SilverReadings.ReadAsync(lake, silver, StreamPartition.Parse(stream), end, cancellationToken))
            {
                streams.Add((stream, piece));
            }
        }

        return streams;
    }

    private static async Task<IReadOnlyList<ObservationsFile>> WriteFilesAsync(
        Lake lake, string hash, int shards, ObservationBatch all, CancellationToken cancellationToken)
    {
        var rows = new SortedDictionary<(int Day, int Shard), List<int>>();
        for (var i = 0; i < all.Count; i++)
        {
            var key = ((int)Math.Floor(all.EffectiveTime[i] / (double)UnixMicros.PerDay), Partitioning.PartitionOf(all.PatientId[i], shards));
            if (!rows.TryGetValue(key, out var list))
            {
                rows.Add(key, list = []);
            }

            list.Add(i);
        }

        var files = new ObservationsFile[rows.Count];
        await Parallel.ForEachAsync(rows.Select((r, i) => (r.Key, r.Value, i)), cancellationToken, async (part, token) =>
        {
            var date = DateOnly.FromDateTime(DateTime.UnixEpoch).AddDays(part.Key.Day);
            var path = LakePaths.Observations(date, part.Key.Shard, hash);
            var bytes = TelemetryTables.ToTable(Select(all, part.Value), VitalSignCatalog.Default).ToBytes();
            var written = await lake.CreateDerivedAsync(path, bytes, token);
            files[part.i] = new ObservationsFile(path, date, part.Key.Shard, part.Value.Count, written.Sha256);
        });
        return files;
    }

    private static ObservationBatch Select(ObservationBatch all, List<int> rows)
    {
        var batch = new ObservationBatch(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            batch.PatientId[i] = all.PatientId[row];
            batch.Vital[i] = all.Vital[row];
            batch.EffectiveTime[i] = all.EffectiveTime[row];
            batch.Value[i] = all.Value[row];
            batch.KnownFrom[i] = all.KnownFrom[row];
            batch.KnownTo[i] = all.KnownTo[row];
            batch.DeviceId[i] = all.DeviceId[row];
            batch.Stream[i] = all.Stream[row];
            batch.Offset[i] = all.Offset[row];
            batch.Ordinal[i] = all.Ordinal[row];
        }

        return batch;
    }

    /// <summary>Readings that belong to nobody are kept in full beside the observations, with the reason.</summary>
    private static async Task WriteUnassignedAsync(
        Lake lake, string hash, List<(string Stream, ReadingBatch Readings)> streams, ResolvedObservations resolved, CancellationToken cancellationToken)
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
        await lake.CreateDerivedAsync(LakePaths.Unassigned(hash), table.ToBytes(), cancellationToken);
    }
}
