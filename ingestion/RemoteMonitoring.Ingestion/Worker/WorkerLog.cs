using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Ingestion.Worker;

/// <summary>What a worker logs: one line for each change of state, no content of messages, no device or patient.</summary>
internal static partial class WorkerLog
{
    [LoggerMessage(200, LogLevel.Information, "Landing {Hub}, epoch {Epoch}")]
    public static partial void Started(ILogger logger, string hub, string epoch);

    [LoggerMessage(201, LogLevel.Information, "{Partition}: reading on from offset {Offset}")]
    public static partial void Assigned(ILogger logger, string partition, long offset);

    [LoggerMessage(202, LogLevel.Information, "{Partition}: finished {Files} files of readings that were missing")]
    public static partial void Recovered(ILogger logger, string partition, int files);

    [LoggerMessage(203, LogLevel.Information, "{Partition}: another worker landed up to offset {Offset}; going on from there")]
    public static partial void Adopted(ILogger logger, string partition, long offset);

    [LoggerMessage(204, LogLevel.Error, "{Partition}: the source has the offsets from {From} to {Until} (exclusive) no more; recorded as lost")]
    public static partial void Lost(ILogger logger, string partition, long from, long until);

    [LoggerMessage(205, LogLevel.Warning, "Cannot {What}: {Cause}; trying again")]
    public static partial void Failed(ILogger logger, string what, string cause);

    [LoggerMessage(206, LogLevel.Information, "Can {What} again")]
    public static partial void WorksAgain(ILogger logger, string what);

    [LoggerMessage(207, LogLevel.Information, "Mappings, commands to read again or erasures have changed; mappings are {Mappings} now")]
    public static partial void HistoryChanged(ILogger logger, string mappings);

    [LoggerMessage(208, LogLevel.Information, "{Messages} messages moved to another patient, or to nobody, by assignments stated since")]
    public static partial void Moved(ILogger logger, int messages);

    [LoggerMessage(209, LogLevel.Information, "{Partition}: sealed {Files} files into {Into}")]
    public static partial void Sealed(ILogger logger, string partition, int files, int into);

    [LoggerMessage(210, LogLevel.Information, "Stopped; {Messages} messages landed")]
    public static partial void Stopped(ILogger logger, long messages);
}
