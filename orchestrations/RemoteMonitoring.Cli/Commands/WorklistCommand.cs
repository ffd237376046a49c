using System.CommandLine;
using System.Text.Json.Nodes;
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
            var worklists = await store.Documents.ListAsync(Containers.Worklists, token)
                .OrderBy(d => d.PartitionKey, StringComparer.Ordinal)
                .ThenBy(d => d.Id, StringComparer.Ordinal)
                .Select(d => RiskDocumentJson.ReadWorklist(d.Body))
                .ToArrayAsync(token);
            var instant = ScoreCommand.AsOf(parsed.GetValue(asOf));
            var latest = worklists
                .Where(w => instant is null || w.AsOf == instant)
                .GroupBy(w => (w.CareTeamId, w.Title))
                // A run that could score nobody does not take the place of a list that somebody needs.
                .Select(g => g.OrderBy(w => w.Scored > 0).ThenBy(w => w.AsOf).ThenBy(w => w.Watermark).Last())
                .ToArray();
            if (latest.Length == 0 && worklists.Length > 0)
            {
                throw new UserException($"There is no list of {instant}; there are lists of {string.Join(", ", worklists.Select(w => w.AsOf).Distinct().OrderDescending().Take(5))}{(worklists.DistinctBy(w => w.AsOf).Count() > 5 ? " and before" : "")}.");
            }

            if (latest.Length == 0)
            {
                throw new UserException($"{store.Folder}: there is no list yet. Run 'rmon train' and 'rmon score' first, or 'rmon demo'.");
            }

            var wanted = parsed.GetValue(team);
            var shown = latest.Where(w => wanted is null || w.CareTeamId == wanted).ToArray();
            if (shown.Length == 0)
            {
                throw new UserException($"There is no care team '{wanted}'; there are {string.Join(", ", latest.Select(w => w.CareTeamId))}.");
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
