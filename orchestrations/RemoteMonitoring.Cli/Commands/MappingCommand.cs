using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Mappings;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon mapping</c>: how device messages become readings; looking at it, trying it, and changing it.</summary>
internal static class MappingCommand
{
    public static Command Create() => new("mapping", "Look at the mappings of device messages, try them, and bring them into force")
    {
        List(),
        Show(),
        Check(),
        MappingTestCommand.Create(),
        MappingDiffCommand.Create(),
        MappingActivateCommand.Create(),
    };

    private static Command List()
    {
        var command = new Command("list", "The mappings in force, in the order in which a message is offered to them: the bundled ones, and those of the cohort");
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.TryOpenCohortAsync(parsed, token);
            var history = store is null ? MappingHistory.Bundled : await MappingHistory.LoadAsync(store.Reference, token);
            var set = history.Latest;
            string? Since(DeviceMapping m) => history.Activations.LastOrDefault(a => a.Mapping == m.Label)?.Known.ToString();
            terminal.Table(
                ["mapping", "in force", "what it is for"],
                set.Mappings.Select(m => new[] { m.Label, Since(m) is { } since ? $"since {since}" : "bundled", m.Description }));
            terminal.Line($"mapping set {set.Id}{(store is null ? ", as bundled" : $" of {store.Cohort}")}; a message is offered to them in this order, those that go by an application property first, and the last takes what no other takes");
            terminal.Document(new JsonObject
            {
                ["cohort"] = store?.Cohort,
                ["set"] = set.Id,
                ["mappings"] = new JsonArray([.. set.Mappings.Select(m => new JsonObject
                {
                    ["name"] = m.Name,
                    ["version"] = m.Version,
                    ["active_since"] = Since(m),
                    ["description"] = m.Description,
                    ["source"] = m.Source,
                    ["chosen_by"] = ChosenBy(set, m),
                })]),
            });
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var name = new Argument<string>("name") { Description = "Bundled mapping, by name or label: rmon, rmon/1" };
        var command = new Command("show", "The document of a bundled mapping, to read or to begin one's own with") { name };
        command.SetAction(parsed =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var mapping = MappingFiles.Bundled(parsed.GetRequiredValue(name));
            if (terminal.Json)
            {
                terminal.Document(JsonNode.Parse(mapping.Document)!.AsObject());
            }
            else
            {
                Console.Out.WriteLine(mapping.Document.TrimEnd()); // as it is: it may be redirected into a file
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Check()
    {
        var file = new Argument<string>("file") { Description = "A mapping's document" };
        var command = new Command("check", "Check a mapping's document against the format and the catalog") { file };
        command.SetAction(parsed =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var path = parsed.GetRequiredValue(file);
            if (!File.Exists(path))
            {
                throw new UserException($"{path}: there is no such file.");
            }

            try
            {
                var mapping = DeviceMapping.Parse(File.ReadAllBytes(path), VitalSignCatalog.Default);
                terminal.Line($"{mapping.Label} is a mapping, chosen by {mapping.ChosenBy}");
                terminal.Document(new JsonObject { ["mapping"] = mapping.Label, ["valid"] = true, ["problems"] = new JsonArray() });
                return ExitCodes.Done;
            }
            catch (MappingException e)
            {
                foreach (var problem in e.Problems)
                {
                    terminal.Warn($"{path}: {new MappingException(e.Name, [problem]).Message}");
                }

                terminal.Document(new JsonObject
                {
                    ["mapping"] = e.Name,
                    ["valid"] = false,
                    ["problems"] = new JsonArray([.. e.Problems.Select(p => new JsonObject { ["field"] = p.Path, ["problem"] = p.Text })]),
                });
                return ExitCodes.BadInput;
            }
        });
        return command;
    }

    private static string ChosenBy(MappingSet set, DeviceMapping mapping) => mapping == set.Fallback ? "what no other takes" : mapping.ChosenBy;
}
