using System.CommandLine;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon worklist</c>: the latest list of each care team, or of one.</summary>
internal static class WorklistCommand
{
    public static Command Create()
    {
        var team = new Option<string?>("--team") { Description = "Only this care team", HelpName = "ID" };
        var asOf = ScoreCommand.AsOfOption();
        asOf.Description = "Show the lists of this instant, UTC, instead of the latest";
        var command = new Command("worklist", "Show the latest ranked list of each care team, with reasons") { team, asOf };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var lists = await ListsIndex.ReadAsync(store.Documents, token);
            var instant = ScoreCommand.AsOf(parsed.GetValue(asOf));
            var latest = ListsIndex.Latest(lists, instant);
            if (latest.Count == 0 && lists.Count > 0)
            {
                Instant[] instants = [.. lists.Select(l => l.AsOf).Distinct().OrderDescending()];
                throw new UserException($"There is no list of {instant}; there are lists of {string.Join(", ", instants.Take(5))}{(instants.Length > 5 ? " and before" : "")}.");
            }

            if (latest.Count == 0)
            {
                throw new UserException($"{store.Folder}: there is no list yet. Run 'rmon train' and 'rmon score' first, or 'rmon demo'.");
            }

            var wanted = parsed.GetValue(team);
            var shown = new List<TeamWorklist>();
            foreach (var made in latest)
            {
                shown.AddRange(wanted is null
                    ? await DailyRiskRun.WorklistsAsync(store, made.Run, token)
                    : await store.Documents.FindAsync(Containers.Worklists, wanted, made.Id, token) is { } list ? [RiskDocumentJson.ReadWorklist(list.Body)] : []);
            }

            if (shown.Count == 0)
            {
                var teams = new SortedSet<string>(StringComparer.Ordinal);
                foreach (var made in latest)
                {
                    teams.UnionWith((await DailyRiskRun.WorklistsAsync(store, made.Run, token)).Select(w => w.CareTeamId));
                }

                throw new UserException($"There is no care team '{wanted}'; there are {string.Join(", ", teams)}.");
            }

            foreach (var worklist in shown)
            {
                Results.ShowWorklist(terminal, store.Cohort, worklist, worklist.Listed.Count);
            }

            terminal.Line("Decision support for trained staff; not a medical device.");
            terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["worklists"] = Results.WorklistsJson(shown) });
            return ExitCodes.Done;
        });
        return command;
    }
}
