using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

/// <summary>Keys and certificates that are replaced while a gateway runs and devices are connected.</summary>
public sealed class KeyRotationTests
{
    private static readonly byte[] s_body = Encoding.UTF8.GetBytes("""{"secret":"content"}""");

    [Fact]
    public async Task A_connected_device_stays_while_its_key_is_replaced_and_is_cut_off_when_that_ends()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var device = await gateway.DeviceAsync();
        using var other = await gateway.DeviceAsync("scale-2");
        var before = gateway.Registry.KeysOf("cuff-1")!;
        using var registry = new DeviceRegistry(gateway.Home.RegistryFile, gateway.Time); // of another process

        Assert.True(registry.BeginRotation("cuff-1"));
        var during = registry.KeysOf("cuff-1")!;
        Assert.Equal(before.Primary, during.Secondary);
        Assert.NotEqual(before.Primary, during.Primary);
        await SweptAsync(gateway);
        Assert.True(await device.SendAsync(device.Topic(), s_body));
        Assert.Equal(5, await LoginAsync(gateway, before.Secondary)); // nobody was given it
        Assert.Equal(0, await LoginAsync(gateway, during.Secondary, "cuff-1"));
        using var renewed = await gateway.OpenAsync("cuff-1");
        Assert.Equal(0, await renewed.ConnectAsync(RawDevice.Token("cuff-1", during.Primary, gateway.Time.GetUtcNow().AddHours(1))));
        Assert.True(await renewed.SendAsync(renewed.Topic(), s_body));

        Assert.True(registry.FinishRotation("cuff-1"));
        await SweptAsync(gateway);
        Assert.True(await renewed.SendAsync(renewed.Topic(), s_body, 2));
        Assert.True(await other.SendAsync(other.Topic(), s_body));
        Assert.Equal(5, await LoginAsync(gateway, before.Primary));
        Assert.Equal(0, gateway.Refused(Refusal.KeyWithdrawn));
    }

    [Fact]
    public async Task A_connection_by_a_key_that_is_withdrawn_is_closed_and_counted()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var device = await gateway.DeviceAsync();
        using var registry = new DeviceRegistry(gateway.Home.RegistryFile, gateway.Time);
        Assert.True(registry.BeginRotation("cuff-1"));
        await SweptAsync(gateway);
        Assert.True(await device.SendAsync(device.Topic(), s_body));
        Assert.True(registry.FinishRotation("cuff-1"));
        Assert.Null(await device.ReadAsync());
        await gateway.RefusesAsync(Refusal.KeyWithdrawn);
        Assert.DoesNotContain(gateway.Logged, l => l.Contains("cuff-1", StringComparison.Ordinal) || l.Contains(Convert.ToBase64String(registry.KeysOf("cuff-1")!.Primary), StringComparison.Ordinal));
        Assert.Contains(gateway.Logged, l => l.Contains("key-withdrawn", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_is_replaced_one_step_after_the_other()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var registry = gateway.Registry;
        registry.Add(["cuff-1", "gone-3"]);
        registry.Revoke("gone-3");
        Assert.False(registry.FinishRotation("cuff-1"));
        Assert.Null(registry.Find("cuff-1")!.Rotating);
        Assert.True(registry.BeginRotation("cuff-1"));
        Assert.NotNull(registry.Find("cuff-1")!.Rotating);
        var keys = registry.KeysOf("cuff-1")!;
        Assert.False(registry.BeginRotation("cuff-1")); // else the key that the device has would be gone
        Assert.Equal(keys.Primary, registry.KeysOf("cuff-1")!.Primary);
        Assert.True(registry.FinishRotation("cuff-1"));
        Assert.Equal(keys.Primary, registry.KeysOf("cuff-1")!.Primary);
        Assert.Null(registry.Find("cuff-1")!.Rotating);
        Assert.Equal([false, false, false, false], new[] { registry.BeginRotation("gone-3"), registry.FinishRotation("gone-3"), registry.BeginRotation("nobody"), registry.FinishRotation("nobody") });
        Assert.Equal(["cuff-1"], registry.Keys().Keys);
    }

    [Fact]
    public void A_registry_of_an_earlier_version_is_opened_with_its_devices()
    {
        using var home = new TempHome();
        var file = Path.Combine(home.Root, "devices.db");
        using (var connection = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE devices (device_id TEXT PRIMARY KEY, primary_key BLOB NOT NULL, secondary_key BLOB NOT NULL, created INTEGER NOT NULL, revoked INTEGER) WITHOUT ROWID;
                INSERT INTO devices VALUES ('cuff-1', zeroblob(32), zeroblob(32), 1, NULL), ('gone-3', zeroblob(32), zeroblob(32), 1, 2);
                """;
            command.ExecuteNonQuery();
        }

        using var registry = new DeviceRegistry(file, TimeProvider.System);
        using var another = new DeviceRegistry(file, TimeProvider.System);
        Assert.Equal([null, null], registry.List().Select(d => d.Rotating));
        Assert.True(another.BeginRotation("cuff-1"));
        Assert.Equal(new byte[32], registry.KeysOf("cuff-1")!.Secondary);
        Assert.NotNull(registry.Find("cuff-1")!.Rotating);
    }

    [Fact]
    public async Task A_certificate_that_is_renewed_is_that_of_the_next_connections_and_harms_none_that_is_open()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o with { RenewInterval = TimeSpan.FromMilliseconds(50) });
        using var device = await gateway.DeviceAsync();
        var before = Presented(device);
        File.Delete(Path.Combine(gateway.Home.Folder, "server.pem")); // made anew, as one that runs out soon, and signed by the same authority
        await RunningGateway.UntilAsync(() => gateway.Logged.Any(l => l.StartsWith("110 ", StringComparison.Ordinal)), "the renewed certificate");
        using var later = await gateway.OpenAsync("cuff-1");
        Assert.NotEqual(before, Presented(later));
        Assert.True(await device.SendAsync(device.Topic(), s_body));

        // And where it cannot be had, the one of before stays.
        File.WriteAllText(Path.Combine(gateway.Home.Folder, "server.pem"), "nonsense");
        await RunningGateway.UntilAsync(() => gateway.Logged.Any(l => l.StartsWith("111 ", StringComparison.Ordinal)), "the certificate that cannot be read");
        using var last = await gateway.OpenAsync("cuff-1");
        Assert.Equal(Presented(later), Presented(last));
    }

    private static string Presented(RawDevice device) => ((X509Certificate2)((SslStream)device.Stream).RemoteCertificate!).Thumbprint;

    private static async Task<int> LoginAsync(RunningGateway gateway, byte[] key, string id = "cuff-1")
    {
        using var device = await gateway.OpenAsync(id);
        return await device.ConnectAsync(RawDevice.Token(id, key, gateway.Time.GetUtcNow().AddHours(1)));
    }

    /// <summary>Long enough for the gateway to have looked at the registry.</summary>
    private static Task SweptAsync(RunningGateway gateway) => Task.Delay(gateway.Sweep * 4);
}
