using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Tests.Gateway;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Vault;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>Keys that are replaced while the programs that use them run.</summary>
public sealed class SecretRotationTests : IDisposable
{
    private const string Old = "the-key-of-before-0";
    private const string New = "the-key-from-now-on-1";
    private const string Assignment = """{"deviceId":"cuff-1","patientId":"p-001","from":"2026-01-01T00:00:00Z","known":"2026-01-01T00:00:00Z"}""";

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task A_workers_intake_takes_the_old_key_and_the_new_during_the_overlap_and_never_restarts()
    {
        using var vault = new FakeVault(Old);
        var clock = new VaultClock();
        var secrets = new SecretSettings(name => name == "RMON_REFERENCE_KEY" ? vault.Url : null, clock, new FakeToken(), vault.Options);
        await using var store = CohortStore.Open(_rmon.Home, "ward");
        await using var worker = await WorkerEndpoint.StartAsync(new WorkerEndpointOptions(IPAddress.Loopback, 0), new WorkerState(), store.Reference, secrets, default);
        using var client = new HttpClient { BaseAddress = new Uri(worker.Urls.Single()) };
        Assert.Equal((200, 401), await PostAsync(client));

        // The sender has the new key first: it is let in once the vault has it, without the five minutes.
        vault.Secret = $"{New},{Old}";
        clock.Pass(SecretSettings.LeastBetween);
        Assert.Equal((200, 200), await PostAsync(client));
        Assert.Equal(401, await PostAsync(client, $"{New},{Old}"));
        Assert.Equal(401, await PostAsync(client, ""));

        // The overlap ends: within five minutes the old key lets nobody in, whoever uses it.
        vault.Secret = New;
        clock.Pass(SecretSettings.RefreshAfter);
        Assert.Equal((401, 200), await PostAsync(client));

        // A version that is no key, and a vault that is away, let nobody else in and keep nobody out.
        foreach (var (secret, status) in new[] { ("short", HttpStatusCode.OK), ($"{Old},", HttpStatusCode.OK), ($"{Old},{New},{New}", HttpStatusCode.OK), (Old, HttpStatusCode.Forbidden) })
        {
            (vault.Secret, vault.Status) = (secret, status);
            clock.Pass(SecretSettings.RefreshAfter);
            Assert.Equal((401, 200), await PostAsync(client));
            Assert.Equal(401, await PostAsync(client, ""));
        }
    }

