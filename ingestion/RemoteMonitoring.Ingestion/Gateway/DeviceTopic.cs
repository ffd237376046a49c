using RemoteMonitoring.Ingestion.Landing;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>What the topic of a device's message says: <c>devices/{deviceId}/messages/events/{properties}</c>.</summary>
public sealed record DeviceTopic
{
    /// <summary>Property that a message sent with RETAIN gets, as at IoT Hub, which retains nothing.</summary>
    public const string RetainProperty = "mqtt-retain";

    /// <summary>Property that a will gets.</summary>
    public const string MessageTypeProperty = "iothub-MessageType";

    private static readonly DeviceTopic s_empty = new();

    /// <summary>The <c>$.mid</c>, or null.</summary>
    public string? MessageId { get; init; }

    /// <summary>
    /// Application properties in the order sent, then the system properties other than the message id under the names they
    /// were sent with (<c>$.ct</c>, <c>$.ce</c>, <c>$.cid</c>, …). Of a name that is given twice the last value counts.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>Reads the topic of a message of this device; null where it is any other topic.</summary>
    public static DeviceTopic? TryParse(string topic, string deviceId)
    {
        var bag = Bag(topic, deviceId);
        return bag is null ? null : ParseBag(bag);
    }

    /// <summary>The same with this property in place of what was sent under its name.</summary>
    public DeviceTopic With(string name, string value) => this with { Properties = [.. Properties.Where(p => p.Key != name), new(name, value)] };

    /// <summary>The properties, and more of them, as a JSON object of text, or null where there are none.</summary>
    public string? ToJson(params ReadOnlySpan<KeyValuePair<string, string>> more) => EnvelopeProperties.Format([.. Properties, .. more]);

    /// <summary>The property bag; the slash before it may be missing where there is none.</summary>
    private static string? Bag(string topic, string deviceId)
    {
        const string Before = "devices/";
        const string Behind = "/messages/events";
        var length = Before.Length + deviceId.Length + Behind.Length;
        return topic.Length >= length
            && topic.StartsWith(Before, StringComparison.Ordinal)
            && topic.AsSpan(Before.Length, deviceId.Length).SequenceEqual(deviceId)
            && topic.AsSpan(Before.Length + deviceId.Length, Behind.Length).SequenceEqual(Behind)
            && (topic.Length == length || topic[length] == '/')
            ? topic.Length == length ? "" : topic[(length + 1)..]
            : null;
    }

    /// <summary>Some SDKs close the bag with a slash, some open it with a question mark: neither is of its content.</summary>
    private static DeviceTopic ParseBag(string bag)
    {
        bag = bag.TrimEnd('/');
        bag = bag.StartsWith('?') ? bag[1..] : bag;
        if (bag.Length == 0)
        {
            return s_empty;
        }

        string? messageId = null;
        var application = new List<KeyValuePair<string, string>>();
        var system = new List<KeyValuePair<string, string>>();
        foreach (var pair in bag.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = Decode(equals < 0 ? pair : pair[..equals]);
            var value = equals < 0 ? "" : Decode(pair[(equals + 1)..]);
            if (name == "$.mid")
            {
                messageId = value;
            }
            else if (name.Length > 0)
            {
                Set(name.StartsWith("$.", StringComparison.Ordinal) ? system : application, name, value);
            }
        }

        return new DeviceTopic { MessageId = messageId, Properties = [.. application, .. system] };
    }

    private static void Set(List<KeyValuePair<string, string>> properties, string name, string value)
    {
        properties.RemoveAll(p => p.Key == name);
        properties.Add(new(name, value));
    }

    /// <summary>A plus sign is a plus sign, as at IoT Hub; what is no escape stands for itself.</summary>
    private static string Decode(string text) => text.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(text) : text;
}
