using System.Text.Json.Serialization;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CalledWorkflow))]
[JsonSerializable(typeof(IReadOnlyCollection<string>))]
[JsonSerializable(typeof(HistoryEventLine))]
internal sealed partial class EngineJson : JsonSerializerContext;
