using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli;

/// <summary>Cohort flow, figures and lists, as people read them and as <c>--json</c> carries them.</summary>
internal static class Results
{
    private static readonly (string Scorer, string Title)[] s_scorers =
    [
        (MetricNames.Model, "LightGBM (the model)"),
        (MetricNames.Logistic, "logistic regression"),
        (MetricNames.News2, "NEWS2"),
        (MetricNames.TrailingRate, "own events, last 7 days"),
        (MetricNames.TrailingRate28Days, "own events, last 28 days"),
        (MetricNames.Sirs, "SIRS"),
        (MetricNames.Qsofa, "qSOFA"),
        (MetricNames.SapsI, "SAPS-I"),
        (MetricNames.WeightRule, "weight up by more than 2 kg in 3 days"),
    ];

    private static readonly (string Metric, string Title)[] s_metrics =
    [
        (MetricNames.Auroc, "AUROC"),
        (MetricNames.Auprc, "AUPRC"),
        (MetricNames.Brier, "Brier"),
        (MetricNames.CalibrationSlope, "calibration slope"),
        (MetricNames.Utility, "utility"),
    ];

    public static void ShowFlow(Terminal terminal, IReadOnlyList<CohortFlowStep> flow)
    {
        terminal.Heading("Cohort flow");
        terminal.Table(
            ["", "patients", "instants", ""],
            flow.Select(s => new[] { s.Kept ? "=" : "−", Terminal.Number(s.Patients), s.Rows == 0 ? "" : Terminal.Number(s.Rows), s.Reason }),
            1, 2);
    }

    public static void ShowMetrics(Terminal terminal, EvaluationReport report)
    {
        terminal.Heading($"Held-out figures: {report.Split}");
        terminal.Line($"{Terminal.Number(report.Rows)} instants of {Terminal.Number(report.Patients)} patients, {Terminal.Number(report.Events)} with the outcome "
            + $"({(double)report.Events / report.Rows:P1}); 95 % intervals over {report.Resamples} resamples of patients");
        if (report.Events == 0)
        {
            terminal.Line("No outcome among the held-out instants: nothing is known of how good this model is. More patients or days are needed.");
        }

        var metrics = s_metrics.Where(m => report.Metrics[MetricNames.Model].ContainsKey(m.Metric)).ToArray();
        terminal.Table(
            ["", .. metrics.Select(m => m.Title)],
            s_scorers.Where(s => report.Metrics.ContainsKey(s.Scorer)).Select(s => (string[])
            [
                s.Title,
                .. metrics.Select(m => report.Metrics[s.Scorer].TryGetValue(m.Metric, out var metric) ? Interval(metric) : ""),
            ]));
        if (report.Metrics[MetricNames.Model].TryGetValue(MetricNames.MinSensitivityPrecision, out var smaller))
        {
            terminal.Line($"alerts of the model at thresholds from training rows: the smaller of sensitivity and precision is {Interval(smaller)}");
        }

        if (PromotionGate.BestBaseline(report) is { } rule && report.Differences[rule].TryGetValue(MetricNames.Auroc, out var ahead))
        {
            terminal.Line($"Best simple rule: {s_scorers.First(s => s.Scorer == rule).Title}; AUROC of the model minus its: {Interval(ahead)}");
        }
    }

    /// <summary>The model with other columns and on fewer patients; nothing where the task asks for neither.</summary>
    public static void ShowVariants(Terminal terminal, EvaluationReport report)
    {
        foreach (var population in report.Variants.GroupBy(v => v.Population, StringComparer.Ordinal))
        {
            var first = population.First();
            terminal.Line($"The model with other columns, {population.Key}: {Terminal.Number(first.Patients)} patients, {Terminal.Number(first.Events)} instants with the outcome");
            terminal.Table(
                ["", "columns", "AUROC", "AUPRC", .. first.Utility is null ? (string[])[] : ["utility"]],
                population.Select(v => (string[])
                [
                    v.Columns, Terminal.Number(v.ColumnCount), Interval(v.Auroc), Interval(v.Auprc), .. v.Utility is { } utility ? (string[])[Interval(utility)] : [],
                ]),
                1);
        }
    }

