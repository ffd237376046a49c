using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Backup;

/// <summary>A cohort of a backup.</summary>
/// <param name="Name">Its name.</param>
/// <param name="HomeVersion">Version of the format of its folder.</param>
public sealed record BackupCohort(string Name, int HomeVersion);

/// <summary>A file of a backup.</summary>
/// <param name="Path">Path below the home, with forward slashes; its first part is the cohort.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Sha256">Hash of the bytes.</param>
public sealed record BackupEntry(string Path, long Bytes, string Sha256);

/// <summary>How a backup begins: what it is of, so that one that cannot be restored is refused before anything of it is read.</summary>
public sealed record BackupHeader
{
    /// <summary>The version that this program writes, and the newest it reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Name of its entry, the first.</summary>
    public const string EntryName = "rmon-backup.json";

    /// <summary>Version of the layout of a backup.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>When it was begun.</summary>
    public required Instant At { get; init; }

    /// <summary>The program that made it.</summary>
    public required string Program { get; init; }

    /// <summary>The cohorts.</summary>
    public required IReadOnlyList<BackupCohort> Cohorts { get; init; }
}

/// <summary>How a backup ends: every file that it has, with its hash. One that does not end so was cut short.</summary>
public sealed record BackupContents
{
    /// <summary>Name of its entry, the last.</summary>
    public const string EntryName = "rmon-contents.json";

    /// <summary>The files, in their order.</summary>
    public required IReadOnlyList<BackupEntry> Files { get; init; }
}

/// <summary>What a backup has of a cohort.</summary>
/// <param name="Header">What it is of.</param>
/// <param name="Files">Its files.</param>
/// <param name="Missing">Paths below the home that a manifest or a ledger entry names and that are not there.</param>
public sealed record BackupSummary(BackupHeader Header, IReadOnlyList<BackupEntry> Files, IReadOnlyList<string> Missing)
{
    /// <summary>Bytes of the files, as they lie in the home.</summary>
    public long Bytes => Files.Sum(f => f.Bytes);
}

/// <summary>Both ends of a backup as JSON; of a newer one the version counts, not the first field that this program does not know.</summary>
internal static class BackupJson
{
    public static byte[] ToBytes(BackupHeader header) => JsonSerializer.SerializeToUtf8Bytes(header, BackupJsonContext.Default.BackupHeader);

    public static byte[] ToBytes(BackupContents contents) => JsonSerializer.SerializeToUtf8Bytes(contents, BackupJsonContext.Default.BackupContents);

    /// <summary>Reads how a backup begins; throws <see cref="LakeException"/> where this program cannot read it.</summary>
    public static BackupHeader ReadHeader(byte[] json, string file)
    {
        using (var document = JsonDocument.Parse(json))
        {
            var version = document.RootElement.GetProperty("schemaVersion").GetInt32();
            if (version > BackupHeader.CurrentSchemaVersion)
            {
                throw new LakeException($"{file}: is a backup of layout version {version}; this program reads up to {BackupHeader.CurrentSchemaVersion}. Update the program.");
            }
        }

        return JsonSerializer.Deserialize(json, BackupJsonContext.Default.BackupHeader)!;
    }

    public static BackupContents ReadContents(byte[] json) => JsonSerializer.Deserialize(json, BackupJsonContext.Default.BackupContents)!;
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(BackupHeader))]
[JsonSerializable(typeof(BackupContents))]
internal sealed partial class BackupJsonContext : JsonSerializerContext;
