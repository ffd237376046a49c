using System.Diagnostics;
using System.Globalization;
using System.Text;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Benchmarks;

/// <summary>
/// What of <see cref="GatewayBenchmark"/> is the log: the same messages from 200 loops that each wait for the commit, without
/// sockets, TLS or MQTT.
/// </summary>
internal sealed class GatewayLogBenchmark : Benchmark
{
    private const int Loops = 200;
    private const int Messages = 200_000;
    private static readonly byte[] s_body = Encoding.UTF8.GetBytes("""{"time":"2025-01-01T07:40:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"},{"code":"59408-5","value":97,"unit":"%"}]}""");
    private readonly List<int> _batches = [];
    private string _folder = "";
    private int _run;

    public override string Name => "gateway-log";

    public override string Unit => "messages/s";

    public override string PeerName => SyncedAppend.Name;

    public override Task PrepareAsync(string folder)
    {
        _folder = folder;
        return Task.CompletedTask;
    }

    public override async Task<Measured> OursAsync()
    {
        _batches.Clear();
        await using var log = GatewayLog.Open(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"run-{_run++}"), "log.db"), new GatewayLogOptions(), TimeProvider.System);
        log.Committed = (messages, _) => _batches.Add(messages);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Loops).Select(i => Task.Run(async () =>
        {
            var id = $"device-{i}";
            for (var n = 0; n < Messages / Loops; n++)
            {
                await log.AppendAsync(new GatewayMessage { DeviceId = id, MessageId = n.ToString("D8", CultureInfo.InvariantCulture), Body = s_body });
            }
        })));
        var elapsed = clock.Elapsed.TotalSeconds;
        return new Measured(Messages / elapsed, string.Create(CultureInfo.InvariantCulture, $"({(double)Messages / _batches.Count:F0} a commit, {_batches.Count / elapsed:F0} commits/s)"));
    }

    public override Task<Measured> PeerAsync() => Task.FromResult(SyncedAppend.Run(Path.Combine(_folder, "peer"), s_body, _batches));
}
