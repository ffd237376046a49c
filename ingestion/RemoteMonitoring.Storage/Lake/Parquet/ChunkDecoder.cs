using System.Runtime.InteropServices;
using RemoteMonitoring.Telemetry;
using Snappier;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>
/// Decodes column chunks as <see cref="ParquetEncoder"/> writes them, straight into the rows they are for. Whatever else the
/// bytes say throws <see cref="InvalidDataException"/>, and no size is believed that the bytes there are could not hold.
/// </summary>
internal sealed class ChunkDecoder
{
    private const int Plain = 0;
    private const int DeltaBinaryPacked = 5;
    private const int RleDictionary = 8;

    // Its longest copy, of 64 bytes, takes three.
    private const int MostSnappyExpands = 22;

    private static readonly int[] s_levels = [0, 1];

    private byte[] _page = [];
    private int[] _present = [];

    /// <summary>Doubles, and integers of both sizes.</summary>
    public void Numbers<T>(ReadOnlySpan<byte> chunk, Span<T> rows)
        where T : unmanaged
    {
        T[]? dictionary = null;
        while (NextPage(ref chunk, rows.Length, ref dictionary, out var page))
        {
            if (page.IsDictionary)
            {
                dictionary = new T[page.Values];
                Decompress(page, MemoryMarshal.AsBytes(dictionary.AsSpan()));
                continue;
            }

            var into = rows[..page.Values];
            rows = rows[page.Values..];
            switch (page.Encoding)
            {
                case Plain when dictionary is null:
                    Decompress(page, MemoryMarshal.AsBytes(into));
                    break;
                case RleDictionary when dictionary is not null:
                    PageDecodings.DictionaryIndexes(Decompress(page), dictionary, into);
                    break;
                case DeltaBinaryPacked when typeof(T) == typeof(long):
                    PageDecodings.Delta(Decompress(page), MemoryMarshal.Cast<T, long>(into));
                    break;
                default:
                    throw PageDecodings.Damaged();
            }
        }
    }

    /// <summary>Times, of which the largest stands for <see cref="UnixMicros.Open"/>.</summary>
    public void Times(ReadOnlySpan<byte> chunk, Span<long> rows)
    {
        Numbers(chunk, rows);
        rows.Replace(ParquetEncoder.StoredOpen, UnixMicros.Open);
    }

    /// <summary>True or false.</summary>
    public void Booleans(ReadOnlySpan<byte> chunk, Span<bool> rows)
    {
        bool[]? none = null;
        while (NextPage(ref chunk, rows.Length, ref none, out var page))
        {
            PageDecodings.Booleans(Decompress(page.Plainly()), rows[..page.Values]);
            rows = rows[page.Values..];
        }
    }

    /// <summary>Raw bytes: the values of a page lie side by side in one array.</summary>
    public static void Bytes(ReadOnlySpan<byte> chunk, Span<ReadOnlyMemory<byte>> rows)
    {
        byte[]? none = null;
        while (NextPage(ref chunk, rows.Length, ref none, out var page))
        {
            var content = new byte[page.Plainly().Uncompressed];
            Decompress(page, content);
            var at = 0;
            foreach (ref var row in rows[..page.Values])
            {
                var length = PageDecodings.Value(content, ref at).Length;
                row = length == 0 ? default : content.AsMemory(at - length, length);
            }

            _ = at == content.Length ? 0 : throw PageDecodings.Damaged();
            rows = rows[page.Values..];
        }
    }

    /// <summary>The next rows of a text column.</summary>
    public void Text(ReadOnlySpan<byte> chunk, int rows, TextRows column)
    {
        int[]? dictionary = null;
        while (NextPage(ref chunk, rows, ref dictionary, out var page))
        {
            if (page.IsDictionary)
            {
                dictionary = new int[page.Values];
                var entries = Decompress(page);
                var at = 0;
                foreach (ref var code in dictionary.AsSpan())
                {
                    code = column.CodeOf(PageDecodings.Value(entries, ref at));
                }

                _ = at == entries.Length ? 0 : throw PageDecodings.Damaged();
                continue;
            }

            rows -= page.Values;
            var content = Decompress(page);
            var values = 0;
            var levels = PageDecodings.Value(content, ref values);
            if (_present.Length < page.Values)
            {
                _present = new int[ParquetEncoder.PageRows];
            }

            var present = _present.AsSpan(0, page.Values);
            PageDecodings.Runs(levels, 1, s_levels, present);
            switch (page.Encoding)
            {
                case Plain when dictionary is null:
                    column.AddPlain(content[values..], present);
                    break;
                case RleDictionary when dictionary is not null:
                    column.AddCodes(content[values..], dictionary, present);
                    break;
                default:
                    throw PageDecodings.Damaged();
            }
        }
    }

