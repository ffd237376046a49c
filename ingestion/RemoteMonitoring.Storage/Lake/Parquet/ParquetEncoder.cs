using System.Buffers.Binary;
using System.IO.Hashing;
using RemoteMonitoring.Telemetry;
using Snappier;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>
/// Encodes flat tables as Parquet, Snappy-compressed, with the minimum and maximum of each number column by row group.
/// Written here and not left to the library that reads, because landing spends most of its time in it: text goes to UTF-8
/// once, dictionaries are built by reference first, and nothing is allocated per value. The bytes are a function of the
/// content. One instance encodes one table after the other, on one thread at a time.
/// </summary>
/// <remarks>
/// Between the magic bytes and the first page, where no reader looks, stand <see cref="Marker"/> and two hashes: of the
/// pages and of the footer. By them a file whose bits have flipped is told before anything in it is believed.
/// </remarks>
internal sealed class ParquetEncoder
{
    /// <summary>Bytes before the first page: magic, marker, hash of the pages, hash of the footer.</summary>
    public const int HeaderBytes = 24;

    private const int PageRows = 16_384;
    private const int Plain = 0;
    private const int Rle = 3;
    private const int DeltaBinaryPacked = 5;
    private const int RleDictionary = 8;
    private const int DataPage = 0;
    private const int DictionaryPage = 2;
    private const int SnappyCodec = 1;

    private readonly ByteBuffer _file = new(1 << 20);
    private readonly ByteBuffer _page = new();
    private readonly ByteBuffer _compressed = new();
    private readonly TextDictionary _texts = new();
    private readonly List<Chunk> _chunks = [];
    private readonly List<int> _groups = [];

    /// <summary>Stands behind the magic bytes of a file that carries its hashes.</summary>
    public static ReadOnlySpan<byte> Marker => "RMON"u8;

    private static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <summary>Encodes a table; the bytes are the encoder's own until it encodes the next.</summary>
    public ReadOnlyMemory<byte> Encode(IReadOnlyList<TableColumn> columns, int rows, IReadOnlyDictionary<string, string> metadata)
    {
        _file.Clear();
        _chunks.Clear();
        _groups.Clear();
        _file.Add(Magic);
        _file.Add(Marker);
        _file.AddInt64(0);
        _file.AddInt64(0);
        for (var start = 0; start < rows; start += ParquetTable.RowGroupRows)
        {
            var count = Math.Min(ParquetTable.RowGroupRows, rows - start);
            _groups.Add(count);
            foreach (var column in columns)
            {
                _chunks.Add(WriteChunk(column, start, count));
            }
        }

        var pagesEnd = _file.Length;
        WriteFooter(columns, rows, metadata);
        var footerLength = _file.Length - pagesEnd;
        _file.AddInt32(footerLength);
        _file.Add(Magic);
        var end = _file.Length;
        var pages = XxHash3.HashToUInt64(_file.Span[HeaderBytes..pagesEnd]);
        var footer = XxHash3.HashToUInt64(_file.Span[pagesEnd..]);
        _file.Length = 8;
        _file.AddInt64((long)pages);
        _file.AddInt64((long)footer);
        _file.Length = end;
        return _file.Memory;
    }

    private Chunk WriteChunk(TableColumn column, int start, int count)
    {
        var chunk = new Chunk { Start = _file.Length, Values = count };
        switch (column.Kind)
        {
            case ColumnKind.Text:
                WriteText(column.Rows<string?>(start, count), chunk);
                break;
            case ColumnKind.Int64 or ColumnKind.Time:
                WriteInt64(column.Rows<long>(start, count), column.Kind, chunk);
                break;
            default:
                WritePlain(column, start, count, chunk);
                break;
        }

        chunk.End = _file.Length;
        return chunk;
    }