    [Fact]
    public async Task Who_knocks_with_wrong_keys_does_not_make_the_worker_ask_the_vault_each_time()
    {
        using var vault = new FakeVault(Old);
        var clock = new VaultClock();
        await using var store = CohortStore.Open(_rmon.Home, "ward");
        await using var worker = await WorkerEndpoint.StartAsync(
            new WorkerEndpointOptions(IPAddress.Loopback, 0), new WorkerState(), store.Reference, new SecretSettings(_ => vault.Url, clock, new FakeToken(), vault.Options), default);
        using var client = new HttpClient { BaseAddress = new Uri(worker.Urls.Single()) };
        clock.Pass(SecretSettings.LeastBetween);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 40).Select(i => PostAsync(client, $"a-wrong-key-of-some-length-{i}"))), status => Assert.Equal(401, status));
        Assert.Equal(2, vault.Reads);
    }

    [Fact]
    public async Task A_devices_key_is_replaced_beside_a_gateway_that_runs()
    {
        using var gateway = RmonProcess.Start(["gateway", "--cohort", "ward", "--port", "0", "--home", _rmon.Home]);
        var port = int.Parse((await gateway.LineAsync(l => l.StartsWith("Gateway of cohort", StringComparison.Ordinal))).Split("on port ")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture);
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_rmon.Home, "ward", "gateway", DevelopmentCertificates.AuthorityFile));
        await DevicesAsync(0, "add", "cuff-1");
        var before = await KeyAsync();
        using var device = await RawDevice.OpenAsync(port, authority, "cuff-1");
        Assert.Equal(0, await LogInAsync(device, before));

        Assert.Contains("is not being replaced", (await DevicesAsync(3, "rotate", "cuff-1", "--finish")).Errors, StringComparison.Ordinal);
        // A width may have put an end of line into it.
        Assert.Contains("rmon devices rotate cuff-1 --finish --home", string.Join(' ', (await DevicesAsync(0, "rotate", "cuff-1")).Output.Split('\n', StringSplitOptions.TrimEntries)), StringComparison.Ordinal);
        Assert.Contains("is being replaced since", (await DevicesAsync(3, "rotate", "cuff-1")).Errors, StringComparison.Ordinal);
        Assert.Matches("cuff-1 +2[0-9-]+T[0-9:]+Z +2[0-9-]+T[0-9:]+Z", (await DevicesAsync(0, "list")).Output);
        await Task.Delay(TimeSpan.FromSeconds(2.5)); // the gateway has looked at its registry
        Assert.True(await device.SendAsync(device.Topic(), [1]));

        Assert.Equal(0, (await DevicesAsync(0, "rotate", "cuff-1", "--finish")).ExitCode);
        Assert.Null(await device.ReadAsync());
        using var late = await RawDevice.OpenAsync(port, authority, "cuff-1");
        Assert.Equal(5, await LogInAsync(late, before));
        using var renewed = await RawDevice.OpenAsync(port, authority, "cuff-1");
        var after = await KeyAsync();
        Assert.NotEqual(before, after);
        Assert.Equal(0, await LogInAsync(renewed, after));
        Assert.True(await renewed.SendAsync(renewed.Topic(), [2]));
        Assert.Contains("no device 'nobody'", (await DevicesAsync(3, "rotate", "nobody")).Errors, StringComparison.Ordinal);
        await gateway.LineAsync(gateway.Errors, l => l.Contains("key-withdrawn", StringComparison.Ordinal));
        Assert.Equal(0, await gateway.TerminateAsync());
        Assert.DoesNotContain(gateway.Errors, l => l.Contains("cuff-1", StringComparison.Ordinal) || l.Contains(Convert.ToBase64String(before), StringComparison.Ordinal));
    }

    [Fact]
    public void A_certificate_of_the_pages_that_is_renewed_on_disk_is_theirs_within_seconds()
    {
        var (file, clock, said) = (Path.Combine(_rmon.Home, "pages.pem"), new VaultClock(), new List<string>());
        var (one, two) = (Pem("one.example"), Pem("two.example"));
        Write(file, one, 1);
        var certificate = PagesCertificate.Open(file, null, new SecretSettings(_ => null, clock), clock, said.Add);
        Assert.Equal(("CN=one.example", "one.example"), (certificate.Current.Subject, Assert.Single(certificate.Names)));
        Write(file, two, 2);
        Assert.Equal("CN=one.example", certificate.Current.Subject);
        clock.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal("CN=two.example", certificate.Current.Subject);

        // Half a file is none: the one of before stays, which is said once.
        Write(file, one[..(one.Length / 2)], 3);
        for (var i = 0; i < 3; i++)
        {
            clock.Pass(TimeSpan.FromSeconds(5));
            Assert.Equal("CN=two.example", certificate.Current.Subject);
        }

        Assert.Equal(2, said.Count);
        Assert.Contains("The one of before stays in use.", said[1], StringComparison.Ordinal);
        Write(file, one, 4);
        clock.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal("CN=one.example", certificate.Current.Subject);
        Assert.True(certificate.Current.HasPrivateKey);
    }

    [Fact]
    public void A_certificate_whose_password_is_put_in_the_vault_after_it_is_theirs_once_both_are_there()
    {
        using var vault = new FakeVault("first");
        var (file, clock, said) = (Path.Combine(_rmon.Home, "pages.pfx"), new VaultClock(), new List<string>());
        void Put(string name, string password, int written)
        {
            var pem = Pem(name);
            using var whole = X509Certificate2.CreateFromPem(pem, pem);
            File.WriteAllBytes(file, whole.Export(X509ContentType.Pfx, password));
            File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1, 0, 0, written, DateTimeKind.Utc));
        }

        Put("one.example", "first", 1);
        var pages = PagesCertificate.Open(file, null, new SecretSettings(_ => vault.Url, clock, new FakeToken(), vault.Options), clock, said.Add);
        Put("two.example", "second", 2);
        for (var i = 0; i < 3; i++)
        {
            clock.Pass(TimeSpan.FromSeconds(10));
            Assert.Equal("CN=one.example", pages.Current.Subject);
        }

        Assert.Contains("The one of before stays in use.", Assert.Single(said), StringComparison.Ordinal);
        vault.Secret = "second";
        clock.Pass(SecretSettings.LeastBetween);
        Assert.Equal("CN=two.example", pages.Current.Subject);
        Assert.Equal(2, said.Count);
    }

    private static void Write(string file, string text, int written)
    {
        File.WriteAllText(file, text);
        File.SetLastWriteTimeUtc(file, new DateTime(2026, 1, 1, 0, 0, written, DateTimeKind.Utc));
    }

    private static string Pem(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static async Task<(int Old, int New)> PostAsync(HttpClient client) => (await PostAsync(client, Old), await PostAsync(client, New));

    private static async Task<int> PostAsync(HttpClient client, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/reference/assignments") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Assignment)) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await client.SendAsync(request);
        return (int)response.StatusCode;
    }

    private async Task<RmonResult> DevicesAsync(int exitCode, params string[] arguments)
    {
        var result = await _rmon.RunAsync(["devices", .. arguments, "--cohort", "ward"]);
        Assert.Equal(exitCode, result.ExitCode);
        return result;
    }

    private async Task<byte[]> KeyAsync() => Convert.FromBase64String((await DevicesAsync(0, "connection-string", "cuff-1")).Output.Trim().Split("SharedAccessKey=")[1]);

    private static Task<int> LogInAsync(RawDevice device, byte[] key) => device.ConnectAsync(RawDevice.Token("cuff-1", key, TimeProvider.System.GetUtcNow().AddHours(1)));
}
