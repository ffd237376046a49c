using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Worker;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon chaos ingest</c>: kills workers while they land, and holds what they leave against a run that nobody disturbed.</summary>
internal static class ChaosCommand
{
    public static Command Create()
    {
        var kills = new Option<int>("--kills") { Description = "How many workers to kill (SIGKILL), at random instants", DefaultValueFactory = _ => 100 };
        var messages = new Option<int>("--messages") { Description = "How many messages to land", DefaultValueFactory = _ => 200_000 };
        var seed = new Option<int>("--seed") { Description = "Of the messages, the instants and the faults", DefaultValueFactory = _ => 1 };
        var dir = new Option<string?>("--dir") { Description = "Empty folder to work in. Default: a temporary one, deleted when all is well", HelpName = "DIR" };
        SimulateCommand.RefuseUnless(kills, 1, 100_000);
        SimulateCommand.RefuseUnless(messages, 100, 10_000_000);
        var ingest = new Command("ingest", "Two workers that fight over the partitions, killed again and again, on a store that loses replies, is busy, and fills up") { kills, messages, seed, dir };
        ingest.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var folder = Path.GetFullPath(parsed.GetValue(dir) ?? Directory.CreateTempSubdirectory("rmon-chaos-").FullName);
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            {
                throw new UserException($"{folder}: is not empty; name an empty folder.");
            }

            var chaos = new ChaosIngest(terminal, folder, parsed.GetValue(messages), parsed.GetValue(kills), parsed.GetValue(seed));
            var failed = await chaos.RunAsync(token);
            terminal.Document(new JsonObject { ["folder"] = folder, ["kills"] = chaos.Killed, ["messages"] = chaos.Appended, ["failed"] = new JsonArray([.. failed.Select(f => (JsonNode)f)]) });
            if (failed.Count > 0)
            {
                throw new UserException($"{failed.Count} of the promises did not hold ({string.Join("; ", failed)}); what was left is in {folder}.");
            }

            if (parsed.GetValue(dir) is null)
            {
                Directory.Delete(folder, recursive: true);
            }

            return ExitCodes.Done;
        });
        return new Command("chaos", "Break things on purpose and see that nothing is lost") { ingest };
    }
}