    private void WriteInt64(ReadOnlySpan<long> values, ColumnKind kind, Chunk chunk)
    {
        // The library that reads knows no packed times.
        chunk.Encoding = kind == ColumnKind.Time ? Plain : DeltaBinaryPacked;
        var (low, high) = (values[0], values[0]);
        foreach (var value in values)
        {
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        chunk.Low = BitConverter.GetBytes(kind == ColumnKind.Time ? ToStored(low) : low);
        chunk.High = BitConverter.GetBytes(kind == ColumnKind.Time ? ToStored(high) : high);
        for (var start = 0; start < values.Length; start += PageRows)
        {
            var page = values.Slice(start, Math.Min(PageRows, values.Length - start));
            _page.Clear();
            if (kind == ColumnKind.Time)
            {
                foreach (var value in page)
                {
                    _page.AddInt64(ToStored(value));
                }
            }
            else
            {
                PageEncodings.Delta(page, _page);
            }

            WriteDataPage(page.Length, chunk.Encoding, chunk);
        }
    }

    private void WritePlain(TableColumn column, int start, int count, Chunk chunk)
    {
        chunk.Encoding = Plain;
        for (var at = start; at < start + count; at += PageRows)
        {
            var rows = Math.Min(PageRows, start + count - at);
            _page.Clear();
            switch (column.Kind)
            {
                case ColumnKind.Float64:
                    foreach (var value in column.Rows<double>(at, rows))
                    {
                        _page.AddInt64(BitConverter.DoubleToInt64Bits(value));
                    }

                    break;
                case ColumnKind.Int32:
                    foreach (var value in column.Rows<int>(at, rows))
                    {
                        _page.AddInt32(value);
                    }

                    break;
                case ColumnKind.Boolean:
                    PageEncodings.Booleans(column.Rows<bool>(at, rows), _page);
                    break;
                case ColumnKind.Bytes:
                    foreach (var value in column.Rows<ReadOnlyMemory<byte>>(at, rows))
                    {
                        _page.AddInt32(value.Length);
                        _page.Add(value.Span);
                    }

                    break;
                default:
                    throw new System.Diagnostics.UnreachableException();
            }

            WriteDataPage(rows, Plain, chunk);
        }

        Bounds(column, start, count, chunk);
    }

    private static void Bounds(TableColumn column, int start, int count, Chunk chunk)
    {
        if (column.Kind == ColumnKind.Int32)
        {
            var values = column.Rows<int>(start, count);
            var (low, high) = (values[0], values[0]);
            foreach (var value in values)
            {
                low = Math.Min(low, value);
                high = Math.Max(high, value);
            }

            chunk.Low = BitConverter.GetBytes(low);
            chunk.High = BitConverter.GetBytes(high);
        }
        else if (column.Kind == ColumnKind.Float64)
        {
            var values = column.Rows<double>(start, count);
            var (low, high) = (values[0], values[0]);
            foreach (var value in values)
            {
                low = Math.Min(low, value); // NaN wins, and means: no bounds
                high = Math.Max(high, value);
            }

            if (!double.IsNaN(low))
            {
                // Of the zeros the format wants -0 below and +0 above.
                chunk.Low = BitConverter.GetBytes(low == 0 ? -0.0 : low);
                chunk.High = BitConverter.GetBytes(high == 0 ? 0.0 : high);
            }
        }
    }

    private void WriteText(ReadOnlySpan<string?> values, Chunk chunk)
    {
        chunk.Nulls = 0;
        foreach (var value in values)
        {
            chunk.Nulls += value is null ? 1 : 0;
        }

        var indexes = _texts.TryIndex(values);
        if (indexes.IsEmpty)
        {
            chunk.Encoding = Plain;
        }
        else
        {
            chunk.Encoding = RleDictionary;
            chunk.HasDictionary = true;
            _page.Clear();
            foreach (var text in _texts.Texts)
            {
                AddText(text);
            }

            WritePage(DictionaryPage, _texts.Texts.Count, Plain, chunk);
            chunk.DataStart = _file.Length;
        }

        for (int start = 0, used = 0; start < values.Length; start += PageRows)
        {
            var page = values.Slice(start, Math.Min(PageRows, values.Length - start));
            _page.Clear();
            var present = AddPresence(page);
            if (indexes.IsEmpty)
            {
                foreach (var value in page)
                {
                    if (value is not null)
                    {
                        AddText(value);
                    }
                }
            }
            else
            {
                PageEncodings.DictionaryIndexes(indexes.Slice(used, present), _texts.Texts.Count, _page);
                used += present;
            }

            WriteDataPage(page.Length, chunk.Encoding, chunk);
        }
    }

    private int AddPresence(ReadOnlySpan<string?> page)
    {
        Span<int> levels = stackalloc int[PageRows];
        var present = 0;
        for (var i = 0; i < page.Length; i++)
        {
            levels[i] = page[i] is null ? 0 : 1;
            present += levels[i];
        }

        PageEncodings.Presence(levels[..page.Length], _page);
        return present;
    }

    private void AddText(string text)
    {
        var room = _page.Room(4 + (text.Length * 3));
        var length = System.Text.Encoding.UTF8.GetBytes(text, room[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(room, length);
        _page.Length += 4 + length;
    }

    private void WriteDataPage(int values, int encoding, Chunk chunk) => WritePage(DataPage, values, encoding, chunk);

    private void WritePage(int type, int values, int encoding, Chunk chunk)
    {
        _compressed.Clear();
        _compressed.Length = Snappy.Compress(_page.Span, _compressed.Room(Snappy.GetMaxCompressedLength(_page.Length)));
        var start = _file.Length;
        var thrift = new ThriftWriter(_file);
        thrift.BeginItem();
        thrift.Int32(1, type);
        thrift.Int32(2, _page.Length);
        thrift.Int32(3, _compressed.Length);
        thrift.Begin(type == DataPage ? 5 : 7);
        thrift.Int32(1, values);
        thrift.Int32(2, encoding);
        if (type == DataPage)
        {
            thrift.Int32(3, Rle);
            thrift.Int32(4, Rle);
        }

        thrift.End();
        thrift.End();
        chunk.Uncompressed += _file.Length - start + _page.Length;
        _file.Add(_compressed.Span);
    }

    private void WriteFooter(IReadOnlyList<TableColumn> columns, int rows, IReadOnlyDictionary<string, string> metadata) =>
        ParquetFooter.Write(new ThriftWriter(_file), columns, rows, _groups, _chunks, metadata, SnappyCodec);

    private const long StoredOpen = 253_402_300_799_999_999; // 9999-12-31T23:59:59.999999Z, the latest that .NET reads back

    private static long ToStored(long micros) => micros == UnixMicros.Open ? StoredOpen : micros;

    /// <summary>A column of a row group, as the footer tells of it.</summary>
    internal sealed class Chunk
    {
        public required int Start { get; init; }

        public required int Values { get; init; }

        public int DataStart { get => field == 0 ? Start : field; set; }

        public int End { get; set; }

        public int Encoding { get; set; }

        public bool HasDictionary { get; set; }

        public int Uncompressed { get; set; }

        public int? Nulls { get; set; }

        public byte[]? Low { get; set; }

        public byte[]? High { get; set; }
    }
}
