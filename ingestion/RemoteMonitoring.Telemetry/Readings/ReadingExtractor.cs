using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>Where a message stands and when it came: what the extractor stamps on every reading of it.</summary>
public readonly record struct MessageOrigin
{
    /// <summary>Offset in the partition.</summary>
    public required long Offset { get; init; }

    /// <summary>When the hub had it, Unix microseconds.</summary>
    public required long EnqueuedTime { get; init; }

    /// <summary>When we had it, Unix microseconds.</summary>
    public required long KnownFrom { get; init; }
}

/// <summary>
/// Turns a device message into readings. The body is
/// <c>{"time":T, "readings":[{"code":"8867-4","value":72,"unit":"/min","time":T}, …]}</c>: <c>code</c>, <c>value</c>
/// and <c>unit</c> are required; the time is the reading's, else the body's, else the device's creation-time property,
/// else the hub's. A field that is null is absent. Unknown fields are ignored, a repeated one is not.
/// A pure function of its arguments; every element ends in exactly one of the two batches.
/// </summary>
public sealed class ReadingExtractor(VitalSignCatalog catalog)
{
    /// <summary>Name and version of this mapping, which every reading carries.</summary>
    public const string Mapping = "rmon/1";

    /// <summary>Largest body a hub message may have.</summary>
    public const int MaxBodyBytes = 256 * 1024;

    /// <summary>A reading may lie this far after the hub's clock: what device clocks drift between two syncs.</summary>
    public const long FutureTolerance = 15L * 60 * 1_000_000;

    /// <summary>A reading may lie this far before the hub's clock: what a device buffers while it is offline.</summary>
    public const long MaxAge = 90 * UnixMicros.PerDay;

    /// <summary>Appends the readings of <paramref name="message"/> to <paramref name="accepted"/> and <paramref name="rejected"/>.</summary>
    /// <returns>How many readings were received: those appended to both.</returns>
    public int Extract(DeviceMessage message, in MessageOrigin origin, ReadingBatch accepted, QuarantineBatch rejected)
    {
        var acceptedBefore = accepted.Count;
        var rejectedBefore = rejected.Count;
        var body = message.Body.Span;
        if (body.Length > MaxBodyBytes)
        {
            Reject(RejectionReason.Oversize, $"the body has {body.Length} bytes; a message may have {MaxBodyBytes}", message.DeviceId, origin, 0, body, null, double.NaN, rejected);
            return 1;
        }

        try
        {
            var problem = ReadBody(body, message, out var time, out var readings);
            if (problem is { } p)
            {
                Reject(p.Reason, p.Hint, message.DeviceId, origin, 0, body, null, double.NaN, rejected);
                return 1;
            }

            var hash = (long)XxHash3.HashToUInt64(body);
            var ordinal = 0;
            var json = new Utf8JsonReader(readings);
            json.Read();
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)json.TokenStartIndex;
                json.Skip();
                ReadReading(readings[start..(int)json.BytesConsumed], message, origin, ordinal++, time, hash, accepted, rejected);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Nothing of a broken body is trusted: what its first half yielded is taken back.
            accepted.Truncate(acceptedBefore);
            rejected.Truncate(rejectedBefore);
            Reject(RejectionReason.Unparsable, "the body is not valid JSON in UTF-8", message.DeviceId, origin, 0, body, null, double.NaN, rejected);
        }

