using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>
/// Says in a line when a collector of OTLP does not take what is sent, in another when it takes all again, and counts what it did not take: the exporter itself tells an event source alone. Traces, metrics and logs
/// are sent apart; where one of them is never taken, that the others are is no news.
/// </summary>
internal sealed class CollectorWatch : EventListener
{
    /// <summary>Name of the counter.</summary>
    public const string FailuresCount = "remotemonitoring.telemetry.failures";

    private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";
    private const string Taken = "ExportSuccess";
    private const int MostOfWhy = 160;

    /// <summary>What the exporter says of a sending that the collector answered, and did not take: of its kind alone.</summary>
    private static readonly HashSet<string> s_refused = new(StringComparer.Ordinal) { "HttpRequestFailed", "ResponseDeserializationFailed", "ExportFailure" };

    /// <summary>What it says of one that did not get there: of all kinds.</summary>
    private static readonly HashSet<string> s_unreached = new(StringComparer.Ordinal)
    {
        "FailedToReachCollector", "ExportMethodException", "TrySubmitRequestException", "TransientHttpError", "OperationUnexpectedlyCanceled", "RequestTimedOut",
    };

    /// <summary>One that comes and goes is told of no more often than this.</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _failing = new(StringComparer.Ordinal);
    private readonly Action<string> _say;
    private readonly TimeProvider _time;
    private readonly Counter<long> _failures;
    private long _failed;
    private long? _told;
    private bool _isTold;

    /// <param name="say">Who is told.</param>
    /// <param name="meters">Makes the counter.</param>
    /// <param name="time">Time.</param>
    public CollectorWatch(Action<string> say, IMeterFactory meters, TimeProvider time)
    {
        _say = say;
        _time = time;
        _failures = meters.Create("RemoteMonitoring.Telemetry").CreateCounter<long>(FailuresCount, "{sending}", "Sendings of traces, metrics or logs that the collector of OTLP did not take");
        EventSourceCreated += (_, created) =>
        {
            if (created.EventSource?.Name == Source)
            {
                EnableEvents(created.EventSource, EventLevel.Informational);
            }
        };
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        lock (_lock)
        {
            if (_failing.Count > 0)
            {
                _say($"telemetry was not taken to the end: {Said(_failed)}.");
                _failing.Clear();
            }
        }
    }

    /// <inheritdoc />
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        var name = eventData.EventName ?? "";
        var (isTaken, isRefused, isUnreached) = (name == Taken, s_refused.Contains(name), s_unreached.Contains(name));
        if (!isTaken && !isRefused && !isUnreached)
        {
            return;
        }

        var where = Uri.TryCreate(eventData.Payload?[0] as string, UriKind.Absolute, out var url) && url.Scheme.StartsWith("http", StringComparison.Ordinal) ? url : null;
        var whom = where is null ? "the collector" : $"{where.Scheme}://{where.Authority}";
        lock (_lock)
        {
            if (!isTaken)
            {
                _failures.Add(1);
                _failed++;
                _failing[isRefused ? where?.AbsolutePath ?? "" : ""] = _time.GetTimestamp();
                if (!_isTold && (_told is not { } last || _time.GetElapsedTime(last) >= s_quiet))
                {
                    _say($"telemetry is not taken by {whom} ({Why(eventData)}). What is not taken is lost, and counted; everything else goes on. The next line about it is when all is taken again, or at the end.");
                    (_isTold, _told) = (true, _time.GetTimestamp());
                }
            }
            else if (_failing.Count > 0)
            {
                // What was refused and never sent again is over too, once the rest has been taken for a while.
                foreach (var kind in _failing.Where(f => f.Key.Length == 0 || f.Key == (where?.AbsolutePath ?? "") || _time.GetElapsedTime(f.Value) >= s_quiet).Select(f => f.Key).ToArray())
                {
                    _failing.Remove(kind);
                }

                if (_failing.Count > 0 || !_isTold)
                {
                    return;
                }

                _say($"telemetry is taken again by {whom}: {Said(_failed)}.");
                (_isTold, _failed) = (false, 0);
            }
        }
    }

    private static string Said(long failed) => failed == 1 ? "1 sending was not" : $"{Terminal.Number(failed)} sendings were not";

    /// <summary>The first line of the fault, without the name of its type.</summary>
    private static string Why(EventWrittenEventArgs said)
    {
        var fault = said.Payload?.OfType<string>().LastOrDefault(text => text.Length > 0 && !text.StartsWith("http", StringComparison.Ordinal)) ?? said.EventName ?? "";
        var line = fault.AsSpan()[..(fault.AsSpan().IndexOfAny('\r', '\n') is >= 0 and var end ? end : fault.Length)];
        var why = line[(line.IndexOf("Exception: ") is >= 0 and var at ? at + "Exception: ".Length : 0)..];
        return why.Length > MostOfWhy ? $"{why[..MostOfWhy]}…" : why.ToString();
    }
}
