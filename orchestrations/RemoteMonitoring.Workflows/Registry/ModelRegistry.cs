using System.Security.Cryptography;
using System.Text;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Workflows.Registry;

/// <summary>What somebody decides.</summary>
/// <param name="Kind">What.</param>
/// <param name="Version">About which version.</param>
/// <param name="By">Who.</param>
public sealed record NewDecision(DecisionKind Kind, string Version, string By)
{
    /// <summary>Why.</summary>
    public string? Why { get; init; }

    /// <summary>What the gate said of it.</summary>
    public GateVerdict? Verdict { get; init; }

    /// <summary>Whether it goes against the gate.</summary>
    public bool Overridden { get; init; }
}

/// <summary>
/// Who decided which model of a task scores: a log in the lake, <c>models/{task}/decisions/{number}.json</c>, each file created once and never
/// changed, signed, and naming the hash of the one before. Of two that decide at once the second is told so, and nothing is lost. Where a file was
/// altered or is missing, what was decided before it holds, and nothing more can be decided; where it is the first, another version stands in.
/// </summary>
/// <param name="store">The cohort.</param>
/// <param name="time">When decisions are made.</param>
public sealed class ModelRegistry(CohortStore store, TimeProvider time)
{
    private const int MostDecisions = 99_999_999;

    private const int MostConflicts = 20;

    private readonly Lake _lake = store.Lake;

    /// <summary>The name of whoever runs this program, for decisions where none is given.</summary>
    public static string Me => Environment.UserName is { Length: > 0 } name ? name : "unknown";

    /// <summary>What the decisions about a task come to; one whose log does not hold says so, and is read up to there.</summary>
    public async Task<RegistryState> ReadAsync(string task, CancellationToken cancellationToken)
    {
        var last = (await _lake.ListAsync(LakePaths.Decisions(task), cancellationToken)).Select(p => LakePaths.DecisionOf(p) ?? 0).DefaultIfEmpty().Max();
        var state = RegistryState.Before(task, last == 0 ? await SetBeforeAsync(task, cancellationToken) : null);
        if (last == 0)
        {
            return state;
        }

        var (key, whyNone) = FindKey();
        // Of a log that is another key's throughout nothing can be verified, as without any key.
        var other = key is not null && await KeyIdAsync(task, 1, cancellationToken) is { } id && id != key.Id && await KeyIdAsync(task, last, cancellationToken) == id ? id : null;
        string? hash = null;
        for (var sequence = 1; sequence <= last; sequence++)
        {
            var path = LakePaths.Decision(task, sequence);
            if (await _lake.TryReadAsync(path, cancellationToken) is not { } bytes)
            {
                return await DamagedAsync(state, hash, path, "is missing, and later decisions are there. Restore it from a backup", cancellationToken);
            }

            var (decision, problem) = DecisionFile.Read(bytes, other is null ? key : null);
            var next = decision is null ? null
                : decision.PreviousSha256 != hash ? Refuse("does not follow on the decision before it, which was altered or is another. Restore both from a backup", out problem)
                : state.With(decision) is { Next: { } following } ? following
                : Refuse(state.With(decision).Problem + ". Restore it from a backup", out problem);
            if (next is null)
            {
                return await DamagedAsync(state, hash, path, problem!, cancellationToken);
            }

            (state, hash) = (next, Lake.Hash(bytes));
        }

        return key is null ? await DamagedAsync(state, hash, LakePaths.Decisions(task), $"cannot be verified, since {whyNone}", cancellationToken)
            : other is not null ? await DamagedAsync(state, hash, LakePaths.Decisions(task), $"cannot be verified, since it is signed with another key ({other}) than the registry's ({key.Id}: {WhereTheKeyIs}). Restore that key", cancellationToken)
            : state with { LastSha256 = hash };
    }

    /// <summary>The version that scores, or null where none was trained yet; throws <see cref="LakeException"/> where the log does not hold from its beginning.</summary>
    public async Task<string?> ChampionAsync(string task, CancellationToken cancellationToken)
    {
        var state = await ReadAsync(task, cancellationToken);
        return state.Champion is null && state.Damage is { } damage ? throw new LakeException(damage) : state.Champion;
    }

    /// <summary>The bundled tasks that have a model that scores, or had one whose log does not hold.</summary>
    public async Task<IReadOnlyList<TaskDefinition>> TrainedTasksAsync(CancellationToken cancellationToken)
    {
        var trained = new List<TaskDefinition>();
        foreach (var task in BundledTasks.All)
        {
            if (await ReadAsync(task.Name, cancellationToken) is { Champion: not null } or { Damage: not null })
            {
                trained.Add(task);
            }
        }

        return trained;
    }

    /// <summary>
    /// Decides, on what was read before: where somebody else has decided since, where the log does not hold, or where it does not follow,
    /// throws <see cref="LakeException"/> and changes nothing.
    /// </summary>
    public async Task<Decision> DecideAsync(RegistryState state, NewDecision decided, CancellationToken cancellationToken) =>
        await TryDecideAsync(state, decided, cancellationToken)
        ?? throw new LakeException($"{_lake.NameOf(LakePaths.Decision(state.Task, state.Decisions.Count + 1))}: somebody else decided about '{state.Task}' meanwhile, so nothing was done. See what with 'rmon models show {state.Task} @champion', and decide again.");

