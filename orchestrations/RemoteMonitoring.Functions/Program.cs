using Azure.Identity;
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

if (Setting("RMON_BLOBS") is not { } blobs || Setting("RMON_COSMOS") is not { } cosmos)
{
    await Console.Error.WriteLineAsync("The app's settings name no home: set RMON_BLOBS and RMON_COSMOS.");
    return 3;
}

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(new AzureHome
{
    Blobs = blobs,
    Cosmos = cosmos,
    ErasureKey = Setting("RMON_ERASURE_KEY"),
    RegistryKey = Setting("RMON_REGISTRY_KEY"),
    HandleKey = Setting("RMON_HANDLE_KEY"),
    Folder = Setting("RMON_HOME") ?? Path.Combine(Path.GetTempPath(), "rmon"),
});
builder.Services.AddSingleton<FunctionsHost>();
builder.Services.AddSingleton<DueSchedules>();
builder.Services.AddSingleton<DueFollowUps>();
builder.Services.AddSingleton<DueServiceLevels>();

var telemetry = builder.Services.AddOpenTelemetry()
    .UseFunctionsWorkerDefaults()
    .WithMetrics(metrics => metrics.AddMeter("RemoteMonitoring.*"))
    .WithTracing(traces => traces.AddSource("RemoteMonitoring.*"));
if (Setting("APPLICATIONINSIGHTS_CONNECTION_STRING") is not null)
{
    // As the host does: by identity where the setting says so.
    var byIdentity = Setting("APPLICATIONINSIGHTS_AUTHENTICATION_STRING")?.Contains("Authorization=AAD", StringComparison.OrdinalIgnoreCase) == true;
    telemetry.UseAzureMonitorExporter(o => o.Credential = byIdentity ? new DefaultAzureCredential() : null);
}

await builder.Build().RunAsync();
return 0;
