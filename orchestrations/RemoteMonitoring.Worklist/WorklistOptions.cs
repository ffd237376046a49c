using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist;

/// <summary>Where the pages listen, and how people sign in.</summary>
/// <param name="Listen">Address; the loopback unless TLS is configured.</param>
/// <param name="Port">Port; 0 for any that is free.</param>
public sealed record WorklistOptions(IPAddress Listen, int Port)
{
    /// <summary>Port unless another is asked for.</summary>
    public const int DefaultPort = 8081;

    /// <summary>Gives each connection the certificate of TLS, with its key, as it is then; null for none, and then the loopback alone is listened on.</summary>
    public Func<X509Certificate2>? Certificate { get; init; }

    /// <summary>
    /// Address by which people open the pages where an ingress ends TLS before them, and nothing but it reaches the port; null where they are reached
    /// as they listen. Who asked, and that it was over TLS, is then what the ingress says.
    /// </summary>
    public Uri? Address { get; init; }

    /// <summary>Names that the pages may be asked for by, beside those of the loopback: a page elsewhere that gives its own name this machine's address gets nothing.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>The organisation that people sign in with; null for users with passwords.</summary>
    public OrganisationOptions? Organisation { get; init; }

    /// <summary>Attempts to sign in a minute from one address. Default 60: a ward behind one address begins its morning within minutes.</summary>
    public int SignInsAMinute { get; init; } = 60;

    /// <summary>How often an open page asks whether there is something new. Default 10 s.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where faults are logged, without what was asked for.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Whether people reach the pages over TLS.</summary>
    public bool IsSecure => Certificate is not null || Address is not null;

    /// <summary>What is wrong with it, in a line; null where nothing is.</summary>
    public string? Fault => Address is not null && (!Address.IsAbsoluteUri || Address.Scheme != Uri.UriSchemeHttps || Address.PathAndQuery != "/" || Address.Fragment.Length > 0 || Address.UserInfo.Length > 0)
        ? "RMON_WORKLIST_ADDRESS must be the https address that people open, without a path: https://pages.example.org/."
        : !IsSecure && !IPAddress.IsLoopback(Listen)
        ? $"The pages show patients: they listen on {Listen} only over TLS. Give a certificate with --worklist-certificate, name in RMON_WORKLIST_ADDRESS what people open where an ingress ends TLS, or leave --worklist-host out for this machine alone."
        : null;
}
