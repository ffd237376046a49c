using System.Globalization;
using System.Text.RegularExpressions;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>
/// The report of a model as one HTML page that needs nothing else: all evaluations, the card, and the worst errors. The same
/// evaluations make the same bytes. It names patients, in the error review only; <see cref="Without"/> takes one out.
/// </summary>
public static class ReportPage
{
    /// <summary>Name of the file, beside the model.</summary>
    public const string FileName = "report.html";

    /// <summary>Name of the card's file.</summary>
    public const string CardName = "card.md";

    private const string CaseEnd = "</article>";

    /// <summary>The style of all pages.</summary>
    internal static string PageStyle { get; } = Style();

    /// <summary>Writes the page; <paramref name="results"/> are those of the subject's evaluations, in their order.</summary>
    public static string Render(ReportSubject subject, IReadOnlyList<EvaluationResult> results)
    {
        var card = ModelCard.Of(subject);
        var title = $"{subject.Task.Title}: how the model was evaluated";
        var html = new Html()
            .Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Element("title", title)
            .Raw("<style>\n").Raw(PageStyle).Raw("</style>\n</head>\n<body>\n<header>\n")
            .Element("h1", title)
            .Element("p", $"Model {subject.Task.Name}, version {subject.Version}; feature set {subject.Model.FeatureSet}; labels certain by {subject.Model.Training.TrainedUntil}", "class=\"soft\"")
            .Element("p", subject.Source.Words, "class=\"kind\"")
            .Element("p", "Decision support for trained staff; not a medical device. The error review below shows readings of patients: keep this page where such data may lie.")
            .Raw("</header>\n<nav aria-label=\"Contents\">\n<ul>\n<li><a href=\"#short\">In short</a></li>\n<li><a href=\"#card\">Model card</a></li>\n");
        for (var i = 0; i < results.Count; i++)
        {
            html.Raw($"<li><a href=\"#held-out-{i + 1}\">").Raw(Html.Encode(HeadingOf(results, i))).Raw("</a></li>\n");
        }

        html.Raw("</ul>\n</nav>\n<main>\n<section id=\"short\">\n").Element("h2", "In short").Table(ReportTables.Summary(subject.Evaluations)).Raw("</section>\n");
        Card(html, card);
        for (var i = 0; i < results.Count; i++)
        {
            Evaluation(html, results, i);
        }

        return html.Raw("</main>\n</body>\n</html>\n").ToString();
    }

    /// <summary>
    /// The page without the readings of a patient: each of their cases says that it was erased, under a mark of the erasure.
    /// How many such cases there are then, of this mark, is the second; 0 where the page has none of the patient.
    /// </summary>
    public static (string Page, int Cases) Without(string page, string patientId, string mark)
    {
        var gone = $"<article class=\"case\" data-erased=\"{Html.Encode(mark)}\">\n<p>Erased.</p>\n{CaseEnd}";
        var start = CaseStart(patientId);
        for (var at = page.IndexOf(start, StringComparison.Ordinal); at >= 0; at = page.IndexOf(start, at, StringComparison.Ordinal))
        {
            var end = page.IndexOf(CaseEnd, at, StringComparison.Ordinal) + CaseEnd.Length;
            page = page[..at] + gone + page[end..];
        }

        return (page, Regex.Count(page, Regex.Escape(gone)));
    }

    private static void Card(Html html, ModelCard card)
    {
        html.Raw("<section id=\"card\">\n").Element("h2", card.Title);
        foreach (var section in card.Sections)
        {
            html.Element("h3", section.Title);
            if (section.Lines.Count > 0)
            {
                html.List(section.Lines);
            }

            foreach (var table in section.Tables)
            {
                html.Table(table);
            }
        }

        html.Raw("</section>\n");
    }

    private static string HeadingOf(IReadOnlyList<EvaluationResult> results, int at) =>
        results.Count == 1 ? "Held-out figures" : $"Held-out figures {at + 1} of {results.Count}: {results[at].Report.Split}";

