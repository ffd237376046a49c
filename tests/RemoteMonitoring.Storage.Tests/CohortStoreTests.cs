using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests;

public sealed class CohortStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-home-").FullName;

    private string Home => Path.Combine(_root, "home");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_home_that_is_not_there_has_no_cohorts() => Assert.Empty(CohortStore.List(Home));

    [Fact]
    public void Cohorts_are_listed_by_name_and_other_folders_are_not()
    {
        foreach (var cohort in new[] { "tihm", "physionet2012", "Praxis-Müller_1.2" })
        {
            CohortStore.Open(Home, cohort).Dispose();
        }

        Directory.CreateDirectory(Path.Combine(Home, "notes"));
        File.WriteAllText(Path.Combine(Home, "readme.txt"), "");
        Assert.Equal(["Praxis-Müller_1.2", "physionet2012", "tihm"], CohortStore.List(Home));
    }

    [Fact]
    public async Task Opening_again_finds_what_was_there_and_cohorts_are_apart()
    {
        using (var store = CohortStore.Open(Home, "a"))
        {
            await store.Lake.TryCreateAsync("x", new byte[] { 1 }, default);
            store.Documents.Upsert("c", [new Document { PartitionKey = "p", Id = "i", Body = "1" }]);
            await store.Reference.AppendAsync("contacts", new byte[] { 10 }, default);
        }

        using var again = CohortStore.Open(Home, "a");
        using var other = CohortStore.Open(Home, "b");
        Assert.Equal("a", again.Cohort);
        Assert.True(again.Lake.Exists("x"));
        Assert.Equal(1, again.Documents.Count("c"));
        Assert.Equal(1, again.Reference.Position()["contacts"]);
        Assert.False(other.Lake.Exists("x"));
        Assert.Equal(0, other.Documents.Count("c"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../elsewhere")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData(".hidden")]
    [InlineData("with space")]
    [InlineData("nul\0")]
    public void A_name_that_is_no_folder_of_the_home_is_refused_and_makes_nothing(string cohort)
    {
        Assert.Contains("cannot be the name of a cohort", Assert.Throws<LakeException>(() => CohortStore.Open(Home, cohort)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void A_file_in_the_place_of_the_home_is_one_line()
    {
        File.WriteAllText(Home, "");
        Assert.Throws<LakeException>(() => CohortStore.Open(Home, "a")).SaysInOneLine(Home);
    }

    [Fact]
    public void A_document_store_that_is_no_database_is_one_line()
    {
        CohortStore.Open(Home, "a").Dispose();
        var file = Path.Combine(Home, "a", "documents.db");
        File.WriteAllBytes(file, [.. Enumerable.Repeat((byte)1, 5_000)]);
        Assert.Throws<LakeException>(() => CohortStore.Open(Home, "a")).SaysInOneLine(file);
    }
}
