using System.Buffers.Binary;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>The encodings of <see cref="PageEncodings"/> the other way, a page at a time. What does not add up throws <see cref="InvalidDataException"/>.</summary>
internal static class PageDecodings
{
    private const int Block = 128;
    private const int Miniblocks = 4;
    private const int Miniblock = Block / Miniblocks;

    /// <summary>DELTA_BINARY_PACKED, as many values as there are rows.</summary>
    public static void Delta(ReadOnlySpan<byte> page, Span<long> rows)
    {
        var at = 0;
        if (Varint(page, ref at) != Block || Varint(page, ref at) != Miniblocks || Varint(page, ref at) != (ulong)rows.Length)
        {
            throw Damaged();
        }

        var value = Zigzag(page, ref at);
        if (rows.IsEmpty)
        {
            return;
        }

        rows[0] = value;
        for (var start = 1; start < rows.Length; start += Block)
        {
            var least = Zigzag(page, ref at);
            var widths = Take(page, ref at, Miniblocks);
            var block = rows.Slice(start, Math.Min(Block, rows.Length - start));
            for (var m = 0; m < Miniblocks; m++)
            {
                var packed = Take(page, ref at, widths[m] <= 64 ? widths[m] * Miniblock / 8 : throw Damaged());
                var first = m * Miniblock;
                for (var i = first; i < Math.Min(first + Miniblock, block.Length); i++)
                {
                    value = unchecked(value + least + (long)Bits(packed, (i - first) * widths[m], widths[m]));
                    block[i] = value;
                }
            }
        }
    }

    /// <summary>The entry of a dictionary for each row, by indexes as <see cref="PageEncodings.DictionaryIndexes"/> writes them.</summary>
    public static void DictionaryIndexes<T>(ReadOnlySpan<byte> page, ReadOnlySpan<T> dictionary, Span<T> rows)
    {
        var width = page.IsEmpty ? throw Damaged() : page[0];
        Runs(page[1..], width <= 24 ? width : throw Damaged(), dictionary, rows);
    }

    /// <summary>The hybrid of run lengths and bit packing, each number looked up on the way.</summary>
    public static void Runs<T>(ReadOnlySpan<byte> page, int width, ReadOnlySpan<T> dictionary, Span<T> rows)
    {
        if (rows.IsEmpty)
        {
            return; // some write an empty run, some none
        }

        var at = 0;
        while (!rows.IsEmpty)
        {
            var head = Varint(page, ref at);
            if ((head & 1) == 0)
            {
                var index = 0;
                var bytes = Take(page, ref at, (width + 7) / 8);
                for (var b = 0; b < bytes.Length; b++)
                {
                    index |= bytes[b] << (8 * b);
                }

                var count = head >> 1;
                if (count == 0 || count > (ulong)rows.Length || (uint)index >= (uint)dictionary.Length)
                {
                    throw Damaged();
                }

                rows[..(int)count].Fill(dictionary[index]);
                rows = rows[(int)count..];
            }
            else
            {
                var groups = head >> 1;
                if (groups == 0 || groups > ((ulong)rows.Length + 7) / 8)
                {
                    throw Damaged();
                }

                var count = Math.Min((int)groups * 8, rows.Length);
                Unpack(Take(page, ref at, (int)groups * width), width, dictionary, rows[..count]);
                rows = rows[count..];
            }
        }

        if (at != page.Length)
        {
            throw Damaged();
        }
    }

    private static void Unpack<T>(ReadOnlySpan<byte> packed, int width, ReadOnlySpan<T> dictionary, Span<T> rows)
    {
        var mask = (1u << width) - 1;
        var bit = 0;
        var i = 0;
        // As long as eight bytes can be read at once; a number lies in them with what is before it in its byte.
        for (var safe = Math.Min((ulong)rows.Length, packed.Length >= 8 && width > 0 ? ((((ulong)packed.Length - 8) * 8) / (ulong)width) + 1 : 0); (ulong)i < safe && i < rows.Length; i++)
        {
            var index = (uint)(BinaryPrimitives.ReadUInt64LittleEndian(packed[(bit >> 3)..]) >> (bit & 7)) & mask;
            rows[i] = index < (uint)dictionary.Length ? dictionary[(int)index] : throw Damaged();
            bit += width;
        }

        for (; i < rows.Length; i++)
        {
            var index = (uint)Bits(packed, bit, width);
            rows[i] = index < (uint)dictionary.Length ? dictionary[(int)index] : throw Damaged();
            bit += width;
        }
    }

    /// <summary>PLAIN booleans.</summary>
    public static void Booleans(ReadOnlySpan<byte> page, Span<bool> rows)
    {
        if (page.Length != (rows.Length + 7) / 8)
        {
            throw Damaged();
        }

        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = (page[i >> 3] & (1 << (i & 7))) != 0;
        }
    }

    /// <summary>The next of the values of PLAIN text or bytes.</summary>
    public static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> page, scoped ref int at) => Take(page, ref at, BinaryPrimitives.ReadInt32LittleEndian(Take(page, ref at, 4)));

    /// <summary>The next bytes, if there are as many.</summary>
    public static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> page, scoped ref int at, int count)
    {
        if (count < 0 || count > page.Length - at)
        {
            throw Damaged();
        }

        at += count;
        return page.Slice(at - count, count);
    }

    public static InvalidDataException Damaged() => new("a page in it is damaged");

    private static ulong Bits(ReadOnlySpan<byte> packed, int bit, int width)
    {
        if (width == 0)
        {
            return 0;
        }

        var at = bit >> 3;
        var shift = bit & 7;
        ulong low;
        if (packed.Length - at >= 8)
        {
            low = BinaryPrimitives.ReadUInt64LittleEndian(packed[at..]);
        }
        else
        {
            low = 0;
            for (var b = packed.Length - 1; b >= at; b--)
            {
                low = (low << 8) | packed[b];
            }
        }

        low >>= shift;
        if (shift + width > 64)
        {
            low |= (ulong)packed[at + 8] << (64 - shift);
        }

        return width == 64 ? low : low & ((1UL << width) - 1);
    }

    private static long Zigzag(ReadOnlySpan<byte> page, ref int at)
    {
        var value = Varint(page, ref at);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private static ulong Varint(ReadOnlySpan<byte> page, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64 && at < page.Length; shift += 7)
        {
            var next = page[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged();
    }
}
