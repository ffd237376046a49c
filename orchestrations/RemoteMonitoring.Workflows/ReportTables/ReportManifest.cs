using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>A file of a table for reports that is current.</summary>
/// <param name="Table">Table.</param>
/// <param name="Period">Folder of the day or month its rows are of; null for a table that is one file.</param>
/// <param name="Path">Lake path.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Sha256">Hash of the bytes.</param>
/// <param name="Inputs">Hash of what it was made of, where it is not made anew as long as that stays; null where it always is.</param>
public sealed record ReportFile(string Table, string? Period, string Path, int Rows, string Sha256, string? Inputs = null);

/// <summary>Which files of the tables for reports are current: what readers go by. It is replaced atomically; files that it no longer names are deleted then.</summary>
public sealed record ReportManifest
{
    /// <summary>The version that this program writes, and the newest it reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Version of this record.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Tells the key that patients are named by from any other.</summary>
    public required string KeyId { get; init; }

    /// <summary>When the export began that completed last; null while the first is under way.</summary>
    public Instant? AsOf { get; init; }

    /// <summary>Months that were made without a problem, as in 2025-06, in order.</summary>
    public required IReadOnlyList<string> Months { get; init; }

    /// <summary>Models that facts name, as task/version, in order.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The files, by table and period.</summary>
    public required IReadOnlyList<ReportFile> Files { get; init; }

    /// <summary>What could not be made, in sentences; the next export tries again.</summary>
    public IReadOnlyList<string> Problems { get; init => field = value ?? []; } = [];

    /// <summary>One without any file.</summary>
    public static ReportManifest Empty(string keyId) => new() { SchemaVersion = CurrentSchemaVersion, KeyId = keyId, Months = [], Models = [], Files = [] };

    /// <summary>Reads the one that is current; null where nothing was exported yet. What is none throws <see cref="LakeException"/>.</summary>
    public static async Task<ReportManifest?> TryReadAsync(Lake lake, CancellationToken cancellationToken)
    {
        if (await lake.TryReadAsync(LakePaths.ReportManifest, cancellationToken) is not { } bytes)
        {
            return null;
        }

        try
        {
            var manifest = JsonSerializer.Deserialize(bytes, ReportManifestJson.Default.ReportManifest)!;
            return manifest.SchemaVersion <= CurrentSchemaVersion
                ? manifest
                : throw new LakeException($"{lake.NameOf(LakePaths.ReportManifest)}: is of a newer program (version {manifest.SchemaVersion}). Update the program.");
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(LakePaths.ReportManifest)}: is no manifest of tables for reports ({e.Message.Split('\n')[0].Split(" Path:")[0]}). It is derived: delete the folder '{LakePaths.ReportFolder}' and run 'rmon report tables'.", e);
        }
    }

    /// <summary>Makes this the current one in place of another, then deletes the files that only the other named.</summary>
    public async Task ReplaceAsync(Lake lake, ReportManifest? before, CancellationToken cancellationToken)
    {
        await lake.ReplaceAsync(LakePaths.ReportManifest, ToBytes(), cancellationToken);
        foreach (var path in before?.Files.Select(f => f.Path).Except(Files.Select(f => f.Path), StringComparer.Ordinal) ?? [])
        {
            await lake.DeleteAsync(path, cancellationToken);
        }
    }

    /// <summary>The same with other files of some tables and periods, in order.</summary>
    internal ReportManifest With(Func<ReportFile, bool> replaced, IEnumerable<ReportFile> files) => this with
    {
        Files = [.. Files.Where(f => !replaced(f)).Concat(files).OrderBy(f => f.Table, StringComparer.Ordinal).ThenBy(f => f.Period, StringComparer.Ordinal)],
    };

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ReportManifestJson.Default.ReportManifest);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(ReportManifest))]
internal sealed partial class ReportManifestJson : JsonSerializerContext;
