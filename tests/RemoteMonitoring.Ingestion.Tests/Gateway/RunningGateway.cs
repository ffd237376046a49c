using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

/// <summary>A gateway on a free port with a home of its own, and all it logs and counts.</summary>
internal sealed class RunningGateway : IAsyncDisposable, IMeterFactory, ILogger<GatewayServer>
{
    private readonly TempHome _home = new();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _refused = new();
    private readonly List<Meter> _meters = [];

    private RunningGateway(Func<GatewayOptions, GatewayOptions> adjust, TimeProvider time)
    {
        Home = new GatewayHome(Path.Combine(_home.Root, "gateway"));
        Time = time;
        Registry = new DeviceRegistry(Home.RegistryFile, time);
        Log = GatewayLog.Open(Home.LogFile, new GatewayLogOptions { Partitions = 2 }, time);
        var options = adjust(Home.Options("localhost", 0, time) with { SweepInterval = TimeSpan.FromMilliseconds(50) });
        Plain = options.PlainLoopback;
        Sweep = options.SweepInterval;
        Authority = X509CertificateLoader.LoadCertificateFromFile(Home.AuthorityFile);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == this)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Name == GatewayMetrics.RefusalsCount)
            {
                _refused.AddOrUpdate((string)tags[0].Value!, value, (_, sum) => sum + value);
            }
        });
        _listener.Start();
        Server = new GatewayServer(Registry, Log, options, time, this, this);
    }

    public GatewayHome Home { get; }

    public TimeProvider Time { get; }

    public DeviceRegistry Registry { get; }

    public GatewayLog Log { get; }

    public GatewayServer Server { get; }

    public X509Certificate2 Authority { get; }

    public bool Plain { get; }

    public TimeSpan Sweep { get; }

    public ConcurrentQueue<string> Logged { get; } = new();

    public static async Task<RunningGateway> StartAsync(Func<GatewayOptions, GatewayOptions>? adjust = null, TimeProvider? time = null)
    {
        var gateway = new RunningGateway(adjust ?? (o => o), time ?? TimeProvider.System);
        await gateway.Server.StartAsync(default);
        return gateway;
    }

    public long Refused(Refusal refusal) => _refused.GetValueOrDefault(refusal.ToText());

    /// <summary>Waits until a connection was refused for this.</summary>
    public Task RefusesAsync(Refusal refusal, long times = 1) => UntilAsync(() => Refused(refusal) >= times, $"{times} refused as {refusal.ToText()}");

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var i = 0; i < 6000; i++)
        {
            if (condition())
            {
                return;
            }

            await Task.Delay(10);
        }

        Assert.Fail($"Never came: {what}.");
    }

    /// <summary>A device that is added if need be, and logged in.</summary>
    public async Task<RawDevice> DeviceAsync(string id = "cuff-1", ushort keepAlive = 60, TimeSpan? life = null, (string Topic, byte[] Body)? will = null)
    {
        Registry.Add([id]);
        var device = await OpenAsync(id);
        Assert.Equal(0, await device.ConnectAsync(Token(id, life), keepAlive: keepAlive, will: will));
        return device;
    }

    public Task<RawDevice> OpenAsync(string id) => RawDevice.OpenAsync(Server.Port, Plain ? null : Authority, id);

    public string Token(string id, TimeSpan? life = null) => RawDevice.Token(id, Registry.KeysOf(id)!.Primary, Time.GetUtcNow() + (life ?? TimeSpan.FromHours(1)));

    /// <summary>All records of the log, partition by partition.</summary>
    public IReadOnlyList<StreamRecord> Records()
    {
        using var reader = new GatewayLogReader(Home.LogFile);
        return [.. Enumerable.Range(0, reader.Partitions).SelectMany(p => reader.Read(p, 0, int.MaxValue, long.MaxValue))];
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Log.DisposeAsync();
        Registry.Dispose();
        _listener.Dispose();
        _meters.ForEach(m => m.Dispose());
        Authority.Dispose();
        _home.Dispose();
    }

    Meter IMeterFactory.Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    void IDisposable.Dispose()
    {
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Logged.Enqueue($"{eventId.Id} {formatter(state, exception)} {exception}");
}
