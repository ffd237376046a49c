using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;

namespace RemoteMonitoring.Workflows.Engine;

/// <summary>Durations as text, <c>0:15:00</c> style with days in front: <c>-D:hh:mm:ss.fffffffff</c>.</summary>
public sealed class DurationJsonConverter : JsonConverter<Duration>
{
    /// <inheritdoc />
    public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DurationPattern.Roundtrip.Parse(reader.GetString() ?? "").TryGetValue(Duration.Zero, out var duration) ? duration : throw new JsonException("Not a duration like 0:00:15:00.");

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) => writer.WriteStringValue(DurationPattern.Roundtrip.Format(value));
}
