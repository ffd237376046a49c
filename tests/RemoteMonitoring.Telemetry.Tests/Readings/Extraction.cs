using System.Text;
using NodaTime;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Tests.Readings;

/// <summary>One message put through the extractor, and what became of it.</summary>
internal sealed class Extraction
{
    /// <summary>When the hub has every message of these tests.</summary>
    public static readonly Instant Enqueued = Instant.FromUtc(2025, 1, 31, 8, 0);

    private static readonly ReadingExtractor s_canonical = new(VitalSignCatalog.Default, MappingSet.Canonical);

    private Extraction(ReadingExtractor extractor, ReadOnlyMemory<byte> body, IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        var message = new DeviceMessage { DeviceId = "d1", MessageId = "m1", EnqueuedTime = Enqueued, Properties = properties, Body = body };
        Received = extractor.Extract(message.ReceivedAt(42, Enqueued.ToUnixMicros() + 7), Accepted, Rejected);
    }

    public ReadingBatch Accepted { get; } = new();

    public QuarantineBatch Rejected { get; } = new();

    public int Received { get; }

    public string[] Reasons => [.. Rejected.Reason.Select(r => r.ToText())];

    public static Extraction Of(ReadOnlyMemory<byte> body, params IReadOnlyList<KeyValuePair<string, string>> properties) => new(s_canonical, body, properties);

    public static Extraction Of(string body, params IReadOnlyList<KeyValuePair<string, string>> properties) => new(s_canonical, Encoding.UTF8.GetBytes(body), properties);

    /// <summary>By a mapping of its own, or a set of them.</summary>
    public static Extraction By(ReadingExtractor extractor, ReadOnlyMemory<byte> body, params IReadOnlyList<KeyValuePair<string, string>> properties) => new(extractor, body, properties);

    /// <summary>By a mapping of its own, or a set of them.</summary>
    public static Extraction By(MappingSet mappings, string body, params IReadOnlyList<KeyValuePair<string, string>> properties) =>
        new(new ReadingExtractor(VitalSignCatalog.Default, mappings), Encoding.UTF8.GetBytes(body), properties);

    /// <summary>A body with these readings, JSON each.</summary>
    public static Extraction OfReadings(params string[] readings) => Of($$"""{"readings":[{{string.Join(',', readings)}}]}""");
}
