using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Builder;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Worklist;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>The care manager's pages beside what else is served, and the options of the command line that say where.</summary>
internal sealed class WorklistPages : IAsyncDisposable
{
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

    public static Option<string?> Certificate { get; } = new("--worklist-certificate") { Description = $"Certificate of the pages with its key: PFX (its password in {PagesCertificate.PasswordVariable}), or PEM", HelpName = "FILE" };

    public static Option<string?> Key { get; } = new("--worklist-key") { Description = "Key of a PEM certificate, where it is in another file", HelpName = "FILE" };

    public static IReadOnlyList<Option> Options { get; } = [None, Port, Host, Certificate, Key];

    /// <summary>Address that people open.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>What the command line and the environment say; null where no pages are wanted, or not all of it makes sense.</summary>
    public static async Task<WorklistOptions?> OptionsOfAsync(StartFaults faults, Terminal terminal, ParseResult parsed, SecretSettings settings, CancellationToken cancellationToken)
    {
        if (faults.Try(() => parsed.GetValue(None)))
        {
            return null;
        }

        faults.Check(() => parsed.GetValue(Port) is < 0 or > 65535 ? ["--worklist-port takes 0 to 65535."] : []);
        faults.Check(() => parsed.GetValue(Key) is not null && parsed.GetValue(Certificate) is null ? ["--worklist-key is the key of a certificate: name that with --worklist-certificate."] : []);
        var certificate = faults.Try(() => parsed.GetValue(Certificate) is { } file ? PagesCertificate.Open(file, parsed.GetValue(Key), settings, terminal) : null);
        var organisation = OrganisationOptions.Of(settings);
        faults.Add(organisation?.Faults ?? []);
        if (organisation is not null && settings.Set(OrganisationOptions.SecretSetting) is not null)
        {
            await faults.TryAsync(() => organisation.SecretAsync(cancellationToken));
        }

        if (faults.Address(Host, parsed) is not { } listen)
        {
            return null;
        }

        var options = new WorklistOptions(listen, faults.Try(() => parsed.GetValue(Port)) ?? WorklistOptions.DefaultPort)
        {
            Certificate = certificate is null ? null : () => certificate.Current,
            Address = settings.Set(AddressVariable) is { } address ? Uri.TryCreate(address, UriKind.Absolute, out var url) ? url : new Uri("relative", UriKind.Relative) : null,
            Hosts = [.. certificate?.Names ?? [], .. listen.Equals(IPAddress.Any) || listen.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(listen) ? Array.Empty<string>() : [listen.ToString()]],
            Organisation = organisation,
            Log = terminal.Log<WorklistPages>(),
        };
        // A certificate that cannot be used has its line; that there is none is not another.
        faults.Add(options.Fault is { } fault && (certificate is not null || parsed.GetResult(Certificate) is null) ? [fault] : []);
        return options;
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
}
