using System.Buffers;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Writes message bodies as the reading extractor documents them. A value goes out exactly as it stands in the source: as
/// a JSON number where its text is one, else as text, for ingestion to accept or to reject with a reason.
/// </summary>
internal sealed class MessageBody : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private readonly Utf8JsonWriter _json;

    public MessageBody() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    /// <summary>Begins a body whose readings were all taken at <paramref name="time"/>.</summary>
    public void Begin(Instant time)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("time"u8, UnixMicros.Format(time.ToUnixMicros()));
        _json.WriteStartArray("readings"u8);
    }

    /// <summary>Adds a reading; a null value is left away, as the source has none.</summary>
    public void Add(string code, string? value, string unit)
    {
        _json.WriteStartObject();
        _json.WriteString("code"u8, code);
        if (value is not null)
        {
            _json.WritePropertyName("value"u8);
            if (IsJsonNumber(value))
            {
                _json.WriteRawValue(value, skipInputValidation: true);
            }
            else
            {
                _json.WriteStringValue(value);
            }
        }

        _json.WriteString("unit"u8, unit);
        _json.WriteEndObject();
    }

    /// <summary>Ends the body and returns a copy of its bytes.</summary>
    public byte[] End()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
        return _buffer.WrittenSpan.ToArray();
    }

    /// <inheritdoc />
    public void Dispose() => _json.Dispose();

    /// <summary>RFC 8259 section 6: no plus sign, no leading zero, digits on both sides of the point.</summary>
    internal static bool IsJsonNumber(ReadOnlySpan<char> text)
    {
        if (text.StartsWith('-'))
        {
            text = text[1..];
        }

        var whole = Digits(text);
        if (whole == 0 || (whole > 1 && text[0] == '0'))
        {
            return false;
        }

        text = text[whole..];
        if (text.StartsWith('.'))
        {
            var fraction = Digits(text[1..]);
            if (fraction == 0)
            {
                return false;
            }

            text = text[(1 + fraction)..];
        }

        if (text.StartsWith('e') || text.StartsWith('E'))
        {
            text = text[1..];
            text = text.StartsWith('+') || text.StartsWith('-') ? text[1..] : text;
            return text.Length > 0 && Digits(text) == text.Length;
        }

        return text.IsEmpty;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        var other = text.IndexOfAnyExceptInRange('0', '9');
        return other < 0 ? text.Length : other;
    }
}
