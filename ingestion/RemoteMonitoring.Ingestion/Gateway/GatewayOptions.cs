using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>Settings of <see cref="GatewayServer"/>.</summary>
public sealed record GatewayOptions
{
    /// <summary>Where the SDKs expect MQTT over TLS.</summary>
    public const int DefaultPort = 8883;

    /// <summary>The most a body may have, as at IoT Hub: 256 KiB.</summary>
    public const int MostBodyBytes = 256 << 10;

    /// <summary>Address to listen on. Default: all of the machine's.</summary>
    public IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>Port to listen on; 0 takes a free one. Default 8883.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Names under which devices may know this gateway; a user name or token for another is refused.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>Certificate with its key.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>Gives the certificate once more, another where it runs out soon: connections after that have it. Null where it stays.</summary>
    public Func<X509Certificate2>? Renew { get; init; }

    /// <summary>How often it is asked for. Default 1 h.</summary>
    public TimeSpan RenewInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Certificates that stand between it and what devices trust, sent along.</summary>
    public X509Certificate2Collection Intermediates { get; init; } = [];

    /// <summary>Connections at the most; more are closed at once. Default 5,000.</summary>
    public int MostConnections { get; init; } = 5000;

    /// <summary>Messages of a connection that wait to be durable; then no more is read from it. Default 64.</summary>
    public int MostInFlight { get; init; } = 64;

    /// <summary>Time for the TLS handshake and CONNECT together. Default 15 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time that a connection has to send its last acknowledgements when it ends. Default 5 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often revocations, withdrawn keys, expired tokens and idle connections are looked for. Default 1 s.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For tests that watch the wire: no TLS, and loopback only.</summary>
    internal bool PlainLoopback { get; init; }
}
