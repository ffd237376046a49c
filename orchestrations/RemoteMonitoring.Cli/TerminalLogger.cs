using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Cli;

/// <summary>The log of a long-lived command: a line each on standard error, with the time (UTC) and what it is.</summary>
/// <param name="output">Where to.</param>
/// <param name="time">Time.</param>
/// <param name="least">What is less is not said.</param>
/// <param name="sent">Where its lines are sent too, all of them; null where nobody asked for it.</param>
/// <param name="silent">Names of events that are not said, where the command tells of them in its own words.</param>
internal sealed class TerminalLogger<T>(TextWriter output, TimeProvider time, LogLevel least = LogLevel.Information, ILogger? sent = null, params IReadOnlyList<string> silent) : ILogger<T>
{
    private readonly Lock _gate = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least || sent?.IsEnabled(logLevel) == true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // Words alone: what a fault carries along was not written for others to read.
        sent?.Log(logLevel, eventId, state, null, formatter);
        if (logLevel >= least && !silent.Contains(eventId.Name))
        {
            var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            lock (_gate)
            {
                output.WriteLine($"{now} {logLevel} {eventId.Id} {CommandLine.AsTyped(formatter(state, exception).ReplaceLineEndings(" "))}");
            }
        }
    }
}

/// <summary>Meters of one run of a command.</summary>
internal sealed class RunMeters : IMeterFactory
{
    private readonly ConcurrentQueue<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Enqueue(meter);
        return meter;
    }

    public void Dispose()
    {
        foreach (var meter in _meters)
        {
            meter.Dispose();
        }
    }
}
