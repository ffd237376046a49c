using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon feedback</c>: what staff did about listed patients, with what they were shown, for data scientists. Never a label.</summary>
internal static class FeedbackCommand
{
    public static Command Create()
    {
        var format = new Option<string>("--format") { Description = "csv or ndjson", HelpName = "csv|ndjson", DefaultValueFactory = _ => "csv" };
        format.AcceptOnlyFromAmong("csv", "ndjson");
        var to = new Option<string?>("--to") { Description = "File to write. Default: standard output", HelpName = "FILE" };
        var command = new Command("feedback", "What staff did about patients, and what they were shown when they did: feedback on lists, never labels") { format, to };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            // On record before anything leaves, as any export.
            await new AuditLog(store.Documents, TimeProvider.System).RecordAsync(
                new AuditEntry { Id = "", At = default, Event = AuditEvent.Exported, User = AuditLog.CommandLine, Detail = $"feedback.{parsed.GetValue(format)}", Address = AddressClass.CommandLine }, token);
            var rows = await Feedback.ReadAsync(store.Reference, token);
            Task WriteAsync(Stream output) => parsed.GetValue(format) == "csv" ? Feedback.WriteCsvAsync(rows, output, token) : Feedback.WriteNdjsonAsync(rows, output, token);
            if (parsed.GetValue(to) is { } file)
            {
                await ExportedFile.WriteAsync(file, WriteAsync);
                terminal.Line($"{Terminal.Number(rows.Count)} actions written to {Path.GetFullPath(file)}. Feedback on lists, never labels: who was called may have been well because of the call.");
            }
            else if (!terminal.Json)
            {
                using var text = new MemoryStream();
                await WriteAsync(text);
                await Console.Out.WriteAsync(System.Text.Encoding.UTF8.GetString(text.ToArray()));
            }

            terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["actions"] = rows.Count, ["file"] = parsed.GetValue(to) is { } path ? Path.GetFullPath(path) : null });
            return ExitCodes.Done;
        });
        return command;
    }
}
