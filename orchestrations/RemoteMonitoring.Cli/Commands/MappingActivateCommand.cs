using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Mappings;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Telemetry.Mappings;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon mapping activate FILE</c>: brings a mapping into force for the messages that land from then on.</summary>
internal static class MappingActivateCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A mapping's document" };
        var yes = new Option<bool>("--yes") { Description = "Activate without asking" };
        var command = new Command("activate", "Bring a mapping into force for the messages that land from now on") { file, yes, GlobalOptions.MakeCohort };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var path = parsed.GetRequiredValue(file);
            var mapping = MappingFiles.Read(path);
            await using var store = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            var history = await MappingHistory.LoadAsync(store.Reference, token);
            var set = MappingFiles.Try(path, history, mapping);
            if (set == history.Latest)
            {
                var since = history.Activations.LastOrDefault(a => a.Mapping == mapping.Label)?.Known;
                terminal.Line($"{mapping.Label} is {(since is null ? "bundled, and in force" : $"active already, since {since}")}; nothing changes.");
                terminal.Document(Document(mapping, set, since?.ToString(), appended: false));
                return ExitCodes.Done;
            }

            var replaced = history.Latest.Mappings.FirstOrDefault(m => m.Name == mapping.Name);
            terminal.Line($"{mapping.Label}, chosen by {mapping.ChosenBy}, {(replaced is null ? "would be asked before all others of its sort" : $"would take the place of {replaced.Label}")}.");
            var latest = await MappingDiff.OfLatestAsync(store.Lake, history, mapping, 3, token);
            terminal.Line(latest.Messages == 0
                ? "No message has landed yet to try it on."
                : $"The last files of all partitions hold {Terminal.Number(latest.Messages)} messages; had they landed under it:");
            MappingDiffCommand.ShowCounts(terminal, latest);
            if (!parsed.GetValue(yes) && !await terminal.ConfirmAsync($"Activate {mapping.Label} for the messages that land from now on?", token))
            {
                throw new UserException($"{mapping.Label} is not activated; say --yes to do it without being asked.", ExitCodes.Usage);
            }

            var activated = await new HistoryCommands(store, TimeProvider.System).ActivateAsync(mapping, token);
            terminal.Line($"{mapping.Label} is active since {activated?.Known}. What landed before stays as it was read; 'rmon quarantine reprocess' reads it again.");
            terminal.Document(Document(mapping, set, activated?.Known.ToString(), appended: activated is not null));
            return ExitCodes.Done;
        });
        return command;
    }

    private static JsonObject Document(DeviceMapping mapping, MappingSet set, string? since, bool appended) => new()
    {
        ["mapping"] = mapping.Label,
        ["set"] = set.Id,
        ["active_since"] = since,
        ["appended"] = appended,
    };
}
