using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>The local hub of a cohort while it runs, with what it stands on.</summary>
internal sealed class LocalHub : IAsyncDisposable
{
    private readonly DeviceRegistry _registry;

    private LocalHub(Terminal terminal, CohortStore store, string host, int port, GatewayLogOptions options, RunMeters meters)
    {
        var time = TimeProvider.System;
        Home = GatewayHome.Of(store);
        var gateway = Home.Options(host, port, time);
        _registry = new DeviceRegistry(Home.RegistryFile, time);
        Log = GatewayLog.Open(Home.LogFile, options, time);
        Server = new GatewayServer(_registry, Log, gateway, time, terminal.Log<GatewayServer>(), meters);
    }

    public GatewayHome Home { get; }

    public GatewayLog Log { get; }

    public GatewayServer Server { get; }

    public static async Task<LocalHub> StartAsync(Terminal terminal, CohortStore store, string host, int port, RunMeters meters, CancellationToken cancellationToken, int? partitions = null)
    {
        var hub = new LocalHub(terminal, store, host, port, partitions is { } count ? new GatewayLogOptions { Partitions = count } : new GatewayLogOptions(), meters);
        await hub.Server.StartAsync(cancellationToken);
        terminal.Line($"Gateway of cohort '{store.Cohort}' on port {hub.Server.Port}, {hub.Log.Partitions} partitions, epoch {hub.Log.Epoch}");
        terminal.Line($"Devices are to trust {hub.Home.AuthorityFile}");
        return hub;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.StopAsync(CancellationToken.None);
        await Server.DisposeAsync();
        await Log.DisposeAsync();
        _registry.Dispose();
    }
}
