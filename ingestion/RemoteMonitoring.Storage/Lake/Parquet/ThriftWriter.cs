using System.Text;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>Thrift's compact protocol, as far as Parquet's footers and page headers need it.</summary>
internal sealed class ThriftWriter(ByteBuffer output)
{
    private const byte TrueField = 1;
    private const byte FalseField = 2;
    private const byte Int32Type = 5;
    private const byte Int64Type = 6;
    private const byte BinaryType = 8;
    private const byte ListType = 9;
    private const byte StructType = 12;

    private readonly Stack<int> _outer = new();
    private int _last;

    public void Boolean(int field, bool value) => Field(field, value ? TrueField : FalseField);

    public void Int32(int field, int value)
    {
        Field(field, Int32Type);
        output.AddZigzag(value);
    }

    public void Int64(int field, long value)
    {
        Field(field, Int64Type);
        output.AddZigzag(value);
    }

    public void Text(int field, string value)
    {
        Field(field, BinaryType);
        TextItem(value);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Field(field, BinaryType);
        output.AddVarint((uint)value.Length);
        output.Add(value);
    }

    /// <summary>A struct that is a field; ends with <see cref="End"/>.</summary>
    public void Begin(int field)
    {
        Field(field, StructType);
        BeginItem();
    }

    /// <summary>A struct that is the document, or an item of a list; ends with <see cref="End"/>.</summary>
    public void BeginItem()
    {
        _outer.Push(_last);
        _last = 0;
    }

    public void End()
    {
        output.Add(0);
        _last = _outer.Pop();
    }

    public void Empty(int field)
    {
        Begin(field);
        End();
    }

    public void StructList(int field, int count) => List(field, StructType, count);

    public void TextList(int field, int count) => List(field, BinaryType, count);

    public void Int32List(int field, params ReadOnlySpan<int> values)
    {
        List(field, Int32Type, values.Length);
        foreach (var value in values)
        {
            output.AddZigzag(value);
        }
    }

    public void TextItem(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        output.AddVarint((uint)length);
        output.Length += Encoding.UTF8.GetBytes(value, output.Room(length));
    }

    private void List(int field, byte type, int count)
    {
        Field(field, ListType);
        if (count < 15)
        {
            output.Add((byte)((count << 4) | type));
            return;
        }

        output.Add((byte)(0xF0 | type));
        output.AddVarint((uint)count);
    }

    private void Field(int field, byte type)
    {
        output.Add((byte)(((field - _last) << 4) | type)); // ids of our structs lie less than 16 apart
        _last = field;
    }
}
