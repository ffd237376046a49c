using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon report</c>: the tables for reports, and a report of them that needs nothing else.</summary>
internal static class ReportCommand
{
    private const int MostDays = 1100;

    /// <summary>Characters of a file that is there by which it is told whose it is.</summary>
    private const int MostRead = 1024;

    public static Command Create() => new("report", "Tables for Power BI and others, and a report of prediction history that needs nothing else") { Tables(), History(), Dictionary() };

    private static Command Tables()
    {
        var since = new Option<string?>("--since") { Description = $"First month to make anew. Default: the latest {ReportStage.MonthsRewritten}, and what was never made", HelpName = "2025-06" };
        since.Validators.Add(result =>
        {
            if (result.GetValue(since) is { } text && !ReportStage.IsMonth(text))
            {
                result.AddError($"--since '{text}': a month, as in 2025-06.");
            }
        });
        var command = new Command("tables", "Export lists, predictions, outcomes and actions as the tables of bi/v1, as the schedule does every morning") { since };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var outcome = await terminal.StageAsync("tables", async _ =>
            {
                var made = await ReportStage.RunAsync(store, Now(), parsed.GetValue(since), null, null, token);
                return (made, RunWords.Said(made));
            });
            if (outcome.Months == 0)
            {
                terminal.Line("There are no lists yet, so the tables have no facts. Run 'rmon score' or 'rmon serve' first.");
            }

            terminal.Document(new JsonObject
            {
                ["cohort"] = store.Cohort,
                ["manifest"] = store.Lake.NameOf(LakePaths.ReportManifest),
                ["months"] = outcome.Months,
                ["files"] = outcome.Files,
                ["rows"] = outcome.Rows,
                ["problems"] = new JsonArray([.. outcome.Problems.Select(p => (JsonNode)p)]),
            });
            return outcome.Problems.Count == 0 ? ExitCodes.Done : ExitCodes.DoneInPart;
        });
        return command;
    }

    private static Command Dictionary()
    {
        var command = new Command("dictionary", "Print what the tables and columns of bi/v1 mean, as Markdown");
        command.SetAction(async (_, _) =>
        {
            await Console.Out.WriteAsync(ReportSchemaText.ToMarkdown());
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command History()
    {
        var file = new Option<string?>("--out") { Description = "File to write; one that is there and is no such report is left alone. Default: history-COHORT-FROM-TO.html in the current folder", HelpName = "FILE" };
        var team = new Option<string?>("--team") { Description = "A team, by its id. Default: all of them", HelpName = "TEAM" };
        var days = new Option<int>("--days") { Description = "Days up to the last list", HelpName = "90", DefaultValueFactory = _ => 90 };
        days.Validators.Add(result =>
        {
            if (result.GetValue(days) is < 1 or > MostDays)
            {
                result.AddError($"--days '{result.GetValue(days)}': a number of days from 1 to {MostDays}.");
            }
        });
        var command = new Command("history", "Write prediction history, yield and calibration, alerts and follow-ups as one HTML file, from the same tables as Power BI") { file, team, days };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var report = await HistoryReading.ReadAsync(store.Lake, parsed.GetValue(team), parsed.GetValue(days), token);
            var path = Path.GetFullPath(parsed.GetValue(file) ?? NameOf(store.Cohort, parsed.GetValue(team), report));
            RefuseAnothersFile(path);
            // On record before anything leaves, as any export.
            await new AuditLog(store.Documents, TimeProvider.System).RecordAsync(
                new AuditEntry { Id = "", At = default, Event = AuditEvent.Exported, User = AuditLog.CommandLine, Detail = "history.html", Address = AddressClass.CommandLine }, token);
            await ExportedFile.WriteAsync(path, async output => await output.WriteAsync(Encoding.UTF8.GetBytes(HistoryPage.Render(report)), token));
            terminal.Line($"{path}: {Terminal.Number(report.Lists)} lists of {Terminal.Number(report.Teams.Count)} teams, {report.From} to {report.To}, from tables as of {report.AsOf}");
            terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["file"] = path, ["lists"] = report.Lists, ["from"] = report.From, ["to"] = report.To, ["as_of"] = report.AsOf });
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>A name that says what it is; the id of a team may be no name of a file, and is then left out.</summary>
    private static string NameOf(string cohort, string? team, HistoryReport report) =>
        $"history-{cohort}{(team is not null && LakePaths.IsName(team) ? $"-{team}" : "")}-{report.From}-{report.To}.html";

    /// <summary>A report may be written over by a later one; whatever else has its name was written by somebody who did not mean it to go.</summary>
    private static void RefuseAnothersFile(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var start = new char[MostRead];
        int read;
        try
        {
            using var there = new StreamReader(path);
            read = there.ReadBlock(start);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{path}: is there, and cannot be read ({e.Message}). Name another file with --out.");
        }

        var begins = start.AsSpan(0, read);
        if (!begins.Contains(HistoryPage.Mark, StringComparison.Ordinal) && !begins.Contains(HistoryPage.FormerMark, StringComparison.Ordinal))
        {
            throw new UserException($"{path}: is there, and was not written by 'rmon report history'. Name another file with --out, or take that one away.");
        }
    }

    private static Instant Now() => UnixMicros.ToInstant(UnixMicros.ToUnixMicros(Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow())));
}
