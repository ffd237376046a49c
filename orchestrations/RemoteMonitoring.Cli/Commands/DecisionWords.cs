using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Cli.Commands;

/// <summary>Decisions about models, verdicts and comparisons, as people read them and as <c>--json</c> carries them.</summary>
internal static class DecisionWords
{
    public static string Said(Decision decision) =>
        $"{decision.At:uuuu-MM-dd HH:mm} UTC, number {decision.Sequence}: {Name(decision.Kind)} {decision.Version}"
        + (decision.Kind is DecisionKind.Promote or DecisionKind.Rollback ? $" in the place of {decision.PreviousChampion}" : "")
        + $", by {decision.By}{(decision.Why is { } why ? $": {why}" : "")}"
        + (decision.Verdict is { } verdict ? $" (the gate: {Name(verdict.Verdict)}{(decision.Overridden ? ", overridden" : "")})" : "");

    public static void Show(Terminal terminal, GateVerdict verdict, string version, string? champion)
    {
        terminal.Table(["rule", "", "why"], verdict.Rules.Select(r => new[] { r.Name, Name(r.Outcome), r.Said }));
        if (verdict.Comparison is { } comparison)
        {
            Show(terminal, comparison, version, champion ?? "the champion");
        }

        foreach (var reported in verdict.Reported)
        {
            terminal.Line($"told, not gated: {reported.What}, {Terminal.Number(reported.Events)} events: {string.Join(", ", reported.Figures.Select(f => $"{f.Key} {Results.Interval(f.Value)}"))}");
        }

        terminal.Line($"The gate says: {Name(verdict.Verdict)}.");
    }

    public static void Show(Terminal terminal, PairedComparison comparison, string one, string other)
    {
        terminal.Line($"{Terminal.Number(comparison.Rows)} common instants of {Terminal.Number(comparison.Patients)} patients, {Terminal.Number(comparison.Events)} with the outcome{(comparison.DistinctEvents is { } events ? $" of {Terminal.Number(events)} events" : "")}; 95 % intervals over {comparison.Resamples} resamples of patients, the same for both"
            + (comparison.OtherOutcome > 0 ? $"; {Terminal.Number(comparison.OtherOutcome)} left out, of which more became known between" : ""));
        terminal.Line($"only of the one: {Terminal.Number(comparison.OnlyChallenger)}, only of the other: {Terminal.Number(comparison.OnlyChampion)}");
        terminal.Table(["", one, other, "difference"], comparison.Metrics.Select(m => new[] { m.Key, Results.Interval(m.Value.Challenger), Results.Interval(m.Value.Champion), Results.Interval(m.Value.Difference) }));
    }

    public static JsonObject Json(Decision decision) => new()
    {
        ["sequence"] = decision.Sequence,
        ["kind"] = Name(decision.Kind),
        ["version"] = decision.Version,
        ["previous_champion"] = decision.PreviousChampion,
        ["by"] = decision.By,
        ["at"] = decision.At.ToString(),
        ["why"] = decision.Why,
        ["overridden"] = decision.Overridden,
        ["verdict"] = decision.Verdict is null ? null : Json(decision.Verdict),
    };

    public static JsonObject Json(GateVerdict verdict) => new()
    {
        ["verdict"] = Name(verdict.Verdict),
        ["rules"] = new JsonArray([.. verdict.Rules.Select(r => new JsonObject
        {
            ["rule"] = r.Name,
            ["outcome"] = Name(r.Outcome),
            ["figure"] = r.Figure is null ? null : Results.MetricJson(r.Figure),
            ["said"] = r.Said,
        })]),
        ["auroc_margin"] = verdict.Settings.AurocMargin,
        ["minimum_events"] = verdict.Settings.MinimumEvents,
        ["comparison"] = verdict.Comparison is null ? null : Json(verdict.Comparison),
        ["reported"] = new JsonArray([.. verdict.Reported.Select(r => new JsonObject
        {
            ["what"] = r.What,
            ["events"] = r.Events,
            ["figures"] = new JsonObject(r.Figures.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)Results.MetricJson(f.Value)))),
        })]),
    };

    public static JsonObject Json(PairedComparison comparison) => new()
    {
        ["rows"] = comparison.Rows,
        ["patients"] = comparison.Patients,
        ["events"] = comparison.Events,
        ["distinct_events"] = comparison.DistinctEvents,
        ["only_a"] = comparison.OnlyChallenger,
        ["only_b"] = comparison.OnlyChampion,
        ["other_outcome"] = comparison.OtherOutcome,
        ["resamples"] = comparison.Resamples,
        ["metrics"] = new JsonObject(comparison.Metrics.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)new JsonObject
        {
            ["a"] = Results.MetricJson(m.Value.Challenger),
            ["b"] = Results.MetricJson(m.Value.Champion),
            ["difference"] = Results.MetricJson(m.Value.Difference),
        }))),
    };

    private static string Name(DecisionKind kind) => kind switch
    {
        DecisionKind.FirstModel => "first-model",
        DecisionKind.Challenger => "challenger",
        DecisionKind.Promote => "promote",
        DecisionKind.Rollback => "rollback",
        DecisionKind.WithdrawChallenger => "withdraw-challenger",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Passed => "passed",
        Verdict.Failed => "failed",
        Verdict.InsufficientEvidence => "insufficient evidence",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Name(RuleOutcome outcome) => outcome switch
    {
        RuleOutcome.Met => "met",
        RuleOutcome.NotMet => "not met",
        RuleOutcome.InsufficientEvidence => "insufficient evidence",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