    /// <summary>Throws <see cref="LakeException"/> where nothing can be decided about a task: nobody is to train for an hour to be told so.</summary>
    public async Task CheckAsync(string task, CancellationToken cancellationToken)
    {
        store.CheckRegistryKey();
        Check(await ReadAsync(task, cancellationToken));
        await CheckKeyAsync(cancellationToken);
    }

    /// <summary>
    /// Makes a version that was trained the challenger, or the champion where the task has none. Of one that was decided about before nothing is written.
    /// </summary>
    public async Task<RegistryState> AddTrainedAsync(string task, string version, string by, CancellationToken cancellationToken)
    {
        for (var conflicts = 0; ; conflicts++)
        {
            var state = await ReadAsync(task, cancellationToken);
            if (state.Knows(version))
            {
                return state;
            }

            var decided = state.Champion is null
                ? new NewDecision(DecisionKind.FirstModel, version, by) { Why = "the first model of the task; nothing to compare with" }
                : new NewDecision(DecisionKind.Challenger, version, by) { Why = "trained" };
            var made = conflicts < MostConflicts ? await TryDecideAsync(state, decided, cancellationToken) : await DecideAsync(state, decided, cancellationToken);
            if (made is not null)
            {
                return await ReadAsync(task, cancellationToken);
            }
        }
    }

    private async Task<Decision?> TryDecideAsync(RegistryState state, NewDecision decided, CancellationToken cancellationToken)
    {
        Check(state);
        await CheckKeyAsync(cancellationToken);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(state.Decisions.Count, MostDecisions);
        var decision = new Decision
        {
            Task = state.Task,
            Sequence = state.Decisions.Count + 1,
            Kind = decided.Kind,
            Version = decided.Version,
            PreviousChampion = state.Champion,
            By = decided.By,
            At = Instant.FromDateTimeOffset(time.GetUtcNow()),
            Why = decided.Why,
            Verdict = decided.Verdict,
            Overridden = decided.Overridden,
            PreviousSha256 = state.LastSha256,
            Nonce = RandomNumberGenerator.GetHexString(16, lowercase: true),
        };
        if (state.With(decision) is { Problem: { } problem })
        {
            throw new LakeException($"{_lake.NameOf(LakePaths.Decisions(state.Task))}: this decision {problem}.");
        }

        return await _lake.TryCreateAsync(LakePaths.Decision(state.Task, decision.Sequence), DecisionFile.ToBytes(decision, store.MakeRegistryKey()), cancellationToken) ? decision : null;
    }

    private static void Check(RegistryState state)
    {
        if (state.Damage is { } damage)
        {
            throw new LakeException($"{damage}: until then nothing can be decided about '{state.Task}'.");
        }
    }

    private static RegistryState? Refuse(string why, out string problem)
    {
        problem = why;
        return null;
    }

    /// <summary>The key is the cohort's: where decisions about whichever task are there and it is not, no other is made over them.</summary>
    private async Task CheckKeyAsync(CancellationToken cancellationToken)
    {
        // Who decides makes the key first: where a decision is seen, a key that was made meanwhile is seen too.
        if (store.FindRegistryKey() is null
            && (await _lake.ListAsync("models", cancellationToken)).FirstOrDefault(LakePaths.IsDecision) is { } path
            && store.FindRegistryKey() is null)
        {
            throw new LakeException($"{_lake.NameOf(path)}: cannot be verified, since the registry's key is not there ({WhereTheKeyIs}). Restore it: until then nothing can be decided about any model of the cohort.");
        }
    }

    private string WhereTheKeyIs => $"{store.RegistryKeyFile}, or RMON_REGISTRY_KEY in Azure";

    /// <summary>The key to verify with; a file that holds none is as good as none, for who only reads.</summary>
    private (RegistryKey? Key, string WhyNone) FindKey()
    {
        try
        {
            return (store.FindRegistryKey(), $"the registry's key is not there ({WhereTheKeyIs}). Restore it");
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            return (null, e.Message.TrimEnd('.'));
        }
    }

    private async Task<string?> KeyIdAsync(string task, int sequence, CancellationToken cancellationToken) =>
        DecisionFile.KeyIdOf(await _lake.TryReadAsync(LakePaths.Decision(task, sequence), cancellationToken));

    private async Task<RegistryState> DamagedAsync(RegistryState state, string? hash, string path, string problem, CancellationToken cancellationToken)
    {
        var (champion, standsIn) = state.Decisions.Count > 0 ? default : await StandIns.ForLogAsync(_lake, state.Task, FindKey().Key, token => SetBeforeAsync(state.Task, token), cancellationToken);
        return (state.Decisions.Count > 0 ? state : RegistryState.Before(state.Task, champion)) with
        {
            Damage = $"{_lake.NameOf(path)}: {problem}",
            DamagedFile = path,
            StandsIn = standsIn,
            LastSha256 = hash,
        };
    }

    /// <summary>What scored before there were decisions: one line in <c>models/{task}/current</c>.</summary>
    private async Task<string?> SetBeforeAsync(string task, CancellationToken cancellationToken)
    {
        var path = LakePaths.ModelBefore(task);
        if (await _lake.TryReadAsync(path, cancellationToken) is not { } bytes)
        {
            return null;
        }

        var version = Encoding.UTF8.GetString(bytes).Trim();
        return version.Length > 0 && version.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? version
            : throw new LakeException($"{_lake.NameOf(path)}: does not name a version of the model. Delete it and train again: the versions themselves stand beside it.");
    }
}
