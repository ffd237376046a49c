namespace RemoteMonitoring.Workflows.Registry;

/// <summary>
/// What the decisions about a task come to: which version scores (<c>@champion</c>), which is compared with it
/// (<c>@challenger</c>). A pure fold of the log.
/// </summary>
public sealed record RegistryState
{
    private RegistryState(string task, IReadOnlyList<string> champions) => (Task, Champions) = (task, champions);

    /// <summary>Task.</summary>
    public string Task { get; }

    /// <summary>The decisions that hold, in their order.</summary>
    public IReadOnlyList<Decision> Decisions { get; private init; } = [];

    /// <summary>The champion below those that took its place and were not rolled back, last: a rollback takes the last away.</summary>
    public IReadOnlyList<string> Champions { get; private init; }

    /// <summary>The version that scores; null where there is none yet.</summary>
    public string? Champion => Champions is [.., var last] ? last : null;

    /// <summary>The version that is compared with it; null where there is none.</summary>
    public string? Challenger { get; private init; }

    /// <summary>The first file of the log that does not hold, and why, in one line; null where all do. Then nothing can be decided.</summary>
    public string? Damage { get; init; }

    /// <summary>Lake path of that file.</summary>
    public string? DamagedFile { get; init; }

    /// <summary>Why the champion is taken to be it, where no decision from the first on holds that says so; null where one does.</summary>
    internal string? StandsIn { get; init; }

    /// <summary>SHA-256 of the file of the last decision that holds.</summary>
    internal string? LastSha256 { get; init; }

    /// <summary>What a run has to say of it; null where nothing is wrong.</summary>
    public string? Warning => Damage is null ? null
        : $"The record of decisions about the model does not hold ({DamagedFile}): version {Champion}, {StandsIn ?? "the champion of the last decision that does"}, made these scores.";

    /// <summary>Before any decision: what scored when there was no log, if anything did.</summary>
    public static RegistryState Before(string task, string? champion) => new(task, champion is null ? [] : [champion]);

    /// <summary>Whether a version was ever the champion, or decided about.</summary>
    public bool Knows(string version) => Champions.Contains(version) || Decisions.Any(d => d.Version == version || d.PreviousChampion == version);

    /// <summary>The state after one more decision; null and why, where it does not follow.</summary>
    public (RegistryState? Next, string? Problem) With(Decision decision)
    {
        // The first says what scored before there were decisions; what else said so may be gone by now.
        var before = Decisions.Count == 0 ? Before(Task, decision.PreviousChampion) : this;
        var problem = decision switch
        {
            _ when decision.Task != Task => $"is of the task '{decision.Task}'",
            _ when decision.Sequence != Decisions.Count + 1 => $"says that it is number {decision.Sequence}",
            _ when decision.PreviousChampion != before.Champion => $"says that {decision.PreviousChampion ?? "no version"} was the champion before it, which {before.Champion ?? "no version"} was",
            { Kind: DecisionKind.FirstModel } when before.Champion is not null => "makes a first model where there is a champion",
            { Kind: DecisionKind.Challenger or DecisionKind.Promote } when before.Champion is null => "comes before there was a champion",
            { Kind: DecisionKind.Challenger or DecisionKind.Promote } when decision.Version == before.Champion => "is about the champion itself",
            { Kind: DecisionKind.Rollback } when before.Champions is not [.., var previous, _] || previous != decision.Version => "rolls back to a version that was not the champion before",
            { Kind: DecisionKind.WithdrawChallenger } when decision.Version != before.Challenger => "withdraws a version that was not the challenger",
            _ => null,
        };
        return problem is not null ? (null, problem) : (before with
        {
            Decisions = [.. Decisions, decision],
            Champions = decision.Kind switch
            {
                DecisionKind.FirstModel or DecisionKind.Promote => [.. before.Champions, decision.Version],
                DecisionKind.Rollback => [.. before.Champions.SkipLast(1)],
                _ => before.Champions,
            },
            Challenger = decision.Kind switch
            {
                DecisionKind.Challenger => decision.Version,
                DecisionKind.WithdrawChallenger => null,
                DecisionKind.Promote or DecisionKind.Rollback when decision.Version == before.Challenger => null,
                _ => before.Challenger,
            },
        }, null);
    }
}