        return accepted.Count - acceptedBefore + rejected.Count - rejectedBefore;
    }

    /// <summary>Puts a line that is no message at all into quarantine, as one reading received and rejected.</summary>
    public static void RejectLine(string problem, ReadOnlySpan<byte> line, in MessageOrigin origin, QuarantineBatch rejected) =>
        Reject(RejectionReason.Unparsable, problem, "", origin, 0, line, null, double.NaN, rejected);

    private static (RejectionReason Reason, string Hint)? ReadBody(
        ReadOnlySpan<byte> body, DeviceMessage message, out long time, out ReadOnlySpan<byte> readings)
    {
        time = message.EnqueuedTime.ToUnixMicros();
        readings = default;
        var json = new Utf8JsonReader(body);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return (RejectionReason.Unparsable, "the body is not a JSON object");
        }

        var (hasTime, seenTime, seenReadings) = (false, false, false);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("readings"u8))
            {
                json.Read();
                if (seenReadings)
                {
                    return (RejectionReason.Unparsable, "the field 'readings' appears twice");
                }

                seenReadings = true;
                if (json.TokenType == JsonTokenType.Null)
                {
                    continue;
                }

                if (json.TokenType != JsonTokenType.StartArray)
                {
                    return (RejectionReason.Unparsable, "the field 'readings' is not an array");
                }

                var start = (int)json.TokenStartIndex;
                json.Skip();
                readings = body[start..(int)json.BytesConsumed];
            }
            else if (json.ValueTextEquals("time"u8))
            {
                json.Read();
                if (seenTime)
                {
                    return (RejectionReason.Unparsable, "the field 'time' appears twice");
                }

                seenTime = true;
                if (json.TokenType == JsonTokenType.Null)
                {
                    continue;
                }

                hasTime = true;
                if (!JsonScalar.TryReadTime(ref json, out time))
                {
                    return (RejectionReason.Unparsable, "the field 'time' is not an ISO 8601 instant");
                }
            }
            else
            {
                json.Skip();
            }
        }

        json.Read(); // throws where something follows the object

        if (readings.IsEmpty)
        {
            return (RejectionReason.MissingField, "the body has no field 'readings'");
        }

        if (!hasTime)
        {
            foreach (var (name, value) in message.Properties)
            {
                if (name == DeviceMessage.CreationTimeProperty && Iso8601.TryParse(Encoding.UTF8.GetBytes(value), out var created))
                {
                    time = created;
                }
            }
        }

        var first = new Utf8JsonReader(readings);
        first.Read();
        first.Read();
        return first.TokenType == JsonTokenType.EndArray
            ? (RejectionReason.MissingField, "the field 'readings' is empty")
            : null;
    }

    private void ReadReading(
        ReadOnlySpan<byte> raw, DeviceMessage message, in MessageOrigin origin, int ordinal, long bodyTime, long bodyHash, ReadingBatch accepted, QuarantineBatch rejected)
    {
        var fields = new Fields { Value = double.NaN, Time = bodyTime };
        VitalSign? vital = null;
        var value = double.NaN;
        if ((ReadFields(raw, ref fields) ?? Judge(in fields, origin, out vital, out value)) is { } problem)
        {
            Reject(problem.Reason, problem.Hint, message.DeviceId, origin, ordinal, raw, fields.Code, fields.Value, rejected);
            return;
        }

        accepted.DeviceId.Add(message.DeviceId);
        accepted.Vital.Add(vital!.Index);
        accepted.Value.Add(value);
        accepted.EffectiveTime.Add(fields.Time);
        accepted.EnqueuedTime.Add(origin.EnqueuedTime);
        accepted.KnownFrom.Add(origin.KnownFrom);
        accepted.MessageId.Add(message.MessageId);
        accepted.BodyHash.Add(bodyHash);
        accepted.Offset.Add(origin.Offset);
        accepted.Ordinal.Add(ordinal);
    }

    private static (RejectionReason Reason, string Hint)? ReadFields(ReadOnlySpan<byte> raw, ref Fields fields)
    {
        var json = new Utf8JsonReader(raw);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            return (RejectionReason.Unparsable, "a reading is not a JSON object");
        }

        var (seen, present) = (0, 0);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (field, name) = json.ValueTextEquals("code"u8) ? (1, "code")
                : json.ValueTextEquals("value"u8) ? (2, "value")
                : json.ValueTextEquals("unit"u8) ? (4, "unit")
                : json.ValueTextEquals("time"u8) ? (8, "time")
                : (0, "");
            json.Read();
            if (field == 0)
            {
                json.Skip();
                continue;
            }

            if ((seen & field) != 0)
            {
                return (RejectionReason.Unparsable, $"the field '{name}' appears twice");
            }

            seen |= field;
            if (json.TokenType == JsonTokenType.Null)
            {
                continue; // null is absent
            }

            present |= field;
            var read = field switch
            {
                1 => JsonScalar.TryReadText(ref json, out fields.Code),
                2 => JsonScalar.TryReadNumber(ref json, out fields.Value),
                4 => JsonScalar.TryReadText(ref json, out fields.Unit),
                _ => JsonScalar.TryReadTime(ref json, out fields.Time),
            };
            if (!read)
            {
                var expected = field switch { 2 => "a number", 8 => "an ISO 8601 instant", _ => "text" };
                return (RejectionReason.Unparsable, $"the field '{name}' is not {expected}");
            }
        }

        return (present & 7) == 7
            ? null
            : (RejectionReason.MissingField, $"the reading has no {((present & 1) == 0 ? "code" : (present & 2) == 0 ? "value" : "unit")}");
    }

    private (RejectionReason Reason, string Hint)? Judge(in Fields fields, in MessageOrigin origin, out VitalSign? vital, out double value)
    {
        value = double.NaN;
        if (!catalog.TryGetByCode(fields.Code, out vital))
        {
            return (RejectionReason.UnknownCode, $"the catalog has no code '{Shorten(fields.Code!)}'");
        }

        if (!vital!.TryGetUnit(fields.Unit!, out var conversion))
        {
            return (RejectionReason.WrongDimension, $"{vital} is accepted in {string.Join(", ", vital.AcceptedUnits.Select(u => u.Unit))}; got '{Shorten(fields.Unit!)}'");
        }

        value = conversion.ToCanonical(fields.Value);
        if (!vital.IsPlausible(value))
        {
            foreach (var other in vital.AcceptedUnits)
            {
                if (other.Unit != conversion.Unit && vital.IsPlausible(other.ToCanonical(fields.Value)))
                {
                    return (RejectionReason.SuspectedUnitMixUp, string.Create(CultureInfo.InvariantCulture,
                        $"{fields.Value:R} {conversion.Unit} lies outside {vital.Low:R} to {vital.High:R} {vital.Unit}, but {fields.Value:R} {other.Unit} would not: is the unit right?"));
                }
            }

            return (RejectionReason.Implausible, string.Create(CultureInfo.InvariantCulture,
                $"{vital} of {value:R} {vital.Unit} lies outside {vital.Low:R} to {vital.High:R}"));
        }

        if (fields.Time > origin.EnqueuedTime + FutureTolerance)
        {
            return (RejectionReason.FutureTime, $"taken {UnixMicros.Format(fields.Time)}, later than the hub had it ({UnixMicros.Format(origin.EnqueuedTime)}): check the device's clock");
        }

        return fields.Time < origin.EnqueuedTime - MaxAge
            ? (RejectionReason.TooOld, $"taken {UnixMicros.Format(fields.Time)}, more than 90 days before the hub had it: check the device's clock")
            : null;
    }

    private static void Reject(
        RejectionReason reason, string hint, string deviceId, in MessageOrigin origin, int ordinal, ReadOnlySpan<byte> raw, string? code, double value, QuarantineBatch rejected)
    {
        rejected.DeviceId.Add(deviceId);
        rejected.Reason.Add(reason);
        rejected.Hint.Add(hint);
        rejected.Raw.Add(raw.ToArray());
        rejected.Code.Add(code);
        rejected.Value.Add(value);
        rejected.EnqueuedTime.Add(origin.EnqueuedTime);
        rejected.KnownFrom.Add(origin.KnownFrom);
        rejected.Offset.Add(origin.Offset);
        rejected.Ordinal.Add(ordinal);
    }

    private static string Shorten(string text)
    {
        const int Kept = 40;
        return text.Length <= Kept ? text : text[..(char.IsHighSurrogate(text[Kept - 1]) ? Kept - 1 : Kept)] + "…";
    }

    private struct Fields
    {
        public string? Code;
        public string? Unit;
        public double Value;
        public long Time;
    }
}
