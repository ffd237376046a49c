using System.CommandLine;
using System.Text.Json.Nodes;
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
        var command = new Command("gateway", "Run a hub for devices on this machine that speaks IoT Hub's protocol (MQTT over TLS), until Ctrl-C") { Port, Host, partitions };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var time = TimeProvider.System;
            await using var store = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            var home = GatewayHome.Of(store);
            var options = home.Options(parsed.GetRequiredValue(Host), parsed.GetValue(Port), time);
            using var registry = new DeviceRegistry(home.RegistryFile, time);
            await using var log = GatewayLog.Open(home.LogFile, new GatewayLogOptions { Partitions = parsed.GetValue(partitions) }, time);
            using var meters = new RunMeters();
            await using var server = new GatewayServer(registry, log, options, time, new TerminalLogger<GatewayServer>(terminal.Errors, time), meters);
            await server.StartAsync(token);
            terminal.Line($"Gateway of cohort '{store.Cohort}' on port {server.Port}, {log.Partitions} partitions, epoch {log.Epoch}");
            terminal.Line($"Devices are to trust {home.AuthorityFile}");
            terminal.Document(new JsonObject
            {
                ["cohort"] = store.Cohort,
                ["port"] = server.Port,
                ["authority"] = home.AuthorityFile,
                ["epoch"] = log.Epoch,
                ["partitions"] = log.Partitions,
            });
            await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await server.StopAsync(CancellationToken.None);
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
