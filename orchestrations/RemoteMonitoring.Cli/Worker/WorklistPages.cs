using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Worklist;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>The care manager's pages beside what else is served, and the options of the command line that say where.</summary>
internal sealed class WorklistPages : IAsyncDisposable
{
    /// <summary>Environment variable of the password of a PFX file.</summary>
    public const string PasswordVariable = "RMON_WORKLIST_CERTIFICATE_PASSWORD";

    /// <summary>Environment variable of the address that people open, where an ingress ends TLS.</summary>
    public const string AddressVariable = "RMON_WORKLIST_ADDRESS";

    /// <summary>Users who are named when the pages begin.</summary>
    private const int MostNamed = 8;

    private readonly WebApplication _app;
    private readonly WorklistServices _services;

    private WorklistPages(WebApplication app, WorklistServices services) => (_app, _services) = (app, services);

    public static Option<bool> None { get; } = new("--no-worklist") { Description = "Serve no pages: another process does" };

    public static Option<int?> Port { get; } = new("--worklist-port") { Description = $"Port of the pages; 0 for any that is free. Default: {WorklistOptions.DefaultPort}, and none where it is taken", HelpName = "PORT" };

    public static Option<string> Host { get; } = new("--worklist-host") { Description = $"IP address that the pages listen on; another than the loopback needs a certificate, or in {AddressVariable} the https address that people open, where an ingress ends TLS", DefaultValueFactory = _ => "127.0.0.1", HelpName = "ADDRESS" };

    public static Option<string?> Certificate { get; } = new("--worklist-certificate") { Description = $"Certificate of the pages with its key: PFX (its password in {PasswordVariable}), or PEM", HelpName = "FILE" };

    public static Option<string?> Key { get; } = new("--worklist-key") { Description = "Key of a PEM certificate, where it is in another file", HelpName = "FILE" };

    public static IReadOnlyList<Option> Options { get; } = [None, Port, Host, Certificate, Key];

    /// <summary>Address that people open.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>What the command line and the environment say; null where no pages are wanted. What makes no sense throws.</summary>
    public static WorklistOptions? OptionsOf(Terminal terminal, ParseResult parsed, Func<string, string?> variable)
    {
        if (parsed.GetValue(None))
        {
            return null;
        }

        if (!IPAddress.TryParse(parsed.GetRequiredValue(Host), out var listen))
        {
            throw new UserException($"--worklist-host '{parsed.GetRequiredValue(Host)}' is no IP address; give for instance 0.0.0.0 for all of this machine.", ExitCodes.Usage);
        }

        if (parsed.GetValue(Port) is < 0 or > 65535)
        {
            throw new UserException("--worklist-port takes 0 to 65535.", ExitCodes.Usage);
        }

        var certificate = parsed.GetValue(Certificate) is { } file ? Load(file, parsed.GetValue(Key), variable(PasswordVariable)) : null;
        var organisation = OrganisationOptions.Of(variable);
        var options = new WorklistOptions(listen, parsed.GetValue(Port) ?? WorklistOptions.DefaultPort)
        {
            Certificate = certificate,
            Address = variable(AddressVariable) is { Length: > 0 } address ? Uri.TryCreate(address, UriKind.Absolute, out var url) ? url : new Uri("relative", UriKind.Relative) : null,
            Hosts = [.. NamesOf(certificate), .. listen.Equals(IPAddress.Any) || listen.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(listen) ? Array.Empty<string>() : [listen.ToString()]],
            Organisation = organisation,
            Log = terminal.Log<WorklistPages>(),
        };
        return (options.Fault ?? organisation?.Fault) is { } fault ? throw new UserException(fault, ExitCodes.Usage) : options;
    }

    /// <summary>Starts the pages and says where they are; null where the port is taken that nobody asked for by its number.</summary>
    public static async Task<WorklistPages?> StartAsync(Terminal terminal, CohortStore store, WorklistOptions options, bool isPortAskedFor, IWorkflowClient? client, CancellationToken cancellationToken)
    {
        var services = new WorklistServices(store, new PatientHandles(store.MakeHandleKey().Bytes), client, TimeProvider.System);
        var app = WorklistApp.Create(services, options);
        var pages = new WorklistPages(app, services);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            await pages.DisposeAsync();
            var why = $"{options.Listen}:{options.Port} ({e.InnerException?.Message ?? e.Message})";
            if (isPortAskedFor)
            {
                throw new UserException($"The pages cannot listen on {why}; give another port with --worklist-port.");
            }

            terminal.Line($"worklist: not served by this process, since it cannot listen on {why}; give another port with --worklist-port.");
            return null;
        }

        terminal.Line($"worklist: {(options.Address ?? pages.Address).AbsoluteUri.TrimEnd('/')}");
        SayWhoMaySignIn(terminal, await services.Members.ListAsync(cancellationToken), store.Cohort, options.Organisation is not null);
        return pages;
    }

    private static void SayWhoMaySignIn(Terminal terminal, IReadOnlyList<Member> members, string cohort, bool byOrganisation)
    {
        string[] names = [.. members.Where(m => m.IsDisabled != true).Select(m => m.UserName)];
        if (names.Length == 0)
        {
            terminal.Line("worklist: there are no users yet, so nobody can sign in. To make one:");
            terminal.Line($"  rmon users add NAME --role care-manager --team TEAM --cohort {cohort}");
            return;
        }

        terminal.Line($"worklist: sign in as {string.Join(", ", names.Take(MostNamed))}{(names.Length > MostNamed ? $" or one of {names.Length - MostNamed} more" : "")}"
            + (byOrganisation ? ", by the account of your organisation." : "; their passwords were shown when they were made. To make another:"));
        if (!byOrganisation)
        {
            terminal.Line($"  rmon users set-password NAME --generate --cohort {cohort}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _services.Dispose();
    }

    /// <summary>The names that a certificate is for: the pages may be asked for by those.</summary>
    private static IEnumerable<string> NamesOf(X509Certificate2? certificate) =>
        certificate?.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(a => a.ToString()))) ?? [];

    private static X509Certificate2 Load(string file, string? keyFile, string? password)
    {
        try
        {
            var certificate = Path.GetExtension(file).ToLowerInvariant() is ".pfx" or ".p12"
                ? X509CertificateLoader.LoadPkcs12FromFile(file, password)
                : X509Certificate2.CreateFromPemFile(file, keyFile ?? file);
            return certificate.HasPrivateKey ? certificate : throw new UserException($"{file}: has no private key; name its file with --worklist-key.", ExitCodes.Usage);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserException($"{file}: cannot be used as a certificate with its key ({e.Message}); give a PFX file with its password in {PasswordVariable}, or PEM with --worklist-key.".ReplaceLineEndings(" "), ExitCodes.Usage);
        }
    }
}
