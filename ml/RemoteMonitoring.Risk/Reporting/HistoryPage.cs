using System.Globalization;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>Prediction history as one HTML page that needs nothing else: the same three parts as the report in Power BI. The same tables make the same bytes; patients are named by pseudonyms.</summary>
public static class HistoryPage
{
    /// <summary>Near the beginning of every such page: by it one is told from what somebody else wrote.</summary>
    public const string Mark = "<meta name=\"generator\" content=\"rmon report history\">";

    /// <summary>How pages began that were written before they had the mark.</summary>
    public const string FormerMark = "<title>Prediction history</title>\n<style>";

    /// <summary>Writes the page.</summary>
    public static string Render(HistoryReport report)
    {
        var html = new Html()
            .Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" + Mark + "\n")
            .Element("title", "Prediction history")
            .Raw("<style>\n").Raw(ReportPage.PageStyle).Raw("</style>\n</head>\n<body>\n<header>\n")
            .Element("h1", "Prediction history")
            .Element("p", $"{ReportWords.Count(report.Lists)} lists of {string.Join(", ", report.Teams)}; {report.From} to {report.To} (UTC days of the lists); tables as of {report.AsOf}", "class=\"soft\"")
            .Element("p", "Decision support for trained staff; not a medical device. Patients are named by pseudonyms, and rows of few people may still tell who they are: keep this page where such data may lie.");
        foreach (var problem in report.Problems)
        {
            html.Element("p", $"Not in these figures: {problem}", "class=\"kind\"");
        }

        html.Raw("</header>\n<nav aria-label=\"Contents\">\n<ul>\n<li><a href=\"#history\">Prediction history</a></li>\n<li><a href=\"#yield\">Yield and calibration</a></li>\n<li><a href=\"#burden\">Alert burden and follow-ups</a></li>\n</ul>\n</nav>\n<main>\n");
        Section(html, "history", "Prediction history", report, History);
        Section(html, "yield", "Yield and calibration", report, Yield);
        Section(html, "burden", "Alert burden and follow-ups", report, Burden);
        if (report.Actions.Count > 0)
        {
            html.Raw("<section id=\"actions\">\n").Element("h2", "What staff did")
                .Table(new("Actions that hold, whether or not the patient was listed", ["Action", "Times"], [.. report.Actions.Select(a => (IReadOnlyList<string>)[Words(a.Kind), ReportWords.Count(a.Count)])]))
                .Raw("</section>\n");
        }

        return html.Raw("<section id=\"rules\">\n").Element("h2", "How it is counted").List(
        [
            "A list counts for the UTC day of the instant that it speaks for; of an hourly task the last list of the day counts.",
            "A listing is a patient on a list; a spell is the lists in a row that a patient is on. A listing is acted on by what staff do before the next list comes, or from its list later; to claim or to note is not to act.",
            "Yield is the share of the patients listed over thirty days who had an event within the horizon of a list they were on.",
            "Calibration counts predictions whose outcome is certain, by the rules that models are taught by. Where the model had been taught what became known after the day it counts nothing.",
            "Intervals are of 95 %: Wilson's of shares, and of observed to expected from the Poisson error of the logarithm. Rows that meet one event several times count as one for them.",
        ]).Raw("</section>\n</main>\n</body>\n</html>\n").ToString();
    }

    private static void Section(Html html, string id, string heading, HistoryReport report, Action<Html, HistoryReport, HistoryTask> of)
    {
        html.Raw($"<section id=\"{id}\">\n").Element("h2", heading);
        if (report.Tasks.Count == 0)
        {
            html.Element("p", "There are no lists in this time.");
        }

        foreach (var task in report.Tasks)
        {
            html.Element("h3", task.Title);
            of(html, report, task);
        }

        html.Raw("</section>\n");
    }

