using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Workflows.Drift;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon drift TASK</c>: how the champion's inputs, scores, workload and performance moved.</summary>
internal static class DriftCommand
{
    private const int MostShown = 15;

    public static Command Create()
    {
        var (task, asOf, window) = (TaskFiles.Argument(), ScoreCommand.AsOfOption(), WindowOption());
        var command = new Command("drift", "Say how the inputs, scores, workload and performance of the model that scores moved, against its training and the four weeks before") { task, asOf, window };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskFiles.Of(parsed.GetRequiredValue(task));
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var instant = await RunCommand.AsOfAsync(terminal, store, definition, ScoreCommand.AsOf(parsed.GetValue(asOf)), token);
            using var meters = new RunMeters();
            using var export = terminal.StartExport(meters);
            var metrics = new DriftMetrics(meters);
            var (report, outcome) = await terminal.StageAsync("drift", async _ =>
            {
                var made = await Task.Run(() => DriftStage.MeasureAsync(store, definition, instant, WindowOf(parsed.GetValue(window)!)!.Value, TimeProvider.System, token), token);
                return (made, $"{Terminal.Number(made.Report.Rows)} vectors of {Terminal.Number(made.Report.Workload.Now.Runs)} runs");
            });
            await DriftStage.WritePageAsync(store.Lake, outcome, token);
            metrics.State(outcome);
            Show(terminal, report);
            terminal.Line($"page: {store.Lake.NameOf(outcome.Page)}");
            var document = JsonNode.Parse(Encoding.UTF8.GetString(report.ToBytes()))!.AsObject();
            document["page"] = store.Lake.NameOf(outcome.Page);
            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    public static Option<string> WindowOption()
    {
        var window = new Option<string>("--window") { Description = "How much of the time up to the instant is looked at: a number of hours, days or weeks", HelpName = "28d", DefaultValueFactory = _ => "28d" };
        window.Validators.Add(result =>
        {
            if (result.GetValue(window) is { } text && WindowOf(text) is null)
            {
                result.AddError($"--window '{text}': a number of hours, days or weeks, as in 12h, 28d or 8w, up to a year.");
            }
        });
        return window;
    }

    public static Duration? WindowOf(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 366 * 24)
        {
            return null;
        }

        Duration? window = text[^1] switch { 'h' => Duration.FromHours(number), 'd' => Duration.FromDays(number), 'w' => Duration.FromDays(7 * number), _ => null };
        return window <= Duration.FromDays(366) ? window : null;
    }

    private static void Show(Terminal terminal, DriftReport report)
    {
        terminal.Table(
            ["", "verdict", "against training", "against the stretch before"],
            [
                ["inputs", DriftWords.Of(report.Inputs), Columns(report, c => c.Training), Columns(report, c => c.Before)],
                ["scores", DriftWords.Of(report.ScoreVerdict), DriftWords.Of(report.Scores.AgainstTraining), DriftWords.Of(report.Scores.AgainstBefore)],
                ["workload", DriftWords.Of(report.WorkloadVerdict), DriftWords.Of(report.Workload.AgainstTraining), DriftWords.Of(report.Workload.AgainstBefore)],
                ["performance", report.Performance.Now is null ? "not matured" : DriftWords.Of(report.Performance.Verdict), "", ""],
            ]);
        var moved = report.Columns.Where(c => c.Verdict >= DriftVerdict.Watch).Select(c => (Column: c, Against: (c.Training ?? c.Before)!)).OrderByDescending(c => c.Against.Psi).ToArray();
        if (moved.Length > 0)
        {
            terminal.Table(
                ["column", "PSI", "verdict", "what it comes from"],
                moved.Take(MostShown).Select(c => new[] { c.Column.Name, DriftWords.Number(c.Against.Psi), DriftWords.Of(c.Against.Verdict), DriftWords.Cause(c.Against) }));
            if (moved.Length > MostShown)
            {
                terminal.Line($"… and {Terminal.Number(moved.Length - MostShown)} more, in the page.");
            }
        }

        if (report.Performance.Now is { } now)
        {
            terminal.Table(
                ["outcomes certain", "rows", "events", "AUROC", "calibration slope", "observed / expected"],
                [[$"after {now.After} up to {now.To}", Terminal.Number(now.Rows), Terminal.Number(now.Events), Figure(now.Auroc), Figure(now.Slope), Figure(now.ObservedExpected)]]);
        }

        foreach (var notice in report.Performance.NotMatured is { } why ? report.Notices.Prepend(why) : report.Notices)
        {
            terminal.Line(notice);
        }
    }

    private static string Figure(Risk.Evaluation.Metric metric) =>
        double.IsFinite(metric.Value) ? string.Create(CultureInfo.InvariantCulture, $"{metric.Value:F3} ({metric.Low:F3}–{metric.High:F3})") : "—";

    private static string Columns(DriftReport report, Func<ColumnDrift, ColumnComparison?> against)
    {
        var compared = report.Columns.Select(against).OfType<ColumnComparison>().ToArray();
        return compared.Length == 0
            ? "—"
            : $"{Terminal.Number(compared.Count(c => c.Verdict == DriftVerdict.Drifted))} drifted, {Terminal.Number(compared.Count(c => c.Verdict == DriftVerdict.Watch))} to watch of {Terminal.Number(compared.Count(c => c.Verdict != DriftVerdict.TooFew))} judged";
    }
}
