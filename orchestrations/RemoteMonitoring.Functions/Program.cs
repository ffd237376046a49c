using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using RemoteMonitoring.Functions;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Schedules;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();

string? Setting(string name) => builder.Configuration[name] is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;

var faults = HostSettings.FaultsOf(Setting);
var home = AzureHome.Of(Setting, Setting("RMON_HOME") ?? Path.Combine(Path.GetTempPath(), "rmon"));
if (home is null || faults.Count > 0)
{
    foreach (var fault in faults.DefaultIfEmpty("The app's settings name no home: set RMON_BLOBS and RMON_COSMOS."))
    {
        await Console.Error.WriteLineAsync(fault);
    }

    return 3;
}

// What is sound of these runs, and the lists ship.
string[] unsound =
[
    .. Setting(DueSchedules.Setting) is { } schedules ? ScheduleFile.Parse(schedules, DueSchedules.Setting).Faults : [],
    .. HostSettings.TrainingFaultsOf(Setting),
    .. await HostSettings.FollowUpFaultsAsync(home.Folder, CancellationToken.None),
];
foreach (var fault in unsound)
{
    await Console.Error.WriteLineAsync(fault);
}

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(home);
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

var app = builder.Build();
SecretReports.Begin(SecretSettings.OfProcess, app.Services);
await app.RunAsync();
return 0;
