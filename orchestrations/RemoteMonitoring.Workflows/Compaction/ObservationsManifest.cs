using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>One file of observations.</summary>
/// <param name="Path">Where.</param>
/// <param name="EventDate">UTC day of effective time.</param>
/// <param name="Shard">Patient shard.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Sha256">Hash of the bytes.</param>
public sealed record ObservationsFile(string Path, DateOnly EventDate, int Shard, int Rows, string Sha256);

/// <summary>One file of readings of nobody.</summary>
/// <param name="Path">Where.</param>
/// <param name="EventDate">UTC day of effective time.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Sha256">Hash of the bytes.</param>
public sealed record UnassignedFile(string Path, DateOnly EventDate, int Rows, string Sha256);

/// <summary>The account of the readings of a UTC day that count with the patients of a shard, or with nobody.</summary>
/// <param name="EventDate">UTC day of effective time.</param>
/// <param name="Shard">Patient shard; <see cref="PartitionKey.Nobody"/> for the readings of nobody.</param>
/// <param name="Read">Rows of silver that have to be read for it; one whose device changed hands is read for each.</param>
/// <param name="Accepted">As <see cref="ObservationsManifest.Accepted"/>.</param>
/// <param name="Duplicates">As <see cref="ObservationsManifest.Duplicates"/>.</param>
/// <param name="Corrected">As <see cref="ObservationsManifest.Corrected"/>.</param>
/// <param name="Reassigned">As <see cref="ObservationsManifest.Reassigned"/>.</param>
/// <param name="TakenBack">As <see cref="ObservationsManifest.TakenBack"/>.</param>
/// <param name="UnknownDevice">Readings of devices that no assignment names.</param>
/// <param name="UnassignedDevice">Readings of devices that were with nobody.</param>
public sealed record PartitionCounts(
    DateOnly EventDate, int Shard, long Read, long Accepted, long Duplicates, long Corrected, long Reassigned, long TakenBack, long UnknownDevice, long UnassignedDevice);

/// <summary>
/// The observations of some inputs: the files, what they were made of, and the account of every reading. The current one says
/// too which silver has rows of which day, by which the next run tells what it has to do.
/// </summary>
public sealed record ObservationsManifest
{
    /// <summary>The version that this program writes, and the newest it reads: 3 since only what is touched is redone.</summary>
    public const int CurrentSchemaVersion = 3;

    /// <summary>Version of this record.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Names the inputs, the rules and the number of shards.</summary>
    public required string InputHash { get; init; }

    /// <summary>The rules it was made by; empty before version 3.</summary>
    public string Rules { get; init; } = "";

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

    /// <summary>Readings that were taken back since; they are in no other count. 0 before version 3, which did not say.</summary>
    public long TakenBack { get; init; }

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

    /// <summary>The files of readings of nobody, in order of date; none before version 3, which had one for all days.</summary>
    public IReadOnlyList<UnassignedFile> Unassigned { get; init; } = [];

    /// <summary>The account by day and shard, in their order; none before version 3.</summary>
    public IReadOnlyList<PartitionCounts> Partitions { get; init; } = [];

    /// <summary>The rollups of the files; null before version 3.</summary>
    public RollupManifest? Rollups { get; init; }

    /// <summary>The silver that was read; null but in the current manifest, and before version 3.</summary>
    public SourceIndex? Index { get; init; }

    /// <summary>received = accepted + rejected + duplicate, in readings; rows are not counted here.</summary>
    [JsonIgnore]
    public bool Conserves => Received == Accepted + Rejected.Values.Sum() + Duplicates;

    /// <summary>The paths of all files that it names.</summary>
    [JsonIgnore]
    public IEnumerable<string> Paths => Files.Select(f => f.Path).Concat(SchemaVersion < 3 ? [LakePaths.UnassignedOfAllDays(InputHash)] : Unassigned.Select(f => f.Path).Concat(Rollups?.Paths ?? []));

    /// <summary>The bytes of the manifest file.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.ObservationsManifest);

    /// <summary>The current manifest, or null when nothing has been compacted yet.</summary>
    public static Task<ObservationsManifest?> TryReadAsync(Lake lake, CancellationToken cancellationToken) =>
        TryReadFileAsync(lake, LakePaths.ObservationsManifest, cancellationToken);

    /// <summary>
    /// The manifest of inputs of the past, by the hash that names them; null where it was never made, or was collected since. It
    /// stays as long as a ledger entry, a snapshot or a model refers to it.
    /// </summary>
    public static Task<ObservationsManifest?> TryReadAsync(Lake lake, string inputHash, CancellationToken cancellationToken) =>
        TryReadFileAsync(lake, LakePaths.ObservationsManifestOf(inputHash), cancellationToken);

    internal static async Task<ObservationsManifest?> TryReadFileAsync(Lake lake, string path, CancellationToken cancellationToken)
    {
        if (await lake.TryReadAsync(path, cancellationToken) is not { } bytes)
        {
            return null;
        }

        try
        {
            // Of a newer one the version counts, not the first field that this program does not know.
            using (var document = JsonDocument.Parse(bytes))
            {
                if (document.RootElement.ValueKind == JsonValueKind.Object
                    && document.RootElement.TryGetProperty("schemaVersion", out var element) && element.TryGetInt32(out var version) && version > CurrentSchemaVersion)
                {
                    throw new LakeException($"{lake.NameOf(path)}: has layout version {version}; this program reads up to {CurrentSchemaVersion}: update it, or delete the file and compact again.");
                }
            }

            return JsonSerializer.Deserialize(bytes, ManifestJson.Default.ObservationsManifest);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new LakeException($"{lake.NameOf(path)}: not a manifest ({e.Message.Split('\n')[0]}). It is derived: delete it and run again.", e);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(ObservationsManifest))]
[JsonSerializable(typeof(PinnedInputs))]
internal sealed partial class ManifestJson : JsonSerializerContext;
