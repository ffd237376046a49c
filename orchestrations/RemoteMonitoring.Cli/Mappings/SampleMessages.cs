using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Cli.Mappings;

/// <summary>A message to try a mapping on.</summary>
/// <param name="Place">Line of the file, or 1.</param>
/// <param name="DeviceId">Device of the connection or of the export's envelope; null where the message names none.</param>
/// <param name="Properties">Application properties as a JSON object of text, or null.</param>
/// <param name="EnqueuedTime">Unix microseconds, or <see cref="ReceivedMessage.UnknownTime"/>.</param>
/// <param name="Body">The body.</param>
/// <param name="Problem">Why it is no message at all, or null.</param>
internal sealed record SampleMessage(long Place, string? DeviceId, string? Properties, long EnqueuedTime, byte[] Body, string? Problem);

/// <summary>
/// Reads sample messages more leniently than a worker may: a device and an enqueued time may be missing, an IoT Central export is
/// taken as the body with its envelope's device and time, and so is a bare body.
/// </summary>
internal static class SampleMessages
{
    private const int MaxDocumentBytes = 16 << 20;

    /// <summary>The messages of a file, plain or gzip: a line each, or one JSON document over several lines.</summary>
    public static async IAsyncEnumerable<SampleMessage> ReadAsync(string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new UserException($"{path}: there is no such file. Name a file of messages: routed messages a line each, plain or gzip, or one message as JSON.");
        }

        if (await TryReadDocumentAsync(path, cancellationToken) is { } document)
        {
            yield return Parse(1, document);
            yield break;
        }

        await using var input = FeedFolder.OpenMessages(path);
        var reader = new LineBlockReader(input);
        var block = new LineBlock();
        while (await NextAsync(path, reader, block, cancellationToken))
        {
            for (var i = 0; i < block.Count; i++)
            {
                yield return Parse(block.NumberOf(i), block[i].Span);
            }
        }
    }

    private static async Task<bool> NextAsync(string path, LineBlockReader reader, LineBlock block, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(block, 1_000, 1 << 20, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new UserException($"{path}, after line {reader.Number}: cannot be read on ({e.Message.ReplaceLineEndings(" ")})");
        }
    }

    /// <summary>The whole file, where it is one JSON document of several lines; null where its first line is one already, or it is too long for one message.</summary>
    private static async Task<byte[]?> TryReadDocumentAsync(string path, CancellationToken cancellationToken)
    {
        await using var input = FeedFolder.OpenMessages(path);
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        try
        {
            for (int read; content.Length <= MaxDocumentBytes && (read = await input.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length == read && IsJson(FirstLine(content.GetBuffer().AsSpan(0, read))))
                {
                    return null;
                }
            }
        }
        catch (InvalidDataException)
        {
            return null; // read line by line, it will say where
        }

        var text = content.ToArray();
        return content.Length <= MaxDocumentBytes && IsJson(text) ? text : null;
    }

    private static ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> text) => text.IndexOf((byte)'\n') is var end and >= 0 ? text[..end] : text;

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        try
        {
            var json = new Utf8JsonReader(WithoutPreamble(text), new JsonReaderOptions { MaxDepth = 1000 });
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

    private static ReadOnlySpan<byte> WithoutPreamble(ReadOnlySpan<byte> text) => text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text;

    private static SampleMessage Parse(long place, ReadOnlySpan<byte> text)
    {
        if (RoutedMessageJson.TryParse(text, out var message, out var problem))
        {
            var received = message!.ReceivedAt(0, 0);
            return new SampleMessage(place, received.DeviceId, received.Properties, received.EnqueuedTime, received.Body.ToArray(), null);
        }

        text = WithoutPreamble(text);
        try
        {
            using var json = JsonDocument.Parse(text.ToArray(), new JsonDocumentOptions { MaxDepth = 1000 });
            return Parse(place, json.RootElement, text);
        }
        catch (JsonException)
        {
            return new SampleMessage(place, null, null, ReceivedMessage.UnknownTime, text.ToArray(), problem);
        }
    }

    private static SampleMessage Parse(long place, JsonElement root, ReadOnlySpan<byte> text)
    {
        var isObject = root.ValueKind == JsonValueKind.Object;
        if (isObject && root.TryGetProperty("Body", out var body))
        {
            var system = Object(root, "SystemProperties");
            var bytes = body.ValueKind != JsonValueKind.String ? Encoding.UTF8.GetBytes(body.GetRawText())
                : body.TryGetBytesFromBase64(out var packed) ? packed
                : Encoding.UTF8.GetBytes(body.GetString()!);
            return new SampleMessage(
                place,
                Text(system, "connectionDeviceId", "iothub-connection-device-id"),
                Properties(Object(root, "Properties")),
                Time(Text(root, "EnqueuedTimeUtc", "enqueuedTime") ?? Text(system, "enqueuedTime", "iothub-enqueuedtime")),
                bytes,
                null);
        }

        if (isObject && root.TryGetProperty("telemetry", out _))
        {
            // IoT Central puts no wrapper around what it exports: the envelope's fields stand beside the telemetry.
            return new SampleMessage(place, Text(root, "deviceId"), Properties(Object(root, "messageProperties")), Time(Text(root, "enqueuedTime")), text.ToArray(), null);
        }

        return new SampleMessage(place, null, null, ReceivedMessage.UnknownTime, text.ToArray(), null);
    }

    private static JsonElement Object(JsonElement root, string name) =>
        root.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Object ? found : default;

    private static string? Text(JsonElement fields, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (fields.ValueKind == JsonValueKind.Object && fields.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String && found.GetString() is { Length: > 0 } text)
            {
                return text;
            }
        }

        return null;
    }

    private static string? Properties(JsonElement fields)
    {
        if (fields.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var properties = new JsonObject();
        foreach (var field in fields.EnumerateObject().Where(f => f.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null)))
        {
            properties[field.Name] = field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString() : field.Value.GetRawText();
        }

        return properties.Count == 0 ? null : properties.ToJsonString();
    }

    private static long Time(string? text) =>
        text is not null && Iso8601.TryParse(Encoding.UTF8.GetBytes(text), out var time) ? time : ReceivedMessage.UnknownTime;
}
