using System.Text;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>Who a connection is, by client id, user name and password, as IoT Hub checks it.</summary>
/// <param name="DeviceId">The authenticated device.</param>
/// <param name="Expires">Until when its token is good.</param>
/// <param name="Key">The key of the device that signed it.</param>
public sealed record DeviceLogin(string DeviceId, DateTimeOffset Expires, byte[] Key)
{
    /// <summary>
    /// Checks a login. The user name is <c>{host}/{deviceId}/?api-version=…</c>, or its older forms
    /// <c>{host}/{deviceId}/api-version=…</c>, <c>{host}/{deviceId}/</c> and <c>{host}/{deviceId}</c>; the client id is the
    /// device id; the password is a token signed with one of the device's keys.
    /// </summary>
    /// <returns>The login, or why it is refused.</returns>
    public static (DeviceLogin? Login, Refusal? Refusal) Check(
        string? clientId, string? userName, ReadOnlySpan<byte> password, IReadOnlyList<string> hosts, DeviceRegistry registry, TimeProvider time)
    {
        if (string.IsNullOrEmpty(clientId) || userName?.Split('/', 3) is not [var host, var deviceId, ..] parts || deviceId != clientId
            || (parts.Length == 3 && parts[2].Length > 0 && !parts[2].StartsWith("?api-version=", StringComparison.Ordinal) && !parts[2].StartsWith("api-version=", StringComparison.Ordinal))
            || SasToken.TryParse(Encoding.UTF8.GetString(password)) is not { } token)
        {
            return (null, Gateway.Refusal.LoginMalformed);
        }

        if (!hosts.Any(h => HostName.Same(h, host)))
        {
            return (null, Gateway.Refusal.UnknownHost);
        }

        if (registry.KeysOf(deviceId) is not { } keys)
        {
            return (null, registry.Find(deviceId) is null ? Gateway.Refusal.UnknownDevice : Gateway.Refusal.Revoked);
        }

        if ((token.IsSignedBy(keys.Primary) ? keys.Primary : token.IsSignedBy(keys.Secondary) ? keys.Secondary : null) is not { } key)
        {
            return (null, Gateway.Refusal.WrongKey);
        }

        if (!token.Covers(host, deviceId))
        {
            return (null, Gateway.Refusal.WrongResource);
        }

        return token.Expires <= time.GetUtcNow() ? (null, Gateway.Refusal.TokenExpired) : (new DeviceLogin(deviceId, token.Expires, key), null);
    }
}
