using System.Text;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>A part of a model card.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Lines">What it says, a point each.</param>
/// <param name="Tables">Tables below.</param>
public sealed record CardSection(string Title, IReadOnlyList<string> Lines, IReadOnlyList<ReportTable> Tables);

/// <summary>What everybody who uses a model has to know of it, written from what was measured (after Mitchell et al., FAT* 2019).</summary>
/// <param name="Title">Heading.</param>
/// <param name="Sections">Its parts, in order.</param>
public sealed record ModelCard(string Title, IReadOnlyList<CardSection> Sections)
{
    // Below it a calibration curve tells little (Van Calster et al., J Clin Epidemiol 74:167, 2016, ask for twice as many).
    private const int FewEvents = 100;

    /// <summary>Writes the card.</summary>
    public static ModelCard Of(ReportSubject subject) => new(
        $"Model card: {subject.Task.Title}",
        [
            new("Intended use", [.. IntendedUse(subject.Task)], []),
            new("Data", [.. Data(subject)], [ReportTables.Flow(subject.Evaluations[0])]),
            new("How it was evaluated", [.. Evaluated(subject)], []),
            new("Figures", [], [ReportTables.Summary(subject.Evaluations)]),
            new("Limits", [.. Limits(subject)], []),
            new("Too few to judge", [.. TooFew(subject)], []),
        ]);

    /// <summary>The card as Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder().Append("# ").Append(Escape(Title)).Append('\n');
        foreach (var section in Sections)
        {
            text.Append("\n## ").Append(Escape(section.Title)).Append("\n\n");
            foreach (var line in section.Lines)
            {
                text.Append("- ").Append(Escape(line)).Append('\n');
            }

            foreach (var table in section.Tables)
            {
                text.Append(section.Lines.Count == 0 ? "" : "\n").Append(Escape(table.Caption)).Append("\n\n");
                Row(table.Head);
                Row(table.Head.Select(_ => "---"), escape: false);
                foreach (var row in table.Rows)
                {
                    Row(row);
                }
            }
        }

        return text.ToString();

