using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class LakeDirectoryTests : IDisposable
{
    private readonly TempLake _temp = new();

    private LakeDirectory Lake => _temp.Lake;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_created_file_has_its_bytes_and_leaves_no_draft()
    {
        Assert.True(await Lake.TryCreateAsync("bronze/a/b/c.bin", new byte[] { 1, 2, 3 }, default));
        Assert.Equal([1, 2, 3], await Lake.ReadAsync("bronze/a/b/c.bin", default));
        Assert.True(Lake.Exists("bronze/a/b/c.bin"));
        Assert.Empty(_temp.Drafts);
    }

    [Fact]
    public async Task A_file_that_is_there_is_not_created_again_and_keeps_its_bytes()
    {
        await Lake.TryCreateAsync("a.bin", new byte[] { 1 }, default);
        Assert.False(await Lake.TryCreateAsync("a.bin", new byte[] { 2 }, default));
        Assert.Equal([1], await Lake.ReadAsync("a.bin", default));
        Assert.Empty(_temp.Drafts);
    }

    [Fact]
    public async Task A_derived_file_that_is_there_must_be_the_same()
    {
        var first = await Lake.CreateDerivedAsync("gold/a.bin", new byte[] { 1 }, default);
        Assert.Equal(first, await Lake.CreateDerivedAsync("gold/a.bin", new byte[] { 1 }, default));
        var refused = await Assert.ThrowsAsync<LakeException>(() => Lake.CreateDerivedAsync("gold/a.bin", new byte[] { 2 }, default));
        Assert.Contains("delete it and run again", refused.Message, StringComparison.Ordinal);
        Assert.Equal([1], await Lake.ReadAsync("gold/a.bin", default));
    }

    [Fact]
    public async Task A_table_whose_bytes_have_changed_is_not_parsed()
    {
        var written = await Lake.CreateDerivedAsync("gold/t.parquet", new ParquetTable().Int64("x", [1, 2, 3]).ToBytes(), default);
        Assert.Equal(3, (await Lake.ReadVerifiedTableAsync(written.Path, written.Sha256, default)).Rows);
        var bytes = await Lake.ReadAsync(written.Path, default);
        bytes[10] ^= 1;
        await File.WriteAllBytesAsync(Lake.FullPath(written.Path), bytes);
        var refused = await Assert.ThrowsAsync<LakeException>(() => Lake.ReadVerifiedTableAsync(written.Path, written.Sha256, default));
        Assert.Contains("not those that were written", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_file_managers_leave_behind_is_not_the_lakes()
    {
        await Lake.TryCreateAsync("bronze/a.bin", new byte[] { 1 }, default);
        await File.WriteAllTextAsync(Lake.FullPath("bronze/.DS_Store"), "x");
        Assert.Equal(["bronze/a.bin"], Lake.List("bronze"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_writers_that_race_exactly_one_creates_the_file_and_its_bytes_stand(bool throughOneInstance)
    {
        for (var round = 0; round < 40; round++)
        {
            var path = $"race/{round}.bin";
            using var start = new Barrier(4);
            var created = await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Factory.StartNew(
                async () =>
                {
                    var lake = throughOneInstance ? Lake : new LakeDirectory(Lake.Root);
                    start.SignalAndWait();
                    return await lake.TryCreateAsync(path, Bytes(writer), default);
                },
                TaskCreationOptions.LongRunning).Unwrap()));
            Assert.Single(created, c => c);
            Assert.Equal(Bytes(Array.IndexOf(created, true)), await Lake.ReadAsync(path, default));
        }

        Assert.Empty(_temp.Drafts);
    }

    [Fact]
    public async Task Writers_of_different_files_through_two_instances_never_get_each_others_bytes()
    {
        var lakes = new[] { Lake, new LakeDirectory(Lake.Root) };
        await Parallel.ForEachAsync(Enumerable.Range(0, 120), async (i, token) =>
            Assert.True(await lakes[i % 2].TryCreateAsync($"many/{i}.bin", Bytes(i), token)));
        for (var i = 0; i < 120; i++)
        {
            Assert.Equal(Bytes(i), await Lake.ReadAsync($"many/{i}.bin", default));
        }
    }

    [Fact]
    public async Task A_reader_of_a_manifest_sees_the_old_bytes_or_the_new_ones()
    {
        await Lake.ReplaceAsync("manifest.json", Bytes(0), default);
        using var done = new CancellationTokenSource();
        var reader = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                var seen = await Lake.ReadAsync("manifest.json", default);
                Assert.Equal(100_000, seen.Length);
                Assert.Single(seen.Distinct());
            }
        });
        for (var i = 1; i <= 30; i++)
        {
            await Lake.ReplaceAsync("manifest.json", Bytes(i), default);
        }

        await done.CancelAsync();
        await reader;
        Assert.Equal(Bytes(30), await Lake.ReadAsync("manifest.json", default));
        Assert.Empty(_temp.Drafts);
    }

    [Fact]
    public async Task A_cancelled_write_creates_nothing_and_leaves_no_draft()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Lake.TryCreateAsync("a.bin", Bytes(1), new CancellationToken(true)));
        Assert.Empty(_temp.Contents);
    }

    [Fact]
    public async Task A_file_in_the_way_of_a_folder_is_one_line_and_leaves_no_draft()
    {
        await Lake.TryCreateAsync("bronze", new byte[] { 1 }, default);
        var create = await Assert.ThrowsAsync<LakeException>(() => Lake.TryCreateAsync("bronze/a.bin", new byte[] { 2 }, default));
        create.SaysInOneLine(Lake.FullPath("bronze/a.bin"));
        var replace = await Assert.ThrowsAsync<LakeException>(() => Lake.ReplaceAsync("bronze/a.bin", new byte[] { 2 }, default));
        replace.SaysInOneLine(Lake.FullPath("bronze/a.bin"));
        Assert.Equal(["bronze"], _temp.Contents.Keys);
    }

    [Fact]
    public async Task A_folder_in_the_way_of_a_manifest_is_one_line_and_leaves_no_draft()
    {
        await Lake.TryCreateAsync("gold/manifest.json/x", new byte[] { 1 }, default);
        var e = await Assert.ThrowsAsync<LakeException>(() => Lake.ReplaceAsync("gold/manifest.json", new byte[] { 2 }, default));
        e.SaysInOneLine(Lake.FullPath("gold/manifest.json"));
        Assert.Empty(_temp.Drafts);
    }

    [Fact]
    public async Task A_list_is_in_ordinal_order_with_forward_slashes_and_has_no_drafts()
    {
        foreach (var path in new[] { "s/b/2", "s/B/1", "s/a-1/9", "s/a/10", "s/a/1", "t/0" })
        {
            await Lake.TryCreateAsync(path, default, default);
        }

        Assert.Equal(["s/B/1", "s/a-1/9", "s/a/1", "s/a/10", "s/b/2"], Lake.List("s"));
        Assert.Empty(Lake.List("nothing"));
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var bytes = await Assert.ThrowsAsync<LakeException>(() => Lake.ReadAsync("gold/x.json", default));
        bytes.SaysInOneLine(Lake.FullPath("gold/x.json"));
        var table = await Assert.ThrowsAsync<LakeException>(() => Lake.ReadTableAsync("gold/x.parquet", null, default));
        table.SaysInOneLine(Lake.FullPath("gold/x.parquet"));
        Assert.Null(await Lake.TryReadAsync("gold/x.json", default));
    }

    private static byte[] Bytes(int of) => [.. Enumerable.Repeat((byte)of, 100_000)];
}
