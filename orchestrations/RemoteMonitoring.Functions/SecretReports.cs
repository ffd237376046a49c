using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Functions;

/// <summary>Logs and counts secrets that cannot be read again while the last good one is in use.</summary>
internal static partial class SecretReports
{
    public static void Begin(SecretSettings secrets, IServiceProvider services)
    {
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("RemoteMonitoring.Functions.SecretReports");
        secrets.Report(line => LogSecret(logger, line), services.GetRequiredService<IMeterFactory>());
    }

    [LoggerMessage(7, LogLevel.Warning, "{Line}")]
    private static partial void LogSecret(ILogger logger, string line);
}
