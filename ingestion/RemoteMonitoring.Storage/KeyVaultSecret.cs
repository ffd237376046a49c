using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage;

/// <summary>Settings that are the URL of a Key Vault secret instead of the secret: <c>https://VAULT.vault.azure.net/secrets/NAME[/VERSION]</c>.</summary>
public static class KeyVaultSecret
{
    private static readonly string[] s_clouds = [".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"];

    /// <summary>The client's own three further tries, but none waits longer than 20 s for an answer: who starts waits for it.</summary>
    public static SecretClientOptions Options() => new() { Retry = { NetworkTimeout = TimeSpan.FromSeconds(20) } };

    /// <summary>The same, asked for by <see cref="DefaultAzureCredential"/>.</summary>
    public static Task<string> ResolveAsync(string value, string setting, CancellationToken cancellationToken) =>
        ResolveAsync(value, setting, new DefaultAzureCredential(), null, cancellationToken);

    /// <summary>The setting itself, or the secret that it is the URL of. A secret that cannot be had throws <see cref="LakeException"/> naming setting and URL.</summary>
    /// <param name="value">The setting.</param>
    /// <param name="setting">What people call it.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="options">How; null for the client's own way, which retries, and trusts a challenge only for the vault's own domain.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<string> ResolveAsync(string value, string setting, TokenCredential credential, SecretClientOptions? options, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url)
            || url.Scheme != Uri.UriSchemeHttps
            || !Array.Exists(s_clouds, cloud => url.Host.EndsWith(cloud, StringComparison.OrdinalIgnoreCase)))
        {
            return value;
        }

        var path = url.AbsolutePath.Trim('/').Split('/');
        if (path is not ["secrets", _] and not ["secrets", _, _])
        {
            throw new LakeException($"{setting}: {url.GetLeftPart(UriPartial.Path)} is no secret; it must be https://VAULT.vault.azure.net/secrets/NAME, with a version or without.");
        }

        try
        {
            var client = new SecretClient(new Uri(url.GetLeftPart(UriPartial.Authority)), credential, options ?? Options());
            return (await client.GetSecretAsync(path[1], path.ElementAtOrDefault(2), cancellationToken: cancellationToken)).Value.Value;
        }
        catch (Exception e) when (KeyVaultFault.Is(e, cancellationToken))
        {
            throw new LakeException($"{setting}: the secret at {url.GetLeftPart(UriPartial.Path)} cannot be had ({KeyVaultFault.Cause(e)})", e) { IsTransient = TransientFault.IsOfService(e) };
        }
    }
}
