using System.CommandLine;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Cli.Commands;

/// <summary>What a user means by the task and the version of a model.</summary>
internal static class ModelNames
{
    public static Argument<string> TaskArgument() => new("task") { Description = "A task that has a model" };

    /// <summary>Refuses a name that is neither a bundled task nor one that a model was trained for, with the nearest ones.</summary>
    public static async Task<string> TaskAsync(CohortStore store, string named, CancellationToken cancellationToken)
    {
        string[] tasks = [.. BundledTasks.All.Select(t => t.Name).Concat((await ModelVersions.ListAsync(store.Lake, cancellationToken)).Select(t => t.Key)).Distinct(StringComparer.Ordinal)];
        if (tasks.Contains(named))
        {
            return named;
        }

        var nearest = NearestNames.Of(named, tasks, 3);
        throw new UserException($"There is no task '{named}'. {(nearest.Count > 0 ? $"Did you mean {string.Join(" or ", nearest)}?" : $"Tasks: {string.Join(", ", tasks)}.")}", ExitCodes.Usage);
    }

    /// <summary>The version of a name, the champion's where none is given.</summary>
    public static async Task<string> ResolveAsync(CohortStore store, string task, string? named, CancellationToken cancellationToken)
    {
        var state = await new ModelRegistry(store, TimeProvider.System).ReadAsync(task, cancellationToken);
        return named is null && state is { Champion: null, Damage: null }
            ? throw new UserException($"{store.Folder}: there is no model for '{task}' yet. Run 'rmon train {task}' first.")
            : await ModelVersions.ResolveAsync(store.Lake, state, named ?? ModelVersions.Champion, cancellationToken);
    }
}
