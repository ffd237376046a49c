using Parquet;
using Parquet.Schema;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>Reads files that <see cref="ParquetEncoder"/> did not write, by the library: flat columns of the kinds that lake tables have.</summary>
internal static class ForeignParquet
{
    /// <summary>Reads a file, only the columns named, or all of them when none is.</summary>
    public static async Task<ParquetTable> ReadAsync(Stream input, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        await using var reader = await ParquetReader.CreateAsync(input, leaveStreamOpen: true, cancellationToken: cancellationToken);
        var table = new ParquetTable { Metadata = reader.CustomMetadata };
        var rows = checked((int)Enumerable.Range(0, reader.RowGroupCount).Sum(g => RowCount(reader, g)));
        foreach (var field in reader.Schema.DataFields)
        {
            if (columns is null || columns.Contains(field.Name))
            {
                await ReadColumnAsync(table, reader, field, rows, cancellationToken);
            }
        }

        if (columns?.FirstOrDefault(c => !table.ColumnNames.Contains(c)) is { } missing)
        {
            throw new InvalidDataException($"the column '{missing}' is not in it");
        }

        table.Rows = rows;
        return table;
    }

    private static long RowCount(ParquetReader reader, int group)
    {
        using var rowGroup = reader.OpenRowGroupReader(group);
        return rowGroup.RowCount;
    }

    private static async Task ReadColumnAsync(ParquetTable table, ParquetReader reader, DataField field, int rows, CancellationToken cancellationToken)
    {
        var type = field.ClrType;
        if (type == typeof(string) || type == typeof(ReadOnlyMemory<char>))
        {
            var data = new string?[rows];
            await ForEachGroupAsync(reader, (g, at) => g.ReadAsync(field, data.AsMemory(at, (int)g.RowCount), null, cancellationToken));
            table.Text(field.Name, data);
        }
        else if (type == typeof(byte[]) || type == typeof(ReadOnlyMemory<byte>))
        {
            var data = new byte[]?[rows];
            await ForEachGroupAsync(reader, (g, at) => g.ReadAsync(field, data.AsMemory(at, (int)g.RowCount), null, cancellationToken));
            table.Bytes(field.Name, Array.ConvertAll(data, d => (ReadOnlyMemory<byte>)d));
        }
        else if (type == typeof(long))
        {
            table.Int64(field.Name, await ReadValuesAsync<long>(reader, field, rows, cancellationToken));
        }
        else if (type == typeof(int))
        {
            table.Int32(field.Name, await ReadValuesAsync<int>(reader, field, rows, cancellationToken));
        }
        else if (type == typeof(double))
        {
            table.Float64(field.Name, await ReadValuesAsync<double>(reader, field, rows, cancellationToken));
        }
        else if (type == typeof(bool))
        {
            table.Boolean(field.Name, await ReadValuesAsync<bool>(reader, field, rows, cancellationToken));
        }
        else if (type == typeof(DateTime))
        {
            var times = await ReadValuesAsync<DateTime>(reader, field, rows, cancellationToken);
            table.Time(field.Name, Array.ConvertAll(times, FromDateTime));
        }
        else
        {
            throw new InvalidDataException($"the column '{field.Name}' has a type that lake tables do not use ({type.Name})");
        }
    }

    private static async Task<T[]> ReadValuesAsync<T>(ParquetReader reader, DataField field, int rows, CancellationToken cancellationToken)
        where T : struct
    {
        var data = new T[rows];
        await ForEachGroupAsync(reader, (g, at) => g.ReadAsync(field, data.AsMemory(at, (int)g.RowCount), null, cancellationToken));
        return data;
    }

    private static async Task ForEachGroupAsync(ParquetReader reader, Func<ParquetRowGroupReader, int, ValueTask> read)
    {
        var at = 0;
        for (var g = 0; g < reader.RowGroupCount; g++)
        {
            using var group = reader.OpenRowGroupReader(g);
            await read(group, at);
            at += (int)group.RowCount;
        }
    }

    private static long FromDateTime(DateTime time) => time.Ticks == DateTime.MaxValue.Ticks / 10 * 10
        ? UnixMicros.Open
        : (time.Ticks - DateTime.UnixEpoch.Ticks) / 10;
}
