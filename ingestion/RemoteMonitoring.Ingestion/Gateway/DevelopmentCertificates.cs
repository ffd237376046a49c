using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// A certificate authority of the gateway's own, for development and for homes without another: <c>ca.pem</c> is what devices
/// are to trust. Keys are files that only their owner may read. What runs out soon, or speaks for other hosts, is made anew.
/// </summary>
public static class DevelopmentCertificates
{
    /// <summary>Name of the file that devices are to trust.</summary>
    public const string AuthorityFile = "ca.pem";

    private static readonly TimeSpan s_authorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan s_serverLife = TimeSpan.FromDays(397);
    private static readonly TimeSpan s_renewBefore = TimeSpan.FromDays(30);

    /// <summary>The gateway's certificate with its key, for these hosts, and the authority that signed it.</summary>
    public static (X509Certificate2 Server, X509Certificate2 Authority) Ensure(string folder, IReadOnlyList<string> hosts, TimeProvider time)
    {
        var now = time.GetUtcNow();
        try
        {
            Durable.CreateDirectory(Path.GetFullPath(folder));
            var authority = Load(folder, "ca") is { } kept && LastsFrom(kept, now) ? kept : Make(folder, "ca", AuthorityRequest, null, now, s_authorityLife);
            var server = Load(folder, "server") is { } there && LastsFrom(there, now) && IsFor(there, hosts) && IsSignedBy(there, authority)
                ? there
                : Make(folder, "server", key => ServerRequest(key, hosts, authority), authority, now, s_serverLife);
            return (server, authority);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{folder}: the gateway's certificates cannot be used ({e.Message}). Delete ca.pem, ca-key.pem, server.pem and server-key.pem to have them made anew; devices must then trust the new ca.pem.", e);
        }
    }

    private static bool LastsFrom(X509Certificate2 certificate, DateTimeOffset now) => certificate.NotBefore <= now.LocalDateTime && certificate.NotAfter - s_renewBefore > now.LocalDateTime;

    private static bool IsSignedBy(X509Certificate2 server, X509Certificate2 authority) => server.Issuer == authority.Subject
        && server.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } issuer
        && authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First().SubjectKeyIdentifierBytes.Span.SequenceEqual(issuer.Span);

    private static bool IsFor(X509Certificate2 server, IReadOnlyList<string> hosts)
    {
        var names = server.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        var known = names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(a => a.ToString())).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return known.SetEquals(hosts);
    }

    private static X509Certificate2? Load(string folder, string name)
    {
        var certificate = Path.Combine(folder, name + ".pem");
        var key = Path.Combine(folder, name + "-key.pem");
        if (!File.Exists(certificate) || !File.Exists(key))
        {
            return null;
        }

        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        return Usable(pem);
    }

    private static X509Certificate2 Make(string folder, string name, Func<ECDsa, CertificateRequest> request, X509Certificate2? authority, DateTimeOffset now, TimeSpan life)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asked = request(key);
        // An hour back: clocks of devices are not all right. A certificate cannot outlive its authority.
        var (from, to) = (now.AddHours(-1), now + life);
        using var made = authority is null
            ? asked.CreateSelfSigned(from, to)
            : Signed(asked, authority, from, to < authority.NotAfter ? to : authority.NotAfter, key);
        PrivateFile.Write(Path.Combine(folder, name + "-key.pem"), key.ExportPkcs8PrivateKeyPem() + "\n");
        PrivateFile.Write(Path.Combine(folder, name + ".pem"), made.ExportCertificatePem() + "\n");
        if (authority is null && !OperatingSystem.IsWindows())
        {
            // Devices under other accounts of the machine read it.
            File.SetUnixFileMode(Path.Combine(folder, name + ".pem"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        return Usable(made);
    }

    private static X509Certificate2 Signed(CertificateRequest request, X509Certificate2 authority, DateTimeOffset from, DateTimeOffset to, ECDsa key)
    {
        using var issued = request.Create(authority, from, to, RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }

    private static CertificateRequest AuthorityRequest(ECDsa key)
    {
        var request = new CertificateRequest($"CN=RemoteMonitoring development CA {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    private static CertificateRequest ServerRequest(ECDsa key, IReadOnlyList<string> hosts, X509Certificate2 authority)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        var request = new CertificateRequest("CN=RemoteMonitoring gateway", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        return request;
    }

    /// <summary>Windows takes no key for TLS that lives in memory alone.</summary>
    private static X509Certificate2 Usable(X509Certificate2 certificate) =>
        X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
}
