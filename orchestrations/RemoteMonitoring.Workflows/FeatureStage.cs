using System.Globalization;
using RemoteMonitoring.Features;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
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
        var table = Empty(set, rows);
        var built = 0;
        var (from, to) = rows.Count == 0 ? default : (DaysOf(set, rows.Min(r => r.AsOf)).From, DaysOf(set, rows.Max(r => r.AsOf)).To);
        for (var shard = 0; shard < manifest.Shards; shard++)
        {
            int[] mine = [.. Enumerable.Range(0, rows.Count).Where(r => Partitioning.PartitionOf(rows[r].PatientId, manifest.Shards) == shard)];
            if (mine.Length == 0)
            {
                continue;
            }

            var observations = await CompactionStage.ReadShardAsync(lake, manifest, shard, from, to, cancellationToken);
            var part = new VectorBuilder(set, observations, records).Build(Array.ConvertAll(mine, r => rows[r]), cancellationToken);
            Scatter(part, mine, table);
            done?.Invoke(built += mine.Length);
        }

        return table;
    }

    /// <summary>The UTC days of effective time that the vectors at an instant look at, with one more on each side.</summary>
    public static (DateOnly From, DateOnly To) DaysOf(FeatureSet set, long asOf)
    {
        static DateOnly Day(long micros) => DateOnly.FromDateTime(UnixMicros.ToInstant(micros).ToDateTimeUtc());
        return (Day(asOf - (set.Definition.LookBack * UnixMicros.PerHour)).AddDays(-1), Day(asOf).AddDays(1));
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

    private static FeatureTable Empty(FeatureSet set, IReadOnlyList<VectorKey> rows)
    {
        double[] Column() => new double[rows.Count];
        return new FeatureTable
        {
            SetName = set.Definition.Name,
            SetHash = set.Hash,
            Columns = set.Columns,
            PatientId = [.. rows.Select(r => r.PatientId)],
            AsOf = [.. rows.Select(r => r.AsOf)],
            Values = [.. set.Columns.Select(_ => Column())],
            News2Low = Column(),
            News2Point = Column(),
            News2High = Column(),
        };
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
