using System.Text;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>Which version of a task's model scores: <c>models/{task}/current</c>, one line, replaced atomically.</summary>
public static class CurrentModel
{
    /// <summary>Makes a version the one that scores.</summary>
    public static async Task SetAsync(LakeDirectory lake, string task, string version, CancellationToken cancellationToken) =>
        await lake.ReplaceAsync($"models/{task}/current", Encoding.UTF8.GetBytes(version + "\n"), cancellationToken);

    /// <summary>The version that scores, or null when none was trained yet.</summary>
    public static async Task<string?> FindAsync(LakeDirectory lake, string task, CancellationToken cancellationToken) =>
        await lake.TryReadAsync($"models/{task}/current", cancellationToken) is { } bytes ? Encoding.UTF8.GetString(bytes).Trim() : null;

    /// <summary>Loads a version for tables of a feature set.</summary>
    public static async Task<RiskModel> LoadAsync(LakeDirectory lake, string task, string version, string featureSetHash, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in (string[])[ModelFiles.TreesName, ModelFiles.CoversName, ModelFiles.DocumentName])
        {
            if (await lake.TryReadAsync(LakePaths.Model(task, version, name), cancellationToken) is { } bytes)
            {
                files.Add(name, bytes);
            }
        }

        try
        {
            return ModelFiles.Load(files, featureSetHash);
        }
        catch (ModelException e)
        {
            throw new LakeException($"{lake.FullPath($"models/{task}/{version}")}: {e.Message}", e);
        }
    }
}
