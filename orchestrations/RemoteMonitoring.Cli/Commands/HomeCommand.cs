using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Backup;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon home</c>: what a local home holds, and which versions its formats have.</summary>
internal static class HomeCommand
{
    public static Command Create()
    {
        var command = new Command("home", "Say what a local home holds, and which versions its formats have; one of an older version is brought up to date by this, as by any command");
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var home = GlobalOptions.LocalHomeOf(parsed);
            var cohorts = new JsonArray();
            foreach (var cohort in GlobalOptions.LocalCohortsOf(parsed))
            {
                await using var store = CohortStore.Open(home, cohort);
                var formats = await HomeFormats.FindAsync(store, token);
                terminal.Heading($"{cohort}: {store.Folder}");
                terminal.Table(
                    ["", "versions there", "this program's"],
                    formats.Select(f => new[] { f.What, string.Join(", ", f.Found.Select(Said)), f.Current?.ToString(CultureInfo.InvariantCulture) ?? "" }));
                cohorts.Add(new JsonObject
                {
                    ["cohort"] = cohort,
                    ["folder"] = store.Folder,
                    ["formats"] = new JsonArray([.. formats.Select(f => new JsonObject
                    {
                        ["what"] = f.What,
                        ["found"] = new JsonObject(f.Found.Select(v => KeyValuePair.Create(v.Key.ToString(CultureInfo.InvariantCulture), (JsonNode?)v.Value))),
                        ["current"] = f.Current,
                    })]),
                });
            }

            terminal.Document(new JsonObject { ["home"] = home, ["cohorts"] = cohorts });
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Said(KeyValuePair<long, int> found) =>
        (found.Key == 0 ? "none" : found.Key.ToString(CultureInfo.InvariantCulture)) + (found.Value > 1 ? $" ({Terminal.Number(found.Value)} times)" : "");
}
