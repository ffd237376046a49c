using RemoteMonitoring.Risk.Evaluation;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>The plots of an evaluation, each with its caption and what its lines are.</summary>
internal static class ReportPlots
{
    private const int Bins = 40;

    internal static string Of(EvaluationReport evaluation, ClinicalReport clinical, HeldOutRows rows)
    {
        var html = new Html().Raw("<div class=\"plots\">\n");
        var chance = (double)evaluation.Events / evaluation.Rows;
        var roc = new SvgPlot("ROC curves", "1 − specificity", "Sensitivity", 1, 0, 1).Line("none", [(0, 0), (1, 1)]);
        var precision = new SvgPlot("Precision-recall curves", "Sensitivity", "Precision", 1, 0, SvgPlot.RoundUp(Math.Max(chance, Highest(clinical.PrecisionRecall))))
            .Line("none", [(0, chance), (1, chance)]);
        foreach (var (curves, plot) in new[] { (clinical.Roc, roc), (clinical.PrecisionRecall, precision) })
        {
            foreach (var curve in curves.Reverse())
            {
                plot.Line(StyleOf(curve.Scorer), curve.Y.Select((y, i) => ((double)i / FoldCurves.Steps, y)));
            }
        }

        (string, string)[] scorers = [.. clinical.Roc.Select(c => (StyleOf(c.Scorer), ReportWords.Scorer(c.Scorer)))];
        Figure(html, roc, "ROC curve: mean over the folds", [.. scorers, ("none", "Chance")]);
        Figure(html, precision, "Precision-recall curve: mean over the folds", [.. scorers, ("none", "Chance: the share with the outcome")]);
        Calibration(html, evaluation, clinical, rows);
        Decision(html, clinical, chance);
        return html.Raw("</div>\n").ToString();
    }

    private static void Calibration(Html html, EvaluationReport evaluation, ClinicalReport clinical, HeldOutRows rows)
    {
        var bands = evaluation.Calibration.Zip(clinical.CalibrationObserved).ToArray();
        var most = SvgPlot.RoundUp(bands.Max(b => Math.Max(b.First.Foreseen, double.IsFinite(b.Second.High) ? b.Second.High : b.Second.Value)));
        most = Math.Min(1, most);
        var counts = new int[Bins];
        foreach (var p in rows.P)
        {
            counts[Math.Min(Bins - 1, (int)(p / most * Bins))]++;
        }

        var plot = new SvgPlot("Calibration curve", "Risk foreseen", "Share with the outcome", most, 0, most).Bars(counts).Line("none", [(0, 0), (most, most)]);
        foreach (var (band, observed) in bands)
        {
            plot.Point("s0", band.Foreseen, observed.Value, observed.Low, observed.High);
        }

        var beyond = rows.P.Count(p => p >= most);
        Figure(
            html, plot,
            $"Calibration: tenths of the model's predictions with 95 % intervals; bars: how many predictions{(beyond == 0 || most >= 1 ? "" : $", the last with the {ReportWords.Count(beyond)} beyond the plot")}",
            [("s0", "The model"), ("none", "Right on average")]);
    }

    private static void Decision(Html html, ClinicalReport clinical, double prevalence)
    {
        var curve = clinical.DecisionCurve;
        var most = Math.Max(prevalence, curve.Max(p => p.Model.Value)) * 1.1;
        var plot = new SvgPlot("Decision curve", "Threshold: the risk from which on somebody is called", "Net benefit per 1,000", curve[^1].Threshold, -250 * most, 1000 * most, yPercent: false);
        void Add(string style, Func<DecisionPoint, double> value) => plot.Line(style, curve.Select(p => (p.Threshold, 1000 * value(p))));
        Add("all", p => p.All.Value);
        Add("none", _ => 0);
        Add("s2", p => p.Rule.Value);
        Add("s1", p => p.Logistic.Value);
        Add("s0", p => p.Model.Value);
        Figure(
            html, plot, "Decision curve: true alarms less false ones at the threshold's odds, per 1,000 instants",
            [("s0", "The model"), ("s1", "Logistic regression"), ("s2", "Best rule, chosen in hindsight"), ("all", "Calling everybody"), ("none", "Calling nobody")]);
    }

    private static double Highest(IReadOnlyList<Curve> curves) => curves.SelectMany(c => c.Y).Where(double.IsFinite).DefaultIfEmpty(1).Max();

    private static void Figure(Html html, SvgPlot plot, string caption, IReadOnlyList<(string Style, string Name)> legend)
    {
        html.Raw("<figure>\n").Raw(plot.ToSvg()).Raw("<ul class=\"legend\">\n");
        foreach (var (style, name) in legend)
        {
            html.Raw($"<li><svg viewBox=\"0 0 34 10\" aria-hidden=\"true\"><path class=\"line {style}\" d=\"M1 5H33\"/></svg>").Element("span", name).Raw("</li>\n");
        }

        html.Raw("</ul>\n").Element("figcaption", caption).Raw("</figure>\n");
    }

    private static string StyleOf(string scorer) => scorer switch
    {
        MetricNames.Model => "s0",
        MetricNames.Logistic => "s1",
        MetricNames.News2 => "s2",
        MetricNames.TrailingRate or MetricNames.Sirs or MetricNames.SapsI or MetricNames.WeightRule => "s3",
        MetricNames.TrailingRate28Days or MetricNames.Qsofa => "s4",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
