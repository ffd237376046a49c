using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// The mapping <c>rmon/1</c>, in one pass over the body:
/// <c>{"time":T, "readings":[{"code":"8867-4","value":72,"unit":"/min","time":T}, …]}</c>. <c>code</c>, <c>value</c>
/// and <c>unit</c> are required; the time is the reading's, else the body's, else the device's creation-time property,
/// else the hub's. A field that is null is absent. Unknown fields are ignored, a repeated one is not.
/// </summary>
internal sealed class CanonicalReadings(VitalSignCatalog catalog)
{
    /// <summary>Judges a body; throws what the JSON reader throws where it is not JSON.</summary>
    /// <param name="output">Where the readings go.</param>
    /// <param name="names">
    /// Names by which other mappings know their bodies. Where the body holds one of them, or anything nested in which one may hide,
    /// nothing is decided. Null to judge whatever the body holds.
    /// </param>
    /// <returns>False where nothing was decided: another mapping may know this body.</returns>
    public bool TryExtract(ref ReadingOutput output, Utf8Index? names)
    {
        var body = output.Body;
        var json = new Utf8JsonReader(body);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            if (names is null)
            {
                output.RejectWhole(RejectionReason.Unparsable, "the body is not a JSON object");
            }

            return names is null;
        }

        var (hasTime, seenTime, seenReadings, timeAfterReadings) = (false, false, false, false);
        var time = 0L;
        ReadOnlySpan<byte> readings = default;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("readings"u8))
            {
                json.Read();
                if (seenReadings)
                {
                    output.RejectWhole(RejectionReason.Unparsable, "the field 'readings' appears twice");
                    return true;
                }

                seenReadings = true;
                if (json.TokenType == JsonTokenType.Null)
                {
                    continue;
                }

                if (json.TokenType != JsonTokenType.StartArray)
                {
                    output.RejectWhole(RejectionReason.Unparsable, "the field 'readings' is not an array");
                    return true;
                }

                var start = (int)json.TokenStartIndex;
                if (!ReadArray(body, ref json, hasTime ? time : null, ref output, names))
                {
                    return false;
                }

                readings = body[start..(int)json.BytesConsumed];
            }
            else if (json.ValueTextEquals("time"u8))
            {
                json.Read();
                if (seenTime)
                {
                    output.RejectWhole(RejectionReason.Unparsable, "the field 'time' appears twice");
                    return true;
                }

                seenTime = true;
                if (json.TokenType == JsonTokenType.Null)
                {
                    continue;
                }

                hasTime = true;
                timeAfterReadings = seenReadings;
                if (!JsonScalar.TryReadTime(ref json, out time))
                {
                    output.RejectWhole(RejectionReason.Unparsable, "the field 'time' is not an ISO 8601 instant");
                    return true;
                }
            }
            else if (!PassOver(ref json, names))
            {
                return false;
            }
        }

        json.Read(); // throws where something follows the object

        if (readings.IsEmpty)
        {
            output.RejectWhole(RejectionReason.MissingField, "the body has no field 'readings'");
        }
        else if (output.Received == 0)
        {
            output.RejectWhole(RejectionReason.MissingField, "the field 'readings' is empty");
        }
        else if (timeAfterReadings && !output.IsOverfull)
        {
            // Their time came after them: once more, now that it is known.
            output.Restart();
            var again = new Utf8JsonReader(readings);
            again.Read();
            ReadArray(readings, ref again, time, ref output, null);
        }

        if (output.IsOverfull)
        {
            output.RejectOverfull();
        }

        return true;
    }

    /// <summary>Passes over an unknown field and what it holds; false where another mapping may know it.</summary>
    private static bool PassOver(ref Utf8JsonReader json, Utf8Index? names)
    {
        if (names is null)
        {
            json.Read();
            json.Skip();
            return true;
        }

        if (json.ValueIsEscaped || names.Find(json.ValueSpan) >= 0)
        {
            return false;
        }

        json.Read();
        return json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray);
    }

    private bool ReadArray(ReadOnlySpan<byte> text, ref Utf8JsonReader json, long? time, ref ReadingOutput output, Utf8Index? names)
    {
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (output.IsOverfull && names is null)
            {
                json.Skip(); // to the end: what follows may still not be JSON
                continue;
            }

            if (output.IsOverfull || !ReadReading(text, ref json, time, ref output, names))
            {
                return false;
            }
        }

        return true;
    }

    private bool ReadReading(ReadOnlySpan<byte> text, ref Utf8JsonReader json, long? bodyTime, ref ReadingOutput output, Utf8Index? names)
    {
        var start = (int)json.TokenStartIndex;
        var fields = new Fields { Value = double.NaN };
        var problem = json.TokenType == JsonTokenType.StartObject ? null : NoObject;
        if (problem is null)
        {
            var depth = json.CurrentDepth;
            if (!ReadFields(ref json, ref fields, names, out problem))
            {
                return false;
            }

            while (json.TokenType != JsonTokenType.EndObject || json.CurrentDepth > depth)
            {
                if (names is not null)
                {
                    return false; // the rest of a bad reading is not looked at for names; it is rare enough to start over
                }

                json.Read();
            }
        }
        else
        {
            if (names is not null && json.TokenType == JsonTokenType.StartArray)
            {
                return false;
            }

            json.Skip();
        }

        var value = double.NaN;
        var time = fields.HasTime ? fields.Time : bodyTime ?? output.CreatedOrEnqueued();
        problem ??= Judge(in fields, time, output.EnqueuedTime, out value);
        if (problem is { } p)
        {
            output.Reject(p.Reason, p.Hint, text[start..(int)json.BytesConsumed], fields.Code, fields.Value);
        }
        else
        {
            output.Accept(fields.Vital!, value, time);
        }

        return true;
    }

    private static (RejectionReason Reason, string Hint)? NoObject { get; } = (RejectionReason.Unparsable, "a reading is not a JSON object");

    /// <summary>Reads up to the object's end, or the first problem. False where another mapping may know it.</summary>
    private bool ReadFields(ref Utf8JsonReader json, ref Fields fields, Utf8Index? names, out (RejectionReason Reason, string Hint)? problem)
    {
        problem = null;
        var (seen, present) = (0, 0);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(ref json);
            if (field == 0)
            {
                if (!PassOver(ref json, names))
                {
                    return false;
                }

                continue;
            }

            json.Read();
            if ((seen & field) != 0)
            {
                problem = (RejectionReason.Unparsable, $"the field '{NameOf(field)}' appears twice");
                return true;
            }

            seen |= field;
            if (json.TokenType == JsonTokenType.Null)
            {
                continue; // null is absent
            }

            present |= field;
            var read = field switch
            {
                1 => TryReadCode(ref json, ref fields),
                2 => JsonScalar.TryReadNumber(ref json, out fields.Value),
                4 => TryReadUnit(ref json, ref fields),
                _ => fields.HasTime = JsonScalar.TryReadTime(ref json, out fields.Time),
            };
            if (!read)
            {
                var expected = field switch { 2 => "a number", 8 => "an ISO 8601 instant", _ => "text" };
                problem = (RejectionReason.Unparsable, $"the field '{NameOf(field)}' is not {expected}");
                return true;
            }
        }

        if ((present & 7) != 7)
        {
            problem = (RejectionReason.MissingField, $"the reading has no {((present & 1) == 0 ? "code" : (present & 2) == 0 ? "value" : "unit")}");
        }

        return true;
    }

    private static int FieldOf(ref Utf8JsonReader json)
    {
        if (json.ValueIsEscaped)
        {
            return json.ValueTextEquals("code"u8) ? 1 : json.ValueTextEquals("value"u8) ? 2 : json.ValueTextEquals("unit"u8) ? 4 : json.ValueTextEquals("time"u8) ? 8 : 0;
        }

        var name = json.ValueSpan;
        return name.Length switch
        {
            4 => name.SequenceEqual("code"u8) ? 1 : name.SequenceEqual("unit"u8) ? 4 : name.SequenceEqual("time"u8) ? 8 : 0,
            5 => name.SequenceEqual("value"u8) ? 2 : 0,
            _ => 0,
        };
    }

    private static string NameOf(int field) => field switch { 1 => "code", 2 => "value", 4 => "unit", _ => "time" };

    private bool TryReadCode(ref Utf8JsonReader json, ref Fields fields)
    {
        if (json.TokenType == JsonTokenType.String && !json.ValueIsEscaped && catalog.TryGetByCode(json.ValueSpan, out fields.Vital, out fields.Code))
        {
            return true;
        }

        if (!JsonScalar.TryReadText(ref json, out fields.Code))
        {
            return false;
        }

        catalog.TryGetByCode(fields.Code, out fields.Vital);
        return true;
    }

    private static bool TryReadUnit(ref Utf8JsonReader json, ref Fields fields)
    {
        if (json.TokenType == JsonTokenType.String && !json.ValueIsEscaped)
        {
            fields.Unit = json.ValueSpan;
            return Utf8.IsValid(fields.Unit);
        }

        var read = JsonScalar.TryReadText(ref json, out var text);
        fields.Unit = read ? Encoding.UTF8.GetBytes(text!) : default;
        return read;
    }

    private static (RejectionReason Reason, string Hint)? Judge(in Fields fields, long time, long enqueued, out double value)
    {
        value = double.NaN;
        if (fields.Vital is not { } vital)
        {
            return ReadingJudge.UnknownCode(fields.Code!);
        }

        if (!vital.TryGetUnit(fields.Unit, out var conversion))
        {
            return ReadingJudge.WrongUnit(vital, Encoding.UTF8.GetString(fields.Unit));
        }

        return time == Messages.ReceivedMessage.UnknownTime
            ? (RejectionReason.MissingField, "the reading has no time, and nobody knows when the hub had it")
            : ReadingJudge.Judge(vital, in conversion, fields.Value, time, enqueued, out value);
    }

    private ref struct Fields
    {
        public string? Code;
        public VitalSign? Vital;
        public ReadOnlySpan<byte> Unit;
        public double Value;
        public long Time;
        public bool HasTime;
    }
}
