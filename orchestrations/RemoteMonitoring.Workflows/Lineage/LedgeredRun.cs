using System.Text.Json;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;

namespace RemoteMonitoring.Workflows.Lineage;

/// <summary>What the lake has where a file was recorded.</summary>
public enum FileState
{
    /// <summary>The bytes that were recorded: their hash is right.</summary>
    Verified,

    /// <summary>A new generation without what was erased: its hash is that of the erasure's note.</summary>
    Erased,

    /// <summary>Other bytes than were recorded.</summary>
    Changed,

    /// <summary>No file: collected or deleted.</summary>
    Gone,
}

/// <summary>A recorded file, and what the lake has of it.</summary>
/// <param name="Path">Lake path.</param>
/// <param name="Sha256">The hash that was recorded.</param>
/// <param name="State">What is there.</param>
public sealed record RecordedFile(string Path, string Sha256, FileState State)
{
    /// <summary>Holds a file against the hash that was recorded of it.</summary>
    public static async Task<RecordedFile> VerifyAsync(Lake lake, string path, string sha256, IEnumerable<ErasureNote> erasures, CancellationToken cancellationToken)
    {
        var hash = await lake.TryReadAsync(path, cancellationToken) is { } bytes ? Lake.Hash(bytes) : null;
        return new RecordedFile(path, sha256, hash switch
        {
            null => FileState.Gone,
            _ when hash == sha256 => FileState.Verified,
            _ when erasures.SelectMany(e => e.Outputs).Any(o => o.Path == path && o.Sha256 == hash) => FileState.Erased,
            _ => FileState.Changed,
        });
    }
}

/// <summary>The ledger entry of a run, and what erasures noted beside it.</summary>
/// <param name="Entry">The entry, as it was written.</param>
/// <param name="Erasures">Erasures since, in their order.</param>
public sealed record LedgeredRun(LedgerEntry Entry, IReadOnlyList<ErasureNote> Erasures)
{
    /// <summary>Reads it; null where the ledger has no such run. What cannot be read throws <see cref="LakeException"/>.</summary>
    public static async Task<LedgeredRun?> TryReadAsync(Lake lake, string run, CancellationToken cancellationToken)
    {
        if (!LakePaths.IsName(run) || !LakePaths.IsLedgerEntry(LakePaths.Ledger(run)) || await lake.TryReadAsync(LakePaths.Ledger(run), cancellationToken) is not { } bytes)
        {
            return null;
        }

        var path = LakePaths.Ledger(run);
        try
        {
            var entry = RiskDocumentJson.ReadLedger(bytes);
            path = LakePaths.LedgerErasures(run);
            var notes = await lake.TryReadAsync(path, cancellationToken) is { } noted ? JsonSerializer.Deserialize(noted, ErasureJson.Default.LedgerErasures)!.Erasures : [];
            return new LedgeredRun(entry, notes);
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(path)}: is not what a ledger holds ({e.Message.Split('\n')[0]}). Restore it from a backup.", e);
        }
    }
}
