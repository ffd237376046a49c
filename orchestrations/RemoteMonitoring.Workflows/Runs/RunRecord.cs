using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Runs;

/// <summary>What stands in the lake of an instance that was started, for ever: it is what keeps its id from being used again.</summary>
public sealed record RunRecord
{
    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Id of the instance.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Id that it and all attempts at the same have in common.</summary>
    public required string Request { get; init; }

    /// <summary>Which attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Name of the workflow.</summary>
    public required string Workflow { get; init; }

    /// <summary>What it was started with.</summary>
    public required JsonElement Input { get; init; }

    /// <summary>When.</summary>
    public required Instant Started { get; init; }

    /// <summary>As bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, RunRecordJson.Default.RunRecord);

    /// <summary>Reads it.</summary>
    public static RunRecord Read(byte[] bytes) => JsonSerializer.Deserialize(bytes, RunRecordJson.Default.RunRecord)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(RunRecord))]
internal sealed partial class RunRecordJson : JsonSerializerContext;
