using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon worker</c>: the ingestion worker as a long-lived service, with the local hub beside it.</summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var noGateway = new Option<bool>("--no-gateway") { Description = "Land what the local hub's log has, but run no hub: another process does" };
        var health = new Option<int>("--health-port") { Description = $"Port of GET /health, and of POST /reference/KIND where {WorkerEndpointOptions.KeyVariable} has a key for it; 0 for none" };
        var listen = new Option<string>("--listen") { Description = "Address of that port. Plain HTTP: off the machine, TLS is the ingress's job", DefaultValueFactory = _ => "127.0.0.1", HelpName = "ADDRESS" };
        var batchAge = new Option<double>("--batch-age") { Description = "Seconds that a message waits at most before its batch lands", DefaultValueFactory = _ => new WorkerOptions().BatchAge.TotalSeconds };
        var once = new Option<bool>("--once") { Description = "Land what is there, write its documents, and stop" };
        var faults = new Option<string?>("--faults") { Hidden = true };
        var kafka = new Option<string?>("--kafka") { Description = "Read an Event Hub by its Kafka endpoint instead of the local hub, NAMESPACE.servicebus.windows.net:9093. Let in by managed identity, or by the connection string in RMON_EVENTHUBS, which may be the URL of a Key Vault secret", HelpName = "SERVERS" };
        var topic = new Option<string?>("--topic") { Description = "Name of the Event Hub", HelpName = "NAME" };
        var group = new Option<string>("--group") { Description = "Consumer group that the workers share", DefaultValueFactory = _ => "rmon", HelpName = "NAME" };
        var hub = new Option<string?>("--hub") { Description = "Name of the hub in the lake. Default: that of the Event Hub", HelpName = "NAME" };
        var plaintext = new Option<bool>("--plaintext") { Hidden = true };
        SimulateCommand.RefuseUnless(health, 0, ushort.MaxValue);
        var command = new Command("worker", "Land device messages as they come, until Ctrl-C: local hub, lake, documents") { GatewayCommand.Port, GatewayCommand.Host, noGateway, kafka, topic, group, hub, health, listen, batchAge, once, faults, plaintext };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            using var export = terminal.StartExport();
            await using var opened = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            await using var store = parsed.GetValue(faults) is { } spec ? UnreliableLake.Behind(opened, spec) : null;
            var logger = terminal.Log<IngestionWorker>();
            await using var localHub = parsed.GetValue(noGateway) || parsed.GetValue(once) || parsed.GetValue(kafka) is not null
                ? null
                : await LocalHub.StartAsync(terminal, opened, parsed.GetRequiredValue(GatewayCommand.Host), parsed.GetValue(GatewayCommand.Port), token);
            await using IEventSource source = parsed.GetValue(kafka) is { } servers
                ? new KafkaSource(await KafkaOptionsAsync(servers, parsed.GetValue(topic), parsed.GetRequiredValue(group), parsed.GetValue(hub), parsed.GetValue(plaintext), opened, token), null, logger)
                : new GatewaySource(GatewayHome.Of(opened).LogFile, GatewayHome.Hub, TimeProvider.System);
            var options = new WorkerOptions { BatchAge = TimeSpan.FromSeconds(parsed.GetValue(batchAge)) };
            // Who is failed on purpose, again and again, does not wait as if a store were in trouble.
            options.RetryDelay = store is null ? options.RetryDelay : TimeSpan.FromMilliseconds(20);
            var endpoint = WorkerEndpointOptions.Of(parsed.GetRequiredValue(listen), parsed.GetValue(health), Environment.GetEnvironmentVariable(WorkerEndpointOptions.KeyVariable));
            await RunAsync(terminal, store ?? opened, source, options, endpoint, parsed.GetValue(once), logger, token);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task RunAsync(
        Terminal terminal, CohortStore store, IEventSource source, WorkerOptions options, WorkerEndpointOptions endpoint, bool once, TerminalLogger<IngestionWorker> logger, CancellationToken cancellationToken)
    {
        if (options.Problem() is { } problem)
        {
            throw new UserException(problem, ExitCodes.Usage);
        }

        using var meters = new RunMeters();
        var state = new WorkerState();
        using var metrics = new WorkerMetrics(meters, state, () => store.Documents.RequestUnits);
        await using var http = endpoint.Port == 0 ? null : await WorkerEndpoint.StartAsync(endpoint, state, store.Reference, cancellationToken);
        await new IngestionWorker(store, source, options, state, metrics, TimeProvider.System, logger).RunAsync(once, cancellationToken);
        terminal.Line($"{Terminal.Number(state.Landed)} messages landed");
        terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["landed"] = state.Landed, ["lag"] = state.Lag });
    }

    /// <summary>The options of an Event Hub: its epoch is the last that the reference log says was begun.</summary>
    private static async Task<KafkaOptions> KafkaOptionsAsync(
        string servers, string? topic, string group, string? hub, bool plaintext, CohortStore store, CancellationToken cancellationToken)
    {
        if (topic is null || !LakePaths.IsName(hub ?? topic))
        {
            throw new UserException(topic is null ? "--kafka needs --topic NAME, the Event Hub." : $"'{hub ?? topic}' cannot be the name of a hub in the lake; give one of letters, digits, '-', '_' and '.' with --hub.", ExitCodes.Usage);
        }

        var position = (await store.Reference.PositionAsync(cancellationToken)).Where(p => p.Key == ReferenceKinds.Epochs).ToDictionary(StringComparer.Ordinal);
        var epochs = (await store.Reference.LoadAsync(position, cancellationToken)).Epochs;
        return new KafkaOptions
        {
            Servers = servers,
            Topic = topic,
            Group = group,
            Hub = hub ?? topic,
            Epoch = epochs.LastOrDefault(e => e.Hub == (hub ?? topic))?.Epoch ?? "1",
            ConnectionString = Environment.GetEnvironmentVariable("RMON_EVENTHUBS") is { Length: > 0 } text
                ? await KeyVaultSecret.ResolveAsync(text, "RMON_EVENTHUBS", cancellationToken)
                : null,
            Plaintext = plaintext,
        };
    }
}
