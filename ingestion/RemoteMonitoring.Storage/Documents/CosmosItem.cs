using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// A document as Cosmos DB has it: <c>{"id","pk","body":{…},"expires","ttl","write"}</c>. The body is apart, so that no member of
/// it can be taken for one of the service's; <c>expires</c> (Unix microseconds) is what was asked for, <c>ttl</c> (seconds from the
/// last write) what the service goes by; <c>write</c> tells which call wrote it.
/// </summary>
internal static class CosmosItem
{
    public const string PartitionKeyPath = "/pk";
    public const string ExpiresPath = "/expires/?";

    private static readonly JsonWriterOptions s_plain = new() { SkipValidation = false, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly SearchValues<char> s_kept = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    public static byte[] Encode(Document document, string write, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(document.Body.Length + 256);
        using (var json = new Utf8JsonWriter(buffer, s_plain))
        {
            json.WriteStartObject();
            json.WriteString("id", IdOf(document.Id));
            json.WriteString("pk", document.PartitionKey);
            json.WritePropertyName("body");
            json.WriteRawValue(document.Body);
            if (document.Expires is { } expires)
            {
                json.WriteNumber("expires", expires);
                json.WriteNumber("ttl", TimeToLive(expires, now));
            }

            json.WriteString("write", write);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static Document Decode(JsonElement item) => new()
    {
        PartitionKey = item.GetProperty("pk").GetString()!,
        Id = TextOf(item.GetProperty("id").GetString()!),
        Body = item.GetProperty("body").GetRawText(),
        Expires = item.TryGetProperty("expires", out var expires) ? (long)expires.GetDouble() : null,
        ETag = item.GetProperty("_etag").GetString(),
        Write = item.TryGetProperty("write", out var write) ? write.GetString() : null,
    };

    /// <summary>Whole seconds, rounded up; what has expired already has one.</summary>
    public static int TimeToLive(long expires, DateTimeOffset now)
    {
        var left = expires - ((now - DateTimeOffset.UnixEpoch).Ticks / 10);
        return (int)Math.Clamp((left + 999_999) / 1_000_000, 1, int.MaxValue);
    }

    /// <summary>
    /// An id that Cosmos DB takes, made of any text: ASCII other than letters, digits, <c>-</c>, <c>_</c>, <c>.</c> becomes <c>~</c> and two
    /// hex digits. Of 250 characters it has at most 750 bytes; the service takes 1,023.
    /// </summary>
    public static string IdOf(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(s_kept))
        {
            return text;
        }

        var id = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = c > '\x7f' || s_kept.Contains(c) ? id.Append(c) : id.Append('~').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
        }

        return id.ToString();
    }

    /// <summary>The text that an id was made of.</summary>
    public static string TextOf(string id)
    {
        if (!id.Contains('~', StringComparison.Ordinal))
        {
            return id;
        }

        var text = new StringBuilder(id.Length);
        for (var i = 0; i < id.Length; i++)
        {
            if (id[i] == '~' && i + 2 < id.Length && int.TryParse(id.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                text.Append((char)code);
                i += 2;
            }
            else
            {
                text.Append(id[i]);
            }
        }

        return text.ToString();
    }
}
