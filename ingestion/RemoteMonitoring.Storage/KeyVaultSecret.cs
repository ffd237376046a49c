using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage;

/// <summary>Settings that are the URL of a Key Vault secret instead of the secret: <c>https://VAULT.vault.azure.net/secrets/NAME[/VERSION]</c>.</summary>
public sealed class KeyVaultSecret
{
    private static readonly string[] s_clouds = [".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"];

    private readonly Uri _url;
    private readonly string _name;
    private readonly string? _version;

    private KeyVaultSecret(Uri url, string name, string? version) => (_url, _name, _version) = (url, name, version);

    /// <summary>The client's own three further tries, but none waits longer than 20 s for an answer: who starts waits for it.</summary>
    public static SecretClientOptions Options() => new() { Retry = { NetworkTimeout = TimeSpan.FromSeconds(20) } };

    /// <summary>Whether the setting names one version, which stays what it is.</summary>
    public bool IsOfAVersion => _version is not null;

    /// <summary>The secret that a setting is the URL of; null where it is no URL of a vault. What is in a vault but no secret throws <see cref="LakeException"/>.</summary>
    /// <param name="value">The setting.</param>
    /// <param name="setting">What people call it.</param>
    public static KeyVaultSecret? Find(string value, string setting)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url)
            || url.Scheme != Uri.UriSchemeHttps
            || !Array.Exists(s_clouds, cloud => url.Host.EndsWith(cloud, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        return url.AbsolutePath.Trim('/').Split('/') switch
        {
            ["secrets", { Length: > 0 } name] => new KeyVaultSecret(url, name, null),
            ["secrets", { Length: > 0 } name, { Length: > 0 } version] => new KeyVaultSecret(url, name, version),
            _ => throw new LakeException($"{setting}: {url.GetLeftPart(UriPartial.Path)} is no secret; it must be https://VAULT.vault.azure.net/secrets/NAME, with a version or without."),
        };
    }

    /// <summary>The same, asked for by <see cref="DefaultAzureCredential"/>.</summary>
    public static Task<string> ResolveAsync(string value, string setting, CancellationToken cancellationToken) =>
        ResolveAsync(value, setting, new DefaultAzureCredential(), null, cancellationToken);

    /// <summary>The setting itself, or the secret that it is the URL of. A secret that cannot be had throws <see cref="LakeException"/> naming setting and URL.</summary>
    /// <param name="value">The setting.</param>
    /// <param name="setting">What people call it.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="options">How; null for the client's own way, which retries, and trusts a challenge only for the vault's own domain.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<string> ResolveAsync(string value, string setting, TokenCredential credential, SecretClientOptions? options, CancellationToken cancellationToken) =>
        Find(value, setting) is { } secret ? await secret.ReadAsync(setting, credential, options, waits: false, cancellationToken) : value;

    /// <summary>The secret's text.</summary>
    /// <param name="setting">What people call the setting.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="options">How.</param>
    /// <param name="waits">Whether the thread waits for the answer, so that the task is complete when it is returned.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal async ValueTask<string> ReadAsync(string setting, TokenCredential credential, SecretClientOptions? options, bool waits, CancellationToken cancellationToken)
    {
        try
        {
            var client = new SecretClient(new Uri(_url.GetLeftPart(UriPartial.Authority)), credential, options ?? Options());
            return (waits
                ? client.GetSecret(_name, _version, cancellationToken: cancellationToken)
                : await client.GetSecretAsync(_name, _version, cancellationToken: cancellationToken)).Value.Value;
        }
        catch (Exception e) when (KeyVaultFault.Is(e, cancellationToken))
        {
            throw new LakeException($"{setting}: the secret at {this} cannot be had ({KeyVaultFault.Cause(e)})", e) { IsTransient = TransientFault.IsOfService(e) };
        }
    }

    /// <summary>The URL, without what follows its path.</summary>
    public override string ToString() => _url.GetLeftPart(UriPartial.Path);
}
