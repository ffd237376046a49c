using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon worker</c>: the ingestion worker as a long-lived service, with the local hub beside it.</summary>
internal static class WorkerCommand
{
    private const string ConnectionSetting = "RMON_EVENTHUBS";

    private static readonly Option<string?> s_kafka = new("--kafka") { Description = "Read an Event Hub by its Kafka endpoint instead of the local hub, NAMESPACE.servicebus.windows.net:9093. Let in by managed identity, or by the connection string in RMON_EVENTHUBS, which may be the URL of a Key Vault secret", HelpName = "SERVERS" };
    private static readonly Option<string?> s_topic = new("--topic") { Description = "Name of the Event Hub", HelpName = "NAME" };
    private static readonly Option<string> s_group = new("--group") { Description = "Consumer group that the workers share", DefaultValueFactory = _ => "rmon", HelpName = "NAME" };
    private static readonly Option<string?> s_hub = new("--hub") { Description = "Name of the hub in the lake. Default: that of the Event Hub", HelpName = "NAME" };
    private static readonly Option<bool> s_plaintext = new("--plaintext") { Hidden = true };
    private static readonly Option<string> s_listen = new("--listen") { Description = "Address of that port. Plain HTTP: off the machine, TLS is the ingress's job", DefaultValueFactory = _ => "127.0.0.1", HelpName = "ADDRESS" };
    private static readonly Option<double> s_batchAge = new("--batch-age") { Description = "Seconds that a message waits at most before its batch lands", DefaultValueFactory = _ => new WorkerOptions().BatchAge.TotalSeconds };

