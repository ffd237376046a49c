using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>What a running worker answers, and what it sends of its own figures.</summary>
public sealed class WorkerEndpointTests : IDisposable
{
    private const string Key = "correct horse battery staple";
    private const string Assignment = """{"deviceId":"cuff-1","patientId":"p-001","from":"2026-01-01T00:00:00Z","known":"2026-01-01T00:00:00Z"}""";

    private readonly string _home = Directory.CreateTempSubdirectory("rmon-endpoint-").FullName;
    private readonly int _port = FreePort();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task Reference_events_are_taken_in_whole_once_and_only_with_the_key()
    {
        using var worker = await StartAsync(("RMON_REFERENCE_KEY", Key));
        var health = await _client.GetAsync(Url("/health"));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Contains("\"landed_through\":", await health.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        Assert.Equal((200, """{"kind":"assignments","appended":true}"""), await PostAsync("assignments", Assignment + "\n"));
        Assert.Equal((200, """{"kind":"assignments","appended":false}"""), await PostAsync("assignments", Assignment + "\n"));
        var another = Assignment.Replace("cuff-1", "cuff-2", StringComparison.Ordinal);
        Assert.Equal((200, """{"kind":"assignments","appended":true}"""), await PostAsync("assignments", $"{another}\r\n\n{Assignment}\n"));

        foreach (var key in new[] { null, "", "wrong", Key[..^1], Key + "x" })
        {
            var (status, said) = await PostAsync("assignments", Assignment, key);
            Assert.Equal(401, status);
            Assert.Contains("Authorization: Bearer KEY", said, StringComparison.Ordinal);
        }

        // One bad line, and none is appended; the answer names the line, and nothing that is in it.
        foreach (var (bad, hint) in new[]
        {
            ("""{"deviceId":"secret-7","patientId":"secret-8","from":"yesterday","known":"2026-01-01T00:00:00Z"}""", "the field 'from'"),
            ("""{"deviceId":"secret-7","patientId":"secret-8","known":"2026-01-01T00:00:00Z"}""", "not a DeviceAssignment"),
            ("""{"deviceId":"secret-7","patientId":"secret-8","from":"2026-01-01T00:00:00Z","known":"2026-01-01T00:00:00Z","secret-9":1}""", "not a DeviceAssignment"),
            ("""{"deviceId":"secret-7",""", "not a DeviceAssignment"),
            ("secret-7", "not a DeviceAssignment"),
            ("[]", "not a DeviceAssignment"),
            ("null", "not a DeviceAssignment"),
            (new string('[', 5_000), "not a DeviceAssignment"),
        })
        {
            var (status, said) = await PostAsync("assignments", $"{Assignment}\n{another}\n{bad}\n");
            Assert.Equal(400, status);
            Assert.Contains("line 3: ", said, StringComparison.Ordinal);
            Assert.Contains(hint, said, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", said, StringComparison.Ordinal);
            Assert.DoesNotContain("yesterday", said, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', said);
        }

        Assert.Equal(400, (await PostAsync("mappings", Assignment)).Status);
        Assert.Equal(400, (await PostAsync("assignments", "\n \n")).Status);
        Assert.Equal(400, (await PostAsync("assignments", [0xff, 0xfe, 0x00])).Status);
        Assert.Equal(413, (await PostAsync("assignments", new string('x', (1 << 20) + 1))).Status);
        Assert.Equal(404, (int)(await _client.GetAsync(Url("/reference/assignments"))).StatusCode);
        Assert.Equal(0, await worker.TerminateAsync());

        await using var store = CohortStore.Open(_home, "ward");
        var position = await store.Reference.PositionAsync(default);
        Assert.Equal(2, position[ReferenceKinds.Assignments]);
        Assert.Equal(2, (await store.Reference.LoadAsync(position, default)).Assignments.Count);
        Assert.DoesNotContain(worker.Output.Concat(worker.Errors), l => l.Contains("secret", StringComparison.Ordinal) || l.Contains(Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_key_there_is_no_such_endpoint_and_a_short_key_is_none()
    {
        using (var worker = await StartAsync())
        {
            Assert.Equal(404, (await PostAsync("assignments", Assignment)).Status);
            Assert.Equal(200, (int)(await _client.GetAsync(Url("/health"))).StatusCode);
        }

        using var shortKey = Start(("RMON_REFERENCE_KEY", "short"));
        Assert.Equal(2, await shortKey.ExitAsync());
        Assert.Contains(shortKey.Errors, l => l.Contains("RMON_REFERENCE_KEY is too short", StringComparison.Ordinal));
        Assert.DoesNotContain(shortKey.Errors, l => l.Contains("   at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Its_own_figures_arrive_where_OpenTelemetry_is_told_to_send_them()
    {
        using var collector = new HttpListener();
        var port = FreePort();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        using var worker = await StartAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_METRIC_EXPORT_INTERVAL", "300"));
        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var context = await collector.GetContextAsync().WaitAsync(tooLong.Token);
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body, tooLong.Token);
            context.Response.Close();
            // Names stand in the message as they are.
            var text = Encoding.Latin1.GetString(body.ToArray());
            if (text.Contains("remotemonitoring.ingestion.landed", StringComparison.Ordinal))
            {
                Assert.Equal("/v1/metrics", context.Request.Url!.AbsolutePath);
                Assert.Contains("remotemonitoring.ingestion.lag", text, StringComparison.Ordinal);
                Assert.DoesNotContain("cuff-1", text, StringComparison.Ordinal);
                break;
            }
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private Uri Url(string path) => new($"http://127.0.0.1:{_port}{path}");

    private async Task<RmonProcess> StartAsync(params (string Name, string Value)[] environment)
    {
        var file = Path.Combine(_home, "ward", "gateway", "log.db");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await using (var log = GatewayLog.Open(file, new GatewayLogOptions(), TimeProvider.System))
        {
            await log.AppendAsync(new GatewayMessage { DeviceId = "cuff-1", Body = """{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}"""u8.ToArray() }, default);
        }

        var worker = Start(environment);
        await worker.LineAsync(worker.Errors, l => l.Contains("3: reading on from", StringComparison.Ordinal));
        return worker;
    }

    private RmonProcess Start(params (string Name, string Value)[] environment) => RmonProcess.Run(
        ["dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), "worker", "--home", _home, "--cohort", "ward", "--no-gateway", "--batch-age", "0.1", "--health-port", $"{_port}"],
        environment.Select(e => KeyValuePair.Create(e.Name, e.Value)));

    private Task<(int Status, string Said)> PostAsync(string kind, string body, string? key = Key) => PostAsync(kind, Encoding.UTF8.GetBytes(body), key);

    private async Task<(int Status, string Said)> PostAsync(string kind, byte[] body, string? key = Key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Url($"/reference/{kind}")) { Content = new ByteArrayContent(body) };
        // Who refuses a body by its length does not read it, and closes: what is still being sent then breaks.
        request.Headers.ExpectContinue = body.Length > 1 << 20;
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using var response = await _client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
