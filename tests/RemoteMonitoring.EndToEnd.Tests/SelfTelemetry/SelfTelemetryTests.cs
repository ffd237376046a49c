using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Tests.Gateway;

namespace RemoteMonitoring.EndToEnd.Tests.SelfTelemetry;

/// <summary>
/// What <c>rmon serve</c> tells of itself to a real receiver, from a device's message to the page of a list: that one leads to the other, and that nobody is named. Patients, teams, devices,
/// users and texts all have a name in common that is looked for in every byte.
/// </summary>
[Collection("runs the program")]
public sealed partial class SelfTelemetryTests : IAsyncLifetime, IDisposable
{
    private const string Secret = "zz-secret";
    private const string Device = Secret + "-cuff-000001";
    private const string Team = Secret + "-team-001";
    private const string Nurse = Secret + "-nurse";
    private const string Password = Secret + "-phrase";
    private const string Night = "2025-02-20T00:00:00Z";
    private const string DeviceTrace = "0af7651916cd43dd8448eb211c80319c";
    private const string DeviceSpan = "b7ad6b7169203331";

    private readonly Rmon _rmon = new();
    private readonly OtlpReceiver _receiver = new();
    private readonly int _port = FreePort();
    private RmonProcess _served = null!;
    private GatewayHome _gateway = null!;
    private byte[] _key = [];
    private bool _isDisposed;

    public async Task InitializeAsync()
    {
        var feed = _rmon.Folder("feed");
        await SucceedAsync("simulate", feed, "--patients", "120", "--days", "60", "--seed", "3");
        await RenameAsync(feed);
        await SucceedAsync("ingest", feed);
        await SucceedAsync("train", "admission-7d");
        var typed = await _rmon.RunWithInputAsync(Password + "\n", "users", "add", Nurse, "--role", "care-manager", "--team", Team, "--password-stdin");
        Assert.True(typed.ExitCode == 0, typed.Errors);
        _gateway = new GatewayHome(Path.Combine(_rmon.Home, "simulated", "gateway"));
        Directory.CreateDirectory(Path.GetDirectoryName(_gateway.RegistryFile)!);
        using (var registry = new DeviceRegistry(_gateway.RegistryFile, TimeProvider.System))
        {
            registry.Add([Device]);
            _key = registry.KeysOf(Device)!.Primary;
        }

        _served = RmonProcess.Run(
            ["dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), "serve", "--home", _rmon.Home, "--port", _port.ToString(CultureInfo.InvariantCulture), "--worklist-port", "0"], _receiver.Environment);
    }

    public Task DisposeAsync()
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _served?.Dispose();
            _receiver.Dispose();
            _rmon.Dispose();
        }
    }