    public static Command Create()
    {
        var noGateway = new Option<bool>("--no-gateway") { Description = "Land what the local hub's log has, but run no hub: another process does" };
        var health = new Option<int>("--health-port") { Description = $"Port of GET /health, and of POST /reference/KIND where {ReferenceIntake.KeySetting} has a key for it; 0 for none" };
        var once = new Option<bool>("--once") { Description = "Land what is there, write its documents, and stop" };
        var unreliable = new Option<string?>("--faults") { Hidden = true };
        SimulateCommand.RefuseUnless(health, 0, ushort.MaxValue);
        var command = new Command("worker", "Land device messages as they come, until Ctrl-C: local hub, lake, documents. What it measures is of its landing; who runs the workflows ('rmon serve', or the Functions app) states the objectives of the service") { GatewayCommand.Port, GatewayCommand.Host, noGateway, s_kafka, s_topic, s_group, s_hub, health, s_listen, s_batchAge, once, GlobalOptions.MakeCohort, unreliable, s_plaintext };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var secrets = SecretSettings.OfProcess;
            var faults = StartFaults.Of(parsed);
            var (host, address, stream) = await ReadAsync(faults, parsed, token);
            using var meters = new RunMeters();
            using var export = faults.Try(() => terminal.StartExport(meters));
            faults.Throw();
            secrets.Report(terminal.Warn, meters);
            await using var opened = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            await using var store = parsed.GetValue(unreliable) is { } spec ? UnreliableLake.Behind(opened, spec) : null;
            var logger = terminal.Log<IngestionWorker>();
            await using var localHub = parsed.GetValue(noGateway) || parsed.GetValue(once) || parsed.GetValue(s_kafka) is not null
                ? null
                : await LocalHub.StartAsync(terminal, opened, host!, parsed.GetValue(GatewayCommand.Port), meters, token);
            await using IEventSource source = stream is not null
                ? new KafkaSource(await OfLastEpochAsync(stream, opened, token), null, logger)
                : new GatewaySource(GatewayHome.Of(opened).LogFile, GatewayHome.Hub, TimeProvider.System);
            var options = new WorkerOptions { BatchAge = TimeSpan.FromSeconds(parsed.GetValue(s_batchAge)) };
            // Who is failed on purpose, again and again, does not wait as if a store were in trouble.
            options.RetryDelay = store is null ? options.RetryDelay : TimeSpan.FromMilliseconds(20);
            await RunAsync(terminal, store ?? opened, source, options, new WorkerEndpointOptions(address!, parsed.GetValue(health)), parsed.GetValue(once), logger, meters, export, token);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Gathers what is wrong with the options and settings of a worker.</summary>
    public static Task CheckAsync(StartFaults faults, Terminal terminal, ParseResult parsed, CancellationToken cancellationToken) => ReadAsync(faults, parsed, cancellationToken);

    private static async Task<(string? Host, IPAddress? Address, KafkaOptions? Stream)> ReadAsync(StartFaults faults, ParseResult parsed, CancellationToken cancellationToken)
    {
        var host = faults.Host(GatewayCommand.Host, parsed);
        var address = faults.Address(s_listen, parsed);
        await faults.TryAsync(() => ReferenceIntake.KeysAsync(SecretSettings.OfProcess, cancellationToken), ExitCodes.Usage);
        var stream = await faults.TryAsync(() => StreamAsync(faults, parsed, cancellationToken));
        faults.Check(() => parsed.GetValue(s_batchAge) is >= 0.1 and <= 600 ? [] : ["--batch-age takes 0.1 to 600 seconds."]);
        return (host, address, stream);
    }

    private static async Task RunAsync(
        Terminal terminal, CohortStore store, IEventSource source, WorkerOptions options, WorkerEndpointOptions endpoint, bool once, TerminalLogger<IngestionWorker> logger, RunMeters meters,
        IDisposable? export, CancellationToken cancellationToken)
    {
        var state = new WorkerState();
        using var metrics = new WorkerMetrics(meters, state, () => store.Documents.RequestUnits);
        using var sent = export; // what is left, before the instruments go
        await using var http = endpoint.Port == 0 ? null : await WorkerEndpoint.StartAsync(endpoint, state, store.Reference, SecretSettings.OfProcess, cancellationToken);
        await new IngestionWorker(store, source, options, state, metrics, TimeProvider.System, logger).RunAsync(once, cancellationToken);
        terminal.Line($"{Terminal.Number(state.Landed)} messages landed");
        terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["landed"] = state.Landed, ["lag"] = state.Lag });
    }

    /// <summary>The Event Hub to read, but for its epoch; null where none is named.</summary>
    private static async Task<KafkaOptions?> StreamAsync(StartFaults faults, ParseResult parsed, CancellationToken cancellationToken)
    {
        var (topic, hub) = (parsed.GetValue(s_topic), parsed.GetValue(s_hub));
        if (parsed.GetValue(s_kafka) is not { } servers)
        {
            faults.Add(topic is null && hub is null ? [] : [$"{(topic is null ? s_hub : s_topic).Name} is of an Event Hub: name where that is with --kafka."]);
            return null;
        }

        faults.Add(servers.Split(',').All(IsServer) ? [] : [$"--kafka '{servers}' is no endpoint; give NAMESPACE.servicebus.windows.net:9093."]);
        faults.Add(topic is null ? ["--kafka needs --topic NAME, the Event Hub."]
            : LakePaths.IsName(hub ?? topic) ? []
            : [$"'{hub ?? topic}' cannot be the name of a hub in the lake; give one of letters, digits, '-', '_' and '.' with --hub."]);
        var connection = Environment.GetEnvironmentVariable(ConnectionSetting) is { Length: > 0 } text ? await KeyVaultSecret.ResolveAsync(text, ConnectionSetting, cancellationToken) : null;
        faults.Add(connection is null || (connection.Contains("Endpoint=sb://", StringComparison.OrdinalIgnoreCase) && connection.Contains("SharedAccessKey", StringComparison.OrdinalIgnoreCase)) ? []
            : [$"{ConnectionSetting} is no connection string of Event Hubs (Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…); leave it out to be let in by identity."]);
        return new KafkaOptions
        {
            Servers = servers,
            Topic = topic ?? "",
            Group = parsed.GetRequiredValue(s_group),
            Hub = hub ?? topic ?? "",
            ConnectionString = connection,
            Plaintext = parsed.GetValue(s_plaintext),
        };
    }

    private static bool IsServer(string server) => server.LastIndexOf(':') is > 0 and var colon
        && ushort.TryParse(server.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
        && Uri.CheckHostName(server[..colon].Trim('[', ']')) != UriHostNameType.Unknown;

    /// <summary>The same with the last epoch that the reference log says was begun.</summary>
    private static async Task<KafkaOptions> OfLastEpochAsync(KafkaOptions stream, CohortStore store, CancellationToken cancellationToken)
    {
        var position = (await store.Reference.PositionAsync(cancellationToken)).Where(p => p.Key == ReferenceKinds.Epochs).ToDictionary(StringComparer.Ordinal);
        var epochs = (await store.Reference.LoadAsync(position, cancellationToken)).Epochs;
        return epochs.LastOrDefault(e => e.Hub == stream.Hub) is { } last ? stream with { Epoch = last.Epoch } : stream;
    }
}
