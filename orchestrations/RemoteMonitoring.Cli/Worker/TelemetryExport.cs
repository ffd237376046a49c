using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>
/// Sends what the program tells of itself, traces and metrics of <c>RemoteMonitoring.*</c> and the lines of its log: over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>
/// is set (the other variables of the standard hold too, as <c>OTEL_TRACES_SAMPLER</c>), to Azure Monitor where <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c> is: as the
/// identity that it runs as where <c>APPLICATIONINSIGHTS_AUTHENTICATION_STRING</c> says so, as the Functions host has it.
/// </summary>
internal sealed class TelemetryExport : IDisposable
{
    /// <summary>Of the web server the figures of requests, by route; its spans are not sent, since they have addresses in them.</summary>
    private const string Requests = "Microsoft.AspNetCore.Hosting";

    private readonly IDisposable[] _providers;

    private TelemetryExport(ILoggerFactory logs, params IDisposable[] providers) => (Logs, _providers) = (logs, [.. providers, logs]);

    /// <summary>Loggers whose lines are sent.</summary>
    public ILoggerFactory Logs { get; }

    /// <summary>Begins to send; null where nobody asked for it. What is left is sent when it is disposed.</summary>
    public static TelemetryExport? Start(Func<string, string?> variable)
    {
        var otlp = !string.IsNullOrWhiteSpace(variable("OTEL_EXPORTER_OTLP_ENDPOINT"));
        var insights = variable("APPLICATIONINSIGHTS_CONNECTION_STRING");
        if (!otlp && string.IsNullOrWhiteSpace(insights))
        {
            return null;
        }

        void Azure(AzureMonitorExporterOptions options)
        {
            options.ConnectionString = insights;
            options.Credential = IsByIdentity(variable) ? new DefaultAzureCredential() : null;
        }

        static void Named(ResourceBuilder resource) => resource.AddService("rmon");
        var toAzure = !string.IsNullOrWhiteSpace(insights);
        try
        {
            var traces = Sdk.CreateTracerProviderBuilder().ConfigureResource(Named).AddSource("RemoteMonitoring.*");
            traces = otlp ? traces.AddOtlpExporter() : traces;
            traces = toAzure ? traces.AddAzureMonitorTraceExporter(Azure) : traces;
            var metrics = Sdk.CreateMeterProviderBuilder().ConfigureResource(Named).AddMeter("RemoteMonitoring.*", Requests);
            metrics = otlp ? metrics.AddOtlpExporter() : metrics;
            metrics = toAzure ? metrics.AddAzureMonitorMetricExporter(Azure) : metrics;
            var logs = LoggerFactory.Create(factory => factory.AddOpenTelemetry(log =>
            {
                var resource = ResourceBuilder.CreateDefault();
                Named(resource);
                log.SetResourceBuilder(resource);
                log.IncludeFormattedMessage = true;
                log = otlp ? log.AddOtlpExporter() : log;
                log = toAzure ? log.AddAzureMonitorLogExporter(Azure) : log;
            }));
            return new TelemetryExport(logs, traces.Build(), metrics.Build());
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            // The message may quote the connection string.
            throw new UserException("Telemetry cannot be sent: OTEL_EXPORTER_OTLP_ENDPOINT is to be a URL, APPLICATIONINSIGHTS_CONNECTION_STRING a connection string as the resource shows it.", ExitCodes.Usage);
        }
    }

    /// <inheritdoc />
    public void Dispose() => Array.ForEach(_providers, p => p.Dispose());

    private static bool IsByIdentity(Func<string, string?> variable) =>
        variable("APPLICATIONINSIGHTS_AUTHENTICATION_STRING")?.Split(';').Any(part => part.Trim().Equals("Authorization=AAD", StringComparison.OrdinalIgnoreCase)) == true;
}
