using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// A shared access signature as IoT Hub's devices send it for a password:
/// <c>SharedAccessSignature sr={resource}&amp;sig={HMAC-SHA256}&amp;se={expiry}</c>, fields in any order, values URL-encoded.
/// The signature is over the resource as it was sent (encoded), a line feed, and the expiry.
/// </summary>
public sealed class SasToken
{
    private const string Prefix = "SharedAccessSignature ";
    private const int MostCharacters = 4096;
    private readonly string _signed;
    private readonly byte[] _signature;

    private SasToken(string resource, string signed, byte[] signature, DateTimeOffset expires) =>
        (Resource, _signed, _signature, Expires) = (resource, signed, signature, expires);

    /// <summary>What it is good for, decoded: <c>{host}/devices/{deviceId}</c>.</summary>
    public string Resource { get; }

    /// <summary>Until when, exclusive.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>Reads a token; null where it is none.</summary>
    public static SasToken? TryParse(string text)
    {
        if (text.Length > MostCharacters || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in text[Prefix.Length..].Split('&'))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !fields.TryAdd(field[..equals].Trim(), field[(equals + 1)..].Trim()))
            {
                return null;
            }
        }

        if (!fields.TryGetValue("sr", out var resource) || !fields.TryGetValue("sig", out var sig) || !fields.TryGetValue("se", out var expiry)
            || !long.TryParse(expiry, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return null;
        }

        var signature = new byte[HMACSHA256.HashSizeInBytes];
        return Convert.TryFromBase64String(Uri.UnescapeDataString(sig), signature, out var length) && length == signature.Length
            ? new SasToken(Uri.UnescapeDataString(resource), resource + "\n" + expiry, signature, DateTimeOffset.FromUnixTimeSeconds(seconds))
            : null;
    }

    /// <summary>A token signed with a key, as an SDK makes it.</summary>
    public static string Create(string resource, ReadOnlySpan<byte> key, DateTimeOffset expires)
    {
        var encoded = Uri.EscapeDataString(resource);
        var expiry = expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(encoded + "\n" + expiry)));
        return $"{Prefix}sr={encoded}&sig={Uri.EscapeDataString(signature)}&se={expiry}";
    }

    /// <summary>Whether the key made the signature; takes the same time whatever differs.</summary>
    public bool IsSignedBy(ReadOnlySpan<byte> key)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(_signed), expected);
        return CryptographicOperations.FixedTimeEquals(expected, _signature);
    }

    /// <summary>
    /// Whether the token covers a device of a host: its resource is <c>{host}/devices/{deviceId}</c> or, segment by segment,
    /// the beginning of it. Hosts are compared without regard to case or port, device ids exactly.
    /// </summary>
    public bool Covers(string host, string deviceId)
    {
        var segments = Resource.Split('/');
        return HostName.Same(segments[0], host)
            && (segments.Length < 2 || segments[1] == "devices")
            && (segments.Length < 3 || segments[2] == deviceId)
            && segments.Length <= 3;
    }
}

/// <summary>Names of hosts as devices write them, with or without a port.</summary>
internal static class HostName
{
    public static bool Same(string one, string other) => WithoutPort(one).Equals(WithoutPort(other), StringComparison.OrdinalIgnoreCase);

    public static ReadOnlySpan<char> WithoutPort(string host)
    {
        var colon = host.LastIndexOf(':');
        return colon > 0 && !host.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9') ? host.AsSpan(0, colon) : host;
    }
}
