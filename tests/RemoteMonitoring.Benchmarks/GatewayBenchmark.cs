using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Benchmarks;

/// <summary>
/// Durable messages a second from 200 connections over TLS, quality of service 1, each waiting for its acknowledgement; gateway and
/// devices share the process and its cores. The peer appends the same bodies to a bare file, in batches of the sizes that the
/// group commits just had, and syncs each batch. A device writes its bytes with a few array copies: it is not what is measured,
/// but it does encrypt and decrypt as much as the gateway does.
/// </summary>
internal sealed class GatewayBenchmark : Benchmark, IMeterFactory
{
    private const int Connections = 200;
    private const int Messages = 100_000;
    private const int OnTheWay = 1;
    private static readonly byte[] s_body = Encoding.UTF8.GetBytes("""{"time":"2025-01-01T07:40:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"},{"code":"59408-5","value":97,"unit":"%"}]}""");
    private readonly List<int> _batches = [];
    private readonly List<Meter> _meters = [];
    private string _folder = "";
    private int _run;

    public override string Name => "gateway";

    public override string Unit => "messages/s";

    public override string PeerName => SyncedAppend.Name;

    public override Task PrepareAsync(string folder)
    {
        _folder = folder;
        return Task.CompletedTask;
    }

    public override async Task<Measured> OursAsync()
    {
        var home = new GatewayHome(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"run-{_run++}")));
        _batches.Clear();
        using var registry = new DeviceRegistry(home.RegistryFile, TimeProvider.System);
        var ids = Enumerable.Range(0, Connections).Select(i => $"device-{i}").ToArray();
        registry.Add(ids);
        await using var log = GatewayLog.Open(home.LogFile, new GatewayLogOptions(), TimeProvider.System);
        await using var server = new GatewayServer(registry, log, home.Options("localhost", 0, TimeProvider.System), TimeProvider.System, NullLogger<GatewayServer>.Instance, this);
        await server.StartAsync(default);
        log.Committed = (messages, _) => _batches.Add(messages);
        using var authority = X509CertificateLoader.LoadCertificateFromFile(home.AuthorityFile);
        var devices = new List<SslStream>();
        foreach (var id in ids)
        {
            devices.Add(await ConnectAsync(server.Port, authority, id, SasToken.Create($"localhost/devices/{id}", registry.KeysOf(id)!.Primary, TimeProvider.System.GetUtcNow().AddHours(1))));
        }

        using var process = Process.GetCurrentProcess();
        var (cpu, clock) = (process.TotalProcessorTime, Stopwatch.StartNew());
        await Task.WhenAll(devices.Select((device, i) => Task.Run(() => SendAsync(device, ids[i]))));
        var elapsed = clock.Elapsed.TotalSeconds;
        process.Refresh();
        devices.ForEach(d => d.Dispose());
        await server.StopAsync(default);
        using var reader = new GatewayLogReader(home.LogFile);
        var there = Enumerable.Range(0, reader.Partitions).Sum(p => reader.Bounds(p).End);
        return there == Messages
            ? new Measured(Messages / elapsed, string.Create(CultureInfo.InvariantCulture, $"({(double)Messages / _batches.Count:F0} a commit, {_batches.Count / elapsed:F0} commits/s, {(process.TotalProcessorTime - cpu).TotalSeconds / elapsed:F2} cores)"))
            : throw new InvalidOperationException($"{there} of {Messages} messages are in the log.");
    }

    public override Task<Measured> PeerAsync() => Task.FromResult(SyncedAppend.Run(Path.Combine(_folder, "peer"), s_body, _batches));

    Meter IMeterFactory.Create(MeterOptions options)
    {
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    void IDisposable.Dispose() => _meters.ForEach(m => m.Dispose());

    private static async Task SendAsync(SslStream stream, string id)
    {
        var publish = Packet(0x32, [.. Text($"devices/{id}/messages/events/%24.mid=00000000"), 0, 0, .. s_body]);
        var number = Array.IndexOf(publish, (byte)'=') + 1;
        var output = new byte[publish.Length * OnTheWay];
        var input = new byte[4 * OnTheWay];
        const int Each = Messages / Connections;
        var (sent, acknowledged, rest) = (0, 0, 0);
        while (acknowledged < Each)
        {
            var filled = 0;
            for (; sent < Each && sent - acknowledged < OnTheWay; sent++)
            {
                sent.TryFormat(publish.AsSpan(number, 8), out _, "D8", CultureInfo.InvariantCulture);
                (publish[number + 8], publish[number + 9]) = ((byte)((sent + 1) >> 8), (byte)(sent + 1));
                publish.CopyTo(output, filled);
                filled += publish.Length;
            }

            if (filled > 0)
            {
                await stream.WriteAsync(output.AsMemory(0, filled));
            }

            var read = await stream.ReadAsync(input.AsMemory(rest));
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            rest += read;
            acknowledged += rest / 4;
            input.AsSpan(rest - (rest % 4), rest % 4).CopyTo(input);
            rest %= 4;
        }
    }

    private static async Task<SslStream> ConnectAsync(int port, X509Certificate2 authority, string id, string token)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", port);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
        });
        await stream.WriteAsync(Packet(0x10, [.. Text("MQTT"), 4, 0b1100_0010, 0, 60, .. Text(id), .. Text($"localhost/{id}/?api-version=2021-04-12"), .. Text(token)]));
        var answer = new byte[4];
        await stream.ReadExactlyAsync(answer);
        return answer[3] == 0 ? stream : throw new InvalidOperationException($"The login was refused ({answer[3]}).");
    }

    private static byte[] Text(string text) => [(byte)(text.Length >> 8), (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Packet(byte header, byte[] body)
    {
        List<byte> packet = [header];
        for (var length = body.Length; ; length >>= 7)
        {
            packet.Add((byte)((length & 127) | (length > 127 ? 128 : 0)));
            if (length < 128)
            {
                return [.. packet, .. body];
            }
        }
    }
}
