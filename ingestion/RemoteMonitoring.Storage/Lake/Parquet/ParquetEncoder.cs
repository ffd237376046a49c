using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using RemoteMonitoring.Telemetry;
using Snappier;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>
/// Encodes flat tables as Parquet, Snappy-compressed, with the minimum and maximum of each column by row group.
/// Written here and not left to the library that reads, because landing spends most of its time in it: text goes to UTF-8
/// once, dictionaries are built by reference first, and nothing is allocated per value. The bytes are a function of the
/// content. One instance encodes one table after the other, on one thread at a time.
/// </summary>
/// <remarks>
/// Between the magic bytes and the first page, where no reader looks, stand <see cref="Marker"/> and a hash of the footer,
/// which has one of each column chunk. By them bits that have flipped in what is read are told before anything in it is believed.
/// </remarks>
internal sealed class ParquetEncoder
{
    /// <summary>Bytes before the first page: magic, marker, hash of the footer.</summary>
    public const int HeaderBytes = 16;

    /// <summary>The same of files with <see cref="FirstMarker"/>: magic, marker, hash of all pages, hash of the footer.</summary>
    public const int FirstHeaderBytes = 24;

    /// <summary>The most rows of a page.</summary>
    public const int PageRows = 16_384;

    /// <summary>What the largest time is written as: 9999-12-31T23:59:59.999999Z, the latest that .NET reads back.</summary>
    public const long StoredOpen = 253_402_300_799_999_999;

    private const int LongestBound = 64;
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
    private readonly NumberDictionary _numbers = new();
    private readonly ByteBuffer _low = new(LongestBound);
    private readonly ByteBuffer _high = new(LongestBound);
    private readonly List<Chunk> _chunks = [];
    private readonly List<int> _groups = [];

    /// <summary>Stands behind the magic bytes of a file that carries its hashes.</summary>
    public static ReadOnlySpan<byte> Marker => "RMO2"u8;

    /// <summary>The same of files from before the footer had a hash of each column chunk.</summary>
    public static ReadOnlySpan<byte> FirstMarker => "RMON"u8;

    /// <summary>What a Parquet file begins and ends with.</summary>
    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <summary>Encodes a table; the bytes are the encoder's own until it encodes the next.</summary>
    public ReadOnlyMemory<byte> Encode(IReadOnlyList<TableColumn> columns, int rows, IReadOnlyDictionary<string, string> metadata)
    {
        _file.Clear();
        _chunks.Clear();
        _groups.Clear();
        _file.Add(Magic);
        _file.Add(Marker);
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
        var footer = XxHash3.HashToUInt64(_file.Span[pagesEnd..]);
        _file.Length = HeaderBytes - sizeof(ulong);
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
        chunk.Hash = XxHash3.HashToUInt64(_file.Span[chunk.Start..]);
        return chunk;
    }

