using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>Reads the token at hand as what a field must be; false where it is something else, and nothing is thrown.</summary>
internal static class JsonScalar
{
    /// <summary>A string.</summary>
    public static bool TryReadText(ref Utf8JsonReader json, out string? text)
    {
        text = null;
        if (json.TokenType != JsonTokenType.String)
        {
            return false;
        }

        try
        {
            text = json.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // not UTF-8, or half a surrogate pair: no text, and no reason to give up the readings beside it
        }
    }

    /// <summary>A finite number, or text that is one. NaN where it is not.</summary>
    public static bool TryReadNumber(ref Utf8JsonReader json, out double value)
    {
        value = double.NaN;
        var read = json.TokenType switch
        {
            JsonTokenType.Number => json.TryGetDouble(out value),
            JsonTokenType.String => TryReadScalar(ref json, out var text)
                && Utf8Parser.TryParse(text, out value, out var used) && used == text.Length,
            _ => false,
        };
        if (read && double.IsFinite(value))
        {
            return true;
        }

        value = double.NaN;
        return false;
    }

    /// <summary>An instant in text, as Unix microseconds.</summary>
    public static bool TryReadTime(ref Utf8JsonReader json, out long time)
    {
        time = 0;
        return json.TokenType == JsonTokenType.String && TryReadScalar(ref json, out var text) && Iso8601.TryParse(text, out time);
    }

    /// <summary>
    /// The bytes of a string token, in place where nothing in it is escaped. Serialisers escape what they need not, .NET's
    /// for instance the plus sign of an offset.
    /// </summary>
    private static bool TryReadScalar(ref Utf8JsonReader json, out ReadOnlySpan<byte> text)
    {
        text = json.ValueSpan;
        if (!json.ValueIsEscaped)
        {
            return true;
        }

        var read = TryReadText(ref json, out var unescaped);
        text = Encoding.UTF8.GetBytes(unescaped ?? "");
        return read;
    }
}
