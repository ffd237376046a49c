using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Tests;

public sealed class CohortStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-home-").FullName;

    private string Home => Path.Combine(_root, "home");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_home_that_is_not_there_has_no_cohorts() => Assert.Empty(CohortStore.List(Home));

    [Fact]
    public async Task Cohorts_are_listed_by_name_and_other_folders_are_not()
    {
        foreach (var cohort in new[] { "tihm", "physionet2012", "Praxis-Müller_1.2" })
        {
            await CohortStore.Open(Home, cohort).DisposeAsync();
        }

        Directory.CreateDirectory(Path.Combine(Home, "notes"));
        File.WriteAllText(Path.Combine(Home, "readme.txt"), "");
        Assert.Equal(["Praxis-Müller_1.2", "physionet2012", "tihm"], CohortStore.List(Home));
    }

    [Fact]
    public async Task Opening_again_finds_what_was_there_and_cohorts_are_apart()
    {
        await using (var store = CohortStore.Open(Home, "a"))
        {
            await store.Lake.TryCreateAsync("x", new byte[] { 1 }, default);
            await store.Documents.UpsertAsync("c", [new Document { PartitionKey = "p", Id = "i", Body = "{}" }], default);
            await store.Reference.AppendAsync("contacts", new byte[] { 10 }, default);
        }

        await using var again = CohortStore.Open(Home, "a");
        await using var other = CohortStore.Open(Home, "b");
        Assert.Equal("a", again.Cohort);
        Assert.True(await again.Lake.ExistsAsync("x", default));
        Assert.Equal(1, await again.Documents.CountAsync("c", default));
        Assert.Equal(1, (await again.Reference.PositionAsync(default))["contacts"]);
        Assert.False(await other.Lake.ExistsAsync("x", default));
        Assert.Equal(0, await other.Documents.CountAsync("c", default));
    }

    [Fact]
    public async Task A_cohort_of_other_stores_uses_those_and_closes_its_documents()
    {
        var lake = new LakeDirectory(Path.Combine(_root, "a lake elsewhere"));
        var documents = new SqliteDocuments(Path.Combine(_root, "elsewhere.db"));
        await using (var store = new CohortStore("a", lake, documents, Path.Combine(_root, "scratch")))
        {
            await store.Reference.AppendAsync("contacts", new byte[] { 10 }, default);
            Assert.Same(documents, store.Documents);
            Assert.Equal(["bronze/reference/contacts/00000000000000000001.ndjson"], await lake.ListAsync("", default));
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => documents.CountAsync("c", default));
    }

    [Fact]
    public async Task A_cohort_with_retries_is_the_same_cohort()
    {
        await using var store = CohortStore.Open(Home, "a");
        var again = store.WithRetries(new RetryOptions());
        await again.Reference.AppendAsync("contacts", new byte[] { 10 }, default);
        await again.Documents.UpsertAsync("c", [new Document { PartitionKey = "p", Id = "i", Body = "{}" }], default);
        Assert.Equal((store.Cohort, store.Folder), (again.Cohort, again.Folder));
        Assert.Equal(store.Lake.NameOf("x"), again.Lake.NameOf("x"));
        Assert.Equal(1, (await store.Reference.PositionAsync(default))["contacts"]);
        Assert.Equal(1, await store.Documents.CountAsync("c", default));
        Assert.Equal(store.ErasureKeyFile, again.ErasureKeyFile);
        Assert.Null(store.FindRegistryKey());
        Assert.Equal(store.MakeRegistryKey().Id, again.FindRegistryKey()!.Id);
    }

    [Fact]
    public async Task Of_many_who_make_the_registrys_key_at_once_all_have_the_same_and_its_signatures_are_of_what_was_signed()
    {
        await using var store = CohortStore.Open(Home, "a");
        var keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(store.MakeRegistryKey)));
        Assert.Single(keys.Select(k => k.Id).Distinct());
        Assert.Equal(["registry.key"], Directory.GetFiles(store.Folder, "registry.key*").Select(Path.GetFileName));
        var signature = keys[0].Sign("a", [1, 2, 3]);
        Assert.True(keys[1].Verifies(signature, "a", [1, 2, 3]));
        Assert.False(keys[1].Verifies(signature, "b", [1, 2, 3]));
        Assert.False(keys[1].Verifies(signature, "a", [1, 2, 4]));
        Assert.False(keys[1].Verifies(signature[1..], "a", [1, 2, 3]));
        File.WriteAllText(store.RegistryKeyFile, "no key");
        Assert.StartsWith($"{store.RegistryKeyFile}: is no key of the registry", Assert.Throws<LakeException>(store.FindRegistryKey).Message, StringComparison.Ordinal);
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
    public async Task A_document_store_that_is_no_database_is_one_line()
    {
        await CohortStore.Open(Home, "a").DisposeAsync();
        var file = Path.Combine(Home, "a", "documents.db");
        File.WriteAllBytes(file, [.. Enumerable.Repeat((byte)1, 5_000)]);
        Assert.Throws<LakeException>(() => CohortStore.Open(Home, "a")).SaysInOneLine(file);
    }
}
