using System.Globalization;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>
/// Rollups and observations → vectors, shard by shard, and vectors as lake tables. Of a shard it reads the rollups of the
/// look-back, and readings only where those do not speak; without rollups of the set it reads the readings of all of it, and
/// comes to the same.
/// </summary>
public static class FeatureStage
{
    private const long ShortestStretch = 7 * UnixMicros.PerDay;

    /// <summary>The vectors of these rows, in their order; of what they are made of a shard a core is held at a time, of the vectors all.</summary>
    public static async Task<FeatureTable> BuildAsync(
        CohortStore store,
        ObservationsManifest manifest,
        FeatureSet set,
        ReferenceData reference,
        IReadOnlyList<VectorKey> rows,
        Action<int>? done,
        CancellationToken cancellationToken)
    {
        var shards = await ShardsAsync(store, manifest, set, reference, cancellationToken);
        var table = FeatureTable.Empty(set, rows);
        // In stretches of as-of, so that of a long history some look-backs are held at a time and not all of it.
        var work = Enumerable.Range(0, rows.Count)
            .GroupBy(r => (Shard: Partitioning.PartitionOf(rows[r].PatientId, manifest.Shards), Stretch: rows[r].AsOf / Math.Max(set.LookBack, ShortestStretch)))
            .OrderBy(g => g.Key)
            .Select(g => (g.Key.Shard, Rows: g.ToArray()))
            .ToArray();
        var built = 0;
        var gate = new Lock();
        await Parallel.ForEachAsync(work, cancellationToken, async (part, token) =>
        {
            // As many parts as cores at a time, each on one of them; a single part has all.
            var keys = Array.ConvertAll(part.Rows, r => rows[r]);
            var builder = await shards.OpenAsync(part.Shard, keys, token);
            Scatter(builder.Build(keys, work.Length == 1 ? -1 : 1, token), part.Rows, table);
            lock (gate)
            {
                done?.Invoke(built += part.Rows.Length);
            }
        });
        return table;
    }

    /// <summary>Prepares to build the vectors of one shard at a time.</summary>
    public static async Task<ShardVectors> ShardsAsync(
        CohortStore store, ObservationsManifest manifest, FeatureSet set, ReferenceData reference, CancellationToken cancellationToken)
    {
        var zones = RollupStage.Serve(manifest.Rollups, set) ? new PatientZones(await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken)) : null;
        return new ShardVectors(store.Lake, manifest, set, PatientRecord.Index(reference), zones);
    }

    /// <summary>The UTC days of effective time that the vectors at an instant look at.</summary>
    public static (DateOnly From, DateOnly To) DaysOf(FeatureSet set, long asOf)
    {
        static DateOnly Day(long micros) => UnixMicros.DateOf(UnixMicros.DayOf(micros));
        return (Day(asOf - set.LookBack), Day(asOf));
    }

    /// <summary>
    /// The vectors as a table for people's tools: <c>patient_id, as_of, known_by</c>, then a column a feature; NaN is unknown. Where
    /// any row may use what was known after its as-of, the footer says that the table is retrospective.
    /// </summary>
    public static ParquetTable ToParquet(FeatureTable table, IReadOnlyList<VectorKey> rows)
    {
        if (rows.Count != table.Rows)
        {
            throw new ArgumentException($"There are {rows.Count} keys for {table.Rows} vectors.", nameof(rows));
        }

        var parquet = new ParquetTable()
            .Text("patient_id", table.PatientId)
            .Time("as_of", table.AsOf)
            .Time("known_by", rows.Select(r => r.KnownBy).ToArray());
        for (var c = 0; c < table.Columns.Count; c++)
        {
            parquet.Float64(table.Columns[c].Name, table.Values[c]);
        }

        parquet.Metadata["remotemonitoring.feature-set"] = table.SetName;
        parquet.Metadata["remotemonitoring.feature-set-hash"] = table.SetHash;
        parquet.Metadata["remotemonitoring.rows"] = table.Rows.ToString(CultureInfo.InvariantCulture);
        parquet.Metadata["remotemonitoring.retrospective"] = AreRetrospective(rows) ? "true" : "false";
        return parquet;
    }

    /// <summary>Whether any row may use what was known only after the instant it speaks for.</summary>
    public static bool AreRetrospective(IEnumerable<VectorKey> rows) => rows.Any(r => r.KnownBy > r.AsOf);

    private static void Scatter(FeatureTable part, int[] rows, FeatureTable whole)
    {
        void Copy(double[] from, double[] to)
        {
            for (var i = 0; i < rows.Length; i++)
            {
                to[rows[i]] = from[i];
            }
        }

        for (var c = 0; c < part.Values.Length; c++)
        {
            Copy(part.Values[c], whole.Values[c]);
        }

        Copy(part.News2Low, whole.News2Low);
        Copy(part.News2Point, whole.News2Point);
        Copy(part.News2High, whole.News2High);
        for (var i = 0; i < rows.Length; i++)
        {
            whole.HasReading[rows[i]] = part.HasReading[i];
        }
    }
}
