using System.Text.Json;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>Application properties as they stand in a bronze column: a JSON object of text, or null for none.</summary>
internal static class EnvelopeProperties
{
    public static string? Format(IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        if (properties.Count == 0)
        {
            return null;
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in properties)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
