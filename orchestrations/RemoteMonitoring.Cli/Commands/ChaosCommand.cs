using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Chaos;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon chaos</c>: kills processes while they land, score or deliver, and holds what they leave against a run that nobody disturbed.</summary>
internal static class ChaosCommand
{
    public static Command Create()
    {
        var kills = new Option<int>("--kills") { Description = "How many processes to kill (SIGKILL), at random instants", DefaultValueFactory = _ => 100 };
        var messages = new Option<int>("--messages") { Description = "How many messages to land", DefaultValueFactory = _ => 200_000 };
        var seed = new Option<int>("--seed") { Description = "Of what is made up, the instants and the faults", DefaultValueFactory = _ => 1 };
        var dir = new Option<string?>("--dir") { Description = "Empty folder to work in. Default: a temporary one, deleted when all is well", HelpName = "DIR" };
        SimulateCommand.RefuseUnless(kills, 1, 100_000);
        SimulateCommand.RefuseUnless(messages, 100, 10_000_000);
        var ingest = new Command("ingest", "Two workers that fight over the partitions, killed again and again, on a store that loses replies, is busy, and fills up") { kills, messages, seed, dir };
        ingest.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var folder = FolderOf(parsed.GetValue(dir));
            var chaos = new ChaosIngest(terminal, folder, parsed.GetValue(messages), parsed.GetValue(kills), parsed.GetValue(seed));
            var failed = await chaos.RunAsync(token);
            return End(terminal, new JsonObject { ["kills"] = chaos.Killed, ["messages"] = chaos.Appended }, folder, parsed.GetValue(dir), failed);
        });
        var patients = new Option<int>("--patients") { Description = "How many simulated patients", DefaultValueFactory = _ => 2_000 };
        SimulateCommand.RefuseUnless(patients, 50, 100_000);
        var daily = new Command("daily", "The night, killed again and again at random instants, against nights that nobody disturbed") { kills, patients, seed, dir };
        daily.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var folder = FolderOf(parsed.GetValue(dir));
            var chaos = new ChaosDaily(terminal, folder, parsed.GetValue(patients), parsed.GetValue(kills), parsed.GetValue(seed));
            var failed = await chaos.RunAsync(token);
            return End(terminal, new JsonObject { ["kills"] = chaos.Killed, ["nights"] = chaos.Nights }, folder, parsed.GetValue(dir), failed);
        });
        var followUps = new Option<int>("--follow-ups") { Description = "How many follow-ups to see through", DefaultValueFactory = _ => 300 };
        SimulateCommand.RefuseUnless(followUps, 8, 100_000);
        var told = new Command("follow-ups", "Follow-ups by processes that are killed again and again, to a receiver that fails too, while staff act: none lost, none under two keys") { kills, followUps, seed, dir };
        told.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var folder = FolderOf(parsed.GetValue(dir));
            var chaos = new ChaosFollowUps(terminal, folder, parsed.GetValue(followUps), parsed.GetValue(kills), parsed.GetValue(seed));
            var failed = await chaos.RunAsync(token);
            return End(terminal, new JsonObject { ["kills"] = chaos.Killed, ["follow_ups"] = parsed.GetValue(followUps) }, folder, parsed.GetValue(dir), failed);
        });
        return new Command("chaos", "Break things on purpose and see that nothing is lost") { ingest, daily, told };
    }

    private static string FolderOf(string? dir)
    {
        var folder = Path.GetFullPath(dir ?? Directory.CreateTempSubdirectory("rmon-chaos-").FullName);
        return Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()
            ? throw new UserException($"{folder}: is not empty; name an empty folder.")
            : folder;
    }

    private static int End(Terminal terminal, JsonObject document, string folder, string? dir, IReadOnlyList<string> failed)
    {
        document["folder"] = folder;
        document["failed"] = new JsonArray([.. failed.Select(f => (JsonNode)f)]);
        terminal.Document(document);
        if (failed.Count > 0)
        {
            throw new UserException($"{failed.Count} of the promises did not hold ({string.Join("; ", failed)}); what was left is in {folder}.");
        }

        if (dir is null)
        {
            Directory.Delete(folder, recursive: true);
        }

        return ExitCodes.Done;
    }
}
