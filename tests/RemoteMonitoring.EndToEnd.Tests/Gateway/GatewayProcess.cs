using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;

namespace RemoteMonitoring.EndToEnd.Tests.Gateway;

/// <summary>A home with devices whose gateway runs as <c>rmon gateway</c>, and is killed and started again on the same port.</summary>
internal sealed class GatewayProcess : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-gateway-").FullName;
    private RmonProcess? _process;

    public GatewayProcess(params string[] devices)
    {
        Home = new GatewayHome(Path.Combine(_root, "ward", "gateway"));
        Registry = new DeviceRegistry(Home.RegistryFile, TimeProvider.System);
        Registry.Add(devices);
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public GatewayHome Home { get; }

    public DeviceRegistry Registry { get; }

    public int Port { get; }

    public RmonProcess Process => _process!;

    public X509Certificate2 Authority => X509CertificateLoader.LoadCertificateFromFile(Home.AuthorityFile);

    public async Task StartAsync(params string[] under)
    {
        _process?.Dispose();
        _process = RmonProcess.Start(["gateway", "--home", _root, "--cohort", "ward", "--port", Port.ToString(CultureInfo.InvariantCulture)], under);
        await _process.LineAsync(l => l.StartsWith("Devices are to trust", StringComparison.Ordinal));
    }

    public string File(string name) => Path.Combine(_root, name);

    public string ConnectionString(string device, byte[]? key = null) =>
        $"HostName=localhost:{Port};DeviceId={device};SharedAccessKey={Convert.ToBase64String(key ?? Registry.KeysOf(device)!.Primary)}";

    /// <summary>All records, after checking that the offsets of each partition are consecutive from 0.</summary>
    public IReadOnlyList<StreamRecord> Records()
    {
        using var reader = new GatewayLogReader(Home.LogFile);
        var records = new List<StreamRecord>();
        for (var p = 0; p < reader.Partitions; p++)
        {
            var read = reader.Read(p, 0, int.MaxValue, long.MaxValue);
            Assert.Equal(Enumerable.Range(0, read.Count).Select(o => (long)o), read.Select(r => r.Offset));
            records.AddRange(read);
        }

        return records;
    }

    public void Dispose()
    {
        _process?.Dispose();
        Registry.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
