using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

/// <summary>
/// A device that speaks MQTT 3.1.1 byte by byte, by the standard and not by the library that the gateway uses; it can also
/// say what no SDK would.
/// </summary>
public sealed class RawDevice : IDisposable
{
    private readonly byte[] _input = new byte[16 << 10];
    private int _start;
    private int _end;

    private RawDevice(Stream stream, string deviceId) => (Stream, DeviceId) = (stream, deviceId);

    public Stream Stream { get; }

    public string DeviceId { get; }

    /// <summary>Opens a connection; without an authority no TLS.</summary>
    public static async Task<RawDevice> OpenAsync(int port, X509Certificate2? authority, string deviceId, string host = "localhost")
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", port);
        if (authority is null)
        {
            return new RawDevice(client.GetStream(), deviceId);
        }

        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        });
        return new RawDevice(stream, deviceId);
    }

    /// <summary>Logs in; the answer's return code.</summary>
    public async Task<int> ConnectAsync(string password, string? userName = null, ushort keepAlive = 60, byte level = 4, (string Topic, byte[] Body)? will = null)
    {
        userName ??= $"localhost/{DeviceId}/?api-version=2021-04-12&DeviceClientType=raw";
        byte flags = (byte)(0b1100_0010 | (will is null ? 0 : 0b100));
        List<byte> body = [.. Text("MQTT"), level, flags, (byte)(keepAlive >> 8), (byte)keepAlive, .. Text(DeviceId)];
        if (will is { } last)
        {
            body.AddRange([.. Text(last.Topic), (byte)(last.Body.Length >> 8), (byte)last.Body.Length, .. last.Body]);
        }

        await WriteAsync(Packet(0x10, [.. body, .. Text(userName), .. Text(password)]));
        var answer = await ReadAsync();
        return answer is [0x20, _, var code] ? code : -1;
    }

    /// <summary>The bytes of a message.</summary>
    public static byte[] Publish(string topic, ReadOnlySpan<byte> body, ushort id = 1, int qualityOfService = 1, bool retain = false) => Packet(
        (byte)(0x30 | (qualityOfService << 1) | (retain ? 1 : 0)),
        qualityOfService == 0 ? [.. Text(topic), .. body] : [.. Text(topic), (byte)(id >> 8), (byte)id, .. body]);

    /// <summary>The topic of this device's messages, with properties.</summary>
    public string Topic(string properties = "") => $"devices/{DeviceId}/messages/events/{properties}";

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await Stream.WriteAsync(bytes);
        await Stream.FlushAsync();
    }

    /// <summary>Sends a message and waits for its acknowledgement; false where the connection is closed instead.</summary>
    public async Task<bool> SendAsync(string topic, byte[] body, ushort id = 1)
    {
        await WriteAsync(Publish(topic, body, id));
        return await AcknowledgedAsync() == id;
    }

    /// <summary>The id of the next acknowledgement; -1 where the connection is closed instead.</summary>
    public async Task<int> AcknowledgedAsync() => await ReadAsync() switch
    {
        null => -1,
        [0x40, var high, var low] => (high << 8) | low,
        var other => throw new InvalidDataException($"A packet of type {other[0] >> 4} came."),
    };

    /// <summary>The next packet: its first byte, then what stands behind the length; null where the connection is closed.</summary>
    public async Task<byte[]?> ReadAsync()
    {
        try
        {
            var first = await ReadByteAsync();
            var length = 0;
            for (var shift = 0; ; shift += 7)
            {
                var part = await ReadByteAsync();
                length |= (part & 127) << shift;
                if (part < 128)
                {
                    break;
                }
            }

            var packet = new byte[length + 1];
            packet[0] = first;
            for (var i = 1; i <= length; i++)
            {
                packet[i] = await ReadByteAsync();
            }

            return packet;
        }
        catch (Exception e) when (e is IOException or EndOfStreamException)
        {
            return null;
        }
    }

    public void Dispose() => Stream.Dispose();

    public static byte[] Packet(byte header, ReadOnlySpan<byte> body)
    {
        List<byte> packet = [header];
        var length = body.Length;
        do
        {
            packet.Add((byte)((length & 127) | (length > 127 ? 128 : 0)));
            length >>= 7;
        }
        while (length > 0);

        return [.. packet, .. body];
    }

    /// <summary>A token signed with this key, as an SDK makes it.</summary>
    public static string Token(string deviceId, byte[] key, DateTimeOffset expires, string host = "localhost") =>
        SasToken.Create($"{host}/devices/{deviceId}", key, expires);

    public static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private async ValueTask<byte> ReadByteAsync()
    {
        if (_start == _end)
        {
            (_start, _end) = (0, await Stream.ReadAsync(_input));
            if (_end == 0)
            {
                throw new EndOfStreamException();
            }
        }

        return _input[_start++];
    }
}
