using System.Net;
using System.Security.Cryptography.X509Certificates;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>Where a cohort's gateway keeps what it has: <c>{home}/{cohort}/gateway</c>.</summary>
/// <param name="Folder">The folder; also that of the certificates.</param>
public sealed record GatewayHome(string Folder)
{
    /// <summary>Name of the hub that the local gateway is, in bronze.</summary>
    public const string Hub = "gateway";

    /// <summary>The log of messages.</summary>
    public string LogFile => Path.Combine(Folder, "log.db");

    /// <summary>The registry of devices.</summary>
    public string RegistryFile => Path.Combine(Folder, "devices.db");

    /// <summary>What devices are to trust.</summary>
    public string AuthorityFile => Path.Combine(Folder, DevelopmentCertificates.AuthorityFile);

    /// <summary>That of a cohort.</summary>
    public static GatewayHome Of(CohortStore store) => new(Path.Combine(store.Folder, "gateway"));

    /// <summary>
    /// Options of a gateway with the development certificates, which are made where they are not there: it goes by this host
    /// name, by the machine's own, and by those of the loopback.
    /// </summary>
    public GatewayOptions Options(string host, int port, TimeProvider time)
    {
        string[] hosts = [.. new[] { host, "localhost", IPAddress.Loopback.ToString(), Dns.GetHostName() }.Distinct(StringComparer.OrdinalIgnoreCase)];
        return new GatewayOptions { Hosts = hosts, Port = port, Certificate = Ensure(), Renew = Ensure };

        X509Certificate2 Ensure()
        {
            var (server, authority) = DevelopmentCertificates.Ensure(Folder, hosts, time);
            authority.Dispose();
            return server;
        }
    }
}
