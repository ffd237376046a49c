using System.Diagnostics;
using System.Globalization;
using DuckDB.NET.Data;
using RemoteMonitoring.EndToEnd.Tests.SecondEngine;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>
/// DuckDB at its best: the same columns from the same files, written for speed where the second engine is written to be read.
/// It profits from what it knows of the benchmark: as-of is a local midnight, days have 24 hours, no two readings of a vital
/// share an instant, and the roster comes flat. Sums are plain sums, which cost it digits and save it time.
/// </summary>
internal sealed class FeaturesPeer
{
    private readonly FeatureCohort _cohort;
    private readonly string _folder;
    private readonly FeaturesPeerSql _sql;

    private FeaturesPeer(FeatureCohort cohort, FeatureSet set, string folder) =>
        (_cohort, _folder, _sql) = (cohort, folder, new FeaturesPeerSql(set.Columns, set.LookBack, FeatureCohort.Vitals));

    /// <summary>The table it wrote last.</summary>
    public string Output => Path.Combine(_folder, "peer.parquet");

    /// <summary>Writes the roster and outcomes it reads.</summary>
    public static FeaturesPeer Prepare(FeatureCohort cohort, FeatureSet set, string folder)
    {
        var peer = new FeaturesPeer(cohort, set, folder);
        var patients = cohort.Reference.Patients;
        T[] Column<T>(Func<Patient, T> value) => [.. patients.Select(value)];
        var roster = new ParquetTable()
            .Int32("row", [.. Enumerable.Range(0, cohort.Rows.Count)])
            .Text("patient_id", Column(p => p.PatientId)!)
            .Int64("as_of", [.. cohort.Rows.Select(r => r.AsOf)])
            .Int64("known_by", [.. cohort.Rows.Select(r => r.KnownBy)])
            .Float64("age", Column(p => p.Age!.Value))
            .Float64("female", Column(p => p.Sex == "female" ? 1.0 : 0))
            .Int64("since_enrolled", [.. cohort.Reference.Census.Select(c => c.Effective.ToUnixMicros())]);
        foreach (var column in set.Columns.Where(c => c.Name.StartsWith("condition_", StringComparison.Ordinal)))
        {
            roster.Float64(column.Name, Column(p => p.Conditions.Any(c => "condition_" + c.Replace('-', '_') == column.Name) ? 1.0 : 0));
        }

        var outcomes = new ParquetTable()
            .Text("patient_id", [.. cohort.Reference.Outcomes.Select(o => o.PatientId)])
            .Text("kind", [.. cohort.Reference.Outcomes.Select(o => o.Kind)])
            .Int64("effective", [.. cohort.Reference.Outcomes.Select(o => o.Effective.ToUnixMicros())])
            .Int64("known", [.. cohort.Reference.Outcomes.Select(o => o.Known.ToUnixMicros())]);
        File.WriteAllBytes(Path.Combine(folder, "roster.parquet"), roster.ToBytes());
        File.WriteAllBytes(Path.Combine(folder, "outcomes.parquet"), outcomes.ToBytes());
        return peer;
    }

    /// <summary>All columns from all readings of the look back; the seconds it took.</summary>
    public double Recompute() => Time(duck => duck.Run(_sql.Write(_sql.FromReadings(Since(FeatureCohort.Days)), Since(2), Output)));

    /// <summary>All columns from rollups that were made before the last day, and from the readings since; the seconds it took.</summary>
    /// <param name="rollups">The rollups, as our side wrote them.</param>
    /// <param name="folder">The lake's.</param>
    public double Increment(RollupManifest rollups, string folder)
    {
        var files = rollups.Files
            .Where(f => FeatureCohort.Night.ToDateOnly().DayNumber - f.LocalDate.DayNumber <= _sql.DaysOf(f.Cells))
            .GroupBy(f => f.Cells)
            .ToDictionary(g => g.Key, g => string.Join(", ", g.Select(f => $"'{Path.Combine(folder, f.Path)}'")));
        return Time(duck => duck.Run(_sql.Write(_sql.FromRollups(files, Since(1)), Since(2), Output)));
    }

    /// <summary>The files of readings of the last so many UTC days before the night, and of the hours behind it.</summary>
    private string Since(int days) => string.Join(", ", _cohort.Files.Where(f => f.Date >= FeatureCohort.Night.PlusDays(-days)).Select(f => $"'{f.Path}'"));

    private double Time(Action<DuckDBConnection> run)
    {
        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        duck.Run(string.Create(CultureInfo.InvariantCulture, $"SET threads = {Environment.ProcessorCount}; SET preserve_insertion_order = false; SET TimeZone = 'UTC'"));
        var clock = Stopwatch.StartNew();
        duck.Run($"CREATE TABLE roster AS FROM read_parquet('{Path.Combine(_folder, "roster.parquet")}'); CREATE TABLE outcomes AS FROM read_parquet('{Path.Combine(_folder, "outcomes.parquet")}')");
        run(duck);
        return clock.Elapsed.TotalSeconds;
    }
}
