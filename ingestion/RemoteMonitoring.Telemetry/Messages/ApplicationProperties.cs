using System.Buffers;
using System.Text;
using System.Text.Json;

namespace RemoteMonitoring.Telemetry.Messages;

/// <summary>Application properties as bronze keeps them: a JSON object of text, or null for none.</summary>
public static class ApplicationProperties
{
    /// <summary>The text of properties; null for none.</summary>
    public static string? Format(IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        if (properties.Count == 0)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true })) // a name may come twice
        {
            json.WriteStartObject();
            foreach (var (name, value) in properties)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>
    /// Copies a property's value to <paramref name="value"/>, without making strings: the last one where the name is given twice. False where there is
    /// none, or one that does not fit, or the properties are no such object.
    /// </summary>
    public static bool TryGet(string? properties, ReadOnlySpan<byte> name, Span<byte> value, out int length)
    {
        length = 0;
        if (properties is null)
        {
            return false;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(properties.Length));
        try
        {
            var found = false;
            var json = new Utf8JsonReader(buffer.AsSpan(0, Encoding.UTF8.GetBytes(properties, buffer)));
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var named = json.ValueTextEquals(name);
                json.Read();
                if (named && json.TokenType == JsonTokenType.String && json.ValueSpan.Length <= value.Length)
                {
                    length = json.CopyString(value);
                    found = true;
                }
                else
                {
                    json.Skip();
                }
            }

            return found;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
