using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// A reading beyond a personal limit: a document of its own in the container <c>urgent</c>, written as soon as the reading has landed. It is open
/// until somebody who was shown it acts on the patient.
/// </summary>
/// <param name="Id">From device, vital and time: the same reading again, or corrected, is the same.</param>
/// <param name="PatientId">Whose.</param>
/// <param name="Vital">Vital, by its key.</param>
/// <param name="Value">Value.</param>
/// <param name="Unit">UCUM unit of value and limits.</param>
/// <param name="EffectiveTime">When it was taken.</param>
/// <param name="Known">When it had landed.</param>
/// <param name="Low">The limit below; null where there was none.</param>
/// <param name="High">The limit above; null where there was none.</param>
public sealed record UrgentReading(string Id, string PatientId, string Vital, double Value, string Unit, Instant EffectiveTime, Instant Known, double? Low, double? High)
{
    /// <summary>When a correction had last landed that made it worse; null where none did.</summary>
    public Instant? Changed { get; init; }

    /// <summary>From when on it asks for somebody's eye: when it had landed, or was last found to be worse.</summary>
    [JsonIgnore]
    public Instant OpenSince => Changed ?? Known;

    /// <summary>Partition of the documents of readings that landed at an instant: its UTC day, <c>uuuu-MM-dd</c>.</summary>
    public static string PartitionOf(Instant known) => known.ToString("uuuu'-'MM'-'dd", CultureInfo.InvariantCulture);

    /// <summary>JSON of the document.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, UrgentJson.Default.UrgentReading);

    /// <summary>Reads a document; null where it says nothing that this program understands: one such keeps nobody from the others.</summary>
    public static UrgentReading? TryRead(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, UrgentJson.Default.UrgentReading) is { Id: not null, PatientId: not null, Vital: not null, Unit: not null } reading ? reading : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(UrgentReading))]
internal sealed partial class UrgentJson : JsonSerializerContext;
