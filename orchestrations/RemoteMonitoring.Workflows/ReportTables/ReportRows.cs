using NodaTime;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>Rows of a table for reports, as they gather. What does not fit the schema is a fault of the program and throws.</summary>
internal sealed class ReportRows(ReportTable table)
{
    private readonly List<object?[]> _rows = [];

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row: a value for each column in its order, an <see cref="Instant"/> for a time.</summary>
    public ReportRows Add(params object?[] values)
    {
        if (values.Length != table.Columns.Count)
        {
            throw new InvalidOperationException($"{table.Name} has {table.Columns.Count} columns; a row has {values.Length}.");
        }

        for (var c = 0; c < values.Length; c++)
        {
            var column = table.Columns[c];
            values[c] = (column.Kind, values[c]) switch
            {
                (ColumnKind.Text, null) when column.MayBeUnknown => null,
                (ColumnKind.Text, string text) => text,
                (ColumnKind.Int32, int number) => number,
                (ColumnKind.Float64, double number) when column.MayBeUnknown || double.IsFinite(number) => number,
                (ColumnKind.Time, Instant instant) => instant.ToUnixTimeTicks() / 10,
                (ColumnKind.Time, long micros) => micros,
                (ColumnKind.Boolean, bool truth) => truth,
                var (_, value) => throw new InvalidOperationException($"{table.Name}.{column.Name} does not take {value ?? "null"}."),
            };
        }

        _rows.Add(values);
        return this;
    }

    /// <summary>The table, its rows in the order of the key, so that the same rows make the same bytes.</summary>
    public ParquetTable ToParquet()
    {
        int[] order = [.. table.Key.Concat(table.Columns.Select(c => c.Name)).Distinct().Select(name => table.Columns.Index().First(c => c.Item.Name == name).Index)];
        _rows.Sort((a, b) => Compare(a, b, order));
        var parquet = new ParquetTable();
        foreach (var (c, column) in table.Columns.Index())
        {
            T[] Values<T>() => [.. _rows.Select(r => (T)r[c]!)];
            _ = column.Kind switch
            {
                ColumnKind.Text => parquet.Text(column.Name, Values<string?>()),
                ColumnKind.Int32 => parquet.Int32(column.Name, Values<int>()),
                ColumnKind.Float64 => parquet.Float64(column.Name, Values<double>()),
                ColumnKind.Time => parquet.Time(column.Name, Values<long>()),
                ColumnKind.Boolean => parquet.Boolean(column.Name, Values<bool>()),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }

        return parquet;
    }

    private static int Compare(object?[] a, object?[] b, int[] order)
    {
        foreach (var c in order)
        {
            var compared = (a[c], b[c]) is (string one, string other) ? string.CompareOrdinal(one, other) : Comparer<object>.Default.Compare(a[c], b[c]);
            if (compared != 0)
            {
                return compared;
            }
        }

        return 0;
    }
}