    private static void Evaluation(Html html, IReadOnlyList<EvaluationResult> results, int at)
    {
        var (report, rows, errors) = results[at];
        html.Raw($"<section id=\"held-out-{at + 1}\">\n")
            .Element("h2", HeadingOf(results, at))
            .Element("p", $"What was held out: {report.Split}.")
            .Element("p", $"{ReportWords.Count(report.Rows)} instants of {ReportWords.Count(report.Patients)} patients, {ReportWords.Count(report.Events)} with the outcome ({ReportWords.Percent((double)report.Events / report.Rows)}){(report.DistinctEvents is { } events ? $", of {ReportWords.Count(events)} events" : "")}. "
                + $"95 % intervals over {ReportWords.Count(report.Resamples)} resamples of patients, seed {report.Seed}.");
        if (report.Events == 0)
        {
            html.Element("p", "No outcome among the held-out instants: nothing is known of how good this model is. More patients or days are needed.", "class=\"kind\"");
        }

        html.Element("h3", "Ranking and calibration").Table(ReportTables.Metrics(report)).Table(ReportTables.Differences(report));
        if (report.Variants.Count > 0)
        {
            html.Table(ReportTables.Variants(report));
        }

        if (report.Clinical is { } clinical)
        {
            html.Raw(ReportPlots.Of(report, clinical, rows)).Table(ReportTables.Calibration(report, clinical)).Table(ReportTables.Decisions(clinical));
            html.Element("h3", "Lists of patients to call")
                .Element("p", $"Capacity: {ReportWords.Capacity(clinical)}. {Reach(clinical)} {ReportWords.Count(clinical.PatientDays)} days of patients. Who is listed was settled once; the intervals resample patients.")
                .Table(ReportTables.Lists(clinical)).Table(ReportTables.ListDifferences(clinical)).Table(ReportTables.WithinPatient(clinical))
                .Element("p", "Within a patient a half is not quite the mark of chance: of few events in a short stretch, one that has happened is one fewer to come, so that scores which rise with past events come out lower.", "class=\"soft\"");
            html.Element("h3", "Subgroups");
            if (clinical.Subgroups.Count > 0)
            {
                html.Table(ReportTables.Subgroups(clinical));
            }

            if (NotDivided(clinical) is { Length: > 0 } not)
            {
                html.Element("p", not);
            }
        }

        Cases(html, "Error review: the worst misses", report.Clinical?.LooksBack == true
            ? "Events that the model saw least of, at the instant on their day, or while they lasted, at which it saw most."
            : "Events that the model foresaw least, at the instant in the 7 days before at which it foresaw them best.", errors.Misses);
        Cases(html, "Error review: the worst false alarms", "Patients with the highest risk and no outcome in the window, each at the instant of the highest.", errors.FalseAlarms);
        html.Element("h3", "How it was held out").Table(ReportTables.Flow(report)).Table(ReportTables.Folds(report)).Raw("</section>\n");
    }

    private static string Reach(ClinicalReport clinical) => clinical.LooksBack
        ? $"{ReportWords.Count(clinical.Events)} events, each with a held-out instant that has to detect it, on its day or while it lasts; there is no lead time."
        : $"{ReportWords.Count(clinical.EventsInReach)} of {ReportWords.Count(clinical.Events)} events have a held-out instant in the 7 days before them, and could be listed in time; sensitivity by events is of these.";

    private static string NotDivided(ClinicalReport clinical)
    {
        var there = clinical.Subgroups.Select(s => s.Dimension).ToHashSet(StringComparer.Ordinal);
        string[] missing =
        [
            .. ((string[])[SubgroupDimensions.Age, SubgroupDimensions.Sex, SubgroupDimensions.Condition, SubgroupDimensions.DeviceModel, SubgroupDimensions.Contact])
                .Where(d => !there.Contains(d)).Select(d => ReportWords.Dimension(d).ToLowerInvariant()),
        ];
        return missing.Length == 0 ? "" : $"Not told apart, since nothing on record says it: {string.Join(", ", missing)}.";
    }

    private static void Cases(Html html, string title, string what, IReadOnlyList<ErrorCase> cases)
    {
        html.Element("h3", title).Element("p", cases.Count == 0 ? "None." : what + " What moved the score is not the cause.").Raw("<div class=\"cases\">\n");
        foreach (var one in cases)
        {
            html.Raw(CaseStart(one.PatientId))
                .Element("h4", $"{one.PatientId}: {ReportWords.Percent(one.P)}")
                .Element("p", $"as of {UnixMicros.Format(one.AsOf)}; {When(one)}")
                .Element("p", "What moved the score most (log-odds):")
                .List(one.Why.Movers.Count == 0 ? ["nothing"] : one.Why.Movers.Select(Moved))
                .Element("p", "Last readings:")
                .List(one.Why.Readings.Count == 0 ? ["none in the look-back"] : one.Why.Readings.Select(Read))
                .Raw(CaseEnd + "\n");
        }

        html.Raw("</div>\n");
    }

    private static string When(ErrorCase one)
    {
        var days = Math.Abs(one.Event - one.AsOf) / (double)UnixMicros.PerDay;
        return one.Event == UnixMicros.Open ? "no event known of afterwards"
            : one.Event > one.AsOf ? string.Create(CultureInfo.InvariantCulture, $"next event {days:0.0} days later")
            : string.Create(CultureInfo.InvariantCulture, $"event {days:0.0} days before");
    }

    private static string Moved(Mover mover) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(mover.Contribution < 0 ? "−" : "+")}{Math.Abs(mover.Contribution):0.00} {mover.Column.Meaning}: {(double.IsFinite(mover.Value) ? Quantity.With(mover.Value, mover.Column.Unit) : "unknown")}");

    private static string Read(LastReading reading)
    {
        var label = VitalSignCatalog.Default.Vitals.FirstOrDefault(v => v.Key == reading.VitalKey)?.Label ?? reading.VitalKey;
        return $"{label} {Quantity.With(reading.Value, reading.Unit)}{(double.IsFinite(reading.AgeHours) ? $", {Quantity.Number(reading.AgeHours)} h before" : "")}";
    }

    private static string CaseStart(string patientId) => $"<article class=\"case\" data-patient=\"{Html.Encode(patientId)}\">\n";

    private static string Style()
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
