using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using RemoteMonitoring.Azurite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Lake;

/// <summary>Test classes that share one Azurite.</summary>
[CollectionDefinition(Name)]
public sealed class SharedAzurite : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "Azurite";
}

/// <summary>The contract against Azurite, and what only a blob container can be.</summary>
[Collection(SharedAzurite.Name)]
public sealed class LakeBlobsTests(AzuriteFixture azurite) : LakeContract, IAsyncLifetime
{
    private string _name = "";

    private BlobContainerClient Container => new(azurite.ConnectionString(), _name, LakeBlobs.Options());

    public async Task InitializeAsync() => _name = await azurite.NewContainerAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    protected override Storage.Lake.Lake Open() => LakeBlobs.WithConnectionString(azurite.ConnectionString(), _name, "cohort");

    [Fact]
    public void Its_names_are_urls_without_signature()
    {
        Assert.Equal($"{azurite.Address}{AzuriteFixture.Account}/{_name}/cohort/gold/a.bin", Open().NameOf("gold/a.bin"));
        Assert.Equal($"{azurite.Address}{AzuriteFixture.Account}/{_name}/cohort", Open().NameOf(""));
        var signed = new Uri("https://account.blob.core.windows.net/lake?sv=2024&sig=secret");
        Assert.Equal("https://account.blob.core.windows.net/lake/a", new LakeBlobs(new BlobContainerClient(signed)).NameOf("a"));
        Assert.Equal("https://account.blob.core.windows.net/lake", new LakeBlobs(new BlobContainerClient(signed)).NameOf(""));
    }

    [Fact]
    public async Task Lakes_in_two_folders_of_a_container_are_apart()
    {
        var (one, two) = (new LakeBlobs(Container, "one"), new LakeBlobs(Container, "one2"));
        Assert.True(await one.TryCreateAsync("a", new byte[] { 1 }, default));
        Assert.True(await two.TryCreateAsync("a", new byte[] { 2 }, default));
        Assert.Equal(["a"], await one.ListAsync("", default));
        Assert.Equal(["one/a", "one2/a"], await new LakeBlobs(Container).ListAsync("", default));
        Assert.Equal(["one", "one2"], await new LakeBlobs(Container).FoldersAsync(default));
    }

    [Fact]
    public async Task Of_large_files_that_race_in_blocks_one_is_created_whole()
    {
        var lakes = Enumerable.Range(0, 4).Select(_ => new LakeBlobs(Container, mostInOnePut: 1 << 20)).ToArray();
        var contents = lakes.Select((_, i) => Enumerable.Repeat((byte)i, 17 << 20).ToArray()).ToArray();
        var created = await Task.WhenAll(lakes.Select((lake, i) => Task.Run(() => lake.TryCreateAsync("big", contents[i], default))));
        Assert.Single(created, c => c);
        Assert.Equal(contents[Array.IndexOf(created, true)], await lakes[0].ReadAsync("big", default));
        Assert.False(await lakes[1].TryCreateAsync("big", contents[1], default));
    }

    [Fact]
    public async Task A_folder_of_a_hierarchical_namespace_is_no_file()
    {
        // Such an account lists its folders as empty blobs with this metadata.
        await Container.GetBlobClient("cohort/gold").UploadAsync(BinaryData.FromString(""), new BlobUploadOptions { Metadata = new Dictionary<string, string> { ["hdi_isfolder"] = "true" } });
        await Open().TryCreateAsync("gold/a", new byte[] { 1 }, default);
        Assert.Equal(["gold/a"], await Open().ListAsync("", default));
        Assert.False(await Open().ExistsAsync("gold", default));
        Assert.Null(await Open().TryReadAsync("gold", default));
        (await Assert.ThrowsAsync<LakeException>(() => Open().OpenReadAsync("gold", default))).SaysInOneLine(Open().NameOf("gold"));
    }

    [Fact]
    public async Task A_file_is_deleted_with_its_snapshots()
    {
        await Open().TryCreateAsync("a", new byte[] { 1 }, default);
        await Container.GetBlobClient("cohort/a").CreateSnapshotAsync();
        Assert.True(await Open().DeleteAsync("a", default));
        Assert.Empty(await Container.GetBlobsAsync(BlobTraits.None, BlobStates.All, "", default).ToArrayAsync());
    }

    [Fact]
    public async Task A_reader_of_a_file_that_is_replaced_or_deleted_meanwhile_gets_no_mixture()
    {
        await Open().ReplaceAsync("a", new byte[3 << 20], default);
        await using var replaced = await Open().OpenReadAsync("a", default);
        await Open().ReplaceAsync("a", Enumerable.Repeat((byte)1, 3 << 20).ToArray(), default);
        replaced.Position = 2 << 20;
        (await Assert.ThrowsAsync<LakeException>(async () => await replaced.ReadExactlyAsync(new byte[10]))).SaysInOneLine(Open().NameOf("a"));
        await using var deleted = await Open().OpenReadAsync("a", default);
        await Open().DeleteAsync("a", default);
        deleted.Position = 2 << 20;
        Assert.Throws<LakeException>(() => deleted.ReadByte()).SaysInOneLine(Open().NameOf("a"));
    }

    [Fact]
    public async Task A_container_that_is_not_there_is_one_line_until_it_is_made()
    {
        var lake = LakeBlobs.WithConnectionString(azurite.ConnectionString(), _name + "-new");
        foreach (var call in new Func<Task>[] { () => lake.ListAsync("", default), () => lake.TryReadAsync("a", default), () => lake.TryCreateAsync("a", new byte[] { 1 }, default) })
        {
            var e = await Assert.ThrowsAsync<LakeException>(call);
            e.SaysInOneLine(lake.NameOf("").TrimEnd('/'));
            Assert.Contains("no such container", e.Message, StringComparison.Ordinal);
        }

        await lake.EnsureCreatedAsync(default);
        await lake.EnsureCreatedAsync(default);
        Assert.True(await lake.TryCreateAsync("a", new byte[] { 1 }, default));
    }

    [Fact]
    public async Task A_wrong_key_is_one_line_that_says_which_role_is_needed_and_no_key()
    {
        var wrong = azurite.ConnectionString().Replace(AzuriteFixture.Key, Convert.ToBase64String(new byte[64]), StringComparison.Ordinal);
        var e = await Assert.ThrowsAsync<LakeException>(() => LakeBlobs.WithConnectionString(wrong, _name).TryCreateAsync("a", new byte[] { 1 }, default));
        e.SaysInOneLine("Storage Blob Data Contributor");
        Assert.DoesNotContain("AAAA", e.Message, StringComparison.Ordinal);
    }
}
