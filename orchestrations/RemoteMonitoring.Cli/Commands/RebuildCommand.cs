using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Workflows.Rebuild;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon rebuild</c>: deletes what is derived, makes it again, and says whether it came out the same.</summary>
internal static class RebuildCommand
{
    public static Command Create()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be deleted and made again, and change nothing" };
        var command = new Command("rebuild", "Delete what is derived (silver, observations, documents of messages and patients) and make it again from what was received") { dryRun };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var tryOut = parsed.GetValue(dryRun);
            var places = tryOut
                ? await RebuildStage.TryOutAsync(store, token)
                : await terminal.StageAsync("rebuild", async _ =>
                {
                    var made = await RebuildStage.RunAsync(store, token);
                    return (made, made.All(p => p.IsEqual) ? "everything came out as it was" : "NOT everything came out as it was");
                });
            if (tryOut)
            {
                terminal.Table(["", "to be made again", "to be deleted"], places.Select(p => new[] { p.Place, Terminal.Number(p.Before), Terminal.Number(p.Superseded) }), 1, 2);
                terminal.Line("Nothing was changed.");
            }
            else
            {
                terminal.Table(
                    ["", "before", "made", "the same", "superseded, deleted"],
                    places.Select(p => new[] { p.Place, Terminal.Number(p.Before), Terminal.Number(p.Made), Terminal.Number(p.Same), Terminal.Number(p.Superseded) }),
                    1, 2, 3, 4);
            }

            terminal.Document(new JsonObject
            {
                ["dry_run"] = tryOut,
                ["equal"] = tryOut ? null : places.All(p => p.IsEqual),
                ["places"] = new JsonArray([.. places.Select(p => new JsonObject
                {
                    ["place"] = p.Place,
                    ["before"] = p.Before,
                    ["made"] = p.Made,
                    ["same"] = p.Same,
                    ["superseded"] = p.Superseded,
                })]),
            });
            return tryOut || places.All(p => p.IsEqual) ? ExitCodes.Done : ExitCodes.Fault;
        });
        return command;
    }
}
