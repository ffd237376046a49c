using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>
/// The certificate of the pages, with its key, from files that somebody may replace while the pages run: connections after that have the new one.
/// One that cannot be used takes no good one's place, and is said.
/// </summary>
internal sealed class PagesCertificate
{
    /// <summary>Environment variable of the password of a PFX file.</summary>
    public const string PasswordVariable = "RMON_WORKLIST_CERTIFICATE_PASSWORD";

    /// <summary>How often the files are looked at, at the most.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly string _file;
    private readonly string? _keyFile;
    private readonly SecretSettings _settings;
    private readonly TimeProvider _time;
    private readonly Action<string> _say;
    private X509Certificate2 _current;
    private (DateTime, DateTime) _written;
    private (DateTime, DateTime) _refused;
    private long _looked;

    private PagesCertificate(string file, string? keyFile, SecretSettings settings, TimeProvider time, Action<string> say)
    {
        (_file, _keyFile, _settings, _time, _say) = (file, keyFile, settings, time, say);
        _written = Written();
        _current = Load();
        _looked = time.GetTimestamp();
    }

    /// <summary>The certificate as it is now.</summary>
    public X509Certificate2 Current
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_looked) >= s_look)
                {
                    _looked = _time.GetTimestamp();
                    Renew();
                }

                return _current;
            }
        }
    }

    /// <summary>The names that it is for: the pages may be asked for by those. One that is renewed under other names asks for a restart.</summary>
    public IReadOnlyList<string> Names =>
        [.. Current.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(a => a.ToString())))];

    /// <summary>Reads it; what cannot be used throws <see cref="UserException"/>.</summary>
    public static PagesCertificate Open(string file, string? keyFile, SecretSettings settings, Terminal terminal) =>
        Open(file, keyFile, settings, TimeProvider.System, terminal.Warn);

    /// <summary>The same by another clock.</summary>
    internal static PagesCertificate Open(string file, string? keyFile, SecretSettings settings, TimeProvider time, Action<string> say) => new(file, keyFile, settings, time, say);

    private void Renew()
    {
        var written = Written();
        if (written == _written)
        {
            return;
        }

        try
        {
            // The one before is left to those whose handshake it is in.
            _current = Load();
            _written = written;
            _say($"{_file}: the pages have the certificate that was put there.");
        }
        catch (Exception e) when (e is UserException or LakeException)
        {
            // It is tried again, for its password may be put in its place after it; that is said once.
            if (written != _refused)
            {
                _say($"{e.Message} The one of before stays in use.");
            }

            _refused = written;
        }
    }

    private (DateTime, DateTime) Written() => (File.GetLastWriteTimeUtc(_file), _keyFile is null ? default : File.GetLastWriteTimeUtc(_keyFile));

    private X509Certificate2 Load()
    {
        try
        {
            var certificate = Path.GetExtension(_file).ToLowerInvariant() is ".pfx" or ".p12"
                ? LoadPfx()
                : X509Certificate2.CreateFromPemFile(_file, _keyFile ?? _file);
            return certificate.HasPrivateKey ? certificate : throw new UserException($"{_file}: has no private key; name its file with --worklist-key.", ExitCodes.Usage);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserException($"{_file}: cannot be used as a certificate with its key ({e.Message}); give a PFX file with its password in {PasswordVariable}, or PEM with --worklist-key.".ReplaceLineEndings(" "), ExitCodes.Usage);
        }
    }
    private X509Certificate2 LoadPfx()
    {
        var password = _settings.Find(PasswordVariable, null, CancellationToken.None);
        try
        {
            return X509CertificateLoader.LoadPkcs12FromFile(_file, password);
        }
        catch (CryptographicException) when (password is not null && _settings.FindOther(PasswordVariable, password, null, CancellationToken.None) is { } newer)
        {
            return X509CertificateLoader.LoadPkcs12FromFile(_file, newer);
        }
    }
}
