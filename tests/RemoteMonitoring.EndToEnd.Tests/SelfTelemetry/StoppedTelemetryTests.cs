using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Tests.Gateway;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.EndToEnd.Tests.SelfTelemetry;

/// <summary>What was counted since the last sending is sent when a program is stopped.</summary>
[Collection("runs the program")]
public sealed class StoppedTelemetryTests : IDisposable
{
    private readonly Rmon _rmon = new();
    private readonly OtlpReceiver _receiver = new();

    public void Dispose()
    {
        _receiver.Dispose();
        _rmon.Dispose();
    }

    [Theory]
    [InlineData("serve --no-workflows --no-worklist", true)]
    [InlineData("worker", true)]
    [InlineData("gateway", false)]
    public async Task Counts_of_the_last_minute_are_sent_before_a_program_ends(string command, bool lands)
    {
        Assert.Equal(0, (await _rmon.RunAsync("devices", "add", "cuff-1", "--cohort", "ward")).ExitCode);
        var environment = _receiver.Environment.Where(v => v.Key != "OTEL_METRIC_EXPORT_INTERVAL").Append(new("OTEL_METRIC_EXPORT_INTERVAL", "600000"));
        using var running = RmonProcess.Run(["dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), .. command.Split(' '), "--cohort", "ward", "--port", "0", "--home", _rmon.Home], environment);
        var begun = await running.LineAsync(l => l.StartsWith("Gateway of cohort", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var port = int.Parse(begun.Split("on port ")[1].Split(',')[0], CultureInfo.InvariantCulture);
        var home = new GatewayHome(Path.Combine(_rmon.Home, "ward", "gateway"));
        using var authority = X509CertificateLoader.LoadCertificateFromFile(home.AuthorityFile);
        byte[] key;
        using (var registry = new DeviceRegistry(home.RegistryFile, TimeProvider.System))
        {
            key = registry.KeysOf("cuff-1")!.Primary;
        }

        using (var device = await RawDevice.OpenAsync(port, authority, "cuff-1"))
        {
            Assert.Equal(0, await device.ConnectAsync(RawDevice.Token("cuff-1", key, TimeProvider.System.GetUtcNow().AddHours(1))));
            Assert.True(await device.SendAsync(device.Topic(), Encoding.UTF8.GetBytes("{}"), 1));
        }

        await using var store = CohortStore.Open(_rmon.Home, "ward");
        for (var i = 0; lands && (await BronzeFile.PartitionsAsync(store.Lake, default)).Count == 0; i++)
        {
            Assert.True(i < 600, string.Join('\n', running.Errors));
            await Task.Delay(100);
        }

        Assert.DoesNotContain("remotemonitoring.gateway.messages", _receiver.Text("/v1/metrics"), StringComparison.Ordinal);
        Assert.Equal(0, await running.TerminateAsync());
        await _receiver.TextAsync("/v1/metrics", "remotemonitoring.gateway.messages");
        if (lands)
        {
            await _receiver.TextAsync("/v1/metrics", "remotemonitoring.ingestion.landed");
        }

        // The objectives of the service are stated by who runs the workflows, once.
        Assert.DoesNotContain("remotemonitoring.slo.", _receiver.Text("/v1/metrics"), StringComparison.Ordinal);
    }
}
