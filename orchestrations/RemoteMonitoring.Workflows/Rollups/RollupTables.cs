using System.Globalization;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Workflows.Rollups;

/// <summary>Rollups as lake tables: column names in one place, both directions.</summary>
public static class RollupTables
{
    private const string Kind = "remotemonitoring.cells";
    private const string Date = "remotemonitoring.local-date";

    /// <summary>Rollups as a table.</summary>
    public static ParquetTable ToTable(RollupColumns rollups)
    {
        var patients = new string[rollups.Count];
        for (var p = 0; p < rollups.Patients.Length; p++)
        {
            Array.Fill(patients, rollups.Patients[p], rollups.PatientStart[p], rollups.PatientStart[p + 1] - rollups.PatientStart[p]);
        }

        var table = new ParquetTable()
            .Text("patient_id", patients)
            .Text("code", Array.ConvertAll(rollups.Vital, v => VitalSignCatalog.Default.Vitals[v].Code))
            .Time("cell_start", rollups.CellStart)
            .Time("cell_end", rollups.CellEnd)
            .Time("known_from", rollups.KnownFrom)
            .Time("known_to", rollups.KnownTo)
            .Int32("n", rollups.Readings)
            .Float64("mean", rollups.Mean)
            .Float64("m2", rollups.Squares)
            .Float64("t_mean", rollups.MeanTime)
            .Float64("t_m2", rollups.TimeSquares)
            .Float64("tv", rollups.Products)
            .Float64("min", rollups.Min)
            .Float64("max", rollups.Max)
            .Float64("first", rollups.First)
            .Float64("last", rollups.Last)
            .Time("last_time", rollups.LastTime);
        table.Metadata[Kind] = NameOf(rollups.Kind);
        table.Metadata[Date] = rollups.Date.ToString(CultureInfo.InvariantCulture);
        return table;
    }

    /// <summary>A table as rollups; the columns are the table's own.</summary>
    public static RollupColumns ToRollups(ParquetTable table)
    {
        var (patients, starts) = TelemetryTables.PatientsOf(table);
        return new RollupColumns(0)
        {
            Kind = KindOf(table.Metadata.GetValueOrDefault(Kind, "")),
            Date = (int)TelemetryTables.Number(table.Metadata, Date, table.Source ?? "rollups"),
            Patients = patients,
            PatientStart = starts,
            Vital = TelemetryTables.VitalsOf(table, VitalSignCatalog.Default),
            CellStart = table.Time("cell_start"),
            CellEnd = table.Time("cell_end"),
            KnownFrom = table.Time("known_from"),
            KnownTo = table.Time("known_to"),
            Readings = table.Int32("n"),
            Mean = table.Float64("mean"),
            Squares = table.Float64("m2"),
            MeanTime = table.Float64("t_mean"),
            TimeSquares = table.Float64("t_m2"),
            Products = table.Float64("tv"),
            Min = table.Float64("min"),
            Max = table.Float64("max"),
            First = table.Float64("first"),
            Last = table.Float64("last"),
            LastTime = table.Time("last_time"),
        };
    }

    /// <summary>A kind of cells as it stands in paths.</summary>
    public static string NameOf(CellKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The kind that a name stands for.</summary>
    public static CellKind KindOf(string name) => Enum.GetValues<CellKind>().Where(k => NameOf(k) == name) is var found && found.Any()
        ? found.First()
        : throw new LakeException($"'{name}' is no kind of rollup of this version: delete gold/rollups and compact again.");
}
