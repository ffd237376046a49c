using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>The encodings of Parquet that are used here, value by value into a page.</summary>
internal static class PageEncodings
{
    private const int Block = 128;
    private const int Miniblock = 32;

    /// <summary>
    /// DELTA_BINARY_PACKED: offsets and times lie close to each other, so that a value takes some bits and not 64.
    /// </summary>
    public static void Delta(ReadOnlySpan<long> values, ByteBuffer page)
    {
        page.AddVarint(Block);
        page.AddVarint(Block / Miniblock);
        page.AddVarint((uint)values.Length);
        page.AddZigzag(values.IsEmpty ? 0 : values[0]);
        Span<long> deltas = stackalloc long[Block];
        Span<byte> kept = stackalloc byte[Block / Miniblock];
        for (var start = 1; start < values.Length; start += Block)
        {
            var count = Math.Min(Block, values.Length - start);
            var least = long.MaxValue;
            for (var i = 0; i < count; i++)
            {
                deltas[i] = unchecked(values[start + i] - values[start + i - 1]);
                least = Math.Min(least, deltas[i]);
            }

            page.AddZigzag(least);
            for (var i = 0; i < Block; i++)
            {
                deltas[i] = i < count ? unchecked(deltas[i] - least) : 0;
            }

            var widths = page.Room(Block / Miniblock)[..(Block / Miniblock)];
            for (var m = 0; m < widths.Length; m++)
            {
                ulong all = 0;
                foreach (var delta in deltas.Slice(m * Miniblock, Miniblock))
                {
                    all |= (ulong)delta;
                }

                // A miniblock without values has width 0 and no bytes.
                widths[m] = (byte)(64 - BitOperations.LeadingZeroCount(all));
            }

            widths.CopyTo(kept); // the page may move as it grows
            page.Length += kept.Length;
            for (var m = 0; m < kept.Length; m++)
            {
                Pack(MemoryMarshal.Cast<long, ulong>(deltas.Slice(m * Miniblock, Miniblock)), kept[m], page);
            }
        }
    }

    /// <summary>Dictionary indexes: bit width, then runs.</summary>
    public static void DictionaryIndexes(ReadOnlySpan<int> indexes, int dictionarySize, ByteBuffer page)
    {
        var width = dictionarySize <= 1 ? 0 : 32 - BitOperations.LeadingZeroCount((uint)(dictionarySize - 1));
        page.Add((byte)width);
        Runs(indexes, width, page);
    }

    /// <summary>Definition levels of an optional column (1 present, 0 null), with their length before them.</summary>
    public static void Presence(ReadOnlySpan<int> levels, ByteBuffer page)
    {
        var start = page.Length;
        page.AddInt32(0);
        Runs(levels, 1, page);
        var length = page.Length - start - 4;
        var end = page.Length;
        page.Length = start;
        page.AddInt32(length);
        page.Length = end;
    }

    /// <summary>PLAIN booleans: a bit each, lowest first.</summary>
    public static void Booleans(ReadOnlySpan<bool> values, ByteBuffer page)
    {
        var room = page.Room((values.Length + 7) / 8)[..((values.Length + 7) / 8)];
        room.Clear();
        for (var i = 0; i < values.Length; i++)
        {
            room[i >> 3] |= (byte)(values[i] ? 1 << (i & 7) : 0);
        }

        page.Length += room.Length;
    }

    /// <summary>The hybrid of run lengths and bit packing: what stays the same for long enough is a run, all between is packed.</summary>
    private static void Runs(ReadOnlySpan<int> values, int width, ByteBuffer page)
    {
        // What is packed is packed by eights, and a run of less than some bytes is no gain.
        var least = width == 0 ? 1 : Math.Max(8, 64 / width);
        var packed = 0;
        for (var start = 0; start < values.Length;)
        {
            var value = values[start];
            var end = start + 1;
            while (end < values.Length && values[end] == value)
            {
                end++;
            }

            var run = start + ((8 - ((start - packed) & 7)) & 7);
            if (end - run >= least || (packed == 0 && start == 0 && end == values.Length))
            {
                PackGroups(values[packed..run], width, page);
                page.AddVarint((uint)(end - run) << 1);
                for (var b = 0; b < (width + 7) / 8; b++)
                {
                    page.Add((byte)(value >> (8 * b)));
                }

                packed = end;
            }

            start = end;
        }

        PackGroups(values[packed..], width, page);
    }

    private static void PackGroups(ReadOnlySpan<int> values, int width, ByteBuffer page)
    {
        if (values.IsEmpty)
        {
            return;
        }

        var groups = (values.Length + 7) / 8;
        page.AddVarint(((uint)groups << 1) | 1);
        var room = page.Room((groups * width) + 8);
        ulong held = 0;
        int bits = 0, at = 0;
        for (var i = 0; i < groups * 8; i++)
        {
            held |= (ulong)(uint)(i < values.Length ? values[i] : 0) << bits;
            bits += width;
            if (bits >= 32)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(room[at..], (uint)held);
                held >>= 32;
                bits -= 32;
                at += 4;
            }
        }

        for (; bits > 0; bits -= 8)
        {
            room[at++] = (byte)held;
            held >>= 8;
        }

        page.Length += groups * width;
    }

    private static void Pack(ReadOnlySpan<ulong> values, int width, ByteBuffer page)
    {
        var bytes = values.Length * width / 8;
        var room = page.Room(bytes + 16);
        ulong held = 0;
        int bits = 0, at = 0;
        foreach (var value in values)
        {
            held |= value << bits;
            var taken = 64 - bits;
            if (width >= taken)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(room[at..], held);
                at += 8;
                held = taken == 64 ? 0 : value >> taken;
                bits = width - taken;
            }
            else
            {
                bits += width;
            }
        }

        for (; bits > 0; bits -= 8)
        {
            room[at++] = (byte)held;
            held >>= 8;
        }

        page.Length += bytes;
    }
}
