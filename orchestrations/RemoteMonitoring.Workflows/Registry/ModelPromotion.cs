using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Registry;

/// <summary>Two versions of a model on the rows that both were held out from.</summary>
/// <param name="One">The one.</param>
/// <param name="Other">The other.</param>
/// <param name="Evaluation">The kind of evaluation the rows are of.</param>
/// <param name="Comparison">The figures: the one in the place of the challenger.</param>
public sealed record ComparedVersions(string One, string Other, string Evaluation, PairedComparison Comparison);

/// <summary>What came of asking for a promotion.</summary>
/// <param name="Version">The version.</param>
/// <param name="Verdict">What the gate says of it.</param>
/// <param name="Decision">The decision; null where the gate failed it and nobody insisted.</param>
public sealed record AskedPromotion(string Version, GateVerdict Verdict, Decision? Decision);

/// <summary>People's decisions about models: comparing, promoting on evidence, rolling back.</summary>
/// <param name="store">The cohort.</param>
/// <param name="registry">Its decisions.</param>
public sealed class ModelPromotion(CohortStore store, ModelRegistry registry)
{
    private readonly Lake _lake = store.Lake;

    /// <summary>Compares two versions, by name or alias; without common evaluations throws <see cref="LakeException"/>.</summary>
    public async Task<ComparedVersions> CompareAsync(string task, string one, string other, GateSettings settings, CancellationToken cancellationToken)
    {
        var state = await registry.ReadAsync(task, cancellationToken);
        var (a, b) = (await ModelVersions.ResolveAsync(_lake, state, one, cancellationToken), await ModelVersions.ResolveAsync(_lake, state, other, cancellationToken));
        var first = await ModelVersions.EvaluationAsync(_lake, task, a, null, cancellationToken);
        var second = first is null ? null : await ModelVersions.EvaluationAsync(_lake, task, b, first.Name, cancellationToken);
        if (first?.HeldOut is null || second?.HeldOut is null)
        {
            throw new LakeException($"{_lake.NameOf($"models/{task}/{(first?.HeldOut is null ? a : b)}")}: has no held-out predictions{(first is null ? "" : $" of '{first.Name}'")} to compare by. Train it again.");
        }

        var comparison = await Task.Run(() => PairedComparison.Of(first.HeldOut, second.HeldOut, settings.Resamples, settings.Seed, cancellationToken: cancellationToken), cancellationToken);
        return new ComparedVersions(a, b, first.Name, comparison);
    }

    /// <summary>
    /// Asks the gate, and promotes where it does not say no, or somebody insists. A margin wider than the gate's own is against the gate as well. A version that cannot score, or that scores already, throws
    /// <see cref="LakeException"/>; so does somebody else's decision meanwhile.
    /// </summary>
    public async Task<AskedPromotion> PromoteAsync(
        string task, string name, string by, string why, bool insist, GateSettings settings, EvaluationReport? external, CancellationToken cancellationToken)
    {
        var state = await registry.ReadAsync(task, cancellationToken);
        var version = await ModelVersions.ResolveAsync(_lake, state, name, cancellationToken);
        if (version == state.Champion)
        {
            throw new LakeException($"{_lake.NameOf($"models/{task}/{version}")}: is the champion of '{task}' already.");
        }

        await CheckAsync(task, version, cancellationToken);
        if (external is not null && external.Task != task)
        {
            throw new LakeException($"The external evaluation is of '{external.Task}', not of '{task}'.");
        }

        var challenger = await ModelVersions.EvaluationAsync(_lake, task, version, null, cancellationToken);
        var champion = challenger is null || state.Champion is null ? null : await ChampionAsync(task, state.Champion, challenger.Name, cancellationToken);
        var evidence = new GateEvidence { Report = challenger?.Report, Challenger = challenger?.HeldOut, Champion = champion?.HeldOut, External = external };
        var verdict = await Task.Run(() => PromotionGate.Judge(evidence, settings, cancellationToken: cancellationToken), cancellationToken);
        var against = verdict.Verdict == Verdict.Failed || settings.AurocMargin > new GateSettings().AurocMargin;
        if (against && !insist)
        {
            return new AskedPromotion(version, verdict, null);
        }

        var decided = new NewDecision(DecisionKind.Promote, version, by) { Why = why, Verdict = verdict, Overridden = against };
        return new AskedPromotion(version, verdict, await registry.DecideAsync(state, decided, cancellationToken));
    }

    /// <summary>Has the champion of before score again; where there is none, or it cannot, throws <see cref="LakeException"/>.</summary>
    public async Task<Decision> RollbackAsync(string task, string by, string why, CancellationToken cancellationToken)
    {
        var state = await registry.ReadAsync(task, cancellationToken);
        if (state.Champions is not [.., var previous, _])
        {
            throw new LakeException(state.Damage ?? $"{_lake.NameOf($"models/{task}")}: {(state.Champion is { } only ? $"there was no champion before {only}" : $"there is no model for '{task}' yet")}, so there is nothing to roll back to.");
        }

        await CheckAsync(task, previous, cancellationToken);
        return await registry.DecideAsync(state, new NewDecision(DecisionKind.Rollback, previous, by) { Why = why }, cancellationToken);
    }

    /// <summary>Takes the challenger out of the comparison; where there is none, throws <see cref="LakeException"/>.</summary>
    public async Task<Decision> WithdrawAsync(string task, string by, string? why, CancellationToken cancellationToken)
    {
        var state = await registry.ReadAsync(task, cancellationToken);
        var version = await ModelVersions.ResolveAsync(_lake, state, ModelVersions.Challenger, cancellationToken);
        return await registry.DecideAsync(state, new NewDecision(DecisionKind.WithdrawChallenger, version, by) { Why = why }, cancellationToken);
    }

    /// <summary>The champion's evaluation; one whose files cannot be read has none, for it is then that another is needed.</summary>
    private async Task<VersionEvaluation?> ChampionAsync(string task, string champion, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await ModelVersions.EvaluationAsync(_lake, task, champion, name, cancellationToken);
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            return null;
        }
    }

    /// <summary>A version that could not score tonight does not become the champion.</summary>
    private async Task CheckAsync(string task, string version, CancellationToken cancellationToken) =>
        _ = BundledTasks.All.FirstOrDefault(t => t.Name == task) is { } definition
            ? (await ModelVersions.LoadAsync(_lake, definition, version, cancellationToken)).Model
            : await ModelVersions.LoadAsync(_lake, task, version, null, cancellationToken);
}