        void Row(IEnumerable<string> cells, bool escape = true) =>
            text.Append("| ").AppendJoin(" | ", cells.Select(c => escape ? Escape(c) : c)).Append(" |\n");
    }

    private static IEnumerable<string> IntendedUse(TaskDefinition task)
    {
        yield return $"Foresees for a patient under monitoring {(task.Population.Setting == CareSetting.Home ? "at home" : "in hospital")}: {task.Title}. Outcomes that count: {string.Join(", ", task.OutcomeKinds)}"
            + $"{(task.OutcomeDetails.Count == 0 ? "" : $" ({string.Join(", ", task.OutcomeDetails)})")}, within {ReportWords.Horizon(task.Horizon)}.";
        yield return "For trained staff who decide whom to call or look at first. Decision support; not a medical device.";
        yield return "Not for diagnosis, for emergencies, for acting without a person, for patients who are not monitored, nor for another population before it was evaluated there.";
        yield return "Reasons say what moved a score, not the cause of illness.";
    }

    private static IEnumerable<string> Data(ReportSubject subject)
    {
        var training = subject.Model.Training;
        yield return subject.Source.Words;
        yield return $"Streams of messages: {(subject.Source.Streams.Count == 0 ? "none" : string.Join(", ", subject.Source.Streams))}.";
        yield return $"Version {subject.Version}, taught with {ReportWords.Count(training.Rows)} instants of {ReportWords.Count(training.Patients)} patients, {ReportWords.Count(training.Events)} of them with the outcome "
            + $"({ReportWords.Percent(training.BaseRate)}), whose labels were certain by {training.TrainedUntil}.";
        yield return $"{ReportWords.Count(subject.Model.Columns.Count)} columns of the feature set {subject.Model.FeatureSet}, each as known at its instant; what staff did is not among them.";
        yield return TaskMeaning.Of(subject.Task);
    }

    private static IEnumerable<string> Evaluated(ReportSubject subject)
    {
        foreach (var e in subject.Evaluations)
        {
            yield return $"{ReportTables.Sentence(e.Split)}: {ReportWords.Count(e.Rows)} instants of {ReportWords.Count(e.Patients)} patients, {ReportWords.Count(e.Events)} with the outcome, "
                + $"{(e.Clinical is { } c ? $"{ReportWords.Count(c.Events)} events" : "events not counted")}; 95 % intervals over {ReportWords.Count(e.Resamples)} resamples of patients.";
        }

        yield return "All that is fitted (trees and their number, logistic regression, the calibration of both, alert threshold) is fitted on the rows that taught a fold. AUROC and AUPRC are means over folds; probabilities are calibrated before folds are put together.";
        yield return "The model that scores was trained afterwards on all rows by the same recipe: the figures are of the recipe, not of those very trees.";
        if (subject.Evaluations[0].Clinical is { } clinical)
        {
            yield return $"Capacity is {ReportWords.Capacity(clinical)}; where that is no whole number, or cuts through ties, the last count in part.";
        }
    }

    private static IEnumerable<string> Limits(ReportSubject subject)
    {
        foreach (var e in subject.Evaluations)
        {
            var where = subject.Evaluations.Count == 1 ? "" : $" ({e.Split})";
            if (e.Clinical is { Events: < FewEvents } few)
            {
                yield return $"Only {few.Events} events are held out: figures of calibration and of subgroups are rough{where}.";
            }

            foreach (var scorer in ReportWords.InOrder(e.Differences.Keys))
            {
                if (e.Differences[scorer].GetValueOrDefault(MetricNames.Auroc) is { } d && !(d.Low > 0))
                {
                    yield return d.High < 0
                        ? $"Ranks worse than: {ReportWords.Scorer(scorer)}. Difference in AUROC {ReportWords.Figure(d)}{where}."
                        : $"Not shown to rank better than: {ReportWords.Scorer(scorer)}. Difference in AUROC {ReportWords.Figure(d)}{where}.";
                }
            }

            if (e.Metrics[MetricNames.Model].GetValueOrDefault(MetricNames.CalibrationSlope) is { } slope && (slope.Low > 1 || slope.High < 1))
            {
                yield return $"Its risks are too {(slope.High < 1 ? "extreme" : "moderate")}: calibration slope {ReportWords.Figure(slope)}{where}.";
            }

            if (e.Metrics[MetricNames.Model].GetValueOrDefault(MetricNames.ObservedExpected) is { } large && (large.Low > 1 || large.High < 1))
            {
                yield return $"Its risks are too {(large.Low > 1 ? "low" : "high")} on the whole: observed over expected {ReportWords.Figure(large)}{where}.";
            }
        }

        yield return subject.Evaluations[0].Clinical?.Subgroups.Any(s => s.Dimension == SubgroupDimensions.Contact) == true
            ? "Staff were in touch with some patients before the instants: where a call prevented an outcome, the model looks wrong. Days with and without contact stand apart among the subgroups."
            : "No contact of staff with patients is on record: whether calls prevented outcomes cannot be told, nor can days with and without contact be told apart.";
        if (subject.Evaluations[0].Clinical?.Subgroups.Any(s => s.Dimension == SubgroupDimensions.DeviceModel) != true)
        {
            yield return "No assignment names the model of a device: there are no subgroups by it.";
        }

        if (subject.Task.Grid == AsOfGrid.DailyLocalMidnight)
        {
            yield return "Instants of a patient that lie a day apart say nearly the same: they are many rows and few events.";
        }

        yield return "Evaluated where its data came from only. Elsewhere, or later, it has to be evaluated again; calibration is what fails first.";
    }

    private static IEnumerable<string> TooFew(ReportSubject subject)
    {
        var few = subject.Evaluations
            .SelectMany(e => (e.Clinical?.Subgroups ?? []).Where(s => s.Judged is null).Select(s => (e.Split, Name: $"{ReportWords.Dimension(s.Dimension)}: {s.Name}", s.Events)))
            .ToArray();
        if (few.Length == 0)
        {
            yield return $"No subgroup has fewer than {Subgroup.FewestEvents} events.";
        }

        foreach (var (split, name, events) in few)
        {
            yield return $"{name} ({events} event{(events == 1 ? "" : "s")}{(subject.Evaluations.Count == 1 ? "" : $"; {split}")})";
        }
    }

    /// <summary>Names of conditions and streams are data: nothing in them is markup.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\\' or '|' or '*' or '_' or '`' or '[' or ']' or '<' or '>' or '&' or '#' => escaped.Append('\\').Append(c),
                '\r' or '\n' => escaped.Append(' '),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }
}
