using System.Diagnostics;
using System.Text;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// Spans of a message from the device to the lake. The property <c>traceparent</c> of W3C's Trace Context carries them from one to the other: a device may send it, the local hub sets it, and IoT Hub
/// hands it on. Of a message nothing but that is in a span.
/// </summary>
public static class IngestionTraces
{
    /// <summary>Name of the source.</summary>
    public const string SourceName = "RemoteMonitoring.Ingestion";

    /// <summary>Name of the property that carries the context.</summary>
    internal const string Property = "traceparent";

    /// <summary>A file may have thousands of messages: so many of them a span links to at the most.</summary>
    private const int MostLinks = 32;

    /// <summary>Length of every such property.</summary>
    private const int Length = 55;

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>Whether somebody wants spans. Where nobody does, a message costs this look and nothing more: no span, no property, no parsing.</summary>
    public static bool IsWanted => s_source.HasListeners();

    /// <summary>What a link to the landing of a bronze file says.</summary>
    public static ActivityContext LandingOf(string bronzePath) => DerivedTrace.Of("landing", bronzePath);

    /// <summary>A span of a message that a hub takes in, which goes on with the trace of its device where that began one. What makes no sense begins none.</summary>
    internal static Activity? Accept(IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        var sent = properties.FirstOrDefault(p => p.Key == Property).Value;
        ActivityContext.TryParse(sent, null, isRemote: true, out var parent);
        return s_source.StartActivity("accept", ActivityKind.Server, parent);
    }

    /// <summary>A span of messages that land in a bronze file, with links to theirs.</summary>
    internal static Activity? Land(string bronzePath, EnvelopeBatch envelopes)
    {
        if (!IsWanted)
        {
            return null;
        }

        var links = new List<ActivityLink>();
        Span<byte> text = stackalloc byte[Length];
        for (var i = 0; i < envelopes.Count && links.Count < MostLinks; i++)
        {
            if (envelopes.Properties[i] is { } properties && properties.Contains(Property, StringComparison.Ordinal)
                && ApplicationProperties.TryGet(properties, "traceparent"u8, text, out var length)
                && ActivityContext.TryParse(Encoding.UTF8.GetString(text[..length]), null, isRemote: true, out var message))
            {
                links.Add(new ActivityLink(message));
            }
        }

        return DerivedTrace.Start(s_source, "land", LandingOf(bronzePath), links);
    }

    /// <summary>Nothing of it is sent: another landed the file.</summary>
    internal static void Discard(Activity? span) => span?.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
}
