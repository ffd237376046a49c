using System.Text;

namespace RemoteMonitoring.Telemetry;

/// <summary>
/// A fixed set of texts, found by their UTF-8 bytes without making a string. A text's place is its place in the list given.
/// Who sends the bytes looked for does not choose the texts, so no chain grows with what is sent.
/// </summary>
internal sealed class Utf8Index
{
    private readonly byte[][] _keys;
    private readonly int[] _heads;
    private readonly int[] _next;

    public Utf8Index(IReadOnlyList<string> keys)
    {
        _keys = [.. keys.Select(Encoding.UTF8.GetBytes)];
        _heads = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, 2 * keys.Count))];
        _next = new int[keys.Count];
        Array.Fill(_heads, -1);
        for (var i = 0; i < _keys.Length; i++)
        {
            ref var head = ref _heads[Hash(_keys[i]) & (_heads.Length - 1)];
            _next[i] = head;
            head = i;
        }
    }

    /// <summary>Number of texts.</summary>
    public int Count => _keys.Length;

    /// <summary>The text's place, or -1.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        for (var i = _heads[Hash(key) & (_heads.Length - 1)]; i >= 0; i = _next[i])
        {
            if (key.SequenceEqual(_keys[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static int Hash(ReadOnlySpan<byte> key) =>
        key.IsEmpty ? 0 : (key.Length * 131) + (key[0] * 31) + (key[key.Length / 2] * 7) + (key[^1] * 17);
}
