using System.Globalization;
using RemoteMonitoring.Risk.Evaluation;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>The tables of a report: what it says, without how it looks.</summary>
internal static class ReportTables
{
    internal static ReportTable Summary(IReadOnlyList<EvaluationReport> evaluations) => new(
        "The model in short, with 95 % intervals",
        ["Held out", "AUROC", "AUPRC", "Calibration slope", "Observed / expected", "PPV at capacity", "Sensitivity (events) at capacity", "Best simple rule", "AUROC minus its"],
        [
            .. evaluations.Select(e => (IReadOnlyList<string>)
            [
                Sentence(e.Split),
                .. ((string[])[MetricNames.Auroc, MetricNames.Auprc, MetricNames.CalibrationSlope, MetricNames.ObservedExpected])
                    .Select(m => ReportWords.Figure(e.Metrics[MetricNames.Model].GetValueOrDefault(m))),
                .. ((string[])[ListFigures.Ppv, ListFigures.SensitivityPerEvent])
                    .Select(f => ReportWords.Figure(e.Clinical?.Lists[MetricNames.Model].GetValueOrDefault(f))),
                .. PromotionGate.BestBaseline(e) is { } rule
                    ? (string[])[ReportWords.Scorer(rule), ReportWords.Figure(e.Differences[rule].GetValueOrDefault(MetricNames.Auroc))]
                    : ["—", "—"],
            ]),
        ]);

    internal static ReportTable Flow(EvaluationReport evaluation) => new(
        "Cohort flow: from roster to rows (=: counted there, −: fell out)",
        ["Step", "", "Patients", "Instants"],
        [.. evaluation.Flow.Select(s => (IReadOnlyList<string>)[s.Reason, s.Kept ? "=" : "−", ReportWords.Count(s.Patients), s.Rows == 0 ? "" : ReportWords.Count(s.Rows)])]);

    internal static ReportTable Metrics(EvaluationReport evaluation) => ByScorer(
        "Ranking and calibration, with 95 % intervals", evaluation.Metrics, ReportWords.Main);

    internal static ReportTable Variants(EvaluationReport evaluation) => new(
        "The model with other columns and on fewer patients, with 95 % intervals",
        ["Columns", "", "Held out", "Patients", "AUROC", "AUPRC", "Utility of the alerts"],
        [
            .. evaluation.Variants.Select(v => (IReadOnlyList<string>)
            [
                v.Columns, ReportWords.Count(v.ColumnCount), v.Population, ReportWords.Count(v.Patients),
                ReportWords.Figure(v.Auroc), ReportWords.Figure(v.Auprc), v.Utility is { } utility ? ReportWords.Figure(utility) : "",
            ]),
        ]);

    internal static ReportTable Differences(EvaluationReport evaluation) => ByScorer(
        "Model minus each comparison: both sides of each resample are drawn alike", evaluation.Differences, ReportWords.Main);

    internal static ReportTable Lists(ClinicalReport clinical) => ByScorer(
        $"Lists of the highest scores; capacity: {ReportWords.Capacity(clinical)}", clinical.Lists, ReportWords.Lists);

    internal static ReportTable ListDifferences(ClinicalReport clinical) => ByScorer(
        "Lists: model minus each comparison", clinical.ListDifferences, ReportWords.Lists);

    internal static ReportTable WithinPatient(ClinicalReport clinical) => new(
        "Within-patient AUROC: of two instants of one patient, how often the one with the outcome has the higher score",
        ["", "AUROC", "Model minus it"],
        [
            .. ReportWords.InOrder(clinical.WithinPatientAuroc.Keys).Select(s => (IReadOnlyList<string>)
                [ReportWords.Scorer(s), ReportWords.Figure(clinical.WithinPatientAuroc[s]), s == MetricNames.Model ? "" : ReportWords.Figure(clinical.WithinPatientAurocDifferences[s])]),
        ]);

