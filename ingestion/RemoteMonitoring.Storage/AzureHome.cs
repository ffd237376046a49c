using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Storage;

/// <summary>
/// Where an Azure home is. All cohorts share a blob container, each a folder of it; each has a Cosmos DB database of its own, so
/// that it can be given to people, sized and deleted alone. Without connection strings, it signs in by <see cref="DefaultAzureCredential"/>:
/// managed identity in Azure, <c>az login</c> at a desk.
/// </summary>
public sealed record AzureHome
{
    /// <summary>
    /// The container's URL, <c>https://ACCOUNT.blob.core.windows.net/CONTAINER</c>, with a shared access signature or without; or the account's
    /// connection string; or the URL of a Key Vault secret that holds one of these. Versions and soft delete are to be off in the account.
    /// </summary>
    public required string Blobs { get; init; }

    /// <summary>The container, where <see cref="Blobs"/> is a connection string. Default <c>rmon</c>.</summary>
    public string BlobContainer { get; init; } = "rmon";

    /// <summary>The account's URL, <c>https://ACCOUNT.documents.azure.com/</c>; or its connection string; or the URL of a Key Vault secret that holds one of these.</summary>
    public required string Cosmos { get; init; }

    /// <summary>What the databases' names begin with: a cohort's is <c>{this}-{cohort}</c>. Default <c>rmon</c>.</summary>
    public string CosmosDatabase { get; init; } = "rmon";

    /// <summary>
    /// The key that erasures are kept by: 64 hex digits, or the URL of a Key Vault secret that holds them. Null where nothing was ever
    /// erased: the key must outlast this machine.
    /// </summary>
    public string? ErasureKey { get; init; }

    /// <summary>
    /// The key that decisions about models are signed with: 64 hex digits, or the URL of a Key Vault secret that holds them. Null where
    /// nobody decides or trains: the key must outlast this machine.
    /// </summary>
    public string? RegistryKey { get; init; }

    /// <summary>
    /// The key that patients are named by in addresses: 64 hex digits, or the URL of a Key Vault secret that holds them. Null where nobody
    /// serves pages or delivers follow-ups: the key must outlast this machine.
    /// </summary>
    public string? HandleKey { get; init; }

    /// <summary>A folder of this machine for what need not last.</summary>
    public required string Folder { get; init; }

    /// <summary>Who signs in. Default: <see cref="DefaultAzureCredential"/>.</summary>
    public TokenCredential Credential { get => field ??= new DefaultAzureCredential(); init; }

    /// <summary>How Key Vault is asked. Default: the client's own.</summary>
    public SecretClientOptions? Secrets { get; init; }

    /// <summary>What people are shown; it never shows a secret.</summary>
    public string Name => UrlOf(Blobs) is { } url ? url.GetLeftPart(UriPartial.Path) : $"container {BlobContainer}";

    /// <summary>A folder of the container for what is no cohort's, making the container where it is not there.</summary>
    /// <param name="folder">Its name, before which a full stop is put: no cohort's begins with one.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<Lake.Lake> OpenFolderAsync(string folder, CancellationToken cancellationToken)
    {
        var lake = await LakeAsync("." + folder, cancellationToken);
        await lake.EnsureCreatedAsync(cancellationToken);
        return lake;
    }

    internal async Task<LakeBlobs> LakeAsync(string folder, CancellationToken cancellationToken)
    {
        var blobs = await KeyVaultSecret.ResolveAsync(Blobs, "Blobs (--blobs, RMON_BLOBS)", Credential, Secrets, cancellationToken);
        if (UrlOf(blobs) is { } container && container.AbsolutePath.Trim('/') is { Length: > 0 } path && !path.Contains('/', StringComparison.Ordinal))
        {
            return LakeBlobs.At(container, Credential, folder);
        }

        return Parsed(blobs, "AccountName=", "BlobEndpoint=", "UseDevelopmentStorage=", text => LakeBlobs.WithConnectionString(text, BlobContainer, folder))
            ?? throw new LakeException("Blobs (--blobs, RMON_BLOBS) must be https://ACCOUNT.blob.core.windows.net/CONTAINER, a storage connection string, or https://VAULT.vault.azure.net/secrets/NAME.");
    }

    internal async Task<CosmosDocuments> DocumentsAsync(string cohort, CancellationToken cancellationToken)
    {
        var cosmos = await KeyVaultSecret.ResolveAsync(Cosmos, "Cosmos (--cosmos, RMON_COSMOS)", Credential, Secrets, cancellationToken);
        var database = $"{CosmosDatabase}-{cohort}";
        if (UrlOf(cosmos) is { AbsolutePath: "/", Query: "" } account)
        {
            return CosmosDocuments.At(account, Credential, database);
        }

        return Parsed(cosmos, "AccountEndpoint=", "AccountEndpoint=", "AccountEndpoint=", text => CosmosDocuments.WithConnectionString(text, database))
            ?? throw new LakeException("Cosmos (--cosmos, RMON_COSMOS) must be https://ACCOUNT.documents.azure.com/, a Cosmos DB connection string, or https://VAULT.vault.azure.net/secrets/NAME.");
    }

    internal async Task<ErasureKey?> ErasureKeyAsync(CancellationToken cancellationToken) => ErasureKey is { } text
        ? Erasure.ErasureKey.Parse(await KeyVaultSecret.ResolveAsync(text, "ErasureKey (RMON_ERASURE_KEY)", Credential, Secrets, cancellationToken), "ErasureKey (RMON_ERASURE_KEY)")
        : null;

    internal async Task<RegistryKey?> RegistryKeyAsync(CancellationToken cancellationToken) => RegistryKey is { } text
        ? Storage.Secrets.RegistryKey.Parse(await KeyVaultSecret.ResolveAsync(text, "RegistryKey (RMON_REGISTRY_KEY)", Credential, Secrets, cancellationToken), "RegistryKey (RMON_REGISTRY_KEY)")
        : null;

    internal async Task<HandleKey?> HandleKeyAsync(CancellationToken cancellationToken) => HandleKey is { } text
        ? Storage.Secrets.HandleKey.Parse(await KeyVaultSecret.ResolveAsync(text, "HandleKey (RMON_HANDLE_KEY)", Credential, Secrets, cancellationToken), "HandleKey (RMON_HANDLE_KEY)")
        : null;

    private static Uri? UrlOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps ? url : null;

    /// <summary>What a connection string makes; null where it is none, of which nothing is shown, for it may hold a key.</summary>
    private static T? Parsed<T>(string text, string one, string two, string three, Func<string, T> make)
        where T : class
    {
        try
        {
            return new[] { one, two, three }.Any(part => text.Contains(part, StringComparison.OrdinalIgnoreCase)) ? make(text) : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }
}
