using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Lake;

/// <summary>What every lake keeps, wherever its files lie. A class derives for each implementation and says how to open one.</summary>
public abstract class LakeContract
{
    /// <summary>Opens the one lake of the running test; asked again, another instance of the same lake.</summary>
    protected abstract Storage.Lake.Lake Open();

    [Fact]
    public async Task A_created_file_has_its_bytes()
    {
        var lake = Open();
        Assert.True(await lake.TryCreateAsync("bronze/a/b/c.bin", new byte[] { 1, 2, 3 }, default));
        Assert.Equal([1, 2, 3], await lake.ReadAsync("bronze/a/b/c.bin", default));
        Assert.True(await Open().ExistsAsync("bronze/a/b/c.bin", default));
        Assert.True(await lake.TryCreateAsync("empty", default, default));
        Assert.Empty((await lake.TryReadAsync("empty", default))!);
    }

    [Fact]
    public async Task A_file_that_is_there_is_not_created_again_and_keeps_its_bytes()
    {
        var lake = Open();
        await lake.TryCreateAsync("a.bin", new byte[] { 1 }, default);
        Assert.False(await lake.TryCreateAsync("a.bin", new byte[] { 2 }, default));
        Assert.False(await Open().TryCreateAsync("a.bin", new byte[] { 1 }, default));
        Assert.Equal([1], await lake.ReadAsync("a.bin", default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_writers_that_race_exactly_one_creates_the_file_and_its_bytes_stand(bool throughOneInstance)
    {
        var shared = Open();
        for (var round = 0; round < 15; round++)
        {
            var path = $"race/{round}.bin";
            using var start = new Barrier(4);
            var created = await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Factory.StartNew(
                async () =>
                {
                    var lake = throughOneInstance ? shared : Open();
                    start.SignalAndWait();
                    return await lake.TryCreateAsync(path, Bytes(writer), default);
                },
                TaskCreationOptions.LongRunning).Unwrap()));
            Assert.Single(created, c => c);
            Assert.Equal(Bytes(Array.IndexOf(created, true)), await shared.ReadAsync(path, default));
        }
    }

    [Fact]
    public async Task Writers_of_different_files_through_two_instances_never_get_each_others_bytes()
    {
        var lakes = new[] { Open(), Open() };
        await Parallel.ForEachAsync(Enumerable.Range(0, 120), async (i, token) =>
            Assert.True(await lakes[i % 2].TryCreateAsync($"many/{i}.bin", Bytes(i), token)));
        for (var i = 0; i < 120; i++)
        {
            Assert.Equal(Bytes(i), await lakes[0].ReadAsync($"many/{i}.bin", default));
        }
    }

    [Fact]
    public async Task A_reader_of_a_file_that_is_being_created_sees_nothing_or_all_of_it()
    {
        var (lake, reading) = (Open(), Open());
        for (var i = 0; i < 10; i++)
        {
            var path = $"new/{i}.bin";
            var writer = Task.Run(() => lake.TryCreateAsync(path, Bytes(i), default));
            byte[]? seen;
            while ((seen = await reading.TryReadAsync(path, default)) is null)
            {
                await Task.Yield();
            }

            Assert.Equal(Bytes(i), seen);
            Assert.True(await writer);
        }
    }

    [Fact]
    public async Task A_reader_of_a_manifest_sees_the_old_bytes_or_the_new_ones()
    {
        var (lake, reading) = (Open(), Open());
        await lake.ReplaceAsync("manifest.json", Bytes(0), default);
        using var done = new CancellationTokenSource();
        var reads = 0;
        var reader = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                var seen = await reading.ReadAsync("manifest.json", default);
                Assert.Equal(100_000, seen.Length);
                Assert.Single(seen.Distinct());
                reads++;
            }
        });
        for (var i = 1; i <= 30; i++)
        {
            await lake.ReplaceAsync("manifest.json", Bytes(i), default);
        }

        await done.CancelAsync();
        await reader;
        Assert.True(reads > 0);
        Assert.Equal(Bytes(30), await lake.ReadAsync("manifest.json", default));
    }

    [Fact]
    public async Task A_list_is_in_ordinal_order_with_forward_slashes_and_of_the_folder_only()
    {
        var lake = Open();
        foreach (var path in new[] { "s/b/2", "s/B/1", "s/a-1/9", "s/a/10", "s/a/1", "s-1/0", "s2", "t/0" })
        {
            await lake.TryCreateAsync(path, new byte[] { 1 }, default);
        }

        Assert.Equal(["s/B/1", "s/a-1/9", "s/a/1", "s/a/10", "s/b/2"], await lake.ListAsync("s", default));
        Assert.Equal(["s/a/1", "s/a/10"], await lake.ListAsync("s/a", default));
        Assert.Equal(["s-1/0", "s/B/1", "s/a-1/9", "s/a/1", "s/a/10", "s/b/2", "s2", "t/0"], await lake.ListAsync("", default));
        Assert.Empty(await lake.ListAsync("nothing", default));
    }

    [Fact]
    public async Task What_hides_behind_a_dot_is_not_the_lakes()
    {
        var lake = Open();
        foreach (var path in new[] { "bronze/a.bin", "bronze/.DS_Store", "bronze/.snapshot/a.bin", ".trash/a.bin" })
        {
            await lake.TryCreateAsync(path, new byte[] { 1 }, default);
        }

        Assert.Equal(["bronze/a.bin"], await lake.ListAsync("bronze", default));
        Assert.Equal(["bronze/a.bin"], await lake.ListAsync("", default));
    }

    [Fact]
    public async Task More_files_than_a_page_are_listed_once_each()
    {
        var lake = Open();
        await Parallel.ForEachAsync(Enumerable.Range(0, 150), async (i, token) => await lake.TryCreateAsync($"pages/{i:D4}", new byte[] { 1 }, token));
        Assert.Equal(Enumerable.Range(0, 150).Select(i => $"pages/{i:D4}"), await lake.ListAsync("pages", default));
    }

    [Fact]
    public async Task A_deleted_file_is_gone_and_its_name_is_free()
    {
        var lake = Open();
        Assert.False(await lake.DeleteAsync("gold/a.bin", default));
        await lake.TryCreateAsync("gold/a.bin", new byte[] { 1 }, default);
        Assert.True(await lake.DeleteAsync("gold/a.bin", default));
        Assert.False(await lake.ExistsAsync("gold/a.bin", default));
        Assert.Null(await lake.TryReadAsync("gold/a.bin", default));
        Assert.Empty(await lake.ListAsync("gold", default));
        Assert.False(await lake.DeleteAsync("gold/a.bin", default));
        Assert.True(await lake.TryCreateAsync("gold/a.bin", new byte[] { 2 }, default));
        Assert.Equal([2], await lake.ReadAsync("gold/a.bin", default));
    }

    [Fact]
    public async Task A_file_of_33_megabytes_comes_back_and_can_be_sought_in()
    {
        var lake = Open();
        var bytes = new byte[33 << 20];
        new Random(1).NextBytes(bytes);
        Assert.True(await lake.TryCreateAsync("big/a.bin", bytes, default));
        Assert.False(await lake.TryCreateAsync("big/a.bin", bytes, default));
        await lake.ReplaceAsync("big/b.bin", bytes, default);
        Assert.Equal(Storage.Lake.Lake.Hash(bytes), Storage.Lake.Lake.Hash(await lake.ReadAsync("big/a.bin", default)));
        Assert.Equal(Storage.Lake.Lake.Hash(bytes), Storage.Lake.Lake.Hash(await lake.ReadAsync("big/b.bin", default)));

        await using var stream = await lake.OpenReadAsync("big/a.bin", default);
        Assert.True(stream.CanSeek);
        Assert.Equal(bytes.Length, stream.Length);
        foreach (var from in new[] { 20 << 20, 0, bytes.Length - 1_000, 5 << 20 })
        {
            var part = new byte[1_000];
            stream.Position = from;
            await stream.ReadExactlyAsync(part);
            Assert.Equal(bytes[from..(from + 1_000)], part);
        }

        stream.Seek(-1, SeekOrigin.End);
        Assert.Equal(bytes[^1], stream.ReadByte());
        Assert.Equal(-1, stream.ReadByte());
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var lake = Open();
        foreach (var read in new Func<string, Task>[] { p => lake.ReadAsync(p, default), p => lake.OpenReadAsync(p, default), p => lake.ReadTableAsync(p, null, default), p => lake.ReadMetadataAsync(p, default) })
        {
            (await Assert.ThrowsAsync<LakeException>(() => read("gold/x.json"))).SaysInOneLine(lake.NameOf("gold/x.json"));
        }

        Assert.Null(await lake.TryReadAsync("gold/x.json", default));
        Assert.False(await lake.ExistsAsync("gold/x.json", default));
    }

    [Fact]
    public async Task All_of_many_names_exist_or_not()
    {
        var lake = Open();
        var paths = Enumerable.Range(0, 40).Select(i => $"all/{i}").ToArray();
        await Parallel.ForEachAsync(paths, async (path, token) => await lake.TryCreateAsync(path, new byte[] { 1 }, token));
        Assert.True(await lake.AllExistAsync(paths, default));
        Assert.True(await lake.AllExistAsync([], default));
        Assert.False(await lake.AllExistAsync([.. paths, "all/40"], default));
    }

    [Fact]
    public async Task A_derived_file_that_is_there_must_be_the_same()
    {
        var lake = Open();
        var first = await lake.CreateDerivedAsync("gold/a.bin", new byte[] { 1 }, default);
        Assert.Equal(first, await lake.CreateDerivedAsync("gold/a.bin", new byte[] { 1 }, default));
        var refused = await Assert.ThrowsAsync<LakeException>(() => lake.CreateDerivedAsync("gold/a.bin", new byte[] { 2 }, default));
        Assert.Contains("delete it and run again", refused.Message, StringComparison.Ordinal);
        Assert.Equal([1], await lake.ReadAsync("gold/a.bin", default));
    }

    [Fact]
    public async Task A_table_comes_back_whole_in_columns_and_by_its_footer()
    {
        var lake = Open();
        var table = new ParquetTable { Metadata = { ["key"] = "value" } }.Int64("x", [1, 2, 3]).Text("y", ["a", null, "c"]);
        Assert.True(await lake.TryCreateTableAsync("gold/t.parquet", table, default));
        Assert.False(await lake.TryCreateTableAsync("gold/t.parquet", table, default));
        var read = await lake.ReadTableAsync("gold/t.parquet", null, default);
        Assert.Equal([1L, 2L, 3L], read.Int64("x"));
        Assert.Equal(new[] { "a", null, "c" }, read.Text("y").AsEnumerable());
        Assert.Equal(["y"], (await lake.ReadTableAsync("gold/t.parquet", ["y"], default)).ColumnNames);
        Assert.Equal("value", (await lake.ReadMetadataAsync("gold/t.parquet", default))["key"]);
    }

    [Fact]
    public async Task A_table_whose_bytes_have_changed_is_not_parsed()
    {
        var lake = Open();
        var written = await lake.CreateDerivedAsync("gold/t.parquet", new ParquetTable().Int64("x", [1, 2, 3]).ToBytes(), default);
        Assert.Equal(3, (await lake.ReadVerifiedTableAsync(written.Path, written.Sha256, null, default)).Rows);
        var bytes = await lake.ReadAsync(written.Path, default);
        bytes[10] ^= 1;
        await lake.ReplaceAsync(written.Path, bytes, default);
        var refused = await Assert.ThrowsAsync<LakeException>(() => lake.ReadVerifiedTableAsync(written.Path, written.Sha256, null, default));
        Assert.Contains("not those that were written", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_write_creates_nothing()
    {
        var lake = Open();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lake.TryCreateAsync("a.bin", Bytes(1), new CancellationToken(true)));
        Assert.False(await lake.ExistsAsync("a.bin", default));
        Assert.Empty(await lake.ListAsync("", default));
    }

    protected static byte[] Bytes(int of) => [.. Enumerable.Repeat((byte)of, 100_000)];
}
