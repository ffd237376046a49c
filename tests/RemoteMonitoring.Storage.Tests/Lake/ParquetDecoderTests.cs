using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using CsCheck;
using DuckDB.NET.Data;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Lake.Parquet;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class ParquetDecoderTests
{
    /// <summary>The same file for the library to read.</summary>
    internal static byte[] WithoutMarker(byte[] file) => [.. file[..4], .. new byte[4], .. file[8..]];

    [Fact]
    public async Task A_file_from_before_chunks_had_hashes_reads_as_it_did()
    {
        var file = await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "Golden", "table-first-hashes.parquet"));
        Assert.Equal("RMON"u8, file.AsSpan(4, 4));
        var n = Enumerable.Range(0, 40).ToArray();
        foreach (var bytes in new[] { file, WithoutMarker(file) })
        {
            var read = await Read(bytes);
            Assert.Equal(new Dictionary<string, string> { ["a"] = "1", ["ключ"] = "значение" }, read.Metadata);
            Assert.Equal(n.Select(i => i % 7 == 3 ? null : $"text {i % 3}"), read.Text("few"));
            Assert.Equal(n.Select(i => $"текст {i}"), read.Text("many"));
            Assert.Equal(new string?[40], read.Text("none"));
            Assert.Equal(n.Select(i => i == 5 ? long.MinValue : (long)i * i), read.Int64("int64"));
            Assert.Equal(n.Select(i => i == 5 ? int.MinValue : -i), read.Int32("int32"));
            Assert.Equal(n.Select(i => BitConverter.DoubleToInt64Bits(i == 7 ? double.NaN : i == 8 ? -0.0 : i / 7.0)), read.Float64("float64").Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(n.Select(i => i % 4 == 0 ? UnixMicros.Open : 1_738_309_200_000_000 + i), read.Time("time"));
            Assert.Equal(n.Select(i => new byte[i % 5]), read.Bytes("bytes").Select(b => b.ToArray()));
            Assert.Equal(n.Select(i => i % 3 == 0), read.Boolean("boolean"));
        }

        for (var at = ParquetEncoder.FirstHeaderBytes - 16; at < file.Length; at++)
        {
            file[at] ^= 4;
            await Assert.ThrowsAsync<InvalidDataException>(() => Read(file));
            file[at] ^= 4;
        }
    }

    [Fact]
    public async Task Of_a_file_only_what_is_read_must_be_whole()
    {
        var file = Pages(40_000).ToBytes();
        var chunk = Layout(file).Chunk(0, 0);
        file[chunk.Start + (chunk.Length / 2)] ^= 1;
        Assert.Equal(40_000, (await Read(file, "int32", "repeated")).Rows);
        await Assert.ThrowsAsync<InvalidDataException>(() => Read(file, "text", "int32"));
        await Assert.ThrowsAsync<InvalidDataException>(() => Read(file));
    }

    [Fact]
    public async Task No_bytes_of_other_columns_are_read()
    {
        var file = Pages(ParquetTable.RowGroupRows + 9).ToBytes();
        using var input = new CountingStream(file);
        await ParquetTable.ReadAsync(input, ["boolean"], default);
        var layout = Layout(file);
        var column = layout.Columns.Index().Single(c => c.Item.Name == "boolean").Index;
        var footer = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - 8));
        Assert.Equal(layout.Chunk(0, column).Length + layout.Chunk(1, column).Length + footer + 8 + 8 + ParquetEncoder.FirstHeaderBytes, input.Count);
    }

    [Fact]
    public Task Text_by_its_codes_is_the_text() => Gen.Select(Gen.Int[0, 40_000], Gen.Int[1, 5_000], Gen.Int[1, 60], Gen.Int[0, 3]).SampleAsync(async (rows, distinct, run, nulls) =>
    {
        var texts = Enumerable.Range(0, rows).Select(i => i / 50 % 4 < nulls ? null : string.Create(CultureInfo.InvariantCulture, $"patient {i / run % distinct}")).ToArray();
        var read = await Read(new ParquetTable().Text("t", texts).ToBytes());
        var codes = read.Codes("t");
        Assert.True(texts.AsSpan().SequenceEqual(Array.ConvertAll(codes.Codes, c => codes.Texts[c])));
        Assert.Equal(codes.Texts.Distinct().Count(), codes.Texts.Length);
        Assert.True(texts.AsSpan().SequenceEqual(read.Text("t")));
    }, iter: 60, threads: 1);

    [Fact]
    public async Task Row_groups_with_and_without_a_dictionary_have_one_of_distinct_texts_and_share_their_strings()
    {
        // First few texts, then every one another, then the first ones again; and the other way round.
        string?[] few = [.. Enumerable.Range(0, ParquetTable.RowGroupRows).Select(i => i % 9 == 0 ? null : $"text {i % 10}")];
        string?[] many = [.. Enumerable.Range(0, ParquetTable.RowGroupRows).Select(i => $"text {i}")];
        foreach (string?[] texts in new string?[][] { [.. few, .. many, .. few], [.. many, .. few] })
        {
            var read = await Read(new ParquetTable().Text("t", texts).ToBytes());
            var codes = read.Codes("t");
            Assert.True(texts.AsSpan().SequenceEqual(read.Text("t")));
            Assert.Equal(ParquetTable.RowGroupRows + 1, codes.Texts.Length);
            Assert.True(texts.AsSpan().SequenceEqual(Array.ConvertAll(codes.Codes, c => codes.Texts[c])));
            Assert.All(Enumerable.Range(0, texts.Length).Where(i => i % 1_009 == 0), i => Assert.Same(codes.Texts[codes.Codes[i]], read.Text("t")[i]));
        }
    }

    [Fact]
    public void A_sorted_column_of_patients_takes_next_to_nothing()
    {
        var table = new ParquetTable()
            .Text("patient_id", [.. Enumerable.Range(0, 100_000).Select(i => (string?)$"P{i / 35:D7}")])
            .Time("known_to", [.. Enumerable.Range(0, 100_000).Select(i => i % 1_000 == 7 ? i : UnixMicros.Open)])
            .Float64("value", [.. Enumerable.Range(0, 100_000).Select(i => (i * 7_919 % 500) / 10.0)]);
        var (layout, file) = (Layout(table.ToBytes()), table.ToBytes());
        Assert.InRange(layout.Chunk(0, 0).Length, 1, 100_000 / 4);
        Assert.InRange(layout.Chunk(0, 1).Length, 1, 100_000 / 50);
        Assert.InRange(layout.Chunk(0, 2).Length, 1, 100_000 * 5 / 4);
        Assert.Equal(file, table.ToBytes());
    }

    [Fact]
    public async Task The_footer_has_the_first_and_the_last_text_of_each_row_group_by_their_bytes()
    {
        var file = Path.Combine(Path.GetTempPath(), $"rmon-{Environment.ProcessId}-bounds.parquet");
        try
        {
            var n = Enumerable.Range(0, ParquetTable.RowGroupRows + 1_000).ToArray();
            await File.WriteAllBytesAsync(file, new ParquetTable()
                .Text("patient_id", Array.ConvertAll(n, i => (string?)$"P{i / 50:D6}"))
                .Text("each", Array.ConvertAll(n, i => (string?)$"m{i * 7_919 % 1_000_003:D7}"))
                // By UTF-16 the second would be the lesser.
                .Text("order", Array.ConvertAll(n, i => i % 3 == 0 ? null : i % 3 == 1 ? "\uFFFD" : "\U0001D11E"))
                .Text("long", Array.ConvertAll(n, i => (string?)new string((char)('a' + (i % 3)), 65)))
                .Text("none", Array.ConvertAll(n, _ => (string?)null))
                .ToBytes());
            using var duck = new DuckDBConnection("DataSource=:memory:");
            duck.Open();
            using var command = duck.CreateCommand();
            command.CommandText = $"SELECT path_in_schema, stats_min_value, stats_max_value, stats_null_count FROM parquet_metadata('{file}') ORDER BY row_group_id, column_id";
            using var reader = await command.ExecuteReaderAsync();
            var bounds = new List<(string, object, object, long)>();
            while (await reader.ReadAsync())
            {
                bounds.Add((reader.GetString(0), reader.GetValue(1), reader.GetValue(2), reader.GetInt64(3)));
            }

            Assert.Equal(("patient_id", "P000000", "P002621", 0L), bounds[0]);
            Assert.Equal(("each", "m0000000"), (bounds[1].Item1, bounds[1].Item2));
            Assert.Equal(("order", "\uFFFD", "\U0001D11E"), (bounds[2].Item1, bounds[2].Item2, bounds[2].Item3));
            Assert.Equal(("long", DBNull.Value, DBNull.Value, 0L), bounds[3]);
            Assert.Equal(("none", DBNull.Value, DBNull.Value, (long)ParquetTable.RowGroupRows), bounds[4]);
            Assert.Equal(("patient_id", "P002621", "P002641", 0L), bounds[5]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Bytes that changed although every hash is right: what is no table of ours is told as such, and takes no more memory than its bytes may.</summary>
    [Fact]
    public async Task Bytes_that_make_no_sense_behind_right_hashes_are_told()
    {
        var whole = Pages(20_000).ToBytes();
        var random = new Random(5);
        var layout = Layout(whole);
        var footerStart = whole.Length - 8 - BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan(whole.Length - 8));
        var told = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var most = 0L;
        const int Tries = 6_000;
        for (var i = 0; i < Tries; i++)
        {
            var damaged = (byte[])whole.Clone();
            // A third each in the footer, in the head of a page of some column, and anywhere in the pages.
            var chunk = layout.Chunk(0, random.Next(layout.Columns.Count));
            var at = (i % 3) switch { 0 => random.Next(footerStart, whole.Length - 4), 1 => (int)chunk.Start + random.Next(Math.Min(60, chunk.Length)), _ => (int)chunk.Start + random.Next(chunk.Length) };
            for (var b = 0; b < 1 + (i / 3 % 3) && at + b < whole.Length - 4; b++)
            {
                damaged[at + b] = random.Next(3) == 0 ? (byte)255 : (byte)(damaged[at + b] ^ (1 << random.Next(8)));
            }

            Reseal(damaged, layout);
            // Of this thread, since others test at the same time: what is in memory is read without leaving it.
            var before = GC.GetAllocatedBytesForCurrentThread();
            var reading = Read(damaged);
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.True(reading.IsCompleted);
            try
            {
                var read = await reading;
                foreach (var name in read.ColumnNames)
                {
                    Assert.Equal(read.Rows, read.Column(name).Length);
                }
            }
            catch (InvalidDataException e)
            {
                told[e.Message] = told.GetValueOrDefault(e.Message) + 1;
            }
        }

        Assert.InRange(told.Values.Sum(), Tries / 3, Tries - 1);
        // By its hash alone only where a hash itself was changed: else this would try nothing.
        Assert.InRange(told["its bytes are not those that were written"], 1, Tries / 20);
        Assert.InRange(most, 1, 64 << 20);
    }

    private static ParquetTable Pages(int rows)
    {
        var n = Enumerable.Range(0, rows).ToArray();
        return new ParquetTable { Metadata = { ["k"] = "v" } }
            .Text("text", Array.ConvertAll(n, i => i % 5 == 0 ? null : $"text {i / 20 % 300}"))
            .Text("plain", Array.ConvertAll(n, i => i % 900 == 0 ? null : $"{i}"))
            .Int64("int64", Array.ConvertAll(n, i => (long)i * i))
            .Int32("int32", n)
            .Float64("float64", Array.ConvertAll(n, i => Math.Sqrt(i)))
            .Float64("repeated", Array.ConvertAll(n, i => i % 50 / 10.0))
            .Time("time", Array.ConvertAll(n, i => i % 100 == 1 ? UnixMicros.Open : i / 400))
            .Bytes("bytes", Array.ConvertAll(n, i => (ReadOnlyMemory<byte>)BitConverter.GetBytes(i)[..(i % 5)]))
            .Boolean("boolean", Array.ConvertAll(n, i => i % 3 == 0));
    }

    private static ParquetLayout Layout(byte[] file)
    {
        var end = file.Length - 8 - BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - 8));
        return ParquetLayout.Read(file.AsSpan(end..^8), ParquetEncoder.HeaderBytes, end);
    }

    /// <summary>Makes the hashes fit the bytes, as far as the footer has them where it had them.</summary>
    private static void Reseal(byte[] file, ParquetLayout layout)
    {
        for (var c = 0; c < layout.Columns.Count; c++)
        {
            var chunk = layout.Chunk(0, c);
            if (file.AsSpan().IndexOf(Hex(chunk.Hash!.Value)) is var at and >= 0)
            {
                Hex(XxHash3.HashToUInt64(file.AsSpan((int)chunk.Start, chunk.Length))).CopyTo(file, at);
            }
        }

        var footer = file.Length - 8L - BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - 8));
        if (footer >= ParquetEncoder.HeaderBytes && footer <= file.Length)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(ParquetEncoder.HeaderBytes - 8), XxHash3.HashToUInt64(file.AsSpan((int)footer)));
        }
    }

    private static byte[] Hex(ulong hash) => Encoding.ASCII.GetBytes(hash.ToString("x16", CultureInfo.InvariantCulture));

    private static async Task<ParquetTable> Read(byte[] file, params string[] columns)
    {
        using var input = new MemoryStream(file);
        return await ParquetTable.ReadAsync(input, columns is [] ? null : columns, default);
    }

    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public long Count { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            Count += read;
            return read;
        }
    }
}
