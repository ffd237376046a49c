using System.Diagnostics;
using System.Globalization;
using DuckDB.NET.Data;
using RemoteMonitoring.EndToEnd.Tests.SecondEngine;
using RemoteMonitoring.Features.Sets;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>
/// All of <c>home</c> for a cohort of 28 days, from files of observations to a file of features, each patient as of their own
/// midnight; beside DuckDB on as many threads over the same files. Both tables are held against the second engine after every
/// run. Our time over theirs: less is better.
/// </summary>
internal class FeaturesBenchmark : Benchmark
{
    private const int Checked = 200;

    private string _folder = "";
    private FeatureCohort _cohort = null!;
    private DuckRow[] _sample = [];
    private double[][] _expected = [];

    public override string Name => "features";

    public override string Unit => string.Create(CultureInfo.InvariantCulture, $"s for {Patients:N0} patients");

    public override string PeerName => "DuckDB, the same columns from the same files";

    protected virtual int Patients => 100_000;

    protected static FeatureSet Set => FeatureSet.Home;

    protected FeatureCohort Cohort => _cohort;

    protected FeaturesPeer Peer { get; private set; } = null!;

    protected FeaturesOurs Own { get; private set; } = null!;

    private string Ours => Path.Combine(_folder, "ours");

    public override Task PrepareAsync(string folder)
    {
        _folder = folder;
        var clock = Stopwatch.StartNew();
        _cohort = FeatureCohort.Write(Path.Combine(folder, "observations"), Patients);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name}: {_cohort.Readings:N0} rows in {_cohort.Files.Count:N0} files, {_cohort.Files.Sum(f => new FileInfo(f.Path).Length) >> 20:N0} MiB, written in {clock.Elapsed.TotalSeconds:F1} s"));
        Peer = FeaturesPeer.Prepare(_cohort, Set, folder);
        Own = new FeaturesOurs(folder, FeaturesOurs.ManifestOf(_cohort, folder), _cohort.Reference, Set);
        _sample = [.. _cohort.Rows.Where((_, i) => i % Math.Max(1, Patients / Checked) == 0)];
        string[] patients = [.. _sample.Select(r => r.PatientId)];
        var reference = _cohort.Reference with { Patients = [.. _cohort.Reference.Patients.Where(p => patients.Contains(p.PatientId))] };
        using var duck = DuckFeatures.Open([.. _cohort.Files.Select(f => f.Path)], reference, patients);
        _expected = duck.Compute(Set.Columns, Set.LookBack, _sample);
        return Task.CompletedTask;
    }

    public override async Task<Measured> OursAsync()
    {
        if (Directory.Exists(Ours))
        {
            Directory.Delete(Ours, recursive: true);
        }

        Directory.CreateDirectory(Ours);
        Reset();
        var clock = Stopwatch.StartNew();
        await ComputeAsync(Ours);
        var seconds = clock.Elapsed.TotalSeconds;
        var (limit, rows) = await ReadAsync();
        return Said(seconds, Path.Combine(Ours, "*.parquet"), string.Create(CultureInfo.InvariantCulture, $"{Split}; only to read its columns {limit:F2} s, {rows / limit / Environment.ProcessorCount / 1e6:F2} M rows a second and core"));
    }

    public override Task<Measured> PeerAsync() => Task.FromResult(Said(RunPeer(), Peer.Output, ""));

    /// <summary>What the last run of ours was made up of, where there is more to say than the whole.</summary>
    protected virtual string Split => "";

    /// <summary>Undoes what the run of ours before has left.</summary>
    protected virtual void Reset()
    {
    }

    /// <summary>Reads the columns that ours reads, and does nothing with them: seconds and rows.</summary>
    protected virtual Task<(double Seconds, long Rows)> ReadAsync() => Own.ReadAsync();

    /// <summary>Our side: from the cohort's files to a table, as any number of Parquet files, in a folder.</summary>
    protected virtual Task ComputeAsync(string folder) => Own.RecomputeAsync(folder);

    /// <summary>One run of the peer's; the seconds it took.</summary>
    protected virtual double RunPeer() => Peer.Recompute();

    /// <summary>A time, once the table that was made in it has been found right.</summary>
    private Measured Said(double seconds, string table, string more)
    {
        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        using var command = duck.CreateCommand();
        var places = _sample.Select((r, i) => (r.PatientId, i)).ToDictionary(r => r.PatientId, r => r.i);
        var values = Array.ConvertAll(_expected, column => Enumerable.Repeat(double.NaN, column.Length).ToArray());
        command.CommandText = $"SELECT count(*) FROM read_parquet('{table}')";
        var rows = (long)command.ExecuteScalar()!;
        command.CommandText = $"SELECT patient_id, {string.Join(", ", Set.Columns.Select(c => $"{c.Name}::DOUBLE"))} FROM read_parquet('{table}') WHERE patient_id IN ({string.Join(", ", places.Keys.Select(p => $"'{p}'"))})";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var row = places[reader.GetString(0)];
            for (var c = 0; c < values.Length; c++)
            {
                values[c][row] = reader.IsDBNull(c + 1) ? double.NaN : reader.GetDouble(c + 1);
            }
        }

        var comparison = EngineComparison.Of(Set.Columns, _sample, values, _expected);
        return rows == Patients && comparison.Differences.Count == 0
            ? new Measured(seconds, string.Create(CultureInfo.InvariantCulture, $"({seconds:F2} s, {_cohort.Readings / seconds / Environment.ProcessorCount / 1e6:F2} M rows a second and core{more})"))
            : throw new InvalidOperationException($"{table} has {rows} rows for {Patients} patients, and differs from the second engine:\n{string.Join('\n', comparison.Differences)}");
    }
}

/// <summary>The same for a tenth of the patients.</summary>
internal sealed class FeaturesSmallBenchmark : FeaturesBenchmark
{
    public override string Name => "features-10k";

    protected override int Patients => 10_000;
}

/// <summary>
/// The night's increment: the same table, where all but the last day is there as our own daily rollups, made the night before.
/// Both sides read those files and the readings since (and the last two days' for the highest NEWS2). Ours makes, checks and
/// writes the rollups of the new days within its time, for the nights to come; DuckDB does not.
/// </summary>
internal class FeaturesNightlyBenchmark : FeaturesBenchmark
{
    public override string Name => "features-nightly";

    public override string PeerName => "DuckDB over the same daily rollups and the readings since";

    public override async Task PrepareAsync(string folder)
    {
        await base.PrepareAsync(folder);
        await Own.RollUpAsync();
    }

    protected override Task ComputeAsync(string folder) => Own.IncrementAsync(folder);

    protected override string Split => string.Create(CultureInfo.InvariantCulture, $"; {Own.RollUpSeconds:F2} s of it the new days' rollups");

    protected override void Reset() => Own.ForgetNewRollups();

    protected override Task<(double Seconds, long Rows)> ReadAsync() => Own.ReadIncrementAsync();

    protected override double RunPeer() => Peer.Increment(Own.RollupsBefore, Own.Folder);
}

/// <summary>The same for a tenth of the patients.</summary>
internal sealed class FeaturesNightlySmallBenchmark : FeaturesNightlyBenchmark
{
    public override string Name => "features-nightly-10k";

    protected override int Patients => 10_000;
}