    public static void ShowWorklist(Terminal terminal, string cohort, TeamWorklist worklist, int rows)
    {
        terminal.Heading($"{worklist.Name}: {worklist.Title.ToLowerInvariant()}");
        terminal.Line($"as of {worklist.AsOf:uuuu-MM-dd HH:mm} UTC (readings below in the patient's own time); {worklist.Scored} patients scored, the team can call {worklist.Capacity}");
        foreach (var notice in worklist.Notices)
        {
            terminal.Line(notice);
        }

        ShowMissing(terminal, "set aside", worklist.SetAside);
        ShowMissing(terminal, "not scoreable", worklist.NotScored);
        foreach (var silent in worklist.Silent)
        {
            terminal.Line($"silent: {silent.PatientId}: {silent.Why}");
        }

        ShowMissing(terminal, "resting", [.. worklist.Resting.Select(r => new NotScored(r.PatientId, r.Why))]);
        ShowMissing(terminal, "technical", [.. worklist.Technical.Select(t => new NotScored(t.PatientId, t.Kind))]);
        if (worklist.Expected is { } expected)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"expected on this list: about {expected.Mean:0.#}, between {expected.Low} and {expected.High} (four times in five)"));
        }

        if (worklist.Listed.Count == 0)
        {
            return;
        }

        if (worklist.Bands is { } bands)
        {
            terminal.Line($"bands, by the risk before it is rounded: {bands}");
        }

        var hasBands = worklist.Listed.Any(p => p.Band is not null);
        terminal.Table(
            ["#", "patient", "risk", "NEWS2", $"why ({ReasonText.Footer})"],
            worklist.Listed.Take(rows).Select((p, i) => new[]
            {
                (i + 1).ToString(CultureInfo.InvariantCulture),
                p.PatientId,
                RiskWords.Count(p.Probability) + (hasBands ? $", {BandOf(p)}" : ""),
                p.News2 is { } n ? n.Low == n.High ? $"{n.Point}" : $"{n.Point} ({n.Low}–{n.High})" : "unknown",
                Why(p),
            }),
            0);
        if (worklist.Listed.Count > rows)
        {
            terminal.Line($"   … and {worklist.Listed.Count - rows} more: rmon worklist --cohort {cohort} --team {worklist.CareTeamId}");
        }
    }

    /// <summary>Reasons a line each, and behind them what is about the measuring.</summary>
    private static string Why(Prediction p) => string.Join('\n', (string[])
    [
        .. p.Reasons.Count > 0 ? p.Reasons.Select(r => r.Text) : [p.WithoutReasons == true ? "this model gives no reasons" : "nothing stands out"],
        .. OutsideUsual.InWords(p) is { } outside ? (string[])[outside] : [],
        .. p.Technical.Select(t => $"technical: {t.Text}"),
    ]);

    private static string BandOf(Prediction p) => p.Band?.ToString().ToLowerInvariant() ?? "";

    private static void ShowMissing(Terminal terminal, string what, IReadOnlyList<NotScored> patients)
    {
        if (patients.Count > 0)
        {
            terminal.Line($"{what}: {string.Join("; ", patients.GroupBy(n => n.Why, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key} ({string.Join(", ", g.Take(5).Select(n => n.PatientId))}{(g.Count() > 5 ? ", …" : "")})"))}");
        }
    }

    public static JsonObject MetricsJson(IReadOnlyDictionary<string, IReadOnlyDictionary<string, Metric>> metrics) => new(metrics.Select(scorer => KeyValuePair.Create(
        scorer.Key,
        (JsonNode?)new JsonObject(scorer.Value.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)MetricJson(m.Value)))))));

    public static JsonArray VariantsJson(EvaluationReport report) => new([.. report.Variants.Select(v => new JsonObject
    {
        ["columns"] = v.Columns,
        ["column_count"] = v.ColumnCount,
        ["population"] = v.Population,
        ["rows"] = v.Rows,
        ["patients"] = v.Patients,
        ["events"] = v.Events,
        ["auroc"] = MetricJson(v.Auroc),
        ["auprc"] = MetricJson(v.Auprc),
        ["utility"] = v.Utility is { } utility ? MetricJson(utility) : null,
    })]);

    public static JsonObject MetricJson(Metric metric) => new()
    {
        ["value"] = Finite(metric.Value),
        ["low"] = Finite(metric.Low),
        ["high"] = Finite(metric.High),
    };

    public static JsonArray FlowJson(IReadOnlyList<CohortFlowStep> flow) => new([.. flow.Select(s => new JsonObject
    {
        ["step"] = s.Step,
        ["kept"] = s.Kept,
        ["patients"] = s.Patients,
        ["rows"] = s.Rows,
        ["reason"] = s.Reason,
    })]);

    /// <summary>The first evaluation at the top, where scripts look for it, and all of them below.</summary>
    public static JsonObject TrainedJson(CohortStore store, TrainedModel model) => new()
    {
        ["task"] = model.Task,
        ["model"] = store.Lake.NameOf(model.Folder),
        ["version"] = model.Version,
        ["split"] = model.Reports[0].Split,
        ["metrics"] = MetricsJson(model.Reports[0].Metrics),
        ["held_out"] = store.Lake.NameOf(model.HeldOut[0]),
        ["evaluations"] = new JsonArray([.. model.Reports.Select((report, i) => new JsonObject
        {
            ["split"] = report.Split,
            ["rows"] = report.Rows,
            ["patients"] = report.Patients,
            ["events"] = report.Events,
            ["distinct_events"] = report.DistinctEvents,
            ["metrics"] = MetricsJson(report.Metrics),
            ["differences"] = MetricsJson(report.Differences),
            ["variants"] = VariantsJson(report),
            ["held_out"] = store.Lake.NameOf(model.HeldOut[i]),
        })]),
        ["cohort_flow"] = FlowJson(model.Reports[0].Flow),
        ["report"] = store.Lake.NameOf(model.Report),
        ["card"] = store.Lake.NameOf(model.Card),
        ["features"] = store.Lake.NameOf(model.Features),
    };

    public static JsonArray WorklistsJson(IEnumerable<TeamWorklist> worklists) => new([.. worklists.Select(w => new JsonObject
    {
        ["care_team_id"] = w.CareTeamId,
        ["name"] = w.Name,
        ["as_of"] = w.AsOf.ToString(),
        ["capacity"] = w.Capacity,
        ["scored"] = w.Scored,
        ["bands"] = w.Bands,
        ["reasons_say"] = ReasonText.Footer,
        ["listed"] = new JsonArray([.. w.Listed.Select((p, i) => new JsonObject
        {
            ["rank"] = i + 1,
            ["patient_id"] = p.PatientId,
            ["prediction"] = p.Id,
            ["probability"] = p.Probability,
            ["news2"] = p.News2 is { } n ? new JsonObject { ["low"] = n.Low, ["point"] = n.Point, ["high"] = n.High } : null,
            ["band"] = p.Band is null ? null : BandOf(p),
            ["reasons"] = new JsonArray([.. p.Reasons.Select(r => (JsonNode)r.Text)]),
            ["outside_usual"] = OutsideUsual.InWords(p),
            ["technical"] = new JsonArray([.. p.Technical.Select(r => (JsonNode)r.Text)]),
        })]),
        ["notices"] = new JsonArray([.. w.Notices.Select(n => (JsonNode)n)]),
        ["set_aside"] = new JsonArray([.. w.SetAside.Select(n => new JsonObject { ["patient_id"] = n.PatientId, ["why"] = n.Why })]),
        ["resting"] = new JsonArray([.. w.Resting.Select(r => new JsonObject { ["patient_id"] = r.PatientId, ["probability"] = r.Probability, ["why"] = r.Why })]),
        ["silent"] = new JsonArray([.. w.Silent.Select(s => new JsonObject { ["patient_id"] = s.PatientId, ["last_reading"] = s.LastReading?.ToString(), ["probability"] = s.Probability, ["why"] = s.Why })]),
        ["measuring"] = new JsonArray([.. w.Technical.Select(t => new JsonObject { ["patient_id"] = t.PatientId, ["kind"] = t.Kind, ["vital"] = t.Vital, ["text"] = t.Text })]),
        ["expected"] = w.Expected is { } e ? new JsonObject { ["mean"] = e.Mean, ["low"] = e.Low, ["high"] = e.High, ["observed_expected"] = e.ObservedExpected } : null,
        ["not_scored"] = new JsonArray([.. w.NotScored.Select(n => new JsonObject { ["patient_id"] = n.PatientId, ["why"] = n.Why })]),
    })]);

    public static string Interval(Metric metric) => double.IsNaN(metric.Value) ? "—" : string.Create(CultureInfo.InvariantCulture, $"{metric.Value:0.000} ({metric.Low:0.000}–{metric.High:0.000})");

    private static JsonNode? Finite(double value) => double.IsFinite(value) ? value : null;
}
