using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon gateway</c>: the local hub that devices connect to, until it is stopped.</summary>
internal static class GatewayCommand
{
    private const int MostPartitions = 64;

    public static Option<int> Port { get; } = PortOption();

    public static Option<string> Host { get; } = new("--host")
    {
        Description = "Name that devices know this machine by",
        HelpName = "NAME",
        DefaultValueFactory = _ => "localhost",
    };

    public static Command Create()
    {
        var partitions = new Option<int>("--partitions") { Description = "Partitions of a log that is made; one that is there keeps its own", DefaultValueFactory = _ => new GatewayLogOptions().Partitions };
        SimulateCommand.RefuseUnless(partitions, 1, MostPartitions);
        var command = new Command("gateway", "Run a hub for devices on this machine that speaks IoT Hub's protocol (MQTT over TLS), until Ctrl-C") { Port, Host, partitions, GlobalOptions.MakeCohort };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var faults = StartFaults.Of(parsed);
            var host = faults.Host(Host, parsed);
            using var meters = new RunMeters();
            using var export = faults.Try(() => terminal.StartExport(meters));
            faults.Throw();
            await using var store = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            await using var hub = await LocalHub.StartAsync(terminal, store, host!, parsed.GetValue(Port), meters, token, parsed.GetValue(partitions));
            using var sent = export; // what is left, before the instruments go
            terminal.Document(new JsonObject
            {
                ["cohort"] = store.Cohort,
                ["port"] = hub.Server.Port,
                ["authority"] = hub.Home.AuthorityFile,
                ["epoch"] = hub.Log.Epoch,
                ["partitions"] = hub.Log.Partitions,
            });
            await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Option<int> PortOption()
    {
        var port = new Option<int>("--port") { Description = "Port for MQTT over TLS", DefaultValueFactory = _ => GatewayOptions.DefaultPort };
        SimulateCommand.RefuseUnless(port, 0, ushort.MaxValue);
        return port;
    }
}
