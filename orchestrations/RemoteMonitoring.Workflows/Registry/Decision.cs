using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Registry;

/// <summary>What is decided about a version of a model.</summary>
public enum DecisionKind
{
    /// <summary>The first model of a task scores: there was none to compare it with.</summary>
    [JsonStringEnumMemberName("first-model")]
    FirstModel,

    /// <summary>It is the one to compare with the champion, and scores in its shadow.</summary>
    [JsonStringEnumMemberName("challenger")]
    Challenger,

    /// <summary>It scores from now on.</summary>
    [JsonStringEnumMemberName("promote")]
    Promote,

    /// <summary>The champion of before scores again.</summary>
    [JsonStringEnumMemberName("rollback")]
    Rollback,

    /// <summary>It is the challenger no longer.</summary>
    [JsonStringEnumMemberName("withdraw-challenger")]
    WithdrawChallenger,
}

/// <summary>Who decided what about the models of a task, when and why. Once written it is never changed.</summary>
public sealed record Decision
{
    /// <summary>The version that this program writes, and the newest it reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Version of this layout.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>Number among the decisions of the task, from 1.</summary>
    public required int Sequence { get; init; }

    /// <summary>What was decided.</summary>
    public required DecisionKind Kind { get; init; }

    /// <summary>The version it is about; of a rollback the one that scores again.</summary>
    public required string Version { get; init; }

    /// <summary>The champion until then; null where there was none. The first decision so carries over what scored before there were decisions.</summary>
    public required string? PreviousChampion { get; init; }

    /// <summary>Who decided, by the name they gave.</summary>
    public required string By { get; init; }

    /// <summary>When.</summary>
    public required Instant At { get; init; }

    /// <summary>Why; null where nobody has to say.</summary>
    public required string? Why { get; init; }

    /// <summary>What the gate said of it; null where it was not asked.</summary>
    public required GateVerdict? Verdict { get; init; }

    /// <summary>Whether it was decided against the gate.</summary>
    public required bool Overridden { get; init; }

    /// <summary>SHA-256 of the file of the decision before, lower-case hex; null for the first.</summary>
    public required string? PreviousSha256 { get; init; }

    /// <summary>Some random digits: no two decisions have the same bytes.</summary>
    public required string Nonce { get; init; }
}

/// <summary>The file of a decision: the decision, and a signature of its bytes.</summary>
internal sealed record SignedDecision(JsonElement Decision, string KeyId, string Signature);

/// <summary>Decisions as signed files.</summary>
internal static class DecisionFile
{
    private const string Signed = "decision about a model";

    /// <summary>The bytes of a decision's file.</summary>
    public static byte[] ToBytes(Decision decision, RegistryKey key)
    {
        var raw = JsonSerializer.SerializeToUtf8Bytes(decision, DecisionJson.Default.Decision);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("decision");
            writer.WriteRawValue(raw);
            writer.WriteString("keyId", key.Id);
            writer.WriteString("signature", key.Sign(Signed, raw));
            writer.WriteEndObject();
        }

        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Which key a file says it is signed with; null where it is no decision.</summary>
    public static string? KeyIdOf(byte[]? bytes)
    {
        try
        {
            return bytes is null ? null : JsonSerializer.Deserialize(bytes, DecisionJson.Default.SignedDecision)?.KeyId;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads a decision; without a key its signature is not looked at.</summary>
    /// <returns>The decision, or what is wrong with the file.</returns>
    public static (Decision? Decision, string? Problem) Read(byte[] bytes, RegistryKey? key)
    {
        try
        {
            var signed = JsonSerializer.Deserialize(bytes, DecisionJson.Default.SignedDecision) ?? throw new JsonException("null is none");
            // What was signed are the bytes as they stand here, whatever a later version makes of them.
            var raw = Encoding.UTF8.GetBytes(signed.Decision.GetRawText());
            if (key is not null && signed.KeyId != key.Id)
            {
                return (null, $"is signed with another key ({signed.KeyId}) than the registry's ({key.Id}). Restore that key, or this file");
            }

            if (key?.Verifies(signed.Signature, Signed, raw) == false)
            {
                return (null, "is not what was signed: it was altered. Restore it from a backup");
            }

            if (signed.Decision.GetProperty("schemaVersion").GetInt32() is > Decision.CurrentSchemaVersion and var version)
            {
                return (null, $"has layout version {version}; this program reads up to {Decision.CurrentSchemaVersion}. Update the program");
            }

            return (JsonSerializer.Deserialize(raw, DecisionJson.Default.Decision) ?? throw new JsonException("null is none"), null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return (null, $"is not a decision ({e.Message.Split('\n')[0].TrimEnd('.')}). Restore it from a backup");
        }
    }
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(Decision))]
[JsonSerializable(typeof(SignedDecision))]
[JsonSerializable(typeof(GateVerdict))]
internal sealed partial class DecisionJson : JsonSerializerContext;
