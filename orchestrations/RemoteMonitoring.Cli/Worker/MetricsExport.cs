using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>
/// Sends the program's own metrics, all meters named <c>RemoteMonitoring.*</c>: over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>
/// is set (the other variables of the standard hold too), to Azure Monitor where <c>APPLICATIONINSIGHTS_CONNECTION_STRING</c> is: as the
/// identity that it runs as where <c>APPLICATIONINSIGHTS_AUTHENTICATION_STRING</c> says so, as the Functions host has it.
/// </summary>
internal static class MetricsExport
{
    /// <summary>Begins to send; null where nobody asked for it. What is left is sent when it is disposed.</summary>
    public static IDisposable? Start(Func<string, string?> variable)
    {
        var otlp = !string.IsNullOrWhiteSpace(variable("OTEL_EXPORTER_OTLP_ENDPOINT"));
        var insights = variable("APPLICATIONINSIGHTS_CONNECTION_STRING");
        if (!otlp && string.IsNullOrWhiteSpace(insights))
        {
            return null;
        }

        var metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(r => r.AddService("rmon"))
            .AddMeter("RemoteMonitoring.*");
        try
        {
            metrics = otlp ? metrics.AddOtlpExporter() : metrics;
            metrics = string.IsNullOrWhiteSpace(insights) ? metrics : metrics.AddAzureMonitorMetricExporter(o =>
            {
                o.ConnectionString = insights;
                o.Credential = IsByIdentity(variable) ? new DefaultAzureCredential() : null;
            });
            return metrics.Build();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            // The message may quote the connection string.
            throw new UserException("Metrics cannot be sent: OTEL_EXPORTER_OTLP_ENDPOINT is to be a URL, APPLICATIONINSIGHTS_CONNECTION_STRING a connection string as the resource shows it.", ExitCodes.Usage);
        }
    }

    private static bool IsByIdentity(Func<string, string?> variable) =>
        variable("APPLICATIONINSIGHTS_AUTHENTICATION_STRING")?.Split(';').Any(part => part.Trim().Equals("Authorization=AAD", StringComparison.OrdinalIgnoreCase)) == true;
}
