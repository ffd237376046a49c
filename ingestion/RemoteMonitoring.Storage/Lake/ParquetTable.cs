using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using RemoteMonitoring.Storage.Lake.Parquet;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>The kinds of column that lake tables are made of.</summary>
public enum ColumnKind
{
    /// <summary>UTF-8 text, may be null.</summary>
    Text,

    /// <summary>64-bit integer.</summary>
    Int64,

    /// <summary>32-bit integer.</summary>
    Int32,

    /// <summary>Double; NaN is "unknown".</summary>
    Float64,

    /// <summary>UTC timestamp in microseconds; in memory Unix microseconds.</summary>
    Time,

    /// <summary>Raw bytes.</summary>
    Bytes,

    /// <summary>True or false.</summary>
    Boolean,
}

/// <summary>
/// A table of the lake in memory: named columns of equal length, and the key-value metadata of the file's footer.
/// Written as one Parquet file with row groups of at most <see cref="RowGroupRows"/> rows, Snappy-compressed. The bytes
/// are a function of the content, so equal tables have equal hashes.
/// </summary>
public sealed class ParquetTable
{
    /// <summary>Rows of a full row group: some megabytes of flat columns, what DuckDB and Polars read well in parallel.</summary>
    public const int RowGroupRows = 131_072;

    private static readonly ConcurrentBag<ParquetEncoder> s_encoders = [];

    private readonly List<TableColumn> _columns = [];
    private readonly Dictionary<string, int> _byName = new(StringComparer.Ordinal);

    /// <summary>Number of rows.</summary>
    public int Rows { get; internal set; } = -1;

    /// <summary>Names of the columns, in order.</summary>
    public IEnumerable<string> ColumnNames => _columns.Select(c => c.Name);

