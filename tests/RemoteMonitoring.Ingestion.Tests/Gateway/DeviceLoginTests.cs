using System.Text;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

public sealed class DeviceLoginTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TempHome _home = new();
    private readonly SetTime _time = new(s_now);
    private readonly DeviceRegistry _registry;

    public DeviceLoginTests()
    {
        _registry = new DeviceRegistry(Path.Combine(_home.Root, "devices.db"), _time);
        _registry.Add(["cuff-1", "scale-2", "gone-3"]);
        _registry.Revoke("gone-3");
    }

    [Fact]
    public void A_token_made_by_the_node_sdk_is_signed_by_its_key_and_no_other()
    {
        var key = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");
        var token = SasToken.TryParse("SharedAccessSignature sr=hub.example/devices/cuff-1&sig=PRHbBf41SRsFGR0x80jwQOYMLtEYlAFvNceb%2FolUCjo%3D&se=1893456000")!;
        Assert.True(token.IsSignedBy(key));
        Assert.False(token.IsSignedBy(key.AsSpan(1)));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1893456000), token.Expires);
        Assert.True(token.Covers("hub.example", "cuff-1"));
    }

    [Theory]
    [InlineData("localhost/cuff-1/?api-version=2021-04-12&DeviceClientType=x%2Fy", "cuff-1")]
    [InlineData("localhost/cuff-1/api-version=2018-06-30", "cuff-1")]
    [InlineData("localhost/cuff-1/", "cuff-1")]
    [InlineData("localhost/cuff-1", "cuff-1")]
    [InlineData("LOCALHOST:18883/cuff-1/?api-version=2021-04-12", "cuff-1")]
    public void All_forms_of_the_user_name_are_taken(string userName, string clientId)
    {
        var (login, refusal) = Check(clientId, userName, Token());
        Assert.Null(refusal);
        Assert.Equal("cuff-1", login!.DeviceId);
        Assert.Equal(s_now.AddHours(1), login.Expires);
    }

    [Theory]
    [InlineData(null, "cuff-1")]
    [InlineData("", "cuff-1")]
    [InlineData("localhost", "cuff-1")]
    [InlineData("localhost/cuff-1/?api-version=1", "")]
    [InlineData("localhost/cuff-1/?api-version=1", null)]
    [InlineData("localhost/cuff-1/?api-version=1", "scale-2")]
    [InlineData("localhost/cuff-1/module/?api-version=1", "cuff-1")]
    [InlineData("localhost/CUFF-1/?api-version=1", "cuff-1")]
    public void A_login_of_another_form_is_malformed(string? userName, string? clientId) =>
        Assert.Equal(Refusal.LoginMalformed, Check(clientId, userName, Token()).Refusal);

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("SharedAccessSignature")]
    [InlineData("SharedAccessSignature ")]
    [InlineData("SharedAccessSignature sr=localhost%2Fdevices%2Fcuff-1&sig=AAAA&se=1893456000")]
    [InlineData("SharedAccessSignature sr=localhost%2Fdevices%2Fcuff-1&sig=PJL3kjwmkY7ChpM6TMabN0no3j30FJ6YE4hANBX6GwI%3D")]
    [InlineData("SharedAccessSignature sr=localhost%2Fdevices%2Fcuff-1&se=1893456000")]
    [InlineData("SharedAccessSignature sr=a&sr=b&sig=PJL3kjwmkY7ChpM6TMabN0no3j30FJ6YE4hANBX6GwI%3D&se=1893456000")]
    [InlineData("SharedAccessSignature sr=a&sig=PJL3kjwmkY7ChpM6TMabN0no3j30FJ6YE4hANBX6GwI%3D&se=soon")]
    [InlineData("SharedAccessSignature sr=a&sig=PJL3kjwmkY7ChpM6TMabN0no3j30FJ6YE4hANBX6GwI%3D&se=-1")]
    [InlineData("SharedAccessSignature sr=a&sig=PJL3kjwmkY7ChpM6TMabN0no3j30FJ6YE4hANBX6GwI%3D&se=99999999999999999")]
    [InlineData("SharedAccessSignature sr=a&sig=%%%&se=1893456000")]
    public void A_password_that_is_no_token_is_malformed(string password) =>
        Assert.Equal(Refusal.LoginMalformed, Check("cuff-1", "localhost/cuff-1/", password).Refusal);

    [Fact]
    public void Either_key_of_the_device_signs()
    {
        var keys = _registry.KeysOf("cuff-1")!;
        Assert.NotNull(Check("cuff-1", "localhost/cuff-1/", Token(keys.Primary)).Login);
        Assert.NotNull(Check("cuff-1", "localhost/cuff-1/", Token(keys.Secondary)).Login);
        Assert.Equal(Refusal.WrongKey, Check("cuff-1", "localhost/cuff-1/", Token(_registry.KeysOf("scale-2")!.Primary)).Refusal);
        Assert.Equal(Refusal.WrongKey, Check("cuff-1", "localhost/cuff-1/", Token(new byte[32])).Refusal);
    }

    [Fact]
    public void A_signature_is_over_the_resource_and_the_expiry()
    {
        var token = Token();
        Assert.Equal(Refusal.WrongKey, Check("cuff-1", "localhost/cuff-1/", token.Replace("se=", "se=1", StringComparison.Ordinal)).Refusal);
        Assert.Equal(Refusal.WrongKey, Check("cuff-1", "localhost/cuff-1/", token.Replace("sr=localhost", "sr=Localhost", StringComparison.Ordinal)).Refusal);
    }

    [Theory]
    [InlineData("localhost/devices/cuff-1", true)]
    [InlineData("LocalHost/devices/cuff-1", true)]
    [InlineData("localhost:8883/devices/cuff-1", true)]
    [InlineData("localhost/devices", true)]
    [InlineData("localhost", true)]
    [InlineData("localhost/devices/CUFF-1", false)]
    [InlineData("localhost/devices/cuff-", false)]
    [InlineData("localhost/devices/cuff-10", false)]
    [InlineData("localhost/devices/cuff-1/modules/m", false)]
    [InlineData("localhost/modules/cuff-1", false)]
    [InlineData("elsewhere/devices/cuff-1", false)]
    [InlineData("", false)]
    public void The_resource_covers_the_device_segment_by_segment(string resource, bool covers)
    {
        var token = SasToken.Create(resource, _registry.KeysOf("cuff-1")!.Primary, s_now.AddHours(1));
        Assert.Equal(covers ? null : Refusal.WrongResource, Check("cuff-1", "localhost/cuff-1/", token).Refusal);
    }

    [Fact]
    public void A_token_is_good_until_its_expiry_and_not_at_it()
    {
        _time.Now = s_now.AddHours(1).AddMilliseconds(-1);
        Assert.NotNull(Check("cuff-1", "localhost/cuff-1/", Token()).Login);
        _time.Now = s_now.AddHours(1);
        Assert.Equal(Refusal.TokenExpired, Check("cuff-1", "localhost/cuff-1/", Token()).Refusal);
    }

    [Fact]
    public void Hosts_devices_and_revocations_are_told_apart()
    {
        Assert.Equal(Refusal.UnknownHost, Check("cuff-1", "elsewhere/cuff-1/", Token()).Refusal);
        Assert.Equal(Refusal.UnknownDevice, Check("nobody", "localhost/nobody/", Token()).Refusal);
        Assert.Equal(Refusal.Revoked, Check("gone-3", "localhost/gone-3/", Token()).Refusal);
    }

    public void Dispose()
    {
        _registry.Dispose();
        _home.Dispose();
    }

    private string Token(byte[]? key = null) => RawDevice.Token("cuff-1", key ?? _registry.KeysOf("cuff-1")!.Primary, s_now.AddHours(1));

    private (DeviceLogin? Login, Refusal? Refusal) Check(string? clientId, string? userName, string password) =>
        DeviceLogin.Check(clientId, userName, Encoding.UTF8.GetBytes(password), ["localhost"], _registry, _time);
}