    private void WriteInt64(ReadOnlySpan<long> values, ColumnKind kind, Chunk chunk)
    {
        var (low, high) = (values[0], values[0]);
        foreach (var value in values)
        {
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        chunk.Low = BitConverter.GetBytes(kind == ColumnKind.Time ? ToStored(low) : low);
        chunk.High = BitConverter.GetBytes(kind == ColumnKind.Time ? ToStored(high) : high);
        // The library that reads what others wrote knows no packed times.
        if (kind == ColumnKind.Time)
        {
            if (!TryWriteIndexed(values, kind, chunk))
            {
                WritePlain(values, static (page, times) =>
                {
                    foreach (var value in times)
                    {
                        page.AddInt64(ToStored(value));
                    }
                }, chunk);
            }

            return;
        }

        chunk.Encoding = DeltaBinaryPacked;
        for (var start = 0; start < values.Length; start += PageRows)
        {
            var page = values.Slice(start, Math.Min(PageRows, values.Length - start));
            _page.Clear();
            PageEncodings.Delta(page, _page);
            WriteDataPage(page.Length, chunk.Encoding, chunk);
        }
    }

    /// <summary>Writes times, or doubles as their bits, as indexes into a dictionary where that pays.</summary>
    private bool TryWriteIndexed(ReadOnlySpan<long> values, ColumnKind kind, Chunk chunk)
    {
        var indexes = _numbers.TryIndex(values);
        if (indexes.IsEmpty)
        {
            return false;
        }

        _page.Clear();
        foreach (var number in _numbers.Numbers)
        {
            _page.AddInt64(kind == ColumnKind.Time ? ToStored(number) : number);
        }

        BeginIndexed(_numbers.Numbers.Length, chunk);
        for (var start = 0; start < indexes.Length; start += PageRows)
        {
            var page = indexes.Slice(start, Math.Min(PageRows, indexes.Length - start));
            _page.Clear();
            PageEncodings.DictionaryIndexes(page, _numbers.Numbers.Length, _page);
            WriteDataPage(page.Length, RleDictionary, chunk);
        }

        return true;
    }

    /// <summary>The page at hand is the dictionary, with so many entries.</summary>
    private void BeginIndexed(int entries, Chunk chunk)
    {
        chunk.Encoding = RleDictionary;
        chunk.HasDictionary = true;
        WritePage(DictionaryPage, entries, Plain, chunk);
        chunk.DataStart = _file.Length;
    }

    private void WritePlain(TableColumn column, int start, int count, Chunk chunk)
    {
        switch (column.Kind)
        {
            case ColumnKind.Float64:
                var doubles = column.Rows<double>(start, count);
                if (!TryWriteIndexed(MemoryMarshal.Cast<double, long>(doubles), column.Kind, chunk))
                {
                    WritePlain(doubles, static (page, values) => page.Add(MemoryMarshal.AsBytes(values)), chunk);
                }

                break;
            case ColumnKind.Int32:
                WritePlain(column.Rows<int>(start, count), static (page, values) => page.Add(MemoryMarshal.AsBytes(values)), chunk);
                break;
            case ColumnKind.Boolean:
                WritePlain(column.Rows<bool>(start, count), static (page, values) => PageEncodings.Booleans(values, page), chunk);
                break;
            case ColumnKind.Bytes:
                WritePlain(column.Rows<ReadOnlyMemory<byte>>(start, count), static (page, values) =>
                {
                    foreach (var value in values)
                    {
                        page.AddInt32(value.Length);
                        page.Add(value.Span);
                    }
                }, chunk);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }

        Bounds(column, start, count, chunk);
    }

    private void WritePlain<T>(ReadOnlySpan<T> values, AddValues<T> add, Chunk chunk)
    {
        chunk.Encoding = Plain;
        for (var start = 0; start < values.Length; start += PageRows)
        {
            var page = values.Slice(start, Math.Min(PageRows, values.Length - start));
            _page.Clear();
            add(_page, page);
            WriteDataPage(page.Length, Plain, chunk);
        }
    }

    private delegate void AddValues<T>(ByteBuffer page, ReadOnlySpan<T> values);

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

        var bounds = chunk.Nulls < values.Length;
        var first = true;
        var indexes = _texts.TryIndex(values);
        if (indexes.IsEmpty)
        {
            chunk.Encoding = Plain;
        }
        else
        {
            _page.Clear();
            foreach (var text in _texts.Texts)
            {
                Bound(AddText(text), ref bounds, ref first);
            }

            BeginIndexed(_texts.Texts.Count, chunk);
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
                        Bound(AddText(value), ref bounds, ref first);
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

        if (bounds)
        {
            chunk.Low = _low.Span.ToArray();
            chunk.High = _high.Span.ToArray();
        }
    }

    /// <summary>Widens the bounds of a text column, which go by bytes; long texts have none.</summary>
    private void Bound(ReadOnlySpan<byte> text, ref bool bounds, ref bool first)
    {
        bounds = bounds && text.Length <= LongestBound;
        if (!bounds)
        {
            return;
        }

        if (first || text.SequenceCompareTo(_low.Span) < 0)
        {
            _low.Clear();
            _low.Add(text);
        }

        if (first || text.SequenceCompareTo(_high.Span) > 0)
        {
            _high.Clear();
            _high.Add(text);
        }

        first = false;
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

    private ReadOnlySpan<byte> AddText(string text)
    {
        var room = _page.Room(4 + (text.Length * 3));
        var length = System.Text.Encoding.UTF8.GetBytes(text, room[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(room, length);
        _page.Length += 4 + length;
        return room.Slice(4, length);
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

    private static long ToStored(long micros) => micros == UnixMicros.Open ? StoredOpen : micros;

    /// <summary>A column of a row group, as the footer tells of it.</summary>
    internal sealed class Chunk
    {
        public required int Start { get; init; }

        public required int Values { get; init; }

        public int DataStart { get => field == 0 ? Start : field; set; }

        public int End { get; set; }

        public ulong Hash { get; set; }

        public int Encoding { get; set; }

        public bool HasDictionary { get; set; }

        public int Uncompressed { get; set; }

        public int? Nulls { get; set; }

        public byte[]? Low { get; set; }

        public byte[]? High { get; set; }
    }
}
