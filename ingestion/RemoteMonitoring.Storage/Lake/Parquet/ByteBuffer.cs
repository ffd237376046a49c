using System.Buffers.Binary;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>Bytes that grow at the end. Kept from page to page and file to file, so that encoding allocates next to nothing.</summary>
internal sealed class ByteBuffer(int capacity = 1 << 16)
{
    private byte[] _bytes = new byte[capacity];

    public int Length { get; set; }

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Room for at least this many bytes behind the end; what is used of it is added to <see cref="Length"/>.</summary>
    public Span<byte> Room(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Math.Max((long)_bytes.Length * 2, Length + (long)count), Array.MaxLength));
        }

        return _bytes.AsSpan(Length);
    }

    public void Add(byte value)
    {
        Room(1)[0] = value;
        Length++;
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Length += bytes.Length;
    }

    public void AddInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Room(4), value);
        Length += 4;
    }

    public void AddInt64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);
        Length += 8;
    }

    /// <summary>ULEB128.</summary>
    public void AddVarint(ulong value)
    {
        var room = Room(10);
        var at = 0;
        while (value >= 0x80)
        {
            room[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        room[at++] = (byte)value;
        Length += at;
    }

    /// <summary>Zigzag, then ULEB128.</summary>
    public void AddZigzag(long value) => AddVarint((ulong)((value << 1) ^ (value >> 63)));
}
