using System.Diagnostics.Metrics;
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

    private TelemetryExport(ILoggerFactory logs, IDisposable? watch, params IDisposable[] providers) => (Logs, _providers) = (logs, [.. providers, logs, .. watch is null ? Array.Empty<IDisposable>() : [watch]]);

    /// <summary>Loggers whose lines are sent.</summary>
    public ILoggerFactory Logs { get; }

    /// <summary>Begins to send; null where nobody asked for it. What is left is sent when it is disposed.</summary>
    /// <param name="variable">Finds a setting.</param>
    /// <param name="say">Told in a line when a collector of OTLP does not take what is sent, and when it does again.</param>
    /// <param name="meters">Makes the counter of what was not taken.</param>
    public static TelemetryExport? Start(Func<string, string?> variable, Action<string> say, IMeterFactory meters)
    {
        var endpoint = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
        var otlp = !string.IsNullOrWhiteSpace(endpoint);
        var insights = variable("APPLICATIONINSIGHTS_CONNECTION_STRING");
        if (!otlp && string.IsNullOrWhiteSpace(insights))
        {
            return null;
        }

        if (otlp && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            // The exporter would send elsewhere, without a word.
            throw new UserException("Telemetry cannot be sent: OTEL_EXPORTER_OTLP_ENDPOINT is to be a URL, as http://localhost:4317.", ExitCodes.Usage);
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
            return new TelemetryExport(logs, otlp ? new CollectorWatch(say, meters, TimeProvider.System) : null, traces.Build(), metrics.Build());
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            // The message may quote the connection string.
            throw new UserException("Telemetry cannot be sent: APPLICATIONINSIGHTS_CONNECTION_STRING is to be a connection string as the resource shows it.", ExitCodes.Usage);
        }
    }

    /// <inheritdoc />
    public void Dispose() => Array.ForEach(_providers, p => p.Dispose());

    private static bool IsByIdentity(Func<string, string?> variable) =>
        variable("APPLICATIONINSIGHTS_AUTHENTICATION_STRING")?.Split(';').Any(part => part.Trim().Equals("Authorization=AAD", StringComparison.OrdinalIgnoreCase)) == true;
}
