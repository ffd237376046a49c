namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>A column by its name and kind, as the footer has it.</summary>
internal readonly record struct ColumnLayout(string Name, ColumnKind Kind);

/// <summary>Where the values of a column and row group lie, and the hash of those bytes where the footer has one.</summary>
internal readonly record struct ChunkLayout(long Start, int Length, ulong? Hash);

/// <summary>
/// What the footer of a file of <see cref="ParquetEncoder"/>'s says. Held against how the encoder writes: columns flat and of
/// the kinds there are, chunks one behind the other from the header to the footer, none with more rows than its bytes can hold.
/// </summary>
internal sealed class ParquetLayout
{
    private const int SnappyCodec = 1;
    private const int Optional = 1;
    private const int Utf8 = 0;
    private const int TimestampMicros = 10;
    private const int LeastPageBytes = 10;

    private readonly List<ColumnLayout> _columns = [];
    private readonly List<int> _groups = [];
    private readonly List<ChunkLayout> _chunks = [];

    /// <summary>The columns, in order.</summary>
    public IReadOnlyList<ColumnLayout> Columns => _columns;

    /// <summary>Rows of each row group.</summary>
    public IReadOnlyList<int> Groups => _groups;

    /// <summary>Rows of all.</summary>
    public int Rows { get; private set; }

    /// <summary>The file's own key-value metadata.</summary>
    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The chunk of a column in a row group.</summary>
    public ChunkLayout Chunk(int group, int column) => _chunks[(group * _columns.Count) + column];

    /// <summary>Reads the footer of a file whose pages lie from <paramref name="pagesStart"/> to <paramref name="pagesEnd"/>.</summary>
    public static ParquetLayout Read(ReadOnlySpan<byte> footer, long pagesStart, long pagesEnd)
    {
        var layout = new ParquetLayout();
        var reader = new ThriftReader(footer);
        long? rows = null;
        var at = pagesStart;
        for (var field = 0; reader.Next(ref field, out var type);)
        {
            switch (field)
            {
                case 2:
                    layout.ReadSchema(ref reader, reader.Structs(type));
                    break;
                case 3:
                    rows = reader.Int64(type);
                    break;
                case 4:
                    for (var left = reader.Structs(type); left > 0; left--)
                    {
                        layout.ReadGroup(ref reader, ref at);
                    }

                    break;
                case 5:
                    for (var left = reader.Structs(type); left > 0; left--)
                    {
                        var (key, value) = KeyValue(ref reader);
                        layout.Metadata[key] = value;
                    }

                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        layout.Rows = layout._groups.Sum(g => (long)g) is var sum and <= int.MaxValue ? (int)sum : throw Unlike("it has more rows than fit in memory");
        return reader.Position == footer.Length && rows == layout.Rows && at == pagesEnd ? layout : throw Unlike("its row groups do not add up");
    }

    private static (string Key, string Value) KeyValue(ref ThriftReader reader)
    {
        var (key, value) = ("", "");
        for (var field = 0; reader.Next(ref field, out var type);)
        {
            switch (field)
            {
                case 1:
                    key = reader.Text(type);
                    break;
                case 2:
                    value = reader.Text(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        return (key, value);
    }

    private void ReadSchema(ref ThriftReader reader, int elements)
    {
        for (var element = 0; element < elements; element++)
        {
            int? type = null, repetition = null, converted = null, children = null;
            var name = "";
            for (var field = 0; reader.Next(ref field, out var t);)
            {
                switch (field)
                {
                    case 1:
                        type = reader.Int32(t);
                        break;
                    case 3:
                        repetition = reader.Int32(t);
                        break;
                    case 4:
                        name = reader.Text(t);
                        break;
                    case 5:
                        children = reader.Int32(t);
                        break;
                    case 6:
                        converted = reader.Int32(t);
                        break;
                    default:
                        reader.Skip(t);
                        break;
                }
            }

            if (element == 0)
            {
                _ = children == elements - 1 ? 0 : throw Unlike("its schema is not flat");
                continue;
            }

            ColumnKind kind = (type, repetition, converted, children) switch
            {
                (0, 0, null, null) => ColumnKind.Boolean,
                (1, 0, null, null) => ColumnKind.Int32,
                (2, 0, null, null) => ColumnKind.Int64,
                (2, 0, TimestampMicros, null) => ColumnKind.Time,
                (5, 0, null, null) => ColumnKind.Float64,
                (6, 0, null, null) => ColumnKind.Bytes,
                (6, Optional, Utf8, null) => ColumnKind.Text,
                _ => throw Unlike($"the column '{name}' has a type that lake tables do not use"),
            };
            _columns.Add(_columns.TrueForAll(c => c.Name != name) ? new ColumnLayout(name, kind) : throw Unlike($"the column '{name}' is in it twice"));
        }
    }

    private void ReadGroup(ref ThriftReader reader, ref long at)
    {
        long rows = 0;
        var first = _chunks.Count;
        Span<long> values = new long[_columns.Count];
        for (var field = 0; reader.Next(ref field, out var type);)
        {
            switch (field)
            {
                case 1:
                    _ = reader.Structs(type) == _columns.Count ? 0 : throw Unlike("a row group lacks columns");
                    for (var c = 0; c < _columns.Count; c++)
                    {
                        values[c] = ReadChunk(ref reader, ref at);
                    }

                    break;
                case 3:
                    rows = reader.Int64(type);
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }

        if (_chunks.Count - first != _columns.Count || rows is < 1 or > ParquetTable.RowGroupRows || values.ContainsAnyExcept(rows))
        {
            throw Unlike("a row group has other rows than its columns");
        }

        var pages = (rows + ParquetEncoder.PageRows - 1) / ParquetEncoder.PageRows;
        if (_chunks.Skip(first).Any(c => c.Length < pages * LeastPageBytes))
        {
            throw Unlike("a row group has more rows than its bytes can hold");
        }

        _groups.Add((int)rows);
    }

    private long ReadChunk(ref ThriftReader reader, ref long at)
    {
        long values = -1, length = -1;
        int codec = -1, type = -1;
        ulong? hash = null;
        for (var field = 0; reader.Next(ref field, out var outer);)
        {
            if (field != 3)
            {
                reader.Skip(outer);
                continue;
            }

            ThriftReader.Struct(outer);
            for (var inner = 0; reader.Next(ref inner, out var t);)
            {
                switch (inner)
                {
                    case 1:
                        type = reader.Int32(t);
                        break;
                    case 4:
                        codec = reader.Int32(t);
                        break;
                    case 5:
                        values = reader.Int64(t);
                        break;
                    case 7:
                        length = reader.Int64(t);
                        break;
                    case 8:
                        for (var left = reader.Structs(t); left > 0; left--)
                        {
                            hash = KeyValue(ref reader) is (ParquetFooter.HashKey, var hex) && ulong.TryParse(hex, System.Globalization.NumberStyles.AllowHexSpecifier, null, out var parsed) ? parsed : hash;
                        }

                        break;
                    default:
                        reader.Skip(t);
                        break;
                }
            }
        }

        if (length is < 1 or > int.MaxValue || codec != SnappyCodec || type < 0)
        {
            throw Unlike("a column chunk is not as this program writes it");
        }

        _chunks.Add(new ChunkLayout(at, (int)length, hash));
        at += length;
        return values;
    }

    private static InvalidDataException Unlike(string what) => new(what);
}