    internal static ReportTable Calibration(EvaluationReport evaluation, ClinicalReport clinical) => new(
        "Calibration by tenths of the predicted risk",
        ["Tenth", "Instants", "Foreseen", "Observed"],
        [
            .. evaluation.Calibration.Zip(clinical.CalibrationObserved).Select((b, i) => (IReadOnlyList<string>)
            [
                (i + 1).ToString(CultureInfo.InvariantCulture), ReportWords.Count(b.First.Rows), ReportWords.Percent(b.First.Foreseen),
                double.IsFinite(b.Second.Low) ? $"{ReportWords.Percent(b.Second.Value)} ({ReportWords.Percent(b.Second.Low)}\u00a0to\u00a0{ReportWords.Percent(b.Second.High)})" : ReportWords.Percent(b.Second.Value),
            ]),
        ]);

    /// <summary>Every eighth threshold: the rest is in the plot and the JSON.</summary>
    internal static ReportTable Decisions(ClinicalReport clinical) => new(
        "Net benefit per 1,000 instants; calling nobody: 0",
        ["Threshold", "Model", "Logistic regression", "Best rule, in hindsight", "That rule", "Calling everybody", "Model minus rule", "Model minus best of all and none"],
        [
            .. clinical.DecisionCurve.Where((_, i) => i % 8 == 0).Select(p => (IReadOnlyList<string>)
                [ReportWords.Percent(p.Threshold), PerThousand(p.Model), PerThousand(p.Logistic), PerThousand(p.Rule), RuleName(p.RuleName), PerThousand(p.All), PerThousand(p.ModelOverRule), PerThousand(p.ModelOverAllOrNone)]),
        ]);

    internal static ReportTable Subgroups(ClinicalReport clinical) => new(
        "Subgroups, with 95 % intervals; PPV and sensitivity at capacity",
        ["Subgroup", "Instants", "Patients", "Events", "AUROC", "PPV", "Sensitivity", "Observed / expected"],
        [
            .. clinical.Subgroups.Select(s => (IReadOnlyList<string>)
            [
                $"{ReportWords.Dimension(s.Dimension)}: {s.Name}", ReportWords.Count(s.Rows), ReportWords.Count(s.Patients), ReportWords.Count(s.Events),
                .. s.Judged is { } j
                    ? (string[])[ReportWords.Figure(j.Auroc), ReportWords.Figure(j.Ppv), ReportWords.Figure(j.Sensitivity), ReportWords.Figure(j.ObservedExpected)]
                    : ["too few to judge", "", "", ""],
            ]),
        ]);

    internal static ReportTable Folds(EvaluationReport evaluation) => new(
        "Folds",
        ["Fold", "Rows that taught", "With the outcome", "Rows held out", "With the outcome", "Trees", "Calibration applied"],
        [
            .. evaluation.Folds.Select(f => (IReadOnlyList<string>)
            [
                (f.Number + 1).ToString(CultureInfo.InvariantCulture), ReportWords.Count(f.TrainRows), ReportWords.Count(f.TrainEvents), ReportWords.Count(f.TestRows), ReportWords.Count(f.TestEvents),
                ReportWords.Count(f.Trees), $"{Quantity.Number(f.Slope)} × log-odds {(f.Intercept < 0 ? "−" : "+")} {Quantity.Number(Math.Abs(f.Intercept))}",
            ]),
        ]);

    internal static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    private static ReportTable ByScorer(string caption, IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> figures, (string Name, string Title)[] titles)
    {
        var scorers = ReportWords.InOrder(figures.Keys).ToArray();
        return new(
            caption,
            ["", .. scorers.Select(ReportWords.Scorer)],
            [
                .. titles.Where(t => scorers.Any(s => figures[s].ContainsKey(t.Name)))
                    .Select(t => (IReadOnlyList<string>)[t.Title, .. scorers.Select(s => figures[s].TryGetValue(t.Name, out var m) ? ReportWords.Figure(m) : "")]),
            ]);
    }

    private static string PerThousand(Metric m) => ReportWords.Figure(new(m.Value * 1000, m.Low * 1000, m.High * 1000));

    private static string RuleName(string name)
    {
        var parts = name.Split(" >= ");
        return parts.Length == 2 ? $"{ReportWords.Scorer(parts[0])} ≥ {parts[1]}" : "—";
    }
}
