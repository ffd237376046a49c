using System.IO.Hashing;
using System.Text;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>One string for equal bytes: devices are few and their ids many. Holds at most some ten thousand, then begins anew.</summary>
internal sealed class TextPool
{
    private const int Slots = 1 << 16;
    private const int Most = Slots / 2;

    private readonly (ulong Hash, string? Text)[] _slots = new (ulong, string?)[Slots];
    private int _count;

    /// <summary>The text of these ASCII bytes.</summary>
    public string Get(ReadOnlySpan<byte> ascii)
    {
        var hash = XxHash3.HashToUInt64(ascii);
        for (var at = (int)hash & (Slots - 1); ; at = (at + 1) & (Slots - 1))
        {
            ref var slot = ref _slots[at];
            if (slot.Text is null)
            {
                if (_count++ == Most)
                {
                    Array.Clear(_slots);
                    _count = 0;
                    return Get(ascii);
                }

                slot = (hash, Encoding.ASCII.GetString(ascii));
                return slot.Text;
            }

            if (slot.Hash == hash && Ascii.Equals(ascii, slot.Text))
            {
                return slot.Text;
            }
        }
    }
}