    private static void History(Html html, HistoryReport report, HistoryTask task)
    {
        html.Raw("<div class=\"plots\">\n");
        ReportPlots.Figure(html, OverDays("Patients listed by day", "Patients", report, task, ("s0", d => d.Listed)), "Patients listed, all teams", [("s0", "Listed")]);
        ReportPlots.Figure(
            html, OverDays("Patients scored and not scored by day", "Patients", report, task, ("s0", d => d.Scored), ("s1", d => d.NotScored)), "Patients under monitoring", [("s0", "Scored"), ("s1", "Could not be scored, or set aside")]);
        html.Raw("</div>\n");
        html.Table(new(
            "Lists by team", ["Team", "Lists", "Partial", "Listings", "Patient-days"],
            [.. task.Teams.Select(t => (IReadOnlyList<string>)[t.Name, ReportWords.Count(t.Lists), ReportWords.Count(t.Partial), ReportWords.Count(t.Listings), ReportWords.Count(t.PatientDays)])]));
        if (task.MostListed.Count > 0)
        {
            html.Table(new(
                "Patients who were listed most often", ["Patient (pseudonym)", "Team", "Age", "Listings", "Last", "Highest risk", "Acted on", "Event followed"],
                [.. task.MostListed.Select(p => (IReadOnlyList<string>)[p.Key, p.Team, p.AgeBand, ReportWords.Count(p.Listings), p.Last, ReportWords.Percent(p.Highest), ReportWords.Count(p.ActedOn), p.HadEvent ? "yes" : "no"])]));
        }
    }

    private static void Yield(Html html, HistoryReport report, HistoryTask task)
    {
        var (certain, observed, expected) = (task.Bins.Sum(b => b.Certain), task.Bins.Sum(b => b.Observed), task.Bins.Sum(b => b.Expected));
        html.Element("p", certain == 0
            ? "No outcome is certain yet: windows and reporting delays have to pass first."
            : $"{ReportWords.Count(certain)} predictions have a certain outcome; {ReportWords.Count(observed)} had it where {Number(expected)} were expected: observed to expected {Figure(HistoryFigures.ObservedExpected(observed, expected, task.RowsPerEvent), Number)}.");
        if (task.Retrospective > 0)
        {
            html.Element("p", $"{ReportWords.Count(task.Retrospective)} predictions are retrospective, and in none of the figures of calibration.", "class=\"soft\"");
        }

        html.Raw("<div class=\"plots\">\n");
        if (certain > 0)
        {
            var bins = task.Bins.Where(b => b.Certain > 0).Select(b => (Foreseen: b.Expected / b.Certain, Share: HistoryFigures.Share(b.Observed, b.Certain, task.RowsPerEvent))).ToArray();
            var most = Math.Min(1, SvgPlot.RoundUp(bins.Max(b => Math.Max(b.Foreseen, b.Share.High))));
            var plot = new SvgPlot("Reliability", "Risk foreseen", "Share with the outcome", most, 0, most).Line("none", [(0, 0), (most, most)]);
            foreach (var (foreseen, share) in bins)
            {
                plot.Point("s0", foreseen, share.Value, share.Low, share.High);
            }

            ReportPlots.Figure(html, plot, "Reliability: bins of risk with 95 % intervals", [("s0", "The model"), ("none", "Right on average")]);
        }

        ReportPlots.Figure(html, OverDays("Yield over thirty days by day", "Share", report, task, true, ("s0", d => d.Yield)), "Yield of the lists of thirty days that end with the day", [("s0", "Yield")]);
        ReportPlots.Figure(
            html, OverDays("Expected and found by day", "Listed patients", report, task, ("s1", d => d.Expected), ("s0", d => d.WithEvent)), "Listed patients who were expected to have the outcome, where lists said so, and those who had an event in the window", [("s1", "Expected"), ("s0", "Had an event")]);
        html.Raw("</div>\n");
        html.Table(new(
            "Calibration by bin of risk", ["Risk foreseen", "Predictions", "Outcome certain", "Observed", "Expected", "Share with the outcome", "Observed / expected"],
            [.. task.Bins.Select(b => (IReadOnlyList<string>)
            [
                b.Label, ReportWords.Count(b.Predictions), ReportWords.Count(b.Certain), ReportWords.Count(b.Observed), Number(b.Expected), Figure(HistoryFigures.Share(b.Observed, b.Certain, task.RowsPerEvent), ReportWords.Percent),
                Figure(HistoryFigures.ObservedExpected(b.Observed, b.Expected, task.RowsPerEvent), Number),
            ])]));
        html.Table(new(
            "Yield over the thirty days up to each team's last list", ["Team", "Patients listed", "With an event", "Yield", "Events in reach", "Of patients who were listed"],
            [.. task.Teams.Select(t => (IReadOnlyList<string>)
            [
                t.Name, ReportWords.Count(t.Patients), ReportWords.Count(t.PatientsWithEvent), Figure(HistoryFigures.Share(t.PatientsWithEvent, t.Patients), ReportWords.Percent), ReportWords.Count(t.Events.All),
                ReportWords.Count(t.Events.Listed),
            ])]));
        if (task.Events.Count > 0)
        {
            html.Table(new("Events in this time", ["Whether a list told of the patient", "Events"], [.. task.Events.Select(e => (IReadOnlyList<string>)[e.Reach, ReportWords.Count(e.Count)])]));
        }
    }

