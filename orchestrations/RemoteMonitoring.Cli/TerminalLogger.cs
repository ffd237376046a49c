using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Cli;

/// <summary>The log of a long-lived command: a line each on standard error, with the time (UTC) and what it is.</summary>
internal sealed class TerminalLogger<T>(TextWriter output, TimeProvider time) : ILogger<T>
{
    private readonly Lock _gate = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            lock (_gate)
            {
                output.WriteLine($"{now} {logLevel} {eventId.Id} {formatter(state, exception).ReplaceLineEndings(" ")}");
            }
        }
    }
}

/// <summary>Meters of one run of a command.</summary>
internal sealed class RunMeters : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose() => _meters.ForEach(m => m.Dispose());
}
