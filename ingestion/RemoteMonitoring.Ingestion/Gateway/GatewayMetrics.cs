using System.Diagnostics.Metrics;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>Figures of the gateway. Tags are few: never a device, never content.</summary>
public sealed class GatewayMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "RemoteMonitoring.Gateway";

    /// <summary>Counter, {message}: messages made durable.</summary>
    public const string Messages = "remotemonitoring.gateway.messages";

    /// <summary>Counter, By: bodies made durable.</summary>
    public const string Bytes = "remotemonitoring.gateway.bytes";

    /// <summary>Histogram, {message}: messages of a commit.</summary>
    public const string CommitSize = "remotemonitoring.gateway.commit.size";

    /// <summary>Up-down counter, {connection}: open connections, authenticated or not yet.</summary>
    public const string Connections = "remotemonitoring.gateway.connections";

    /// <summary>Counter, {refusal}: connections refused or closed by the gateway, by <c>reason</c> (<see cref="Refusals.ToText"/>).</summary>
    public const string RefusalsCount = "remotemonitoring.gateway.refusals";

    private readonly Meter _meter;
    private readonly Counter<long> _messages;
    private readonly Counter<long> _bytes;
    private readonly Histogram<int> _commitSize;
    private readonly UpDownCounter<int> _connections;
    private readonly Counter<long> _refusals;

    internal GatewayMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _messages = _meter.CreateCounter<long>(Messages, "{message}", "Messages made durable");
        _bytes = _meter.CreateCounter<long>(Bytes, "By", "Bodies made durable");
        _commitSize = _meter.CreateHistogram<int>(CommitSize, "{message}", "Messages of a commit");
        _connections = _meter.CreateUpDownCounter<int>(Connections, "{connection}", "Open connections");
        _refusals = _meter.CreateCounter<long>(RefusalsCount, "{refusal}", "Connections refused or closed, by reason");
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    internal void Committed(int messages, long bytes)
    {
        _messages.Add(messages);
        _bytes.Add(bytes);
        _commitSize.Record(messages);
    }

    internal void Opened() => _connections.Add(1);

    internal void Closed() => _connections.Add(-1);

    internal void Refused(Refusal refusal) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", refusal.ToText()));
}
