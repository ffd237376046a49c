using System.Diagnostics;
using System.Globalization;
using CsCheck;
using DuckDB.NET.Data;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Lake;

/// <summary>Files that are encoded here, as another engine reads them.</summary>
public sealed class ParquetEncoderDifferentialTests : IDisposable
{
    // Distinct texts at which a column gets no dictionary any more are well between these.
    private static readonly int[] s_distinct = [0, 1, 2, 100, 70_000];

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"rmon-{Environment.ProcessId}-{nameof(ParquetEncoderDifferentialTests)}.parquet");
    private readonly DuckDBConnection _duck = new("DataSource=:memory:");

    public ParquetEncoderDifferentialTests() => _duck.Open();

    public void Dispose()
    {
        _duck.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public async Task Any_table_reads_the_same_in_the_other_engine() => await Gen.Select(
        ParquetTableTests.TextOrNull,
        Gen.OneOf(Gen.Long, Among(long.MinValue, long.MaxValue, 0, -1)),
        Gen.OneOf(Gen.Int, Among(int.MinValue, int.MaxValue)),
        Gen.OneOf(Gen.Double, Among(double.NaN, -0.0, 0.0, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon)),
        Gen.Long[-62_135_596_800_000_000, 253_402_300_799_999_998],
        Gen.Byte.Array[0, 20],
        Gen.Bool).Array[0, 60].SampleAsync(
        async rows => await HoldAsync(
            [.. rows.Select(r => r.Item1?.Replace("\0", "0", StringComparison.Ordinal))], [.. rows.Select(r => r.Item2)], [.. rows.Select(r => r.Item3)], [.. rows.Select(r => r.Item4)],
            [.. rows.Select(r => r.Item5)], [.. rows.Select(r => (ReadOnlyMemory<byte>)r.Item6)], [.. rows.Select(r => r.Item7)]),
        iter: 60, threads: 1);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    [InlineData(ParquetTable.RowGroupRows + 17)]
    public async Task Tables_of_several_pages_and_row_groups_with_and_without_dictionaries_read_the_same(int count)
    {
        foreach (var distinct in s_distinct.Where(d => count > ParquetTable.RowGroupRows ? d is 100 or 70_000 : d <= Math.Max(count, 1)))
        {
            var random = new Random(distinct);
            var n = Enumerable.Range(0, count).ToArray();
            // No text at all is a column of nulls; runs of nulls longer than a page are in each other.
            await HoldAsync(
                Array.ConvertAll(n, i => distinct == 0 || i % 40_000 > 20_000 ? null : string.Create(CultureInfo.InvariantCulture, $"text {random.Next(distinct)}")),
                Array.ConvertAll(n, i => i % 5_000 == 0 ? long.MinValue : i % 5_000 == 1 ? long.MaxValue : (long)i * i),
                Array.ConvertAll(n, i => i % 777 == 0 ? int.MinValue : -i),
                // Few distinct numbers have a dictionary, and runs of one number are long or short.
                Array.ConvertAll(n, i => i % 1_000 == 3 ? double.NaN : distinct == 100 ? (i % 4 == 1 ? -0.0 : random.Next(100) / 10.0) : i / 7.0),
                Array.ConvertAll(n, i => 1_738_309_200_000_000 + (distinct is 1 or 100 ? i / 300 % 50 : i * 1_000_003L)),
                Array.ConvertAll(n, i => (ReadOnlyMemory<byte>)BitConverter.GetBytes(i)[..(i % 5)]),
                Array.ConvertAll(n, i => i % 3 == 0));
        }
    }

    [Fact]
    public async Task A_bit_that_flips_anywhere_in_a_file_is_told()
    {
        var whole = ParquetTableTests.AllKinds().ToBytes();
        var clock = Stopwatch.StartNew();
        var random = new Random(1);
        // Every bit of the first and the last hundred bytes, and bits all over the rest.
        var positions = Enumerable.Range(0, 100).Concat(Enumerable.Range(whole.Length - 100, 100)).SelectMany(at => Enumerable.Range(0, 8).Select(bit => (at, bit)))
            .Concat(Enumerable.Range(0, 800).Select(_ => (at: random.Next(whole.Length), bit: random.Next(8)))).ToArray();
        var passed = new List<(int, int)>();
        foreach (var (at, bit) in positions)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= (byte)(1 << bit);
            using var input = new MemoryStream(damaged);
            var reading = Task.Run(() => ParquetTable.ReadAsync(input, null, default));
            try
            {
                await reading.WaitAsync(TimeSpan.FromSeconds(10));
                passed.Add((at, bit));
            }
            catch (TimeoutException)
            {
                Assert.Fail($"Bit {bit} of byte {at}: reading does not end.");
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
            }
        }

        Assert.Equal(2_400, positions.Length);
        // A file whose marker is damaged is one that carries no hashes, and the parser alone judges it: all that may pass is what
        // it does not look at, the marker and the hashes themselves.
        Assert.All(passed, p => Assert.InRange(p.Item1, 4, 7));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed}");
    }

    private static Gen<T> Among<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private async Task HoldAsync(string?[] texts, long[] longs, int[] ints, double[] doubles, long[] times, ReadOnlyMemory<byte>[] bytes, bool[] flags)
    {
        var table = new ParquetTable { Metadata = { ["k"] = "v" } }.Text("t", texts).Int64("l", longs).Int32("i", ints).Float64("d", doubles).Time("taken", times).Bytes("b", bytes).Boolean("f", flags);
        var file = table.ToBytes();
        await File.WriteAllBytesAsync(_file, file);
        foreach (var bytesOfFile in new[] { file, ParquetDecoderTests.WithoutMarker(file) })
        {
            using var input = new MemoryStream(bytesOfFile);
            var read = await ParquetTable.ReadAsync(input, null, default);
            Assert.True(texts.AsSpan().SequenceEqual(read.Text("t")));
            var codes = read.Codes("t");
            Assert.True(texts.SequenceEqual(codes.Codes.Select(c => codes.Texts[c])));
            Assert.Equal(texts.Distinct().Count(), codes.Texts.Length);
            Assert.True(longs.AsSpan().SequenceEqual(read.Int64("l")));
            Assert.True(ints.AsSpan().SequenceEqual(read.Int32("i")));
            Assert.True(doubles.Select(BitConverter.DoubleToInt64Bits).SequenceEqual(read.Float64("d").Select(BitConverter.DoubleToInt64Bits)));
            Assert.True(times.AsSpan().SequenceEqual(read.Time("taken")));
            Assert.True(bytes.Zip(read.Bytes("b")).All(p => p.First.Span.SequenceEqual(p.Second.Span)));
            Assert.True(flags.AsSpan().SequenceEqual(read.Boolean("f")));
        }

        using var command = _duck.CreateCommand();
        command.CommandText = $"SELECT t, l, i, d, epoch_us(taken), hex(b), f FROM read_parquet('{_file}')";
        using var reader = await command.ExecuteReaderAsync();
        var row = 0;
        for (; await reader.ReadAsync(); row++)
        {
            var same = (reader.IsDBNull(0) ? null : reader.GetString(0)) == texts[row] && reader.GetInt64(1) == longs[row] && reader.GetInt32(2) == ints[row]
                && BitConverter.DoubleToInt64Bits(reader.GetDouble(3)) == BitConverter.DoubleToInt64Bits(doubles[row]) && reader.GetInt64(4) == times[row]
                && reader.GetString(5) == Convert.ToHexString(bytes[row].Span) && reader.GetBoolean(6) == flags[row];
            Assert.True(same, $"row {row} of {texts.Length} is another");
        }

        Assert.Equal(texts.Length, row);
        // What the footer says of the least and the greatest is believed by who skips row groups by it.
        if (row > 0)
        {
            using var bounds = _duck.CreateCommand();
            bounds.CommandText = $"SELECT count(*) FROM read_parquet('{_file}') WHERE l = {longs.Max()} OR i = {ints.Min()} OR taken = make_timestamp({times.Max()})";
            var expected = Enumerable.Range(0, row).Count(r => longs[r] == longs.Max() || ints[r] == ints.Min() || times[r] == times.Max());
            Assert.Equal((long)expected, await bounds.ExecuteScalarAsync());
            foreach (var text in new[] { texts.Max(StringComparer.Ordinal), texts.Where(t => t is not null).Min(StringComparer.Ordinal) }.OfType<string>())
            {
                bounds.CommandText = $"SELECT count(*) FROM read_parquet('{_file}') WHERE t = $text";
                bounds.Parameters.Clear();
                bounds.Parameters.Add(new DuckDBParameter("text", text));
                Assert.Equal((long)texts.Count(t => t == text), await bounds.ExecuteScalarAsync());
            }
        }
    }
}
