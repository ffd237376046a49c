using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Ingestion;

/// <summary>What this room logs. Event ids are stable. No patient, no content, no key or token; a device only as a short hash.</summary>
internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "The gateway listens on port {Port}.")]
    public static partial void GatewayStarted(ILogger logger, int port);

    [LoggerMessage(101, LogLevel.Information, "The gateway has stopped.")]
    public static partial void GatewayStopped(ILogger logger);

    [LoggerMessage(102, LogLevel.Warning, "The gateway refused or closed a connection: {Reason} (device {Device}).")]
    public static partial void GatewayRefused(ILogger logger, string reason, string device);

    [LoggerMessage(103, LogLevel.Warning, "The gateway refused or closed {Count} more connections in the last {Seconds} seconds: {Reason}.")]
    public static partial void GatewayRefusedMore(ILogger logger, long count, int seconds, string reason);

    [LoggerMessage(104, LogLevel.Error, "The gateway cannot make messages durable and acknowledges none until it can: {Cause}")]
    public static partial void GatewayStorageFails(ILogger logger, string cause);

    [LoggerMessage(105, LogLevel.Information, "The gateway makes messages durable again.")]
    public static partial void GatewayStorageWorks(ILogger logger);

    [LoggerMessage(106, LogLevel.Error, "The gateway cannot read its device registry; who is connected stays so until it can: {Cause}")]
    public static partial void GatewayRegistryFails(ILogger logger, string cause);

    [LoggerMessage(107, LogLevel.Information, "The gateway reads its device registry again.")]
    public static partial void GatewayRegistryWorks(ILogger logger);

    [LoggerMessage(108, LogLevel.Error, "A connection of the gateway ended by a fault of the program ({Kind}).")]
    public static partial void GatewayFault(ILogger logger, string kind);

    [LoggerMessage(109, LogLevel.Error, "The gateway cannot accept connections just now: {Cause}")]
    public static partial void GatewayCannotAccept(ILogger logger, string cause);

    [LoggerMessage(110, LogLevel.Information, "The gateway has a new certificate, good until {Until:u}.")]
    public static partial void GatewayCertificateRenewed(ILogger logger, DateTime until);

    [LoggerMessage(111, LogLevel.Error, "The gateway's certificate cannot be made anew, and the one of before stays: {Cause}")]
    public static partial void GatewayCertificateFails(ILogger logger, string cause);
}
