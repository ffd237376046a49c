using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Lake;

/// <summary>The contract, and what only a directory can do or leave behind.</summary>
public sealed class LakeDirectoryTests : LakeContract, IDisposable
{
    private readonly TempLake _temp = new();

    private LakeDirectory Lake => _temp.Lake;

    public void Dispose()
    {
        // Whatever a test did, it left no draft.
        var drafts = _temp.Drafts.ToArray();
        _temp.Dispose();
        Assert.Empty(drafts);
    }

    protected override Storage.Lake.Lake Open() => new LakeDirectory(Lake.Root);

    [Fact]
    public void Its_names_are_paths_of_this_machine()
    {
        Assert.Equal(Path.Combine(_temp.Root, "lake", "bronze", "a.bin"), Lake.NameOf("bronze/a.bin"));
        Assert.Equal(Lake.Root, Lake.NameOf(""));
    }

    [Fact]
    public async Task A_file_in_the_way_of_a_folder_is_one_line_and_changes_nothing()
    {
        await Lake.TryCreateAsync("bronze", new byte[] { 1 }, default);
        var create = await Assert.ThrowsAsync<LakeException>(() => Lake.TryCreateAsync("bronze/a.bin", new byte[] { 2 }, default));
        create.SaysInOneLine(Lake.FullPath("bronze/a.bin"));
        var replace = await Assert.ThrowsAsync<LakeException>(() => Lake.ReplaceAsync("bronze/a.bin", new byte[] { 2 }, default));
        replace.SaysInOneLine(Lake.FullPath("bronze/a.bin"));
        Assert.Equal(["bronze"], _temp.Contents.Keys);
    }

    [Fact]
    public async Task A_folder_in_the_way_of_a_manifest_is_one_line_and_is_no_file()
    {
        await Lake.TryCreateAsync("gold/manifest.json/x", new byte[] { 1 }, default);
        var e = await Assert.ThrowsAsync<LakeException>(() => Lake.ReplaceAsync("gold/manifest.json", new byte[] { 2 }, default));
        e.SaysInOneLine(Lake.FullPath("gold/manifest.json"));
        Assert.Null(await Lake.TryReadAsync("gold/manifest.json", default));
        Assert.False(await Lake.ExistsAsync("gold/manifest.json", default));
        Assert.False(await Lake.DeleteAsync("gold/manifest.json", default));
    }

    [Fact]
    public async Task A_reader_of_a_file_that_is_deleted_meanwhile_reads_it_to_its_end()
    {
        await Lake.TryCreateAsync("a.bin", Bytes(7), default);
        await using var stream = await Lake.OpenReadAsync("a.bin", default);
        await Lake.DeleteAsync("a.bin", default);
        var read = new byte[100_000];
        await stream.ReadExactlyAsync(read);
        Assert.Equal(Bytes(7), read);
    }

    [Fact]
    public void Drafts_that_a_killed_process_left_are_deleted_after_a_day_and_others_stay()
    {
        var now = new DateTimeOffset(2025, 1, 31, 12, 0, 0, TimeSpan.Zero);
        var drafts = Path.Combine(Lake.Root, ".drafts");
        foreach (var (name, age) in new[] { ("old", 24.1), ("new", 23.9), ("of a clock ahead", -5) })
        {
            File.WriteAllText(Path.Combine(drafts, name), "half");
            File.SetLastWriteTimeUtc(Path.Combine(drafts, name), now.UtcDateTime.AddHours(-age));
        }

        _ = new LakeDirectory(Lake.Root, new SetTime(now));
        Assert.Equal(["new", "of a clock ahead"], _temp.Drafts.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        _ = new LakeDirectory(Lake.Root, new SetTime(now.AddDays(3)));
    }

    private sealed class SetTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
