using NodaTime;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Workflows.Registry;

/// <summary>Which version scores where the champion cannot be told, or cannot be read: the list ships, and says so.</summary>
internal static class StandIns
{
    private const string LastTrained = "the last of those that were trained";

    /// <summary>
    /// Where the first decision does not hold: the version that the signed decisions after it name, else what scored before there were any, else of the versions that can be
    /// loaded the one that was taught with the latest rows. None where there is none.
    /// </summary>
    public static async Task<(string? Champion, string? Right)> ForLogAsync(
        Lake lake, string task, RegistryKey? key, Func<CancellationToken, Task<string?>> setBefore, CancellationToken cancellationToken)
    {
        Decision? last = null;
        for (string? hash = null; await lake.TryReadAsync(LakePaths.Decision(task, (last?.Sequence ?? 1) + 1), cancellationToken) is { } bytes; hash = Lake.Hash(bytes))
        {
            if (DecisionFile.Read(bytes, key).Decision is not { } decision
                || decision.Task != task || decision.Sequence != (last?.Sequence ?? 1) + 1 || (hash is not null && decision.PreviousSha256 != hash))
            {
                break;
            }

            last = decision;
        }

        if (last is not null)
        {
            return (last.Kind is DecisionKind.Challenger or DecisionKind.WithdrawChallenger ? last.PreviousChampion : last.Version, "the champion by the decisions after it");
        }

        if (await setBefore(cancellationToken) is { } before)
        {
            return (before, "which scored before there were decisions");
        }

        return await NewestAsync(lake, task, cancellationToken) is { } newest ? (newest, LastTrained) : default;
    }

    /// <summary>
    /// The champion, where its files can be read; else the last champion of before that can be loaded, else of all versions that can the one that was taught with the latest
    /// rows, and what the lists are to say of it. Throws <see cref="LakeException"/> where there is none.
    /// </summary>
    public static async Task<(string Version, string? Notice)> ForFilesAsync(Lake lake, TaskDefinition task, RegistryState state, CancellationToken cancellationToken)
    {
        var champion = state.Champion!;
        try
        {
            await ModelVersions.LoadAsync(lake, task, champion, cancellationToken);
            return (champion, null);
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            var (version, right) = await OtherAsync(lake, state, cancellationToken)
                ?? throw new LakeException($"{e.Message.TrimEnd('.')}. Restore it from a backup, or train again: no other version can stand in.", e);
            var folder = $"models/{task.Name}/{champion}";
            return (version, $"The champion cannot be read ({e.Message.Replace(lake.NameOf(folder), folder, StringComparison.Ordinal).TrimEnd('.')}). In its place version {version} scored, {right}.");
        }
    }

    private static async Task<(string Version, string Right)?> OtherAsync(Lake lake, RegistryState state, CancellationToken cancellationToken)
    {
        foreach (var before in state.Decisions.Select(d => d.PreviousChampion).OfType<string>().Reverse().Distinct(StringComparer.Ordinal).Where(v => v != state.Champion))
        {
            if (await TaughtUntilAsync(lake, state.Task, before, cancellationToken) is not null)
            {
                return (before, "the champion before it");
            }
        }

        return await NewestAsync(lake, state.Task, cancellationToken) is { } newest ? (newest, LastTrained) : null;
    }

    private static async Task<string?> NewestAsync(Lake lake, string task, CancellationToken cancellationToken)
    {
        var newest = (Version: (string?)null, TrainedUntil: Instant.MinValue);
        foreach (var version in (await ModelVersions.ListAsync(lake, cancellationToken))[task])
        {
            if (await TaughtUntilAsync(lake, task, version, cancellationToken) is { } until && (newest.Version is null || until > newest.TrainedUntil))
            {
                newest = (version, until);
            }
        }

        return newest.Version;
    }

    /// <summary>Until when a version was taught; null for one that cannot be loaded, which cannot stand in, nor can one far away that may not answer.</summary>
    private static async Task<Instant?> TaughtUntilAsync(Lake lake, string task, string version, CancellationToken cancellationToken)
    {
        try
        {
            var document = (await ModelVersions.LoadAsync(lake, task, version, null, cancellationToken)).Document;
            return document.Kind == ModelKind.Http ? null : document.Training.TrainedUntil;
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            return null;
        }
    }
}
