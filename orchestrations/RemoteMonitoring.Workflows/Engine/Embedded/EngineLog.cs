using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>What the engine logs. No input, output or message of a workflow is in it.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(1, LogLevel.Information, "Instance {InstanceId} of {Workflow} is taken on by this engine")]
    public static partial void Taken(ILogger logger, string instanceId, string workflow);

    [LoggerMessage(2, LogLevel.Information, "Instance {InstanceId} of {Workflow} ended: {Status}")]
    public static partial void Ended(ILogger logger, string instanceId, string workflow, InstanceStatus status);

    [LoggerMessage(3, LogLevel.Warning, "Activity {Activity} of instance number {Number} failed: {Type}")]
    public static partial void ActivityFailed(ILogger logger, string activity, long number, string type);

    [LoggerMessage(4, LogLevel.Warning, "The journal cannot be written ({Reason}); nothing is lost, and it is tried again")]
    public static partial void CannotCommit(ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Instances of {Workflow} wait: this version of the program does not know it")]
    public static partial void UnknownWorkflow(ILogger logger, string workflow);

    [LoggerMessage(6, LogLevel.Warning, "Engine {Worker} is gone; what it had taken is free")]
    public static partial void WorkerGone(ILogger logger, string worker);

    [LoggerMessage(7, LogLevel.Critical, "The engine of the workflows stopped, and runs nothing until it is started again ({Reason})")]
    public static partial void Stopped(ILogger logger, string reason);
}
