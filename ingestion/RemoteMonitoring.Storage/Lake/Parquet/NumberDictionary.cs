using System.Numerics;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>
/// Gives the numbers of a column chunk indexes in order of first sight, as long as few enough are distinct for that to pay: known-to
/// is nearly always the same, a vital has some hundred values, and then a few bits take the place of eight bytes.
/// </summary>
internal sealed class NumberDictionary
{
    private const int Sample = 4096;
    private const int MostNumbers = 1 << 15;
    private const int SlotsPerNumber = 4;

    private readonly int[] _slots = new int[MostNumbers * SlotsPerNumber];
    private readonly long[] _numbers = new long[MostNumbers];
    private int[] _indexes = [];
    private int _count;

    /// <summary>The distinct numbers, by index; doubles by their bits.</summary>
    public ReadOnlySpan<long> Numbers => _numbers.AsSpan(0, _count);

    /// <summary>The index of each number; empty where a dictionary does not pay.</summary>
    public ReadOnlySpan<int> TryIndex(ReadOnlySpan<long> values)
    {
        var most = Math.Min(values.Length / 4, MostNumbers);
        if (most == 0)
        {
            return [];
        }

        var slots = _slots.AsSpan(0, (int)BitOperations.RoundUpToPowerOf2((uint)(most * SlotsPerNumber)));
        slots.Clear();
        _count = 0;
        if (_indexes.Length < values.Length)
        {
            _indexes = new int[values.Length];
        }

        var (before, index) = (0L, -1);
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] != before || index < 0)
            {
                before = values[i];
                index = IndexOf(before, most, slots);
                if (index < 0 || (i < Sample && _count > Sample / 2))
                {
                    return [];
                }
            }

            _indexes[i] = index;
        }

        return _indexes.AsSpan(0, values.Length);
    }

    private int IndexOf(long number, int most, Span<int> slots)
    {
        // The upper bits of a product by an odd number: doubles with few decimals differ in their upper bits alone.
        for (var slot = (int)((ulong)number * 0x9E37_79B9_7F4A_7C15 >> (64 - BitOperations.Log2((uint)slots.Length))); ; slot = (slot + 1) & (slots.Length - 1))
        {
            var index = slots[slot] - 1;
            if (index < 0)
            {
                if (_count == most)
                {
                    return -1;
                }

                _numbers[_count] = number;
                slots[slot] = ++_count;
                return _count - 1;
            }

            if (_numbers[index] == number)
            {
                return index;
            }
        }
    }
}
