using System.Globalization;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows;

/// <summary>Observations → vectors, shard by shard, and vectors as lake tables.</summary>
public static class FeatureStage
{
    /// <summary>The vectors of these rows, in their order; of the observations one shard is held at a time, of the vectors all.</summary>
    public static async Task<FeatureTable> BuildAsync(
        Lake lake,
        ObservationsManifest manifest,
        FeatureSet set,
        ReferenceData reference,
        IReadOnlyList<VectorKey> rows,
        Action<int>? done,
        CancellationToken cancellationToken)
    {
        var records = PatientRecord.Index(reference);
        var table = FeatureTable.Empty(set, rows);
        var built = 0;
        for (var shard = 0; shard < manifest.Shards; shard++)
        {
            int[] mine = [.. Enumerable.Range(0, rows.Count).Where(r => Partitioning.PartitionOf(rows[r].PatientId, manifest.Shards) == shard)];
            if (mine.Length == 0)
            {
                continue;
            }

            var observations = await CompactionStage.ReadShardAsync(lake, manifest, shard, cancellationToken);
            var part = new VectorBuilder(set, observations, records).Build(Array.ConvertAll(mine, r => rows[r]), cancellationToken: cancellationToken);
            Scatter(part, mine, table);
            done?.Invoke(built += mine.Length);
        }

        return table;
    }

    /// <summary>The vectors as a table for people's tools: <c>patient_id, as_of</c>, then a column a feature; NaN is unknown.</summary>
    public static ParquetTable ToParquet(FeatureTable table)
    {
        var parquet = new ParquetTable().Text("patient_id", table.PatientId).Time("as_of", table.AsOf);
        for (var c = 0; c < table.Columns.Count; c++)
        {
            parquet.Float64(table.Columns[c].Name, table.Values[c]);
        }

        parquet.Metadata["remotemonitoring.feature-set"] = table.SetName;
        parquet.Metadata["remotemonitoring.feature-set-hash"] = table.SetHash;
        parquet.Metadata["remotemonitoring.rows"] = table.Rows.ToString(CultureInfo.InvariantCulture);
        return parquet;
    }

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
    }
}
