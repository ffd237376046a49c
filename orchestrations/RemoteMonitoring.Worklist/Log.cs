using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Worklist;

/// <summary>What the pages log: never what was asked for, nor what a fault says, since either may name a patient.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Fault {Reference}: {Type} at {Route}, {Where}")]
    public static partial void Faulted(this ILogger logger, string reference, string type, string route, string where);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Fault {Reference}: the store cannot be used, {Type} at {Route}")]
    public static partial void StoreAway(this ILogger logger, string reference, string type, string route);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Sign-in with the organisation failed: {Type}")]
    public static partial void OrganisationFailed(this ILogger logger, string type);
}
