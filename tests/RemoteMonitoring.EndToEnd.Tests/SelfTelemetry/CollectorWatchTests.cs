namespace RemoteMonitoring.EndToEnd.Tests.SelfTelemetry;

/// <summary>A collector that does not take what is sent is told of, and stops nothing.</summary>
[Collection("runs the program")]
public sealed class CollectorWatchTests : IDisposable
{
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(60);

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task One_that_is_not_there_is_one_line_and_the_worker_goes_on(string protocol)
    {
        using var worker = Worker(OtlpReceiver.FreeUrl(), protocol);
        var told = await worker.LineAsync(worker.Errors, l => l.Contains("telemetry", StringComparison.Ordinal), s_most);
        Assert.StartsWith("rmon: telemetry is not taken by http://127.0.0.1:", told, StringComparison.Ordinal);
        Assert.Contains("(Connection refused (", told, StringComparison.Ordinal);
        await Task.Delay(TimeSpan.FromSeconds(2)); // some more that fail
        Assert.Single(worker.Errors, l => l.Contains("telemetry", StringComparison.Ordinal));
        Assert.Equal(0, await worker.TerminateAsync());
        Assert.Matches("^rmon: telemetry was not taken to the end: [0-9]+ sendings were not\\.$", worker.Errors.Last(l => l.Contains("telemetry", StringComparison.Ordinal)));
        Assert.Contains(worker.Errors, l => l.Contains("Stopped; 0 messages landed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_comes_back_is_told_of_and_gets_the_count()
    {
        var address = OtlpReceiver.FreeUrl();
        using var worker = Worker(address, "http/protobuf");
        await worker.LineAsync(worker.Errors, l => l.Contains("telemetry is not taken by", StringComparison.Ordinal), s_most);
        await Task.Delay(TimeSpan.FromSeconds(1));
        using var receiver = new OtlpReceiver(address);
        await receiver.TextAsync("/v1/metrics", "remotemonitoring.telemetry.failures");
        Assert.Equal(0, await worker.TerminateAsync());
        Assert.Matches($"^rmon: telemetry is taken again by {address}: [0-9]+ sendings were not\\.$", worker.Errors.Last(l => l.Contains("telemetry", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_that_takes_metrics_and_never_logs_is_told_of_once()
    {
        using var receiver = new OtlpReceiver(refuses: "/v1/logs");
        using var worker = Worker(receiver.Url, "http/protobuf");
        var told = await worker.LineAsync(worker.Errors, l => l.Contains("telemetry", StringComparison.Ordinal), s_most);
        Assert.Contains("503", told, StringComparison.Ordinal);
        await receiver.TextAsync("/v1/metrics", "remotemonitoring.telemetry.failures");
        await receiver.TextAsync("/v1/metrics", "remotemonitoring.ingestion.waiting.age");
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.Single(worker.Errors, l => l.Contains("telemetry", StringComparison.Ordinal));
        Assert.Equal(0, await worker.TerminateAsync());
    }

    private RmonProcess Worker(string address, string protocol) => RmonProcess.Run(
        ["dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), "worker", "--cohort", "ward", "--port", "0", "--home", _rmon.Home],
        [
            new("OTEL_EXPORTER_OTLP_ENDPOINT", address), new("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), new("OTEL_METRIC_EXPORT_INTERVAL", "300"), new("OTEL_BLRP_SCHEDULE_DELAY", "100"),
        ]);
}
