using System.Globalization;
using System.Text.Json.Serialization;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>What came of a rule of the gate.</summary>
public enum RuleOutcome
{
    /// <summary>It is met.</summary>
    [JsonStringEnumMemberName("met")]
    Met,

    /// <summary>It is not met.</summary>
    [JsonStringEnumMemberName("not-met")]
    NotMet,

    /// <summary>There are too few events, or no rows, to say.</summary>
    [JsonStringEnumMemberName("insufficient-evidence")]
    InsufficientEvidence,
}

/// <summary>What the gate says of a challenger as a whole.</summary>
public enum Verdict
{
    /// <summary>Every rule is met.</summary>
    [JsonStringEnumMemberName("passed")]
    Passed,

    /// <summary>A rule is not met.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>No rule is known not to be met, and of some it cannot be said.</summary>
    [JsonStringEnumMemberName("insufficient-evidence")]
    InsufficientEvidence,
}

/// <summary>What the gate asks for; it travels with every verdict.</summary>
public sealed record GateSettings
{
    /// <summary>By how much the AUROC may be below the champion's, at the lower end of the paired interval. Default 0.01.</summary>
    public double AurocMargin { get; init; } = 0.01;

    /// <summary>Events below which nothing is concluded, each counted once however many positive rows it has. Default 100.</summary>
    public int MinimumEvents { get; init; } = 100;

    /// <summary>Lowest calibration slope that its interval has to reach. Default 0.9.</summary>
    public double LowestSlope { get; init; } = 0.9;

    /// <summary>Highest one. Default 1.1.</summary>
    public double HighestSlope { get; init; } = 1.1;

    /// <summary>Lowest ratio of events observed to expected that its interval has to reach. Default 0.8.</summary>
    public double LowestObservedExpected { get; init; } = 0.8;

    /// <summary>Highest one. Default 1.25.</summary>
    public double HighestObservedExpected { get; init; } = 1.25;

    /// <summary>Resamples of patients. Default 1,000.</summary>
    public int Resamples { get; init; } = 1000;

    /// <summary>Seed of the resamples. Default 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>A rule of the gate, and what came of it.</summary>
/// <param name="Name">Which: one of <see cref="PromotionGate"/>'s names.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Figure">The figure it looks at; null where there is none.</param>
/// <param name="Said">The same in words.</param>
public sealed record GateRule(string Name, RuleOutcome Outcome, Metric? Figure, string Said);

/// <summary>Figures of the challenger on another cohort, or without a rule of the gate: told, and not gated.</summary>
/// <param name="What">Of what.</param>
/// <param name="Events">Events they rest on, each counted once; positive rows where the report does not tell.</param>
/// <param name="Figures">By name of the metric.</param>
public sealed record ReportedFigures(string What, int Events, IReadOnlyDictionary<string, Metric> Figures);

/// <summary>What the gate says of a challenger, with all that it says it by.</summary>
public sealed record GateVerdict
{
    /// <summary>As a whole.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>By rule.</summary>
    public required IReadOnlyList<GateRule> Rules { get; init; }

    /// <summary>What was asked for.</summary>
    public required GateSettings Settings { get; init; }

    /// <summary>Both models on their common rows; null where one of them has none.</summary>
    public PairedComparison? Comparison { get; init; }

    /// <summary>What is told beside, and decides nothing.</summary>
    public IReadOnlyList<ReportedFigures> Reported { get; init => field = value ?? []; } = [];
}

/// <summary>What the gate looks at.</summary>
public sealed record GateEvidence
{
    /// <summary>The evaluation that the challenger is judged by; null where it has none.</summary>
    public EvaluationReport? Report { get; init; }

    /// <summary>The challenger's rows of that evaluation; null where there are none.</summary>
    public HeldOutScores? Challenger { get; init; }

    /// <summary>The champion's rows of the same kind of evaluation; null where there are none.</summary>
    public HeldOutScores? Champion { get; init; }

    /// <summary>An evaluation of the challenger on another cohort; null without one.</summary>
    public EvaluationReport? External { get; init; }
}

/// <summary>
/// Whether the evidence speaks for a challenger: not worse than the champion beyond a margin, better than the best simple baseline, calibrated.
/// Simple baselines are the report's scorers other than the model and logistic regression, which is as much of a model itself and is told beside.
/// </summary>
public static class PromotionGate
{
    /// <summary>The lower end of the paired interval of the AUROC difference lies above minus the margin.</summary>
    public const string NotWorse = "not-worse-than-the-champion";

    /// <summary>The lower end of the paired interval of the AUROC difference to the baseline of the highest AUROC lies above 0.</summary>
    public const string BetterThanBaseline = "better-than-the-best-simple-baseline";

    /// <summary>The interval of the calibration slope meets the range asked for.</summary>
    public const string Slope = "calibration-slope";

    /// <summary>The interval of events observed over expected meets the range asked for.</summary>
    public const string ObservedExpected = "observed-expected";

    /// <summary>Judges; a pure function of evidence and settings.</summary>
    public static GateVerdict Judge(GateEvidence evidence, GateSettings settings, int threads = 2, CancellationToken cancellationToken = default)
    {
        var comparison = evidence is { Challenger: { } challenger, Champion: { } champion }
            ? PairedComparison.Of(challenger, champion, settings.Resamples, settings.Seed, threads, cancellationToken)
            : null;
        GateRule[] rules =
        [
            AgainstChampion(evidence, comparison, settings),
            AgainstBaseline(evidence.Report, settings),
            Calibrated(Slope, "the calibration slope", MetricNames.CalibrationSlope, evidence.Report, settings.LowestSlope, settings.HighestSlope, settings),
            Calibrated(ObservedExpected, "events observed over expected", MetricNames.ObservedExpected, evidence.Report, settings.LowestObservedExpected, settings.HighestObservedExpected, settings),
        ];
        return new GateVerdict
        {
            Verdict = rules.Any(r => r.Outcome == RuleOutcome.NotMet) ? Verdict.Failed
                : rules.Any(r => r.Outcome == RuleOutcome.InsufficientEvidence) ? Verdict.InsufficientEvidence
                : Verdict.Passed,
            Rules = rules,
            Settings = settings,
            Comparison = comparison,
            Reported = [.. Reported(evidence)],
        };
    }

