using System.Text;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>Which version of a task's model scores: <c>models/{task}/current</c>, one line, replaced atomically.</summary>
public static class CurrentModel
{
    /// <summary>Makes a version the one that scores; where it is already, nothing is written.</summary>
    public static async Task SetAsync(Lake lake, string task, string version, CancellationToken cancellationToken)
    {
        var line = Encoding.UTF8.GetBytes(version + "\n");
        if (await lake.TryReadAsync(PathOf(task), cancellationToken) is not { } present || !present.AsSpan().SequenceEqual(line))
        {
            await lake.ReplaceAsync(PathOf(task), line, cancellationToken);
        }
    }

    /// <summary>The version that scores, or null when none was trained yet; throws <see cref="LakeException"/> when the file names none.</summary>
    public static async Task<string?> FindAsync(Lake lake, string task, CancellationToken cancellationToken)
    {
        if (await lake.TryReadAsync(PathOf(task), cancellationToken) is not { } bytes)
        {
            return null;
        }

        var version = Encoding.UTF8.GetString(bytes).Trim();
        return version.Length > 0 && version.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? version
            : throw new LakeException($"{lake.NameOf(PathOf(task))}: does not name a version of the model. Delete it and train again: the versions themselves stand beside it.");
    }

    /// <summary>The bundled tasks that have a model that scores.</summary>
    public static async Task<IReadOnlyList<TaskDefinition>> TrainedTasksAsync(Lake lake, CancellationToken cancellationToken)
    {
        var trained = new List<TaskDefinition>();
        foreach (var task in BundledTasks.All)
        {
            if (await FindAsync(lake, task.Name, cancellationToken) is not null)
            {
                trained.Add(task);
            }
        }

        return trained;
    }

    /// <summary>
    /// Loads a version for tables of a feature set; throws <see cref="LakeException"/> naming its folder when files are
    /// missing or damaged, or when it is a model of another task or feature set.
    /// </summary>
    public static async Task<RiskModel> LoadAsync(Lake lake, string task, string version, string featureSetHash, CancellationToken cancellationToken)
    {
        var folder = lake.NameOf($"models/{task}/{version}");
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in ModelFiles.Names)
        {
            if (await lake.TryReadAsync(LakePaths.Model(task, version, name), cancellationToken) is { } bytes)
            {
                files.Add(name, bytes);
            }
        }

        try
        {
            var model = ModelFiles.Load(files, featureSetHash);
            return model.Document.Task == task
                ? model
                : throw new LakeException($"{folder}: holds a model of '{model.Document.Task}', not of '{task}'.");
        }
        catch (ModelException e)
        {
            throw new LakeException($"{folder}: {e.Message}", e);
        }
    }

    private static string PathOf(string task) => $"models/{task}/current";
}
