using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class FeedFolderTests : IDisposable
{
    private const string Header = """{"schemaVersion":1,"cohort":"test","source":"s","epoch":"e1","imported":true,"sourceDelay":"none","partitions":1,"messages":2}""";
    private readonly TempHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_whole_feed_opens_with_its_files()
    {
        var folder = _home.WriteFeed(TempHome.Messages(0, 2), 2, Header, (ReferenceKinds.Teams, ""));
        var feed = FeedFolder.Open(folder, null, imported: false);
        Assert.Equal(("test", "e1", true, 2L), (feed.Cohort, feed.Epoch, feed.Imported, feed.Messages));
        Assert.Equal(Path.Combine(folder, "messages", "00.ndjson"), Assert.Single(feed.MessageFiles));
        Assert.Equal([ReferenceKinds.Teams], feed.ReferenceFiles.Keys);
    }

    [Fact]
    public void A_lone_file_is_a_stream_by_its_name_in_a_cohort_that_is_named()
    {
        var first = FeedFolder.Open(_home.Write("a/m.ndjson", ""), "c", imported: false);
        Assert.Equal(first.Epoch, FeedFolder.Open(_home.Write("b/m.ndjson", ""), "c", imported: false).Epoch);
        Assert.NotEqual(first.Epoch, FeedFolder.Open(_home.Write("b/n.ndjson", ""), "c", imported: false).Epoch);
        Says("--cohort", _home.Write("m.ndjson", ""));
    }

    [Fact]
    public void A_path_where_nothing_is_and_a_folder_without_a_header_are_told()
    {
        Says("there is no such file or folder", Path.Combine(_home.Root, "nothing"));
        Says("has no feed.json", Directory.CreateDirectory(Path.Combine(_home.Root, "empty")).FullName);
    }

    [Theory]
    [InlineData("", "not a feed header")]
    [InlineData("null", "not a feed header")]
    [InlineData("[1]", "not a feed header")]
    [InlineData("{\"schemaVersion\":1,", "not a feed header")]
    [InlineData("{\"schemaVersion\":1}", "not a feed header")]
    [InlineData("{\"schemaVersion\":2,\"cohort\":\"c\",\"somethingNew\":{}}", "schema version 2; this version reads 1")]
    [InlineData("{\"schemaVersion\":\"1\"}", "schema version \"1\"")]
    public void A_header_that_cannot_be_read_is_one_line_that_names_it(string header, string expected) =>
        Says(expected, _home.WriteFeed("", 0, header), Path.Combine(_home.Root, "feed", Feed.FileName));

    [Theory]
    [InlineData("\"test\"", "\"../../elsewhere\"", "the cohort '../../elsewhere'")]
    [InlineData("\"e1\"", "\"a/b\"", "the epoch 'a/b'")]
    [InlineData("\"e1\"", "\"\"", "the epoch ''")]
    [InlineData("\"partitions\":1", "\"partitions\":-1", "promises -1 partitions")]
    public void A_header_whose_names_are_no_folders_is_refused(string from, string to, string expected) =>
        Says(expected, _home.WriteFeed("", 0, Header.Replace(from, to, StringComparison.Ordinal)), Path.Combine(_home.Root, "feed", Feed.FileName));

    [Fact]
    public void A_partition_whose_file_is_missing_is_told() =>
        Says("the file of partition 1 is missing", _home.WriteFeed("", 0, Header.Replace("\"partitions\":1", "\"partitions\":2", StringComparison.Ordinal)));

    private static void Says(string expected, string path, string? names = null)
    {
        var e = Assert.Throws<LakeException>(() => FeedFolder.Open(path, null, imported: false));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.StartsWith(names ?? path, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