    /// <summary>The next page, held against how many rows are still to come and whether there is a dictionary; false at the end of the rows.</summary>
    private static bool NextPage<T>(ref ReadOnlySpan<byte> chunk, int rows, ref T[]? dictionary, out Page page)
    {
        if (rows == 0)
        {
            page = default;
            return chunk.IsEmpty ? false : throw PageDecodings.Damaged();
        }

        page = Page.Read(ref chunk);
        var most = page.IsDictionary ? rows : Math.Min(rows, ParquetEncoder.PageRows);
        var fits = page.Values >= 1 && page.Values <= most && page.Uncompressed >= 0 && page.Uncompressed <= MostSnappyExpands * (long)page.Compressed.Length;
        return fits && (!page.IsDictionary || (dictionary is null && page.Encoding == Plain)) ? true : throw PageDecodings.Damaged();
    }

    private ReadOnlySpan<byte> Decompress(Page page)
    {
        if (_page.Length < page.Uncompressed)
        {
            _page = new byte[Math.Max(page.Uncompressed, 1 << 17)];
        }

        var content = _page.AsSpan(0, page.Uncompressed);
        Decompress(page, content);
        return content;
    }

    private static void Decompress(Page page, Span<byte> content)
    {
        if (page.Uncompressed != content.Length || Snappy.GetUncompressedLength(page.Compressed) != content.Length
            || !Snappy.TryDecompress(page.Compressed, content, out var written) || written != content.Length)
        {
            throw PageDecodings.Damaged();
        }
    }

    /// <summary>A page as its header has it, and its bytes.</summary>
    private readonly ref struct Page
    {
        private const int DataPage = 0;
        private const int DictionaryPage = 2;

        public bool IsDictionary { get; private init; }

        public int Values { get; private init; }

        public int Encoding { get; private init; }

        public int Uncompressed { get; private init; }

        public ReadOnlySpan<byte> Compressed { get; private init; }

        /// <summary>This page, of a kind of column that knows no dictionary.</summary>
        public Page Plainly() => !IsDictionary && Encoding == Plain ? this : throw PageDecodings.Damaged();

        public static Page Read(ref ReadOnlySpan<byte> chunk)
        {
            var reader = new ThriftReader(chunk);
            int kind = -1, uncompressed = -1, compressed = -1, values = -1, encoding = -1, header = -1;
            for (var field = 0; reader.Next(ref field, out var type);)
            {
                switch (field)
                {
                    case 1:
                        kind = reader.Int32(type);
                        break;
                    case 2:
                        uncompressed = reader.Int32(type);
                        break;
                    case 3:
                        compressed = reader.Int32(type);
                        break;
                    case 5 or 7:
                        ThriftReader.Struct(type);
                        header = field;
                        for (var inner = 0; reader.Next(ref inner, out var t);)
                        {
                            switch (inner)
                            {
                                case 1:
                                    values = reader.Int32(t);
                                    break;
                                case 2:
                                    encoding = reader.Int32(t);
                                    break;
                                default:
                                    reader.Skip(t);
                                    break;
                            }
                        }

                        break;
                    default:
                        reader.Skip(type);
                        break;
                }
            }

            var at = reader.Position;
            var content = PageDecodings.Take(chunk, ref at, compressed);
            chunk = chunk[at..];
            return (kind, header) is (DataPage, 5) or (DictionaryPage, 7)
                ? new Page { IsDictionary = kind == DictionaryPage, Values = values, Encoding = encoding, Uncompressed = uncompressed, Compressed = content }
                : throw PageDecodings.Damaged();
        }
    }
}
