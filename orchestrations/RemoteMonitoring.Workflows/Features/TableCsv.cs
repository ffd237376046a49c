using System.Globalization;
using CsvHelper;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>
/// Tables as CSV (RFC 4180, UTF-8, a header): times in ISO 8601 with a Z, numbers that read back to the same bits, nothing at all
/// where a number is unknown or a text is null.
/// </summary>
public static class TableCsv
{
    /// <summary>Writes a table; columns of raw bytes have no place in it.</summary>
    public static async Task WriteAsync(ParquetTable table, Stream output, CancellationToken cancellationToken)
    {
        string[] names = [.. table.ColumnNames];
        var columns = Array.ConvertAll(names, name => Cells(table, name));
        await WriteAsync(names, Math.Max(table.Rows, 0), (row, column) => columns[column](row), output, cancellationToken);
    }

    /// <summary>Writes rows of text.</summary>
    public static Task WriteAsync(IReadOnlyList<string> header, IReadOnlyList<IReadOnlyList<string?>> rows, Stream output, CancellationToken cancellationToken) =>
        WriteAsync(header, rows.Count, (row, column) => rows[row][column], output, cancellationToken);

    private static async Task WriteAsync(IReadOnlyList<string> header, int rows, Func<int, int, string?> cell, Stream output, CancellationToken cancellationToken)
    {
        await using var csv = CsvWriter.Create(output, null, leaveOpen: true);
        foreach (var name in header)
        {
            csv.WriteField(name);
        }

        await csv.EndRecordAsync(cancellationToken);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < header.Count; column++)
            {
                csv.WriteField(cell(row, column));
            }

            await csv.EndRecordAsync(cancellationToken);
        }
    }

    private static Func<int, string?> Cells(ParquetTable table, string name)
    {
        switch (table.KindOf(name))
        {
            case ColumnKind.Text:
                var text = table.Text(name);
                return row => text[row];
            case ColumnKind.Int64:
                var whole = table.Int64(name);
                return row => whole[row].ToString(CultureInfo.InvariantCulture);
            case ColumnKind.Int32:
                var small = table.Int32(name);
                return row => small[row].ToString(CultureInfo.InvariantCulture);
            case ColumnKind.Float64:
                var number = table.Float64(name);
                return row => double.IsNaN(number[row]) ? null : number[row].ToString("R", CultureInfo.InvariantCulture);
            case ColumnKind.Time:
                var time = table.Time(name);
                return row => time[row] == UnixMicros.Open ? null : UnixMicros.Format(time[row]);
            case ColumnKind.Boolean:
                var flag = table.Boolean(name);
                return row => flag[row] ? "true" : "false";
            default:
                throw new ArgumentException($"The column '{name}' is of raw bytes, which CSV has no form for.", nameof(table));
        }
    }
}