    /// <summary>Key-value metadata of the footer.</summary>
    public Dictionary<string, string> Metadata { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The file it was read from, for messages; null for a table made in memory.</summary>
    public string? Source { get; internal set; }

    /// <summary>Adds a text column.</summary>
    public ParquetTable Text(string name, IList<string?> data) => Add(new TableColumn(name, ColumnKind.Text, data, data.Count));

    /// <summary>Adds a 64-bit integer column.</summary>
    public ParquetTable Int64(string name, IList<long> data) => Add(new TableColumn(name, ColumnKind.Int64, data, data.Count));

    /// <summary>Adds a 32-bit integer column.</summary>
    public ParquetTable Int32(string name, IList<int> data) => Add(new TableColumn(name, ColumnKind.Int32, data, data.Count));

    /// <summary>Adds a double column.</summary>
    public ParquetTable Float64(string name, IList<double> data) => Add(new TableColumn(name, ColumnKind.Float64, data, data.Count));

    /// <summary>Adds a timestamp column of Unix microseconds; <see cref="UnixMicros.Open"/> is written as the largest timestamp.</summary>
    public ParquetTable Time(string name, IList<long> data) => Add(new TableColumn(name, ColumnKind.Time, data, data.Count));

    /// <summary>Adds a column of raw bytes.</summary>
    public ParquetTable Bytes(string name, IList<ReadOnlyMemory<byte>> data) => Add(new TableColumn(name, ColumnKind.Bytes, data, data.Count));

    /// <summary>Adds a boolean column.</summary>
    public ParquetTable Boolean(string name, IList<bool> data) => Add(new TableColumn(name, ColumnKind.Boolean, data, data.Count));

    /// <summary>The text column of this name.</summary>
    public string?[] Text(string name) => Get<string?>(name);

    /// <summary>The text column of this name by its distinct texts; without a string per row where the file is one of ours.</summary>
    public TextColumn Codes(string name) => _byName.TryGetValue(name, out var i) && _columns[i].Data is TextRows rows ? rows.Column() : TextColumn.Of(Text(name));

    /// <summary>The 64-bit integer column of this name.</summary>
    public long[] Int64(string name) => Get<long>(name);

    /// <summary>The 32-bit integer column of this name.</summary>
    public int[] Int32(string name) => Get<int>(name);

    /// <summary>The double column of this name.</summary>
    public double[] Float64(string name) => Get<double>(name);

    /// <summary>The timestamp column of this name, Unix microseconds.</summary>
    public long[] Time(string name) => Get<long>(name);

    /// <summary>The column of raw bytes of this name.</summary>
    public ReadOnlyMemory<byte>[] Bytes(string name) => Get<ReadOnlyMemory<byte>>(name);

    /// <summary>The boolean column of this name.</summary>
    public bool[] Boolean(string name) => Get<bool>(name);

    /// <summary>What kind a column is of.</summary>
    public ColumnKind KindOf(string name) => _byName.TryGetValue(name, out var i) ? _columns[i].Kind : throw Broken($"the column '{name}' is not in it");

    /// <summary>The values of a column, whatever its kind.</summary>
    public Array Column(string name) => KindOf(name) switch
    {
        ColumnKind.Text => Get<string?>(name),
        ColumnKind.Int64 or ColumnKind.Time => Get<long>(name),
        ColumnKind.Int32 => Get<int>(name),
        ColumnKind.Float64 => Get<double>(name),
        ColumnKind.Bytes => Get<ReadOnlyMemory<byte>>(name),
        ColumnKind.Boolean => Get<bool>(name),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>The same table with some of its rows, in their order.</summary>
    public ParquetTable Select(int[] rows)
    {
        var table = new ParquetTable { Metadata = new(Metadata, StringComparer.Ordinal), Source = Source };
        foreach (var (name, kind, _, _) in _columns)
        {
            var data = Column(name);
            var selected = Array.CreateInstance(data.GetType().GetElementType()!, rows.Length);
            for (var i = 0; i < rows.Length; i++)
            {
                Array.Copy(data, rows[i], selected, i, 1);
            }

            table.Add(new TableColumn(name, kind, selected, rows.Length));
        }

        return table;
    }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes()
    {
        using var file = Encode();
        return file.Bytes.ToArray();
    }

    /// <summary>The file's bytes, in buffers that are used again once it is disposed.</summary>
    public EncodedTable Encode()
    {
        var encoder = s_encoders.TryTake(out var pooled) ? pooled : new ParquetEncoder();
        return new EncodedTable(encoder, encoder.Encode(_columns, Math.Max(Rows, 0), Metadata), s_encoders.Add);
    }

    /// <summary>Reads a file, only the columns named, or all of them when none is.</summary>
    public static async Task<ParquetTable> ReadAsync(Stream input, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        if (await ParquetDecoder.TryReadAsync(input, columns, cancellationToken) is { } own)
        {
            return own;
        }

        input.Position = 0;
        return await ForeignParquet.ReadAsync(input, columns, cancellationToken);
    }

    internal ParquetTable Add(TableColumn column)
    {
        if (Rows >= 0 && column.Count != Rows)
        {
            throw new ArgumentException($"The column '{column.Name}' has {column.Count} rows, the table {Rows}.", nameof(column));
        }

        Rows = column.Count;
        _byName.Add(column.Name, _columns.Count);
        _columns.Add(column);
        return this;
    }

    private T[] Get<T>(string name) => (_byName.TryGetValue(name, out var i) ? _columns[i].Data : null) switch
    {
        T[] data => data,
        TextRows text when typeof(T) == typeof(string) => (T[])(object)text.Rows(),
        List<T> data => [.. data],
        _ => throw Broken($"the column '{name}' is not in it, or not of type {typeof(T).Name}"),
    };

    /// <summary>What to throw when the content is not what its schema promises; names the file where there is one.</summary>
    internal Exception Broken(string what) => Source is null
        ? new InvalidDataException(what)
        : new LakeException($"{Source}: not a readable table of this version ({what}). Restore it, or delete it if it is derived (silver, gold) and run again.");
}

/// <summary>A table's file in an encoder's own buffer, which goes back to be used again when this is disposed.</summary>
public sealed class EncodedTable : IDisposable
{
    private readonly Action<ParquetEncoder> _giveBack;
    private ParquetEncoder? _encoder;

    internal EncodedTable(ParquetEncoder encoder, ReadOnlyMemory<byte> bytes, Action<ParquetEncoder> giveBack) =>
        (_encoder, Bytes, _giveBack) = (encoder, bytes, giveBack);

    /// <summary>The file's bytes, until it is disposed.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <inheritdoc />
    public void Dispose()
    {
        Bytes = default;
        if (Interlocked.Exchange(ref _encoder, null) is { } encoder)
        {
            _giveBack(encoder);
        }
    }
}

/// <summary>A column in memory: an array, or a list of its owner's that is encoded as it stands, without a copy.</summary>
internal readonly record struct TableColumn(string Name, ColumnKind Kind, object Data, int Count)
{
    public ReadOnlySpan<T> Rows<T>(int start, int count) =>
        (Data switch
        {
            List<T> list => CollectionsMarshal.AsSpan(list),
            TextRows text => ((T[])(object)text.Rows()).AsSpan(),
            _ => ((T[])Data).AsSpan(),
        }).Slice(start, count);
}
