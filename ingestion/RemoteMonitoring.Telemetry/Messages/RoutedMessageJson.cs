using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Messages;

/// <summary>
/// The line that IoT Hub's routing to storage writes for a message:
/// <c>{"EnqueuedTimeUtc":…,"Properties":{…},"SystemProperties":{"connectionDeviceId":…,"messageId":…},"Body":…}</c>.
/// The body is JSON where the device declared <c>application/json; charset=utf-8</c>, base64 text otherwise.
/// Both the routed names of system properties and the protocol names (<c>iothub-connection-device-id</c>) are read.
/// </summary>
public static class RoutedMessageJson
{
    private static readonly JsonWriterOptions s_writerOptions = new() { SkipValidation = true };

    // However deeply a body is nested, it is the extractor that judges it, one reading at a time: the line stays readable.
    private static readonly JsonReaderOptions s_readerOptions = new() { MaxDepth = ReadingExtractor.MaxBodyBytes };

    /// <summary>Writes the line, without its end-of-line.</summary>
    public static void Write(IBufferWriter<byte> output, DeviceMessage message)
    {
        using var json = new Utf8JsonWriter(output, s_writerOptions);
        var enqueued = UnixMicros.Format(message.EnqueuedTime.ToUnixMicros());
        json.WriteStartObject();
        json.WriteString("EnqueuedTimeUtc"u8, enqueued);
        json.WriteStartObject("Properties"u8);
        foreach (var (name, value) in message.Properties)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteStartObject("SystemProperties"u8);
        if (message.MessageId is { } id)
        {
            json.WriteString("messageId"u8, id);
        }

        json.WriteString("connectionDeviceId"u8, message.DeviceId);
        json.WriteString("contentType"u8, "application/json"u8);
        json.WriteString("contentEncoding"u8, "utf-8"u8);
        json.WriteString("enqueuedTime"u8, enqueued);
        json.WriteEndObject();
        json.WritePropertyName("Body"u8);
        if (IsSingleLineJson(message.Body.Span))
        {
            json.WriteRawValue(message.Body.Span, skipInputValidation: true);
        }
        else
        {
            json.WriteBase64StringValue(message.Body.Span);
        }

        json.WriteEndObject();
    }

    /// <summary>
    /// Reads a line. On failure <paramref name="problem"/> says what is wrong with it. The body is copied, so the
    /// line's buffer may be used again.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out DeviceMessage? message, out string? problem)
    {
        message = null;
        problem = null;
        var fields = default(Fields);
        if (line.StartsWith(Encoding.UTF8.Preamble))
        {
            line = line[Encoding.UTF8.Preamble.Length..];
        }

        try
        {
            var json = new Utf8JsonReader(line, s_readerOptions);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                problem = "the line is not a JSON object";
                return false;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                ReadField(line, ref json, ref fields);
            }

            if (json.Read())
            {
                problem = "the line goes on after the message ends";
                return false;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            problem = $"the line is not valid JSON of a routed message ({Shorten(e.Message)})";
            return false;
        }

        problem = fields switch
        {
            { DeviceId: null or "" } => "SystemProperties.connectionDeviceId is missing",
            { EnqueuedText: null } => "EnqueuedTimeUtc is missing",
            { HasBody: false } => "Body is missing",
            _ => null,
        };
        if (problem is null && !Iso8601.TryParse(Encoding.UTF8.GetBytes(fields.EnqueuedText!), out fields.Enqueued))
        {
            problem = "EnqueuedTimeUtc is not an ISO 8601 instant";
        }

        if (problem is not null)
        {
            return false;
        }

        message = new DeviceMessage
        {
            DeviceId = fields.DeviceId!,
            EnqueuedTime = UnixMicros.ToInstant(fields.Enqueued),
            MessageId = fields.MessageId,
            Properties = fields.Properties ?? [],
            Body = fields.Body,
        };
        return true;
    }

    private static void ReadField(ReadOnlySpan<byte> line, ref Utf8JsonReader json, ref Fields fields)
    {
        if (json.ValueTextEquals("EnqueuedTimeUtc"u8) || json.ValueTextEquals("enqueuedTime"u8))
        {
            json.Read();
            fields.EnqueuedText = json.GetString();
        }
        else if (json.ValueTextEquals("SystemProperties"u8))
        {
            foreach (var (name, value) in ReadProperties(ref json))
            {
                switch (name)
                {
                    case "connectionDeviceId" or "iothub-connection-device-id":
                        fields.DeviceId = value;
                        break;
                    case "messageId" or "message-id":
                        fields.MessageId = value;
                        break;
                    case "enqueuedTime" or "iothub-enqueuedtime":
                        fields.EnqueuedText ??= value;
                        break;
                    default:
                        break;
                }
            }
        }
        else if (json.ValueTextEquals("Properties"u8))
        {
            fields.Properties = ReadProperties(ref json);
        }
        else if (json.ValueTextEquals("Body"u8))
        {
            json.Read();
            fields.HasBody = true;
            if (json.TokenType == JsonTokenType.String)
            {
                // Base64 by the routing's rule; a device that sends a bare JSON string lands as that string's bytes.
                fields.Body = json.TryGetBytesFromBase64(out var bytes) ? bytes : Encoding.UTF8.GetBytes(json.GetString()!);
            }
            else
            {
                var start = (int)json.TokenStartIndex;
                json.Skip();
                fields.Body = line[start..(int)json.BytesConsumed].ToArray();
            }
        }
        else
        {
            json.Skip();
        }
    }

    private static List<KeyValuePair<string, string>> ReadProperties(ref Utf8JsonReader json)
    {
        var properties = new List<KeyValuePair<string, string>>();
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return properties;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            json.Read();
            switch (json.TokenType)
            {
                case JsonTokenType.String:
                    properties.Add(new(name, json.GetString()!));
                    break;
                case JsonTokenType.Number:
                    properties.Add(new(name, Encoding.UTF8.GetString(json.ValueSpan)));
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    properties.Add(new(name, json.GetBoolean() ? "true" : "false"));
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return properties;
    }

    /// <summary>Whether the body can stand in the line as it is, and be read back from it byte for byte.</summary>
    private static bool IsSingleLineJson(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty || body[0] != (byte)'{' || body[^1] != (byte)'}' || body.ContainsAny((byte)'\n', (byte)'\r') || !Utf8.IsValid(body))
        {
            return false;
        }

        try
        {
            var json = new Utf8JsonReader(body);
            while (json.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Shorten(string message) => message.Length <= 120 ? message : string.Create(CultureInfo.InvariantCulture, $"{message.AsSpan(0, 120)}…");

    private ref struct Fields
    {
        public string? DeviceId;
        public string? MessageId;
        public string? EnqueuedText;
        public long Enqueued;
        public List<KeyValuePair<string, string>>? Properties;
        public bool HasBody;
        public byte[] Body;
    }
}
