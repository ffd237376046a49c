using System.Data.Common;
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
    private const string BlobsName = "Blobs (--blobs, RMON_BLOBS)";
    private const string CosmosName = "Cosmos (--cosmos, RMON_COSMOS)";
    private const string ErasureKeyName = "ErasureKey (RMON_ERASURE_KEY)";
    private const string RegistryKeyName = "RegistryKey (RMON_REGISTRY_KEY)";
    private const string HandleKeyName = "HandleKey (RMON_HANDLE_KEY)";

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

    /// <summary>The home that settings name, null where they name none or half of one; what is wrong with it is said by <see cref="FaultsOf"/>.</summary>
    /// <param name="setting">Finds a setting.</param>
    /// <param name="folder">A folder of this machine for what need not last.</param>
    public static AzureHome? Of(Func<string, string?> setting, string folder)
    {
        string? Set(string name) => setting(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;
        return Set("RMON_BLOBS") is { } blobs && Set("RMON_COSMOS") is { } cosmos
            ? new AzureHome { Blobs = blobs, Cosmos = cosmos, Folder = folder, ErasureKey = Set("RMON_ERASURE_KEY"), RegistryKey = Set("RMON_REGISTRY_KEY"), HandleKey = Set("RMON_HANDLE_KEY") }
            : null;
    }

    /// <summary>What is wrong with the form of such settings, a line each; none where they name no home, or a sound one. Nothing is asked over the network.</summary>
    public static IReadOnlyList<string> FaultsOf(Func<string, string?> setting)
    {
        if (Of(setting, "") is not { } home)
        {
            return string.IsNullOrWhiteSpace(setting("RMON_BLOBS")) == string.IsNullOrWhiteSpace(setting("RMON_COSMOS")) ? []
                : [$"An Azure home needs {(string.IsNullOrWhiteSpace(setting("RMON_BLOBS")) ? "--blobs or RMON_BLOBS" : "--cosmos or RMON_COSMOS")} too."];
        }

        (string? Value, string Name, Action<string> Read)[] all =
        [
            (home.Blobs, BlobsName, blobs => home.LakeOf(blobs, "")),
            (home.Cosmos, CosmosName, cosmos => AccountOf(cosmos)),
            (home.ErasureKey, ErasureKeyName, key => Erasure.ErasureKey.Parse(key, ErasureKeyName)),
            (home.RegistryKey, RegistryKeyName, key => Storage.Secrets.RegistryKey.Parse(key, RegistryKeyName)),
            (home.HandleKey, HandleKeyName, key => Storage.Secrets.HandleKey.Parse(key, HandleKeyName)),
        ];
        var faults = new List<string>();
        foreach (var (value, name, read) in all)
        {
            try
            {
                if (value is not null && KeyVaultSecret.Find(value, name) is null)
                {
                    read(value);
                }
            }
            catch (LakeException e)
            {
                faults.Add(e.Message);
            }
        }

        return faults;
    }

    internal async Task<LakeBlobs> LakeAsync(string folder, CancellationToken cancellationToken) =>
        LakeOf(await KeyVaultSecret.ResolveAsync(Blobs, BlobsName, Credential, Secrets, cancellationToken), folder);

    private LakeBlobs LakeOf(string blobs, string folder)
    {
        if (UrlOf(blobs) is { } container && container.AbsolutePath.Trim('/') is { Length: > 0 } path && !path.Contains('/', StringComparison.Ordinal))
        {
            return LakeBlobs.At(container, Credential, folder);
        }

        return Parsed(blobs, "AccountName=", "BlobEndpoint=", "UseDevelopmentStorage=", text => LakeBlobs.WithConnectionString(text, BlobContainer, folder))
            ?? throw new LakeException("Blobs (--blobs, RMON_BLOBS) must be https://ACCOUNT.blob.core.windows.net/CONTAINER, a storage connection string, or https://VAULT.vault.azure.net/secrets/NAME.");
    }

    internal async Task<CosmosDocuments> DocumentsAsync(string cohort, CancellationToken cancellationToken) =>
        DocumentsOf(await KeyVaultSecret.ResolveAsync(Cosmos, CosmosName, Credential, Secrets, cancellationToken), cohort);

    private CosmosDocuments DocumentsOf(string cosmos, string cohort)
    {
        var database = $"{CosmosDatabase}-{cohort}";
        return AccountOf(cosmos) is { } account ? CosmosDocuments.At(account, Credential, database) : CosmosDocuments.WithConnectionString(cosmos, database);
    }

    /// <summary>The account's URL, null where it is a connection string; what is neither throws. By its form: a client would begin to read the account as it is made.</summary>
    private static Uri? AccountOf(string cosmos)
    {
        if (UrlOf(cosmos) is { AbsolutePath: "/", Query: "" } account)
        {
            return account;
        }

        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = cosmos };
            if (parts.TryGetValue("AccountEndpoint", out var endpoint) && Uri.TryCreate(endpoint as string, UriKind.Absolute, out var url) && url.Scheme is "https" or "http"
                && parts.TryGetValue("AccountKey", out var key) && key is string { Length: > 0 } text && Convert.FromBase64String(text).Length > 0)
            {
                return null;
            }
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // Nothing is shown of it, for it may hold a key.
        }

        throw new LakeException("Cosmos (--cosmos, RMON_COSMOS) must be https://ACCOUNT.documents.azure.com/, a Cosmos DB connection string, or https://VAULT.vault.azure.net/secrets/NAME.");
    }

    internal async Task<ErasureKey?> ErasureKeyAsync(CancellationToken cancellationToken) => ErasureKey is { } text
        ? Erasure.ErasureKey.Parse(await KeyVaultSecret.ResolveAsync(text, ErasureKeyName, Credential, Secrets, cancellationToken), ErasureKeyName)
        : null;

    internal async Task<RegistryKey?> RegistryKeyAsync(CancellationToken cancellationToken) => RegistryKey is { } text
        ? Storage.Secrets.RegistryKey.Parse(await KeyVaultSecret.ResolveAsync(text, RegistryKeyName, Credential, Secrets, cancellationToken), RegistryKeyName)
        : null;

    internal async Task<HandleKey?> HandleKeyAsync(CancellationToken cancellationToken) => HandleKey is { } text
        ? Storage.Secrets.HandleKey.Parse(await KeyVaultSecret.ResolveAsync(text, HandleKeyName, Credential, Secrets, cancellationToken), HandleKeyName)
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
