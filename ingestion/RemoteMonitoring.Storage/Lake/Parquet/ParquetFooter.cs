using System.Globalization;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>The footer of a Parquet file: schema, where the columns of each row group lie, key-value metadata.</summary>
internal static class ParquetFooter
{
    /// <summary>Key of a column chunk's own metadata: XxHash3 of its bytes in hex.</summary>
    public const string HashKey = "xxh3";

    private const int Version = 1;
    private const int Required = 0;
    private const int Optional = 1;
    private const int Rle = 3;

    public static void Write(
        ThriftWriter footer,
        IReadOnlyList<TableColumn> columns,
        int rows,
        IReadOnlyList<int> groups,
        IReadOnlyList<ParquetEncoder.Chunk> chunks,
        IReadOnlyDictionary<string, string> metadata,
        int codec)
    {
        footer.BeginItem();
        footer.Int32(1, Version);
        WriteSchema(footer, columns);
        footer.Int64(3, rows);
        footer.StructList(4, groups.Count);
        for (var g = 0; g < groups.Count; g++)
        {
            footer.BeginItem();
            footer.StructList(1, columns.Count);
            var ofGroup = chunks.Skip(g * columns.Count).Take(columns.Count).ToArray();
            for (var c = 0; c < columns.Count; c++)
            {
                WriteChunk(footer, columns[c], ofGroup[c], codec);
            }

            footer.Int64(2, ofGroup.Sum(c => (long)c.Uncompressed));
            footer.Int64(3, groups[g]);
            footer.End();
        }

        footer.StructList(5, metadata.Count);
        // In the order of the keys: in what order they were set is no part of the content.
        foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            footer.BeginItem();
            footer.Text(1, key);
            footer.Text(2, value);
            footer.End();
        }

        footer.Text(6, "RemoteMonitoring");
        // Each column has the order of its type: without that word some readers do not believe the bounds of texts.
        footer.StructList(7, columns.Count);
        for (var c = 0; c < columns.Count; c++)
        {
            footer.BeginItem();
            footer.Empty(1);
            footer.End();
        }

        footer.End();
    }

    private static void WriteSchema(ThriftWriter footer, IReadOnlyList<TableColumn> columns)
    {
        footer.StructList(2, columns.Count + 1);
        footer.BeginItem();
        footer.Text(4, "root");
        footer.Int32(5, columns.Count);
        footer.End();
        foreach (var (name, kind, _, _) in columns)
        {
            footer.BeginItem();
            footer.Int32(1, TypeOf(kind));
            footer.Int32(3, kind == ColumnKind.Text ? Optional : Required);
            footer.Text(4, name);
            if (kind == ColumnKind.Text)
            {
                footer.Int32(6, 0); // converted type UTF8
                footer.Begin(10);
                footer.Empty(1); // logical type STRING
                footer.End();
            }
            else if (kind == ColumnKind.Time)
            {
                footer.Int32(6, 10); // converted type TIMESTAMP_MICROS
                footer.Begin(10);
                footer.Begin(8); // logical type TIMESTAMP
                footer.Boolean(1, true); // UTC
                footer.Begin(2);
                footer.Empty(2); // microseconds
                footer.End();
                footer.End();
                footer.End();
            }

            footer.End();
        }
    }

    private static void WriteChunk(ThriftWriter footer, TableColumn column, ParquetEncoder.Chunk chunk, int codec)
    {
        footer.BeginItem();
        footer.Int64(2, chunk.Start);
        footer.Begin(3);
        footer.Int32(1, TypeOf(column.Kind));
        if (chunk.HasDictionary)
        {
            footer.Int32List(2, 0, Rle, chunk.Encoding);
        }
        else
        {
            footer.Int32List(2, Rle, chunk.Encoding);
        }

        footer.TextList(3, 1);
        footer.TextItem(column.Name);
        footer.Int32(4, codec);
        footer.Int64(5, chunk.Values);
        footer.Int64(6, chunk.Uncompressed);
        footer.Int64(7, chunk.End - chunk.Start);
        footer.StructList(8, 1);
        footer.BeginItem();
        footer.Text(1, HashKey);
        footer.Text(2, chunk.Hash.ToString("x16", CultureInfo.InvariantCulture));
        footer.End();
        footer.Int64(9, chunk.DataStart);
        if (chunk.HasDictionary)
        {
            footer.Int64(11, chunk.Start);
        }

        if (chunk.Low is not null || chunk.Nulls is not null)
        {
            footer.Begin(12);
            if (chunk.Nulls is { } nulls)
            {
                footer.Int64(3, nulls);
            }

            if (chunk.Low is not null)
            {
                footer.Bytes(5, chunk.High);
                footer.Bytes(6, chunk.Low);
            }

            footer.End();
        }

        footer.End();
        footer.End();
    }

    private static int TypeOf(ColumnKind kind) => kind switch
    {
        ColumnKind.Boolean => 0,
        ColumnKind.Int32 => 1,
        ColumnKind.Int64 or ColumnKind.Time => 2,
        ColumnKind.Float64 => 5,
        ColumnKind.Text or ColumnKind.Bytes => 6,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