    [Fact]
    public async Task From_a_device_s_message_one_comes_to_the_page_of_the_list_and_nobody_is_named_on_the_way()
    {
        var pages = (await _served.LineAsync(l => l.StartsWith("worklist: http", StringComparison.Ordinal), TimeSpan.FromSeconds(60))).Split(' ')[1];
        await SendAsync();
        var accepted = await _receiver.SpanAsync("the message", s => s.Name == "accept" && s.TraceId == DeviceTrace);
        Assert.Equal(DeviceSpan, accepted.ParentSpanId);
        var landed = await _receiver.SpanAsync("its landing", s => s.Name == "land" && s.Links.Contains((accepted.TraceId, accepted.SpanId)));
        Assert.NotEqual(accepted.TraceId, landed.TraceId);

        Assert.Equal(0, (await _rmon.RunAsync("run", "daily", "--retrospective", "--as-of", Night, "--detach")).ExitCode);
        var compacted = await _receiver.SpanAsync("the compaction", s => s.Name == "compact" && s.Links.Any(l => l.TraceId == landed.TraceId));
        var published = await _receiver.SpanAsync("the lists", s => s.Name == "publish-lists" && s.TraceId == compacted.TraceId);
        foreach (var step in (string[])["ingestion-watermark", "plan-risk", "score-part", "publish-predictions"])
        {
            await _receiver.SpanAsync(step, s => s.Name == step && s.TraceId == compacted.TraceId);
        }

        var lists = await _receiver.SpanAsync("where the lists come from", s => s.Name == "lists" && s.Links.Contains((published.TraceId, published.SpanId)));
        await LookAsync(pages);
        await _receiver.SpanAsync("the page", s => s.Name == "list page" && s.Links.Any(l => l.TraceId == lists.TraceId));

        foreach (var figure in (string[])["remotemonitoring.slo.rejected", "remotemonitoring.workflows.step.duration", "remotemonitoring.nights.scored", "remotemonitoring.gateway.messages", "http.server.request.duration"])
        {
            await _receiver.TextAsync("/v1/metrics", figure);
        }

        await _receiver.TextAsync("/v1/logs", "daily-risk");
        Assert.Equal(0, await _served.TerminateAsync());
        Assert.True(_receiver.Received.Count > 10);
        Assert.All(_receiver.Received, r => Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(r.Body), StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(_served.Output.Concat(_served.Errors).Where(l => !l.StartsWith("worklist: sign in as ", StringComparison.Ordinal)), l => l.Contains(Secret, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A message with a trace, one that is none, one whose trace is none, and a stranger who is not let in.</summary>
    private async Task SendAsync()
    {
        await _served.LineAsync(l => l.StartsWith("Devices are to trust", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        using var authority = X509CertificateLoader.LoadCertificateFromFile(_gateway.AuthorityFile);
        using (var stranger = await RawDevice.OpenAsync(_port, authority, Secret + "-stranger"))
        {
            Assert.NotEqual(0, await stranger.ConnectAsync(RawDevice.Token(Secret + "-stranger", _key, TimeProvider.System.GetUtcNow().AddHours(1))));
        }

        using var device = await RawDevice.OpenAsync(_port, authority, Device);
        Assert.Equal(0, await device.ConnectAsync(RawDevice.Token(Device, _key, TimeProvider.System.GetUtcNow().AddHours(1))));
        Assert.True(await device.SendAsync(
            device.Topic($"$.mid={Secret}-1&patient={Secret}-patient-000001&traceparent=00-{DeviceTrace}-{DeviceSpan}-01"), Encoding.UTF8.GetBytes($$"""{"readings":[{"code":"8867-4","value":72,"unit":"/min"},{"code":"{{Secret}}-code","value":1,"unit":"{{Secret}}"}],"note":"{{Secret}}"}"""), 1));
        Assert.True(await device.SendAsync(device.Topic($"traceparent={Secret}"), Encoding.UTF8.GetBytes(Secret + " is no JSON"), 2));
        Assert.True(await device.SendAsync(device.Topic($"traceparent=00-{Secret}-01&{Secret}={Secret}"), """{"readings":[{"code":"8867-4","value":71,"unit":"/min"}]}"""u8.ToArray(), 3));
    }

    /// <summary>Somebody signs in, wrongly at first, looks at their list, and at what is not there.</summary>
    private static async Task LookAsync(string pages)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(pages) };
        foreach (var password in (string[])[Secret, Password])
        {
            var token = FormToken().Match(await client.GetStringAsync("/sign-in")).Groups[1].Value;
            using var form = new FormUrlEncodedContent([new("form", token), new("user", Nurse), new("password", password), new("return", $"/teams/{Team}")]);
            await client.PostAsync("/sign-in", form);
        }

        Assert.Contains(Secret, await client.GetStringAsync($"/teams/{Team}"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/teams/{Secret}-other-team")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/patients/{Secret}-patient-000001?{Secret}={Secret}")).StatusCode);
    }

    /// <summary>Gives everybody and everything in a feed a telling name.</summary>
    private static async Task RenameAsync(string feed)
    {
        static string Renamed(string text) => Ids().Replace(text.Replace("\"S0", $"\"{Secret}-patient-0", StringComparison.Ordinal).Replace("\"team-", $"\"{Secret}-team-", StringComparison.Ordinal).Replace("North", Secret, StringComparison.Ordinal), $"\"{Secret}-$1-$2\"");
        foreach (var file in Directory.EnumerateFiles(feed, "*.ndjson"))
        {
            await File.WriteAllTextAsync(file, Renamed(await File.ReadAllTextAsync(file)));
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(feed, "messages")))
        {
            string text;
            using (var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress)))
            {
                text = await reader.ReadToEndAsync();
            }

            await using var writer = new StreamWriter(new GZipStream(File.Create(file), CompressionLevel.Fastest));
            await writer.WriteAsync(Renamed(text));
        }
    }

    private async Task SucceedAsync(params string[] arguments)
    {
        var result = await _rmon.RunAsync(arguments);
        Assert.True(result.ExitCode is 0 or 4, result.Errors);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    // Devices are named by what they are and a number.
    [GeneratedRegex("\"([a-z]+)-(\\d{6})\"")]
    private static partial Regex Ids();

    [GeneratedRegex("name=\"form\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}
