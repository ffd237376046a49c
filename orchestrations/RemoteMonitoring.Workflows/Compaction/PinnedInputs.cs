using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Telemetry.Mappings;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>What a run reads, pinned: how far each partition had landed, and how far the reference log had grown.</summary>
public sealed record PinnedInputs
{
    /// <summary>End offset (exclusive) by <c>hub/epoch/partition</c>.</summary>
    public required SortedDictionary<string, long> Frontier { get; init; }

    /// <summary>Last sequence of the reference log by kind.</summary>
    public required SortedDictionary<string, long> Reference { get; init; }

    /// <summary>The mappings that were in force before the reference log activated others.</summary>
    public required string Mapping { get; init; }

    /// <summary>Greatest known time among the messages, Unix microseconds.</summary>
    public required long Watermark { get; init; }

    /// <summary>Pins what an account was taken of, and a position of the reference log.</summary>
    public static PinnedInputs Of(IngestionAccount account, IReadOnlyDictionary<string, long> reference) => new()
    {
        Frontier = new SortedDictionary<string, long>(account.Frontier.ToDictionary(), StringComparer.Ordinal),
        Reference = new SortedDictionary<string, long>(reference.ToDictionary(), StringComparer.Ordinal),
        Mapping = MappingSet.Bundled.Id,
        Watermark = account.Watermark,
    };

    /// <summary>First 16 hex digits of the SHA-256 of these inputs and of <paramref name="and"/>: names what is made of them.</summary>
    public string Hash(string and) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        JsonSerializer.Serialize(this, ManifestJson.Default.PinnedInputs) + "\n" + and)))[..16];
}
