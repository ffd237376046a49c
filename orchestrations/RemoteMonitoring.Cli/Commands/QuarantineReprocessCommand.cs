using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon quarantine reprocess</c>: reads stored messages again by the mappings in force.</summary>
internal static class QuarantineReprocessCommand
{
    public static Command Create()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would change, and change nothing" };
        var limit = new Option<int>("--limit") { Description = "How many changed readings to show", DefaultValueFactory = _ => 5, HelpName = "N" };
        var command = new Command("reprocess", "Read stored messages again by the mappings in force now: all, or those with a reading rejected for a reason, or those of a device")
        {
            QuarantineCommand.Reason, QuarantineCommand.Device, dryRun, limit,
        };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var (reason, device) = (QuarantineCommand.ReasonOf(parsed), parsed.GetValue(QuarantineCommand.Device));
            if (reason is RejectionReason.UnknownDevice or RejectionReason.UnassignedDevice)
            {
                throw new UserException($"{reason.Value.ToText()} is settled by who had the device, not by mappings: add the assignment with 'rmon import assignments FILE', and the next compaction takes the readings in.");
            }

            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var diff = await MappingDiff.OfReprocessingAsync(
                store.Lake, await MappingHistory.LoadAsync(store.Reference, token), reason, device, Math.Max(0, parsed.GetValue(limit)), token);
            var isDry = parsed.GetValue(dryRun);
            var would = isDry || diff.IsEmpty ? "would be " : "";
            terminal.Line($"{Terminal.Number(diff.Messages)} messages read again: {Terminal.Number(diff.Added)} readings {would}added, "
                + $"{Terminal.Number(diff.TakenBack)} {would}taken back, {Terminal.Number(diff.StillRejected)} still rejected");
            MappingDiffCommand.ShowCounts(terminal, diff);
            MappingDiffCommand.ShowFirst(terminal, diff);
            var document = MappingDiffCommand.ToJson(diff, new JsonObject
            {
                ["dry_run"] = isDry,
                ["added"] = diff.Added,
                ["taken_back"] = diff.TakenBack,
                ["still_rejected"] = diff.StillRejected,
                ["appended"] = false,
            });
            if (!isDry && !diff.IsEmpty)
            {
                await ApplyAsync(terminal, store, reason, device, document, token);
            }

            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task ApplyAsync(
        Terminal terminal, CohortStore store, RejectionReason? reason, string? device, JsonObject document, CancellationToken cancellationToken)
    {
        var command = await new HistoryCommands(store, TimeProvider.System).ReprocessAsync(reason, device, cancellationToken);
        var (silver, _) = await QuarantineCommand.CaughtUpAsync(store, cancellationToken);
        var projected = await DocumentProjection.RunAsync(store, silver, cancellationToken);
        terminal.Line($"Known from {command.Known}; {Terminal.Number(projected.Written)} documents written. What was known before stays what it was then; the next compaction takes the change into the observations.");
        document["appended"] = true;
        document["known"] = command.Known.ToString();
        document["documents_written"] = projected.Written;
    }
}
