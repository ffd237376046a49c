using System.Globalization;
using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Workflows;

/// <summary>
/// Rollups and observations → vectors, shard by shard, and vectors as lake tables. Of a shard it reads the rollups of the
/// look-back, and readings only where those do not speak; without rollups of the set it reads the readings of all of it, and
/// comes to the same.
/// </summary>
public static class FeatureStage
{
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
        var work = Enumerable.Range(0, rows.Count)
            .GroupBy(r => Partitioning.PartitionOf(rows[r].PatientId, manifest.Shards))
            .Select(g => (Shard: g.Key, Rows: g.ToArray()))
            .OrderBy(w => w.Shard)
            .ToArray();
        var built = 0;
        var gate = new Lock();
        await Parallel.ForEachAsync(work, cancellationToken, async (shard, token) =>
        {
            // As many shards as cores at a time, each on one of them; a cohort of one shard has all.
            var part = await shards.BuildAsync(shard.Shard, Array.ConvertAll(shard.Rows, r => rows[r]), work.Length == 1 ? -1 : 1, token);
            Scatter(part, shard.Rows, table);
            lock (gate)
            {
                done?.Invoke(built += shard.Rows.Length);
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
        static DateOnly Day(long micros) => DateOnly.FromDateTime(UnixMicros.ToInstant(micros).ToDateTimeUtc());
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
    }
}

/// <summary>Builds the vectors of one shard after the other; safe for many threads.</summary>
public sealed class ShardVectors
{
    private readonly Lake _lake;
    private readonly ObservationsManifest _manifest;
    private readonly FeatureSet _set;
    private readonly IReadOnlyDictionary<string, PatientRecord> _records;
    private readonly PatientZones? _zones;
    private readonly ILookup<int, ObservationsFile> _files;

    internal ShardVectors(Lake lake, ObservationsManifest manifest, FeatureSet set, IReadOnlyDictionary<string, PatientRecord> records, PatientZones? zones)
    {
        (_lake, _manifest, _set, _records, _zones) = (lake, manifest, set, records, zones);
        _files = manifest.Files.ToLookup(f => f.Shard);
    }

    /// <summary>The vectors of these rows, all of patients of the shard, in their order, on up to so many cores.</summary>
    public async Task<FeatureTable> BuildAsync(int shard, IReadOnlyList<VectorKey> rows, int cores, CancellationToken cancellationToken)
    {
        var (days, dates) = Needed(rows);
        var rollups = _zones is null ? null : await ReadRollupsAsync(shard, dates, cancellationToken);
        var observations = new List<ObservationColumns>();
        foreach (var file in _files[shard].Where(f => days.Contains(RollupStage.DayOf(f.EventDate))).OrderBy(f => f.EventDate))
        {
            observations.Add(await CompactionStage.ReadAsync(_lake, file, cancellationToken));
        }

        return new VectorBuilder(_set, new PatientObservations(observations), _records, rollups).Build(rows, cores, cancellationToken);
    }

    /// <summary>The UTC days whose readings, and the local dates whose rollups, the rows need.</summary>
    private (HashSet<int> Days, (int First, int Last) Dates) Needed(IReadOnlyList<VectorKey> rows)
    {
        var days = new HashSet<int>();
        var (first, last) = (int.MaxValue, int.MinValue);
        var kinds = _set.Cells.ToHashSet();
        foreach (var (zone, asOf, knownBy, isRolled) in rows.Select(Kind).Distinct())
        {
            var dates = VectorReads.RollupDates(_set, zone, asOf);
            (first, last) = (Math.Min(first, dates.First), Math.Max(last, dates.Last));
            foreach (var (after, to) in VectorReads.Readings(_set, zone, asOf, knownBy, isRolled ? kinds : []))
            {
                days.UnionWith(Enumerable.Range(Day(after + 1), Day(to) - Day(after + 1) + 1));
            }
        }

        return (days, (first, last));
    }

    private (DateTimeZone Zone, long AsOf, long KnownBy, bool IsRolled) Kind(VectorKey row)
    {
        var zone = DateTimeZoneProviders.Tzdb[_records.GetValueOrDefault(row.PatientId)?.RosterAt(row.KnownBy)?.TimeZone ?? "Etc/UTC"];
        return (zone, row.AsOf, row.KnownBy, _zones?.Of(row.PatientId).Id == zone.Id);
    }

    private async Task<PatientRollups> ReadRollupsAsync(int shard, (int First, int Last) dates, CancellationToken cancellationToken)
    {
        var kinds = _set.Cells.ToHashSet();
        var names = kinds.Select(RollupTables.NameOf).ToHashSet(StringComparer.Ordinal);
        var tables = new List<RollupColumns>();
        foreach (var file in _manifest.Rollups!.Files)
        {
            var date = RollupStage.DayOf(file.LocalDate);
            if (file.Shard == shard && names.Contains(file.Cells) && date >= dates.First && date <= dates.Last)
            {
                tables.Add(RollupTables.ToRollups(await _lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, cancellationToken)));
            }
        }

        return new PatientRollups(tables, kinds, patient => _zones!.Of(patient).Id);
    }

    private static int Day(long time) => (int)Math.Floor(time / (double)UnixMicros.PerDay);
}
