using System.Diagnostics;
using System.Globalization;
using DuckDB.NET.Data;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Benchmarks;

/// <summary>
/// The columns that vectors are computed from, of ten million observations of a day in eight shards, each chunk held against its
/// hash, into arrays by patient; beside DuckDB, which scans the same columns of the same files on as many threads and keeps
/// nothing. What it says of the library is the same reading by Parquet.Net, of the same files without our marker and so without
/// hashes. Our time over theirs: less is better.
/// </summary>
internal sealed class ParquetReadBenchmark : Benchmark, IDisposable
{
    private const int Shards = 8;
    private const int ShardRows = 1_250_000;

    private static readonly string[] s_codes = ["8867-4", "59408-5", "9279-1", "8480-6", "8462-4", "8310-5", "29463-7", "41653-7"];

    private readonly DuckDBConnection _duck = new("DataSource=:memory:");
    private LakeDirectory _lake = null!;

    public override string Name => "parquet-read";

    public override string Unit => $"s for {Shards * ShardRows / 1_000_000} M observations";

    public override string PeerName => "DuckDB scanning the same columns, nothing kept";

    public override async Task PrepareAsync(string folder)
    {
        _duck.Open();
        Execute(string.Create(CultureInfo.InvariantCulture, $"SET threads = {Environment.ProcessorCount}"));
        _lake = new LakeDirectory(folder);
        for (var shard = 0; shard < Shards; shard++)
        {
            var file = TelemetryTables.ToTable(Observations(shard), VitalSignCatalog.Default).ToBytes();
            await _lake.TryCreateAsync(Own(shard), file, CancellationToken.None);
            file.AsSpan(4, 4).Clear();
            await _lake.TryCreateAsync(Foreign(shard), file, CancellationToken.None);
        }
    }

    public override async Task<Measured> OursAsync()
    {
        var seconds = await ReadAllAsync(Own);
        return new Measured(seconds, string.Create(CultureInfo.InvariantCulture, $"{seconds:F3} s ({Shards * ShardRows / seconds / Environment.ProcessorCount / 1e6:F1} M rows/s a core)"));
    }

    public override async Task<Measured> PeerAsync()
    {
        var clock = Stopwatch.StartNew();
        // Of each column what makes it be read and costs the least.
        Execute($"""
            SELECT sum(strlen(patient_id)), sum(strlen(code)), max(effective_time), sum(value), max(known_from), max(known_to)
            FROM read_parquet('{_lake.FullPath("own")}/*.parquet')
            """);
        var seconds = clock.Elapsed.TotalSeconds;
        var library = await ReadAllAsync(Foreign);
        GC.Collect(); // its strings are not ours to clear away
        return new Measured(seconds, string.Create(CultureInfo.InvariantCulture, $"{seconds:F3} s; Parquet.Net {library:F3} s"));
    }

    public void Dispose() => _duck.Dispose();

    private static string Own(int shard) => $"own/{shard:D4}.parquet";

    private static string Foreign(int shard) => $"foreign/{shard:D4}.parquet";

    private async Task<double> ReadAllAsync(Func<int, string> path)
    {
        var clock = Stopwatch.StartNew();
        var rows = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Shards), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, async (shard, cancellationToken) =>
        {
            var table = await _lake.ReadTableAsync(path(shard), TelemetryTables.ObservationColumnNames, cancellationToken);
            var columns = TelemetryTables.ToObservationColumns(table, VitalSignCatalog.Default);
            Interlocked.Add(ref rows, columns.PatientStart[^1]);
        });
        return rows == Shards * ShardRows ? clock.Elapsed.TotalSeconds : throw new InvalidOperationException($"Read {rows} rows.");
    }

    /// <summary>A day of eight vitals, some thirty-five readings a patient, as compaction sorts them.</summary>
    private static ObservationBatch Observations(int shard)
    {
        var random = new Random(shard);
        var batch = new ObservationBatch(ShardRows);
        var day = 20_119 * UnixMicros.PerDay;
        for (int patient = 0, row = 0; row < ShardRows; patient++)
        {
            var (id, device, readings) = ($"P{shard}{patient:D6}", $"device-{shard}-{patient:D6}", 25 + random.Next(20));
            for (var v = 0; v < s_codes.Length; v++)
            {
                _ = VitalSignCatalog.Default.TryGetByCode(s_codes[v], out var vital);
                var count = Math.Min((readings / s_codes.Length) + (v < readings % s_codes.Length ? 1 : 0), ShardRows - row);
                for (var (left, second) = (count, random.Next(20_000)); left > 0; left--, row++, second += random.Next(12_000))
                {
                    (batch.PatientId[row], batch.Vital[row], batch.DeviceId[row], batch.Stream[row]) = (id, vital!.Index, device, "hub/1/0");
                    batch.EffectiveTime[row] = day + (second * 1_000_000L);
                    batch.Value[row] = Math.Round(v switch { 0 => 60 + (random.NextDouble() * 60), 1 => 90 + random.Next(10), 5 => 36 + (random.NextDouble() * 2), 6 => 50 + (random.NextDouble() * 80), _ => 50 + random.Next(100) }, v is 5 or 6 ? 1 : 0);
                    batch.KnownFrom[row] = batch.EffectiveTime[row] + ((5 + random.Next(60)) * 1_000_000L) + random.Next(1_000_000);
                    batch.KnownTo[row] = random.Next(1_000) == 0 ? batch.KnownFrom[row] + UnixMicros.PerHour : UnixMicros.Open;
                    (batch.Offset[row], batch.Ordinal[row]) = (random.Next(50_000_000), random.Next(3));
                }
            }
        }

        return batch;
    }

    private void Execute(string sql)
    {
        using var command = _duck.CreateCommand();
        command.CommandText = sql;
        command.ExecuteScalar();
    }
}
