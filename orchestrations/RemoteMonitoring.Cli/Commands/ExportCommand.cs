using System.CommandLine;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Delivery;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon export</c>: a team's latest lists as CSV, or with the readings behind them as FHIR R4.</summary>
internal static class ExportCommand
{
    private static readonly Option<string> s_team = new("--team") { Description = "Care team", HelpName = "ID", Required = true };
    private static readonly Option<string> s_to = new("--to") { Description = "File to write", HelpName = "FILE", Required = true };
    private static readonly Option<string?> s_lists = new("--lists") { Description = "Earlier lists in place of the latest, by the id that stands in the address of their page", HelpName = "ID" };

    public static Command Create() => new("export", "Take a team's lists away: for a spreadsheet, or for a health record") { Csv(), Fhir() };

    private static Command Csv()
    {
        var command = new Command("csv", "The latest lists as CSV, a row for each patient of each lane") { s_team, s_to, s_lists };
        command.SetAction(async (parsed, token) =>
        {
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            using var services = ServicesOf(store);
            var (team, _) = await AskAsync(services, parsed, token);
            var lists = (await new Exports(services).WithUrgentAsync(team, parsed.GetValue(s_lists), token))!;
            await services.Audit.RecordAsync(team.Viewer, AuditEvent.Exported, team: team.CareTeamId, detail: "list.csv", shown: Exports.Shown(lists.Lists, lists.Urgent), cancellationToken: token);
            await ExportedFile.WriteAsync(parsed.GetRequiredValue(s_to), output => ListCsv.WriteAsync(lists, output, token));
            return Said(parsed, lists.Lists.Sum(l => l.Listed.Count), "listed patients, with the lanes beside the list,", null);
        });
        return command;
    }

    private static Command Fhir()
    {
        var readings = new Option<bool>("--readings") { Description = $"All readings of the {Exports.Days} days before the list too, not only those that are named as reasons" };
        var command = new Command("fhir", "The latest lists as FHIR R4 NDJSON: RiskAssessment, Observation, Device; what does not validate is left out and counted in the last line") { s_team, s_to, s_lists, readings };
        command.SetAction(async (parsed, token) =>
        {
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            using var services = ServicesOf(store);
            var (team, lists) = await AskAsync(services, parsed, token);
            await services.Audit.RecordAsync(team.Viewer, AuditEvent.Exported, team: team.CareTeamId, detail: "fhir.ndjson", shown: Exports.Shown(lists, null), cancellationToken: token);
            var subjects = Exports.Subjects(team, lists).ToList();
            if (parsed.GetValue(readings))
            {
                var asOf = lists.Max(l => l.AsOf);
                for (var i = 0; i < subjects.Count; i++)
                {
                    subjects[i] = subjects[i] with { Readings = await Exports.ReadingsAsync(store, team.Of(subjects[i].PatientId), asOf - Duration.FromDays(Exports.Days), asOf, token) };
                }
            }

            var lines = new FhirLines(store.Cohort);
            await ExportedFile.WriteAsync(parsed.GetRequiredValue(s_to), output => lines.WriteAsync(subjects, output, token));
            return Said(parsed, lines.Count, "resources", lines.LeftOut);
        });
        return command;
    }

    private static WorklistServices ServicesOf(CohortStore store) => new(store, new PatientHandles(store.MakeHandleKey().Bytes), null, TimeProvider.System);

    /// <summary>The lists as the team may see them; whoever gives them out puts it on record before.</summary>
    private static async Task<(AllowedTeam Team, IReadOnlyList<TeamWorklist> Lists)> AskAsync(WorklistServices services, ParseResult parsed, CancellationToken cancellationToken)
    {
        var team = parsed.GetRequiredValue(s_team);
        var viewer = new Viewer(new Member { UserName = AuditLog.CommandLine, DisplayName = AuditLog.CommandLine, Roles = [Role.Lead], Teams = [team], By = AuditLog.CommandLine, Known = services.Now });
        if (await services.Access.AskTeamAsync(viewer, team, cancellationToken) is not { } allowed)
        {
            throw new UserException($"There is no team '{team}'; 'rmon worklist' shows the lists there are.");
        }

        return await new Exports(services).ListsAsync(allowed, parsed.GetValue(s_lists), cancellationToken) is { Count: > 0 } lists
            ? (allowed, lists)
            : throw new UserException($"There is no {(parsed.GetValue(s_lists) is { } id ? $"list '{id}'" : "list")} of the team '{team}'; 'rmon worklist' shows the lists there are.");
    }

    private static int Said(ParseResult parsed, int count, string what, IReadOnlyDictionary<string, int>? leftOut)
    {
        var terminal = GlobalOptions.TerminalOf(parsed);
        var file = Path.GetFullPath(parsed.GetRequiredValue(s_to));
        terminal.Line($"{Terminal.Number(count)} {what} written to {file}{(leftOut is { Count: > 0 } ? $"; left out: {string.Join(", ", leftOut.Select(l => $"{l.Value} {l.Key}"))}" : "")}");
        terminal.Document(new JsonObject { ["file"] = file, ["count"] = count, ["left_out"] = leftOut is null ? null : new JsonObject([.. leftOut.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))]) });
        return ExitCodes.Done;
    }
}
