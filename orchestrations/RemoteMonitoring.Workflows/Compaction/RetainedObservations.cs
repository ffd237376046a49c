using System.Text.Json;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>The observations of the past that something refers to: a ledger entry, a snapshot of vectors, a model, a run under way.</summary>
internal sealed class RetainedObservations
{
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);

    /// <summary>The input hashes that name them.</summary>
    public HashSet<string> InputHashes { get; } = new(StringComparer.Ordinal);

    /// <summary>Snapshots and models that do not say what they were made of: they are of before observations had a manifest each.</summary>
    public List<string> Silent { get; } = [];

    /// <summary>Stands for a model that was made elsewhere, of nothing that lies here.</summary>
    private const string FromElsewhere = "";

    /// <summary>Finds them.</summary>
    public static async Task<RetainedObservations> FindAsync(Lake lake, CancellationToken cancellationToken)
    {
        var retained = new RetainedObservations();
        foreach (var path in (await lake.ListAsync("ledger", cancellationToken)).Where(LakePaths.IsLedgerEntry))
        {
            retained.InputHashes.Add(LedgerOf(path, await lake.ReadAsync(path, cancellationToken), lake));
        }

        foreach (var path in (await lake.ListAsync("models", cancellationToken)).Where(p => p.EndsWith("/" + ModelFiles.DocumentName, StringComparison.Ordinal)))
        {
            if (ModelOf(path, await lake.ReadAsync(path, cancellationToken), lake) is not FromElsewhere and var observations)
            {
                retained.Add(path, observations);
            }
        }

        foreach (var path in (await lake.ListAsync("gold/features", cancellationToken)).Where(p => p.Split('/') is [_, _, _, "snapshots", ..]))
        {
            retained.Add(path, (await lake.ReadMetadataAsync(path, cancellationToken)).GetValueOrDefault(TrainingSnapshot.ObservationsKey));
        }

        foreach (var path in (await lake.ListAsync(LakePaths.WorkFolder, cancellationToken)).Where(p => p.EndsWith(LakePaths.PinSuffix, StringComparison.Ordinal)))
        {
            retained.InputHashes.Add(LakePaths.StemOf(path));
        }

        foreach (var hash in retained.InputHashes)
        {
            if (await ObservationsManifest.TryReadAsync(lake, hash, cancellationToken) is { } manifest)
            {
                retained._paths.UnionWith(manifest.Paths);
                retained._paths.Add(LakePaths.ObservationsManifestOf(hash));
            }
        }

        return retained;
    }

    /// <summary>Whether one of them names a file. Those of before they had a manifest each are told by their names.</summary>
    public bool Retains(string path) => _paths.Contains(path) || InputHashes.Contains(LakePaths.StemOf(path));

    private void Add(string path, string? inputHash)
    {
        if (inputHash is null)
        {
            Silent.Add(path);
        }
        else
        {
            InputHashes.Add(inputHash);
        }
    }

    private static string LedgerOf(string path, byte[] bytes, Lake lake)
    {
        try
        {
            return RiskDocumentJson.ReadLedger(bytes).Observations;
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(path)}: not a ledger entry ({e.Message.Split('\n')[0]}), so what it refers to is not known and nothing is deleted. Restore it, or delete it.", e);
        }
    }

    private static string? ModelOf(string path, byte[] bytes, Lake lake)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.TryGetProperty("observations", out var observations) ? observations.GetString()
                : document.RootElement.TryGetProperty("origin", out _) ? FromElsewhere : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new LakeException($"{lake.NameOf(path)}: not a model's document ({e.Message.Split('\n')[0]}), so what it refers to is not known and nothing is deleted. Restore it, or delete the model.", e);
        }
    }
}
