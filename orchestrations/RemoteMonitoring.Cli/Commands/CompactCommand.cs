using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon compact</c>: patients, duplicates and corrections settled over what the worker has landed.</summary>
internal static class CompactCommand
{
    public static Command Create()
    {
        var command = new Command("compact", "Settle patients, duplicates and corrections over all that has landed; 'rmon ingest' does so by itself");
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var manifest = await terminal.StageAsync("compact", async _ =>
            {
                var (made, alreadyThere) = await CompactionStage.RunAsync(store, token);
                return (made, alreadyThere
                    ? $"nothing new: {Terminal.Number(made.Accepted)} observations stand"
                    : $"{Terminal.Number(made.Accepted)} readings became observations, {Terminal.Number(made.Duplicates)} duplicates, {Terminal.Number(made.Corrected)} corrected");
            });
            IngestCommand.ShowReadings(terminal, manifest);
            terminal.Document(new JsonObject
            {
                ["cohort"] = store.Cohort,
                ["received"] = manifest.Received,
                ["accepted"] = manifest.Accepted,
                ["rejected"] = manifest.Rejected.Values.Sum(),
                ["duplicate"] = manifest.Duplicates,
                ["reassigned"] = manifest.Reassigned,
                ["conserves"] = manifest.Conserves,
            });
            return ExitCodes.Done;
        });
        return command;
    }
}
