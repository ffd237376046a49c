using System.Text;
using System.Text.Unicode;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>
/// Thrift's compact protocol, read as <see cref="ThriftWriter"/> writes it. Fields it is not asked for are stepped over; what is
/// no Thrift, or ends too soon, throws <see cref="InvalidDataException"/>. Nothing is allocated by a size that is only claimed.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> input)
{
    private const int TrueField = 1;
    private const int FalseField = 2;
    private const int ByteType = 3;
    private const int Int16Type = 4;
    private const int Int32Type = 5;
    private const int Int64Type = 6;
    private const int DoubleType = 7;
    private const int BinaryType = 8;
    private const int ListType = 9;
    private const int SetType = 10;
    private const int StructType = 12;
    private const int Deepest = 16;

    private readonly ReadOnlySpan<byte> _input = input;

    /// <summary>Where the next byte is read.</summary>
    public int Position { get; private set; }

    /// <summary>Goes to the next field of a struct; false at its end. <paramref name="field"/> is the field before, 0 at first.</summary>
    public bool Next(ref int field, out int type)
    {
        var head = Byte();
        type = head & 15;
        if (head == 0)
        {
            return false;
        }

        field = head >> 4 is var step and > 0 ? field + step : Int32Value();
        return field is > 0 and < short.MaxValue ? true : throw Damaged();
    }

    public int Int32(int type) => type == Int32Type ? Int32Value() : throw Damaged();

    public long Int64(int type) => type == Int64Type ? Zigzag() : throw Damaged();

    public ReadOnlySpan<byte> Bytes(int type) => type == BinaryType ? BytesValue() : throw Damaged();

    public string Text(int type) => Bytes(type) is var bytes && Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Damaged();

    /// <summary>How many structs follow, each of them read field by field.</summary>
    public int Structs(int type) => List(type, out var item) is var count && (item == StructType || count == 0) ? count : throw Damaged();

    /// <summary>Sees to it that a struct follows as this field.</summary>
    public static void Struct(int type)
    {
        if (type != StructType)
        {
            throw Damaged();
        }
    }

    /// <summary>Steps over a field.</summary>
    public void Skip(int type) => Skip(type, Deepest, inList: false);

    private void Skip(int type, int deep, bool inList)
    {
        switch (type)
        {
            case TrueField or FalseField:
                Take(inList ? 1 : 0);
                break;
            case ByteType:
                Take(1);
                break;
            case Int16Type or Int32Type or Int64Type:
                Varint();
                break;
            case DoubleType:
                Take(8);
                break;
            case BinaryType:
                BytesValue();
                break;
            case ListType or SetType when deep > 0:
                for (var left = List(ListType, out var item); left > 0; left--)
                {
                    Skip(item, deep - 1, inList: true);
                }

                break;
            case StructType when deep > 0:
                for (var field = 0; Next(ref field, out var inner);)
                {
                    Skip(inner, deep - 1, inList: false);
                }

                break;
            default:
                throw Damaged();
        }
    }

    private int List(int type, out int item)
    {
        if (type != ListType)
        {
            throw Damaged();
        }

        var head = Byte();
        item = head & 15;
        var count = head >> 4 is var few and < 15 ? (ulong)few : Varint();
        // Of whatever kind, an item is a byte at least.
        return count <= (ulong)(_input.Length - Position) ? (int)count : throw Damaged();
    }

    private int Int32Value() => Zigzag() is var value && value == (int)value ? (int)value : throw Damaged();

    private long Zigzag()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged();
    }

    private ReadOnlySpan<byte> BytesValue() => Varint() is var length && length <= (ulong)(_input.Length - Position) ? Take((int)length) : throw Damaged();

    private byte Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _input.Length - Position)
        {
            throw Damaged();
        }

        Position += count;
        return _input.Slice(Position - count, count);
    }

    private static InvalidDataException Damaged() => new("a header in it is damaged");
}
