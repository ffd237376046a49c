using System.Globalization;
using DuckDB.NET.Data;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>A row that is asked for.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">Nothing effective after it is used, Unix microseconds.</param>
/// <param name="KnownBy">Nothing known after it is used, Unix microseconds.</param>
/// <param name="Zone">IANA zone in which the patient's days begin and end.</param>
internal readonly record struct DuckRow(string PatientId, long AsOf, long KnownBy, string Zone);

/// <summary>
/// The features once more, as set-based SQL over the files of observations: the second engine, which shares no line with
/// the first. It reads columns by name, vital, statistic and window only, so a new statistic is one expression in
/// <see cref="DuckVitals"/>.
/// </summary>
internal sealed class DuckFeatures : IDisposable
{
    private readonly DuckDBConnection _duck;

    private DuckFeatures(DuckDBConnection duck) => _duck = duck;

    /// <summary>Takes in observations (Parquet files of gold, any number of days and shards) and reference events.</summary>
    /// <param name="observations">The files.</param>
    /// <param name="reference">The events.</param>
    /// <param name="patients">Whose observations to take; null for everybody's.</param>
    public static DuckFeatures Open(IReadOnlyList<string> observations, ReferenceData reference, IReadOnlyList<string>? patients = null)
    {
        var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        duck.Run(string.Create(CultureInfo.InvariantCulture, $"SET threads = {Environment.ProcessorCount}; SET TimeZone = 'UTC'"));
        DuckInputs.Vitals(duck);
        DuckInputs.Observations(duck, observations, patients);
        DuckInputs.Reference(duck, reference);
        return new DuckFeatures(duck);
    }

    /// <summary>The values of these columns, [column][row]; NaN where SQL has NULL.</summary>
    /// <param name="columns">Columns of a feature set.</param>
    /// <param name="lookBack">The set's longest look back, microseconds.</param>
    /// <param name="rows">Rows, in the order they come out in.</param>
    public double[][] Compute(IReadOnlyList<FeatureColumn> columns, long lookBack, IReadOnlyList<DuckRow> rows)
    {
        DuckInputs.Keys(_duck, rows);
        DuckInputs.Columns(_duck, columns);
        DuckInputs.LocalDays(_duck, rows, lookBack);
        DuckInputs.LocalHours(_duck, rows, columns.Where(c => c.Statistic.StartsWith("hourly_", StringComparison.Ordinal)).Select(c => c.Window).DefaultIfEmpty(0).Max());
        var values = new double[columns.Count][];
        for (var c = 0; c < values.Length; c++)
        {
            values[c] = new double[rows.Count];
            Array.Fill(values[c], double.NaN);
        }

        var told = new bool[columns.Count];
        foreach (var sql in (string[])[DuckVitals.Sql(lookBack), DuckScores.Sql, DuckRecord.Sql])
        {
            Read(sql, values, told);
        }

        return rows.Count == 0 || Array.TrueForAll(told, t => t)
            ? values
            : throw new NotSupportedException($"The second engine has no SQL for the column '{columns[Array.IndexOf(told, false)].Name}': add its expression beside the others.");
    }

    public void Dispose() => _duck.Dispose();

    /// <summary>Every query tells (column, row, value), one line a cell, those that are unknown too.</summary>
    private void Read(string sql, double[][] values, bool[] told)
    {
        using var command = _duck.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var column = reader.GetInt32(0);
            told[column] = true;
            values[column][reader.GetInt32(1)] = reader.IsDBNull(2) ? double.NaN : reader.GetDouble(2);
        }
    }
}

/// <summary>Statements without an answer.</summary>
internal static class DuckStatements
{
    public static void Run(this DuckDBConnection duck, string sql)
    {
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
