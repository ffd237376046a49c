using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using RemoteMonitoring.Azurite;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Storage.Tests.Lake;
using RemoteMonitoring.Vault;

namespace RemoteMonitoring.Storage.Tests;

/// <summary>Settings of an Azure home, and secrets of them in a Key Vault that a handler in this process plays.</summary>
[Collection(SharedAzurite.Name)]
public sealed class AzureHomeTests(AzuriteFixture azurite)
{
    private const string CosmosKey = "AccountEndpoint=https://double.documents.azure.com/;AccountKey=";

    // The client remembers challenges by vault for the whole process: each test has a vault of its own.
    private readonly string _secret = $"https://v{RandomNumberGenerator.GetHexString(16, lowercase: true)}.vault.azure.net/secrets/blobs";

    [Theory]
    [InlineData("")]
    [InlineData("lake")]
    [InlineData("http://account.blob.core.windows.net/lake")]
    [InlineData("https://account.blob.core.windows.net/")]
    [InlineData("https://account.blob.core.windows.net/lake/folder")]
    [InlineData("AccountName=a;AccountKey=topsecret")]
    public async Task Blobs_that_are_no_container_are_one_line_that_says_which_setting_and_what_is_allowed(string blobs)
    {
        var e = await Assert.ThrowsAsync<LakeException>(() => CohortStore.OpenAsync(Home(blobs), "a", default));
        e.SaysInOneLine("RMON_BLOBS");
        Assert.Contains("https://ACCOUNT.blob.core.windows.net/CONTAINER", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("account")]
    [InlineData("https://account.documents.azure.com/database")]
    [InlineData("AccountEndpoint=nowhere;AccountKey=topsecret")]
    [InlineData("AccountEndpoint=https://account.documents.azure.com/;AccountKey=topsecret!")]
    [InlineData("AccountEndpoint=https://account.documents.azure.com/")]
    public async Task Cosmos_that_is_no_account_is_one_line_that_says_which_setting_and_what_is_allowed(string cosmos)
    {
        var e = await Assert.ThrowsAsync<LakeException>(() => CohortStore.OpenAsync(Home(azurite.ConnectionString()) with { Cosmos = cosmos }, "a", default));
        e.SaysInOneLine("RMON_COSMOS");
        Assert.DoesNotContain("topsecret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_form_of_settings_is_looked_at_without_asking_anybody()
    {
        using var account = new TcpListener(IPAddress.Loopback, 0);
        account.Start();
        var cosmos = $"AccountEndpoint=https://127.0.0.1:{((IPEndPoint)account.LocalEndpoint).Port}/;AccountKey={Convert.ToBase64String(new byte[64])}";
        Assert.Empty(AzureHome.FaultsOf(name => name switch { "RMON_BLOBS" => "https://account.blob.core.windows.net/lake", "RMON_COSMOS" => cosmos, _ => null }));
        await Task.Delay(500);
        Assert.False(account.Pending());
    }

    [Fact]
    public async Task A_name_that_is_no_folder_is_refused() =>
        (await Assert.ThrowsAsync<LakeException>(() => CohortStore.OpenAsync(Home("x"), "../a", default))).SaysInOneLine("cannot be the name of a cohort");

    [Fact]
    public async Task Cohorts_are_the_folders_of_the_container_and_a_secret_may_say_where_it_is()
    {
        using var vault = new FakeVault(azurite.ConnectionString());
        var container = await azurite.NewContainerAsync();
        var lake = LakeBlobs.WithConnectionString(azurite.ConnectionString(), container);
        foreach (var path in new[] { "tihm/bronze/a", "a b/x", ".hidden/x", "simulated/gold/b" })
        {
            await lake.TryCreateAsync(path, new byte[] { 1 }, default);
        }

        Assert.Equal(["simulated", "tihm"], await CohortStore.ListAsync(Home(_secret) with { BlobContainer = container, Credential = new FakeToken(), Secrets = vault.Options }, default));
        Assert.Equal(["GET /secrets/blobs none", "GET /secrets/blobs Bearer token-for-https://vault.azure.net/.default"], vault.Seen);
    }

    [Fact]
    public async Task A_folder_that_is_no_cohorts_is_made_with_the_container_and_listed_as_none()
    {
        var home = Home(azurite.ConnectionString()) with { BlobContainer = $"made-{RandomNumberGenerator.GetHexString(16, lowercase: true)}" };
        var folder = await home.OpenFolderAsync("workflows", default);
        Assert.True(await folder.TryCreateAsync("instances/a/1", new byte[] { 1 }, default));
        Assert.True(await (await home.OpenFolderAsync("workflows", default)).ExistsAsync("instances/a/1", default));
        Assert.Empty(await CohortStore.ListAsync(home, default));
    }

    [Fact]
    public async Task A_secret_of_a_version_is_asked_for_by_it()
    {
        using var vault = new FakeVault("v");
        Assert.Equal("v", await KeyVaultSecret.ResolveAsync(_secret + "/0123", "Blobs", new FakeToken(), vault.Options, default));
        Assert.StartsWith("GET /secrets/blobs/0123", vault.Seen[0], StringComparison.Ordinal);
        Assert.Equal("plain", await KeyVaultSecret.ResolveAsync("plain", "Blobs", new FakeToken(), vault.Options, default));
        Assert.Equal("https://account.documents.azure.com/", await KeyVaultSecret.ResolveAsync("https://account.documents.azure.com/", "Cosmos", new FakeToken(), vault.Options, default));
    }

    [Theory]
    [InlineData("https://vault.azure.net", 404, "no such secret")]
    [InlineData("https://vault.azure.net", 403, "Key Vault Secrets User")]
    [InlineData("https://somebody-elses.example", 200, "does not match")]
    public async Task A_secret_that_cannot_be_had_is_one_line_that_names_setting_and_secret(string resource, int status, string says)
    {
        using var vault = new FakeVault("v") { Resource = resource, Status = (HttpStatusCode)status };
        var e = await Assert.ThrowsAsync<LakeException>(() => KeyVaultSecret.ResolveAsync(_secret, "Blobs", new FakeToken(), vault.Options, default));
        e.SaysInOneLine(_secret);
        Assert.StartsWith("Blobs: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_of_the_registry_comes_from_the_vault_and_what_is_none_is_one_line_without_it()
    {
        using var vault = new FakeVault(new string('a', 64));
        var home = Home("x") with { RegistryKey = _secret, Credential = new FakeToken(), Secrets = vault.Options };
        Assert.Equal(RegistryKey.Parse(new string('A', 64), "here").Id, (await home.RegistryKeyAsync(default))!.Id);
        Assert.Null(await Home("x").RegistryKeyAsync(default));
        var e = await Assert.ThrowsAsync<LakeException>(() => (Home("x") with { RegistryKey = "0123topsecret" }).RegistryKeyAsync(default));
        e.SaysInOneLine("RMON_REGISTRY_KEY");
        Assert.DoesNotContain("topsecret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_in_a_vault_but_no_secret_is_one_line() =>
        (await Assert.ThrowsAsync<LakeException>(() => KeyVaultSecret.ResolveAsync("https://vault.vault.azure.net/keys/k", "Blobs", new FakeToken(), null, default))).SaysInOneLine("/secrets/NAME");

    private static AzureHome Home(string blobs) => new() { Blobs = blobs, Cosmos = CosmosKey + Convert.ToBase64String(new byte[64]), Folder = Path.GetTempPath() };
}
