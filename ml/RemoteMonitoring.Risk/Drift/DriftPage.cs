using System.Globalization;
using RemoteMonitoring.Risk.Reporting;

namespace RemoteMonitoring.Risk.Drift;

/// <summary>A report of drift as one HTML page that needs nothing else. The same report makes the same bytes; it names no patient.</summary>
public static class DriftPage
{
    /// <summary>Name of the file, beside <see cref="DriftReport.FileName"/>.</summary>
    public const string FileName = "drift.html";

    private const int MostColumns = 60;

    /// <summary>Writes the page.</summary>
    public static string Render(DriftReport report)
    {
        var title = $"{report.Title}: drift of the model's inputs, scores and performance";
        var html = new Html()
            .Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Element("title", title)
            .Raw("<style>\n").Raw(ReportPage.PageStyle).Raw("</style>\n</head>\n<body>\n<header>\n")
            .Element("h1", title)
            .Element("p", $"Model {report.Task}, version {report.Model}; feature set {report.FeatureSet}; instants after {report.After} up to {report.AsOf}, the stretch before from {report.BeforeAfter}", "class=\"soft\"")
            .Element("p", $"As a whole: {DriftWords.Of(report.Verdict)}.", "class=\"kind\"")
            .Element("p", "Decision support for trained staff; not a medical device. Drift says that something moved, not that it is wrong.")
            .Raw("</header>\n<main>\n<section id=\"short\">\n").Element("h2", "In short").Table(DriftTables.Summary(report));
        if (report.Notices.Count > 0)
        {
            html.List(report.Notices);
        }

        html.Raw("</section>\n");
        Inputs(html, report);
        Scores(html, report.Scores);
        html.Raw("<section id=\"workload\">\n").Element("h2", "Workload").Table(DriftTables.Workload(report.Workload)).Table(DriftTables.NotScored(report.Workload)).Raw("</section>\n");
        Performance(html, report);
        return html.Raw("<section id=\"rules\">\n").Element("h2", "How it is judged").List(DriftWords.Rules).Raw("</section>\n</main>\n</body>\n</html>\n").ToString();
    }

    private static void Inputs(Html html, DriftReport report)
    {
        html.Raw("<section id=\"inputs\">\n").Element("h2", "Inputs");
        ColumnDrift[] moved = [.. report.Columns.Where(c => c.Verdict >= DriftVerdict.Watch).OrderByDescending(c => c.Verdict).ThenByDescending(c => (c.Training ?? c.Before)!.Psi).ThenBy(c => c.Name, StringComparer.Ordinal)];
        html.Element("p", string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Columns.Count} columns: {report.DriftedColumns} drifted, {moved.Length - report.DriftedColumns} to watch, {report.JudgedColumns - moved.Length} stable, {report.Columns.Count - report.JudgedColumns} with too few rows to judge. All of them are in {DriftReport.FileName}."));
        if (moved.Length > 0)
        {
            html.Table(DriftTables.Columns($"Columns that moved{(moved.Length > MostColumns ? $", the first {MostColumns}" : "")}", moved.Take(MostColumns)));
            html.Table(DriftTables.Missing([.. moved.Where(c => (c.Training ?? c.Before)!.IsMissingness).Take(MostColumns)]));
        }

        if (report.Devices.Count > 0 || report.TrainingDevices.Count > 0)
        {
            html.Table(DriftTables.Devices(report));
        }
        else
        {
            html.Element("p", "Device models are not told apart from the people, since nothing on record says which model a device is: state it with the assignments (device_model).");
        }

        html.Raw("</section>\n");
    }

    private static void Scores(Html html, ScoreDrift scores)
    {
        html.Raw("<section id=\"scores\">\n").Element("h2", "Scores");
        (string Style, string Name, ScoreSpread? Spread)[] lines = [("s1", "Training snapshot", scores.Training), ("s2", "The stretch before", scores.Before), ("s0", "Now", scores.Now)];
        if (lines.Any(l => l.Spread is not null))
        {
            html.Table(DriftTables.Scores(scores));
            var most = SvgPlot.RoundUp(lines.Where(l => l.Spread is not null).Max(l => l.Spread!.Quantiles[^1]));
            var plot = new SvgPlot("Quantiles of the scores", "Share of the rows", "Probability", 1, 0, most);
            foreach (var (style, _, spread) in lines.Where(l => l.Spread is not null))
            {
                plot.Line(style, spread!.Quantiles.Select((q, i) => (ScoreDrift.Shares[i], q)));
            }

            html.Raw("<div class=\"plots\">\n");
            ReportPlots.Figure(html, plot, "Probabilities at the end of each share of the rows, lowest first", [.. lines.Where(l => l.Spread is not null).Select(l => (l.Style, l.Name))]);
            html.Raw("</div>\n");
        }
        else
        {
            html.Element("p", "No scores of this model fall into either stretch.");
        }

        html.Raw("</section>\n");
    }

    private static void Performance(Html html, DriftReport report)
    {
        html.Raw("<section id=\"performance\">\n").Element("h2", "Performance");
        if (report.Performance.NotMatured is { } why)
        {
            html.Element("p", why, "class=\"kind\"");
        }

        html.Table(DriftTables.Performance(report.Performance))
            .Element("p", "95 % intervals over resamples of patients. Who was called followed the lists of this model, so that a call which kept somebody out of hospital counts as a false alarm.", "class=\"soft\"")
            .Raw("</section>\n");
    }
}
