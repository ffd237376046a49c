using System.Security.Cryptography.X509Certificates;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

public sealed class GatewayHomeTests : IDisposable
{
    private readonly TempHome _home = new();
    private readonly SetTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    private GatewayHome Home => new(Path.Combine(_home.Root, "gateway"));

    [Fact]
    public void Certificates_are_kept_while_they_last_and_are_made_anew_before_they_run_out_or_for_other_hosts()
    {
        var first = Serials("hub-1");
        Assert.Equal(first, Serials("hub-1"));
        var other = Serials("hub-2");
        Assert.NotEqual(first.Server, other.Server);
        Assert.Equal(first.Authority, other.Authority);
        _time.Now += TimeSpan.FromDays(368);
        var renewed = Serials("hub-2");
        Assert.NotEqual(other.Server, renewed.Server);
        Assert.Equal(first.Authority, renewed.Authority);
        _time.Now += TimeSpan.FromDays(3650);
        Assert.NotEqual(first.Authority, Serials("hub-2").Authority);
    }

    [Fact]
    public void What_holds_keys_or_messages_is_its_owner_s_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Home.Options("localhost", 0, _time).Certificate.Dispose();
        using var registry = new DeviceRegistry(Home.RegistryFile, _time);
        registry.Add(["d1"]);
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        foreach (var file in Directory.EnumerateFiles(Home.Folder).Where(f => f != Home.AuthorityFile))
        {
            Assert.Equal(default, File.GetUnixFileMode(file) & Others);
        }
    }

    [Fact]
    public void Devices_have_keys_of_their_own_and_adding_again_changes_nothing()
    {
        using var registry = new DeviceRegistry(Home.RegistryFile, _time);
        Assert.Equal(2, registry.Add(["d2", "d1"]));
        var keys = registry.KeysOf("d1")!;
        Assert.Equal(4, new[] { keys, registry.KeysOf("d2")! }.SelectMany(k => new[] { Convert.ToHexString(k.Primary), Convert.ToHexString(k.Secondary) }).Distinct().Count());
        Assert.Equal(32, keys.Primary.Length);
        var version = registry.Version;
        Assert.True(registry.Revoke("d2"));
        Assert.NotEqual(version, registry.Version);
        Assert.False(registry.Revoke("d2"));
        Assert.False(registry.Revoke("nobody"));
        Assert.Equal(1, registry.Add(["d1", "d2", "d3"]));
        Assert.Equal(keys.Primary, registry.KeysOf("d1")!.Primary);
        Assert.Null(registry.KeysOf("d2"));
        Assert.Equal([("d1", false), ("d2", true), ("d3", false)], registry.List().Select(d => (d.DeviceId, d.Revoked is not null)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a+")]
    [InlineData("a#")]
    [InlineData("ä")]
    public void A_name_that_is_no_device_id_adds_nothing(string id)
    {
        using var registry = new DeviceRegistry(Home.RegistryFile, _time);
        Assert.Contains("Nothing was added", Assert.Throws<LakeException>(() => registry.Add(["d1", id])).Message, StringComparison.Ordinal);
        Assert.Empty(registry.List());
    }

    public void Dispose() => _home.Dispose();

    private (string Server, string Authority) Serials(string host)
    {
        using var server = Home.Options(host, 0, _time).Certificate;
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Home.AuthorityFile);
        return (server.SerialNumber, authority.SerialNumber);
    }
}
