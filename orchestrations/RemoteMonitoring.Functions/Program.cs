using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using RemoteMonitoring.Functions;
using RemoteMonitoring.Storage;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();

string? Setting(string name) => builder.Configuration[name] is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;
string Required(string name) => Setting(name) ?? throw new InvalidOperationException($"{name} is not set: the app's settings name the home, see README.md.");

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(new AzureHome
{
    Blobs = Required("RMON_BLOBS"),
    Cosmos = Required("RMON_COSMOS"),
    ErasureKey = Setting("RMON_ERASURE_KEY"),
    Folder = Setting("RMON_HOME") ?? Path.Combine(Path.GetTempPath(), "rmon"),
});
builder.Services.AddSingleton<FunctionsHost>();
builder.Services.AddSingleton<DueSchedules>();

var telemetry = builder.Services.AddOpenTelemetry()
    .UseFunctionsWorkerDefaults()
    .WithMetrics(metrics => metrics.AddMeter("RemoteMonitoring.*"))
    .WithTracing(traces => traces.AddSource("RemoteMonitoring.*"));
if (Setting("APPLICATIONINSIGHTS_CONNECTION_STRING") is not null)
{
    telemetry.UseAzureMonitorExporter();
}

builder.Build().Run();
