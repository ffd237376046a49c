using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>Drops what a workflow logs while it is told again what it was told before, also where the workflow keeps the logger.</summary>
internal sealed class ReplaySafeLogger(ILogger logger, Func<bool> replays) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => logger.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => !replays() && logger.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!replays())
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
