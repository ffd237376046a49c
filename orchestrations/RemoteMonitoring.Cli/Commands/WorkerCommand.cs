using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon worker</c>: the ingestion worker as a long-lived service, with the local hub beside it.</summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var noGateway = new Option<bool>("--no-gateway") { Description = "Land what the local hub's log has, but run no hub: another process does" };
        var health = new Option<int>("--health-port") { Description = "Port of GET /health; 0 for none" };
        var batchAge = new Option<double>("--batch-age") { Description = "Seconds that a message waits at most before its batch lands", DefaultValueFactory = _ => new WorkerOptions().BatchAge.TotalSeconds };
        var once = new Option<bool>("--once") { Description = "Land what is there, write its documents, and stop" };
        var faults = new Option<string?>("--faults") { Hidden = true };
        SimulateCommand.RefuseUnless(health, 0, ushort.MaxValue);
        var command = new Command("worker", "Land device messages as they come, until Ctrl-C: local hub, lake, documents") { GatewayCommand.Port, GatewayCommand.Host, noGateway, health, batchAge, once, faults };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var opened = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            await using var store = parsed.GetValue(faults) is { } spec ? UnreliableLake.Behind(opened, spec) : null;
            await using var hub = parsed.GetValue(noGateway) || parsed.GetValue(once)
                ? null
                : await LocalHub.StartAsync(terminal, opened, parsed.GetRequiredValue(GatewayCommand.Host), parsed.GetValue(GatewayCommand.Port), token);
            await using var source = new GatewaySource(GatewayHome.Of(opened).LogFile, GatewayHome.Hub, TimeProvider.System);
            var options = new WorkerOptions { BatchAge = TimeSpan.FromSeconds(parsed.GetValue(batchAge)) };
            await RunAsync(terminal, store ?? opened, source, options, parsed.GetValue(health), parsed.GetValue(once), token);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task RunAsync(
        Terminal terminal, CohortStore store, IEventSource source, WorkerOptions options, int healthPort, bool once, CancellationToken cancellationToken)
    {
        if (options.Problem() is { } problem)
        {
            throw new UserException(problem, ExitCodes.Usage);
        }

        using var meters = new RunMeters();
        var state = new WorkerState();
        using var metrics = new WorkerMetrics(meters, state, () => store.Documents.RequestUnits);
        await using var health = healthPort == 0 ? null : await HealthEndpoint.StartAsync(healthPort, state, cancellationToken);
        var logger = new TerminalLogger<IngestionWorker>(terminal.Errors, TimeProvider.System);
        await new IngestionWorker(store, source, options, state, metrics, TimeProvider.System, logger).RunAsync(once, cancellationToken);
        terminal.Line($"{Terminal.Number(state.Landed)} messages landed");
        terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["landed"] = state.Landed, ["lag"] = state.Lag });
    }
}