    private static void Burden(Html html, HistoryReport report, HistoryTask task)
    {
        html.Raw("<div class=\"plots\">\n");
        ReportPlots.Figure(
            html, OverDays("Listings and those acted on by day", "Listings", report, task, ("s1", d => d.Listed), ("s0", d => d.ActedOn)), "Listings, and those that were acted on", [("s1", "Listed"), ("s0", "Acted on")]);
        ReportPlots.Figure(html, OverDays("Urgent readings by day", "Readings", report, task, ("s1", d => d.Urgent)), "Urgent readings, of all teams and whatever the task", [("s1", "Urgent")]);
        html.Raw("</div>\n");
        html.Table(new(
            "Alerts to 100 patient-days", ["Team", "Listed", "Urgent", "Technical", "Listings acted on"],
            [.. task.Teams.Select(t => (IReadOnlyList<string>)
            [
                t.Name, Number(HistoryFigures.PerHundred(t.Listings, t.PatientDays)), Number(HistoryFigures.PerHundred(t.Urgent, t.PatientDays)), Number(HistoryFigures.PerHundred(t.Technical, t.PatientDays)),
                Figure(HistoryFigures.Share(t.ActedOn, t.Listings), ReportWords.Percent),
            ])]));
        html.Table(new(
            "Follow-ups over the thirty days up to each team's last list", ["Team", "Spells", "With a contact", "Share", "Median hours to contact", "Nine of ten within"],
            [.. task.Teams.Select(t => (IReadOnlyList<string>)
            [
                t.Name, ReportWords.Count(t.Spells.All), ReportWords.Count(t.Spells.Contacted), Figure(HistoryFigures.Share(t.Spells.Contacted, t.Spells.All), ReportWords.Percent), Hours(t.MedianHours), Hours(t.NinetiethHours),
            ])]));
        if (task.FirstContacts.Count > 0)
        {
            html.Table(new("First contacts of the spells that began in this time", ["Contact", "Spells"], [.. task.FirstContacts.Select(c => (IReadOnlyList<string>)[Words(c.Kind), ReportWords.Count(c.Count)])]));
        }
    }

    private static SvgPlot OverDays(string title, string what, HistoryReport report, HistoryTask task, params ReadOnlySpan<(string Style, Func<HistoryDay, double> Value)> lines) => OverDays(title, what, report, task, false, lines);

    private static SvgPlot OverDays(string title, string what, HistoryReport report, HistoryTask task, bool percent, params ReadOnlySpan<(string Style, Func<HistoryDay, double> Value)> lines)
    {
        var most = 0.0;
        foreach (var (_, value) in lines)
        {
            most = Math.Max(most, task.Days.Select(value).Where(double.IsFinite).DefaultIfEmpty(0).Max());
        }

        var plot = new SvgPlot(title, $"Day (1 is {report.From})", what, SvgPlot.RoundUp(Math.Max(5, task.Days.Max(d => d.Number))), 0, SvgPlot.RoundUp(most), percent, xPercent: false);
        foreach (var (style, value) in lines)
        {
            plot.Line(style, task.Days.Select(d => ((double)d.Number, value(d))));
            foreach (var day in task.Days.Count <= 14 ? task.Days : [])
            {
                // Of few days a line may have no length.
                _ = double.IsFinite(value(day)) ? plot.Point(style, day.Number, value(day), double.NaN, double.NaN) : plot;
            }
        }

        return plot;
    }

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("0.##", CultureInfo.InvariantCulture) : "—";

    private static string Hours(double hours) => double.IsFinite(hours) ? string.Create(CultureInfo.InvariantCulture, $"{hours:0.#} h") : "—";

    private static string Figure((double Value, double Low, double High) figure, Func<double, string> text) =>
        double.IsFinite(figure.Value) ? double.IsFinite(figure.Low) ? $"{text(figure.Value)} ({text(figure.Low)}–{text(figure.High)})" : text(figure.Value) : "—";

    private static string Words(string camelCase) => string.Concat(camelCase.Select((c, i) => char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : i == 0 ? char.ToUpperInvariant(c).ToString() : c.ToString()));
}
