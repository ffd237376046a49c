using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage.Lake;
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

    /// <summary>Pins what is there now.</summary>
    public static async Task<PinnedInputs> PinAsync(IngestionAccount account, ReferenceLog reference, CancellationToken cancellationToken) => new()
    {
        Frontier = new SortedDictionary<string, long>(account.Frontier.ToDictionary(), StringComparer.Ordinal),
        Reference = new SortedDictionary<string, long>((await reference.PositionAsync(cancellationToken)).ToDictionary(), StringComparer.Ordinal),
        Mapping = MappingSet.Bundled.Id,
        Watermark = account.Watermark,
    };

    /// <summary>First 16 hex digits of the SHA-256 of these inputs and of <paramref name="and"/>: names what is made of them.</summary>
    public string Hash(string and) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        JsonSerializer.Serialize(this, ManifestJson.Default.PinnedInputs) + "\n" + and)))[..16];
}

/// <summary>One file of observations.</summary>
/// <param name="Path">Where.</param>
/// <param name="EventDate">UTC day of effective time.</param>
/// <param name="Shard">Patient shard.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Sha256">Hash of the bytes.</param>
public sealed record ObservationsFile(string Path, DateOnly EventDate, int Shard, int Rows, string Sha256);

/// <summary>The current observations: the files, what they were made of, and the account of every reading.</summary>
public sealed record ObservationsManifest
{
    /// <summary>Version of this record: 2 since it counts readings apart from rows.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Names the inputs and the rules.</summary>
    public required string InputHash { get; init; }

    /// <summary>What was read.</summary>
    public required PinnedInputs Inputs { get; init; }

    /// <summary>Number of patient shards.</summary>
    public required int Shards { get; init; }

    /// <summary>Messages in bronze.</summary>
    public required long Messages { get; init; }

    /// <summary>Readings received.</summary>
    public required long Received { get; init; }

    /// <summary>Readings that are, or once were held to be, a patient's, and repeat no other; all versions.</summary>
    public required long Accepted { get; init; }

    /// <summary>Of those, replaced by a later version.</summary>
    public required long Corrected { get; init; }

    /// <summary>Rows that close when their reading turns out to be another patient's, or nobody's; 0 in version 1, which knew none.</summary>
    public long Reassigned { get; init; }

    /// <summary>
    /// Rows of all files. More than <see cref="Accepted"/> by what former patients keep, less by the versions that were
    /// replaced before their patient was known.
    /// </summary>
    public long Rows => Files.Sum(f => (long)f.Rows);

    /// <summary>Readings that repeated another.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Rejected readings by reason, at the door and here.</summary>
    public required SortedDictionary<string, long> Rejected { get; init; }

    /// <summary>The files, in order of date and shard.</summary>
    public required IReadOnlyList<ObservationsFile> Files { get; init; }

    /// <summary>received = accepted + rejected + duplicate, in readings; rows are not counted here.</summary>
    [JsonIgnore]
    public bool Conserves => Received == Accepted + Rejected.Values.Sum() + Duplicates;

    /// <summary>The bytes of the manifest file.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.ObservationsManifest);

    /// <summary>The current manifest, or null when nothing has been compacted yet.</summary>
    public static async Task<ObservationsManifest?> TryReadAsync(Lake lake, CancellationToken cancellationToken)
    {
        if (await lake.TryReadAsync(LakePaths.ObservationsManifest, cancellationToken) is not { } bytes)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, ManifestJson.Default.ObservationsManifest);
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(LakePaths.ObservationsManifest)}: not a manifest ({e.Message.Split('\n')[0]}). It is derived: delete it and run again.", e);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(ObservationsManifest))]
[JsonSerializable(typeof(PinnedInputs))]
internal sealed partial class ManifestJson : JsonSerializerContext;
