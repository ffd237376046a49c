using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests;

public sealed class HomeFormatTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-format-").FullName;

    private string Folder => Path.Combine(_root, "a");

    private string Marker => Path.Combine(Folder, HomeFormat.MarkerName);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_new_home_says_its_version_from_the_start()
    {
        Assert.Null(HomeFormat.VersionOf(Folder));
        await CohortStore.Open(_root, "a").DisposeAsync();
        Assert.Equal(HomeFormat.Current.Version, HomeFormat.VersionOf(Folder));
        Assert.Equal("""{"schemaVersion":2}""", File.ReadAllText(Marker).Trim());
    }

    [Fact]
    public async Task A_home_of_before_there_were_versions_is_brought_up_to_date_and_keeps_all_it_has()
    {
        await MakeOldAsync();
        var before = Contents();
        Assert.Equal(1, HomeFormat.VersionOf(Folder));
        await using (var store = CohortStore.Open(_root, "a"))
        {
            Assert.Equal(1, await store.Documents.CountAsync("c", default));
            Assert.Equal(new byte[] { 7 }, await store.Lake.ReadAsync("bronze/x", default));
        }

        Assert.Equal(2, HomeFormat.VersionOf(Folder));
        Assert.Equal(before, Contents());
        Assert.Empty(HomeFormat.Current.Prepare(Folder));
    }

    [Fact]
    public async Task A_home_of_a_newer_version_is_refused_in_one_line_and_nothing_in_it_is_touched()
    {
        await MakeOldAsync();
        File.WriteAllText(Marker, """{"schemaVersion":3,"something":"else"}""");
        var before = Contents(Directory.EnumerateFileSystemEntries(_root, "*", SearchOption.AllDirectories));
        var fault = Assert.Throws<LakeException>(() => CohortStore.Open(_root, "a"));
        fault.SaysInOneLine(Folder);
        Assert.Contains("is a home of version 3; this program opens up to 2. Update the program", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, Contents(Directory.EnumerateFileSystemEntries(_root, "*", SearchOption.AllDirectories)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"schemaVersion":"2"}""")]
    [InlineData("""{"schemaVersion":0}""")]
    [InlineData("""{"schemaVersion":99999999999}""")]
    public void A_marker_that_says_nothing_is_one_line(string text)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Marker, text);
        Assert.Throws<LakeException>(() => CohortStore.Open(_root, "a")).SaysInOneLine(Marker);
    }

    [Fact]
    public async Task Steps_are_done_in_order_and_one_that_was_stopped_is_begun_anew_where_it_stopped()
    {
        await MakeOldAsync();
        var said = new List<string>();
        var dies = true;
        HomeUpgrade Step(int from, bool mayDie = false) => new(from, $"from {from}", folder =>
        {
            Assert.Equal(from, HomeFormat.VersionOf(folder));
            said.Add($"{from}");
            if (mayDie && dies)
            {
                throw new IOException("the power went");
            }
        });
        var format = new HomeFormat([Step(1), Step(2, mayDie: true), Step(3)]);
        Assert.Throws<IOException>(() => format.Prepare(Folder));
        Assert.Equal(2, HomeFormat.VersionOf(Folder));
        dies = false;
        Assert.Equal([2, 3], format.Prepare(Folder).Select(s => s.From));
        Assert.Equal(4, HomeFormat.VersionOf(Folder));
        Assert.Empty(format.Prepare(Folder));
        Assert.Equal(["1", "2", "2", "3"], said);
        Assert.DoesNotContain(Directory.EnumerateFiles(Folder), f => f.EndsWith(".draft", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_many_that_open_an_old_home_at_once_one_brings_it_up_to_date()
    {
        await MakeOldAsync();
        var applied = 0;
        var format = new HomeFormat([new HomeUpgrade(1, "once", _ => Interlocked.Increment(ref applied))]);
        await Parallel.ForAsync(0, 8, async (_, _) => await Task.Run(() => format.Prepare(Folder)));
        Assert.Equal((1, 2), (applied, HomeFormat.VersionOf(Folder)));
    }

    [Fact]
    public void Steps_that_leave_a_version_out_are_refused() =>
        Assert.Throws<ArgumentException>(() => new HomeFormat([new HomeUpgrade(1, "", _ => { }), new HomeUpgrade(3, "", _ => { })]));

    /// <summary>The folder as the program wrote it before it had a marker.</summary>
    private async Task MakeOldAsync()
    {
        var lake = new LakeDirectory(Path.Combine(Folder, "lake"));
        await lake.TryCreateAsync("bronze/x", new byte[] { 7 }, default);
        await using var documents = new SqliteDocuments(Path.Combine(Folder, "documents.db"));
        await documents.UpsertAsync("c", [new Document { PartitionKey = "p", Id = "i", Body = "{}" }], default);
    }

    private SortedDictionary<string, string> Contents() =>
        Contents(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) is not (HomeFormat.MarkerName or "home.lock" or LocalDocuments.AccessFile)));

    private static SortedDictionary<string, string> Contents(IEnumerable<string> paths) =>
        new(paths.ToDictionary(p => p, p => Directory.Exists(p) ? "" : $"{LakeDirectory.Hash(File.ReadAllBytes(p))} {File.GetLastWriteTimeUtc(p):O}"), StringComparer.Ordinal);
}