    private static GateRule AgainstChampion(GateEvidence evidence, PairedComparison? comparison, GateSettings settings)
    {
        if (comparison is null)
        {
            return Unknown(NotWorse, null, $"the {(evidence.Challenger is null ? "challenger" : "champion")} has no held-out rows of this kind");
        }

        var difference = comparison.Metrics[MetricNames.Auroc].Difference;
        return comparison.DistinctEvents is var events && events < settings.MinimumEvents
            ? Unknown(NotWorse, difference, Invariant($"{events} events are common to both, fewer than {settings.MinimumEvents}"))
            : !IsKnown(difference) ? Unknown(NotWorse, difference, "the difference in AUROC, or its interval, cannot be told")
            : Rule(NotWorse, difference.Low > -settings.AurocMargin, difference, $"AUROC {Said(difference)} against the champion; the lower end has to lie above {Invariant($"{-settings.AurocMargin:0.0###}")}");
    }

    private static GateRule AgainstBaseline(EvaluationReport? report, GateSettings settings)
    {
        if (report is null || BestBaseline(report) is not { } baseline || !report.Differences[baseline].TryGetValue(MetricNames.Auroc, out var difference))
        {
            return Unknown(BetterThanBaseline, null, report is null ? "it has no evaluation" : "its evaluation has no simple baseline with a known AUROC");
        }

        return TooFew(report, settings) is { } few ? Unknown(BetterThanBaseline, difference, few)
            : !IsKnown(difference) ? Unknown(BetterThanBaseline, difference, "the difference in AUROC, or its interval, cannot be told")
            : Rule(BetterThanBaseline, difference.Low > 0, difference, $"AUROC {Said(difference)} against {baseline}; the lower end has to lie above 0");
    }

    private static GateRule Calibrated(string name, string what, string metric, EvaluationReport? report, double lowest, double highest, GateSettings settings)
    {
        if (report is null || !report.Metrics[MetricNames.Model].TryGetValue(metric, out var figure))
        {
            return Unknown(name, null, report is null ? "it has no evaluation" : $"its evaluation does not tell {what}");
        }

        return TooFew(report, settings) is { } few ? Unknown(name, figure, few)
            : !IsKnown(figure) ? Unknown(name, figure, $"{what}, or its interval, cannot be told")
            : Rule(name, figure.Low <= highest && figure.High >= lowest, figure, Invariant($"{what} {figure.Value:0.000} ({figure.Low:0.000} to {figure.High:0.000}); the interval has to meet {lowest:0.0##} to {highest:0.0##}"));
    }

    /// <summary>Why nothing is concluded from so few events, or null. Many positive rows of few patients are few events.</summary>
    private static string? TooFew(EvaluationReport report, GateSettings settings) =>
        report.DistinctEvents is not { } events ? "its evaluation was made before events were counted once each: train it again"
        : events < settings.MinimumEvents ? Invariant($"{events} events were held out, fewer than {settings.MinimumEvents}")
        : null;

    /// <summary>The simple scorer with the highest AUROC, or null.</summary>
    public static string? BestBaseline(EvaluationReport report) => report.Differences.Keys
        .Where(s => s is not (MetricNames.Model or MetricNames.Logistic) && report.Metrics.TryGetValue(s, out var m) && m.TryGetValue(MetricNames.Auroc, out var auroc) && double.IsFinite(auroc.Value))
        .OrderByDescending(s => report.Metrics[s][MetricNames.Auroc].Value).ThenBy(s => s, StringComparer.Ordinal)
        .FirstOrDefault();

    private static IEnumerable<ReportedFigures> Reported(GateEvidence evidence)
    {
        if (evidence.Report?.Differences.GetValueOrDefault(MetricNames.Logistic) is { } logistic)
        {
            yield return new("difference to logistic regression", evidence.Report.DistinctEvents ?? evidence.Report.Events, Some(logistic, [MetricNames.Auroc, MetricNames.Auprc]));
        }

        if (evidence.External is { } external)
        {
            yield return new(
                $"external: {external.Split}", external.DistinctEvents ?? external.Events,
                Some(external.Metrics[MetricNames.Model], [MetricNames.Auroc, MetricNames.Auprc, MetricNames.CalibrationSlope, MetricNames.ObservedExpected]));
        }
    }

    private static SortedDictionary<string, Metric> Some(IReadOnlyDictionary<string, Metric> all, string[] names) =>
        new(names.Where(all.ContainsKey).ToDictionary(n => n, n => all[n]), StringComparer.Ordinal);

    private static bool IsKnown(Metric metric) => double.IsFinite(metric.Value) && double.IsFinite(metric.Low) && double.IsFinite(metric.High);

    private static GateRule Rule(string name, bool met, Metric figure, string said) => new(name, met ? RuleOutcome.Met : RuleOutcome.NotMet, figure, said);

    private static GateRule Unknown(string name, Metric? figure, string said) => new(name, RuleOutcome.InsufficientEvidence, figure, said);

    private static string Said(Metric d) => string.Create(CultureInfo.InvariantCulture, $"{d.Value:+0.000;−0.000;0.000} ({d.Low:+0.000;−0.000;0.000} to {d.High:+0.000;−0.000;0.000})");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
