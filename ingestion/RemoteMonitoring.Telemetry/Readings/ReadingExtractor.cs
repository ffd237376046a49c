using System.Text.Json;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// Turns device messages into readings, each by the mapping that it is for. A pure function of its arguments: every element ends in
/// exactly one of the two batches, and a body that yields nothing is one rejected reading. May be used by several threads at once.
/// </summary>
public sealed class ReadingExtractor(VitalSignCatalog catalog, MappingSet mappings)
{
    /// <summary>Name of the canonical form and of its mapping.</summary>
    public const string CanonicalName = "rmon";

    /// <summary>Largest body a hub message may have.</summary>
    public const int MaxBodyBytes = 256 * 1024;

    /// <summary>Most readings a message may hold: more than good ones fit into the largest body.</summary>
    public const int MaxReadings = 8192;

    /// <summary>A reading may lie this far after the hub's clock: what device clocks drift between two syncs.</summary>
    public const long FutureTolerance = 15L * 60 * 1_000_000;

    /// <summary>A reading may lie this far before the hub's clock: what a device buffers while it is offline.</summary>
    public const long MaxAge = 90 * UnixMicros.PerDay;

    private readonly CanonicalReadings _canonical = new(catalog);
    private readonly bool _fallbackIsCanonical = ReferenceEquals(mappings.Fallback, MappingSet.Bundled.Fallback);
    private EvaluationBuffers? _buffers;

    /// <summary>Appends the readings of <paramref name="message"/> to <paramref name="accepted"/> and <paramref name="rejected"/>.</summary>
    /// <returns>How many readings were received: those appended to both.</returns>
    public int Extract(in ReceivedMessage message, ReadingBatch accepted, QuarantineBatch rejected)
    {
        var output = new ReadingOutput(in message, mappings.Fallback.Label, accepted, rejected);
        if (message.Body.Length > MaxBodyBytes)
        {
            output.RejectWhole(RejectionReason.Oversize, $"the body has {message.Body.Length} bytes; a message may have {MaxBodyBytes}");
        }
        else if (!TryExtractAtOnce(message.Properties, ref output))
        {
            output.Restart();
            var buffers = Interlocked.Exchange(ref _buffers, null) ?? new EvaluationBuffers(mappings.MaxPaths);
            Extract(message.Properties, buffers, ref output);
            _buffers = buffers;
        }

        return output.Received;
    }

    /// <summary>Puts a line that is no message at all into quarantine, as one reading received and rejected.</summary>
    public static void RejectLine(string problem, in ReceivedMessage line, QuarantineBatch rejected) =>
        new ReadingOutput(in line, "", s_none, rejected).RejectWhole(RejectionReason.Unparsable, problem);

    // Nothing is ever added to it.
    private static readonly ReadingBatch s_none = new();

    /// <summary>The canonical form in one pass, where it can be seen on the way that no other mapping knows the body.</summary>
    private bool TryExtractAtOnce(string? properties, ref ReadingOutput output) =>
        _fallbackIsCanonical && mappings.ShapeIndex is not null && !mappings.MayTakeByProperty(properties)
        && TryExtractCanonical(ref output, mappings.ShapeIndex);

    private void Extract(string? properties, EvaluationBuffers buffers, ref ReadingOutput output)
    {
        var isJson = buffers.Tape.TryRead(output.Body, mappings.Names);
        var chosen = isJson ? mappings.Choose(properties, output.Body, buffers) : mappings.Mappings.Count - 1;
        var mapping = mappings.Mappings[chosen];
        output.Mapping = mapping.Label;
        if (_fallbackIsCanonical && chosen == mappings.Mappings.Count - 1)
        {
            TryExtractCanonical(ref output, null);
        }
        else if (!isJson)
        {
            output.RejectWhole(RejectionReason.Unparsable, "the body is not valid JSON in UTF-8");
        }
        else
        {
            var steps = mappings.StepsOf(chosen);
            var evaluation = new Evaluation(output.Body, buffers, mapping.Paths, steps);
            MappingEngine.Extract(mapping, ref evaluation, buffers.Tape, steps, ref output);
        }
    }

    private bool TryExtractCanonical(ref ReadingOutput output, Utf8Index? names)
    {
        try
        {
            return _canonical.TryExtract(ref output, names);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Nothing of a broken body is trusted: what its first half yielded is taken back.
            output.RejectWhole(RejectionReason.Unparsable, "the body is not valid JSON in UTF-8");
            return true;
        }
    }
}
