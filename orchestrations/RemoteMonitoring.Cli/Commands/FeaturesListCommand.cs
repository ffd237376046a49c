using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Features.Sets;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon features list</c>: the feature sets, or the columns of one.</summary>
internal static class FeaturesListCommand
{
    public static Command Create()
    {
        var set = FeaturesCommand.SetOption("Lists its columns. Default: the sets");
        var command = new Command("list", "The feature sets with their hashes, or with --set the columns of one") { set };
        command.SetAction(parsed =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            if (parsed.GetValue(set) is { } name)
            {
                ShowColumns(terminal, FeaturesCommand.SetOf(name));
            }
            else
            {
                ShowSets(terminal);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static void ShowSets(Terminal terminal)
    {
        terminal.Table(
            ["set", "hash", "grain", "looks back", "columns", "what it is for"],
            FeatureSet.All.Select(s => new[]
            {
                $"{s.Name}/{s.Definition.Version}", s.Hash, s.Definition.Rollup, s.Definition.LookBack, s.Columns.Count.ToString(CultureInfo.InvariantCulture), s.Definition.Description,
            }),
            4);
        terminal.Line("columns of one: rmon features list --set NAME; one column in words: rmon features explain COLUMN");
        terminal.Document(new JsonObject { ["sets"] = new JsonArray([.. FeatureSet.All.Select(SetJson)]) });
    }

    private static void ShowColumns(Terminal terminal, FeatureSet set)
    {
        terminal.Table(
            ["column", "unit", "window", "meaning"],
            set.Columns.Select(c => new[] { c.Name, FeaturesCommand.Unit(c), FeaturesCommand.Window(c), c.Meaning }));
        terminal.Line($"{set.Columns.Count} columns of {set.Name}/{set.Definition.Version}, hash {set.Hash}");
        var document = SetJson(set);
        document["column_list"] = new JsonArray([.. set.Columns.Select(FeaturesCommand.ColumnJson)]);
        terminal.Document(document);
    }

    private static JsonObject SetJson(FeatureSet set) => new()
    {
        ["name"] = set.Name,
        ["version"] = set.Definition.Version,
        ["hash"] = set.Hash,
        ["grain"] = set.Definition.Rollup,
        ["look_back"] = set.Definition.LookBack,
        ["columns"] = set.Columns.Count,
        ["description"] = set.Definition.Description,
    };
}
