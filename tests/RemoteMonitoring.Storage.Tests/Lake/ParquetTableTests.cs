using CsCheck;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class ParquetTableTests
{
    private static readonly string?[] s_texts = ["", null, "72 /min", "Łódź ☃ 𝄞 \u0000 é", "line\nline", new string('x', 5_000)];

    private static readonly long[] s_times = [UnixMicros.Open, 0, -1, -62_135_596_800_000_000, 1_738_309_200_000_001, 253_402_300_799_999_998];

    private static readonly double[] s_doubles = [double.NaN, -0.0, double.Epsilon, double.MaxValue, double.NegativeInfinity, 36.6];

    [Fact]
    public async Task Every_kind_of_column_comes_back_as_it_went_in()
    {
        var read = await RoundTrip(AllKinds());
        Assert.Equal(["text", "int64", "int32", "float64", "time", "bytes", "boolean"], read.ColumnNames);
        Assert.Equal(6, read.Rows);
        Assert.Equal(s_texts, read.Text("text"));
        Assert.Equal([long.MinValue, long.MaxValue, 0, -1, 1, 42], read.Int64("int64"));
        Assert.Equal([int.MinValue, int.MaxValue, 0, -1, 1, 42], read.Int32("int32"));
        Assert.Equal(s_doubles.Select(BitConverter.DoubleToInt64Bits), read.Float64("float64").Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(s_times, read.Time("time"));
        Assert.Equal([[], [0], [255, 0, 10, 13], "é"u8.ToArray(), new byte[4_000], [1]], read.Bytes("bytes").Select(b => b.ToArray()));
        Assert.Equal([true, false, false, true, true, false], read.Boolean("boolean"));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "1", ["ключ"] = "значение\n=" }, read.Metadata);
    }

    [Fact]
    public async Task A_table_without_rows_keeps_its_columns_and_metadata()
    {
        var read = await RoundTrip(new ParquetTable { Metadata = { ["k"] = "v" } }
            .Text("text", []).Int64("int64", []).Int32("int32", []).Float64("float64", []).Time("time", []).Bytes("bytes", []).Boolean("boolean", []));
        Assert.Equal(0, read.Rows);
        Assert.Equal(7, read.ColumnNames.Count());
        Assert.Empty(read.Text("text"));
        Assert.Empty(read.Time("time"));
        Assert.Empty(read.Bytes("bytes"));
        Assert.Equal("v", read.Metadata["k"]);
    }

    [Theory]
    [InlineData(ParquetTable.RowGroupRows)]
    [InlineData(ParquetTable.RowGroupRows + 1)]
    [InlineData((2 * ParquetTable.RowGroupRows) + 3)]
    public async Task Rows_of_several_row_groups_come_back_in_order(int rows)
    {
        var numbers = Enumerable.Range(0, rows).ToArray();
        var read = await RoundTrip(new ParquetTable()
            .Int32("n", numbers)
            .Text("t", Array.ConvertAll(numbers, n => n % 3 == 0 ? null : n.ToString(System.Globalization.CultureInfo.InvariantCulture)))
            .Float64("d", Array.ConvertAll(numbers, n => n % 5 == 0 ? double.NaN : n / 7.0)));
        Assert.Equal(rows, read.Rows);
        Assert.Equal(numbers, read.Int32("n"));
        Assert.True(read.Text("t").Index().All(t => t.Item == (t.Index % 3 == 0 ? null : t.Index.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        Assert.True(read.Float64("d").Index().All(d => d.Index % 5 == 0 ? double.IsNaN(d.Item) : d.Item == d.Index / 7.0));
    }

    [Fact]
    public async Task Equal_tables_have_equal_bytes_in_whatever_order_their_metadata_was_set()
    {
        var first = AllKinds();
        var second = AllKinds();
        second.Metadata.Clear();
        second.Metadata["ключ"] = "значение\n=";
        second.Metadata["a"] = "1";
        Assert.Equal(first.ToBytes(), second.ToBytes());
        second.Metadata["a"] = "2";
        Assert.NotEqual(first.ToBytes(), second.ToBytes());
    }

    [Fact]
    public async Task Only_the_columns_named_are_read()
    {
        using var input = new MemoryStream(AllKinds().ToBytes());
        var read = await ParquetTable.ReadAsync(input, ["int32", "time"], default);
        Assert.Equal(["int32", "time"], read.ColumnNames.Order());
        Assert.Equal(6, read.Rows);
    }

    [Fact]
    public void Columns_of_unequal_length_are_refused() =>
        Assert.Throws<ArgumentException>(() => new ParquetTable().Int32("a", [1]).Int32("b", [1, 2]));

    [Fact]
    public Task Any_columns_come_back_as_they_went_in() =>
        Gen.Select(TextOrNull, Gen.Long, Gen.Double, Gen.Long[-62_135_596_800_000_000, 253_402_300_799_999_998], Gen.Byte.Array[0, 20], Gen.Bool).Array[0, 40].SampleAsync(async rows =>
        {
            var read = await RoundTrip(new ParquetTable()
                .Text("a", Array.ConvertAll(rows, r => r.Item1)).Int64("b", Array.ConvertAll(rows, r => r.Item2)).Float64("c", Array.ConvertAll(rows, r => r.Item3))
                .Time("d", Array.ConvertAll(rows, r => r.Item4)).Bytes("e", Array.ConvertAll(rows, r => (ReadOnlyMemory<byte>)r.Item5)).Boolean("f", Array.ConvertAll(rows, r => r.Item6)));
            Assert.Equal(rows.Select(r => r.Item1), read.Text("a"));
            Assert.Equal(rows.Select(r => r.Item2), read.Int64("b"));
            Assert.Equal(rows.Select(r => BitConverter.DoubleToInt64Bits(r.Item3)), read.Float64("c").Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(rows.Select(r => r.Item4), read.Time("d"));
            Assert.Equal(rows.Select(r => r.Item5), read.Bytes("e").Select(b => b.ToArray()));
            Assert.Equal(rows.Select(r => r.Item6), read.Boolean("f"));
        }, iter: 150, threads: 1);

    /// <summary>Any text that UTF-8 can carry.</summary>
    internal static Gen<string> Text { get; } = Gen.String[0, 12].Select(t => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(t)));

    /// <summary>The same, or null.</summary>
    internal static Gen<string?> TextOrNull { get; } = Gen.Select(Gen.Int[0, 3], Text, (kind, text) => kind == 0 ? null : text);

    internal static ParquetTable AllKinds() => new ParquetTable { Metadata = { ["a"] = "1", ["ключ"] = "значение\n=" } }
        .Text("text", s_texts)
        .Int64("int64", [long.MinValue, long.MaxValue, 0, -1, 1, 42])
        .Int32("int32", [int.MinValue, int.MaxValue, 0, -1, 1, 42])
        .Float64("float64", s_doubles)
        .Time("time", s_times)
        .Bytes("bytes", [ReadOnlyMemory<byte>.Empty, new byte[] { 0 }, new byte[] { 255, 0, 10, 13 }, "é"u8.ToArray(), new byte[4_000], new byte[] { 1 }])
        .Boolean("boolean", [true, false, false, true, true, false]);

    private static async Task<ParquetTable> RoundTrip(ParquetTable table)
    {
        using var input = new MemoryStream(table.ToBytes());
        return await ParquetTable.ReadAsync(input, null, default);
    }
}
