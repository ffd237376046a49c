using System.CommandLine;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon features explain COLUMN</c>: a column in words.</summary>
internal static class FeaturesExplainCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("column") { Description = "Name of a column, for instance spo2_mean_3d" };
        var set = FeaturesCommand.SetOption("Default: each bundled set that has the column");
        var asOf = FeaturesCommand.InstantOption("--as-of", "Instant to give the window's bounds at");
        var zone = new Option<string>("--zone") { Description = "Time zone that local times are in. Default: Etc/UTC", HelpName = "Europe/London", DefaultValueFactory = _ => "Etc/UTC" };
        var command = new Command("explain", "A column in words: what it is, its unit, its window, how it comes about, and when it is missing") { name, set, asOf, zone };
        command.SetAction(parsed =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var id = parsed.GetRequiredValue(zone);
            var local = DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) ?? throw new UserException($"--zone '{id}' is no time zone of the IANA database, such as Europe/London.", ExitCodes.Usage);
            IReadOnlyList<FeatureSet> sets = parsed.GetValue(set) is { } named ? [FeaturesCommand.SetOf(named)] : FeatureSet.All;
            var explanations = Find(sets, parsed.GetRequiredValue(name));
            var instant = ScoreCommand.AsOf(parsed.GetValue(asOf));
            foreach (var explanation in explanations.DistinctBy(e => (e.Column.Meaning, e.Window, e.Baseline)))
            {
                Show(terminal, explanation, instant, local);
            }

            terminal.Document(new JsonObject { ["explanations"] = new JsonArray([.. explanations.Select(e => Json(e, instant, local))]) });
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The column in the sets that have it; of a name that none has, what may have been meant.</summary>
    public static IReadOnlyList<FeatureExplanation> Find(IReadOnlyList<FeatureSet> sets, string name)
    {
        if (FeatureExplanation.Find(sets, name) is { Count: > 0 } found)
        {
            return found;
        }

        var near = NearestNames.Of(name, sets.SelectMany(s => s.Columns).Select(c => c.Name));
        var which = string.Join(" or ", sets.Select(s => $"'{s.Name}'"));
        throw new UserException($"There is no column '{name}' in {which}{(near.Count == 0 ? "; 'rmon features list --set NAME' lists them" : $"; did you mean {string.Join(", ", near)}?")}");
    }

    private static void Show(Terminal terminal, FeatureExplanation explanation, Instant? asOf, DateTimeZone zone)
    {
        var column = explanation.Column;
        terminal.Heading($"{column.Name} of {explanation.Set.Name}/{explanation.Set.Definition.Version}: {column.Meaning}");
        void Say(string what, string? text)
        {
            if (text is not null)
            {
                terminal.Line($"  {what,-11} {text}");
            }
        }

        void SayStretch(string what, Stretch? stretch)
        {
            Say(what, stretch?.ToString());
            if (stretch is { } s && asOf is { } instant)
            {
                Say("", s.At(instant));
                Say("", s.At(instant, zone));
            }
        }

        Say("unit", column.Unit == "1" ? "1 (a plain number)" : column.Unit);
        if (explanation.Window is null)
        {
            Say("window", "none: all of the past up to as-of");
        }

        SayStretch("window", explanation.Window);
        SayStretch("baseline", explanation.Baseline);
        Say("of the day", column.VitalKey is null ? null : explanation.Part);
        Say("formula", explanation.Formula);
        Say("missing", column.Missing);
        Say("made from", explanation.From);
        Say("source", explanation.Source);
        Say("known", "only what was known by known-by: as-of itself, unless another is asked for");
        Say("sets", SetsWith(explanation));
    }

    private static string SetsWith(FeatureExplanation explanation) =>
        string.Join(", ", FeatureSet.All.Prepend(explanation.Set).Where(s => s.Find(explanation.Column.Name) is not null).DistinctBy(s => s.Hash).Select(s => s.Name));

    private static JsonObject Json(FeatureExplanation explanation, Instant? asOf, DateTimeZone zone)
    {
        JsonObject? StretchJson(Stretch? stretch) => stretch is not { } s ? null : new JsonObject
        {
            ["bounds"] = s.ToString(),
            ["utc"] = asOf is { } utc ? s.At(utc) : null,
            ["local"] = asOf is { } local ? s.At(local, zone) : null,
        };
        var json = FeaturesCommand.ColumnJson(explanation.Column);
        json["set"] = explanation.Set.Name;
        json["set_hash"] = explanation.Set.Hash;
        json["window_bounds"] = StretchJson(explanation.Window);
        json["baseline_bounds"] = StretchJson(explanation.Baseline);
        json["part_of_day"] = explanation.Part;
        json["formula"] = explanation.Formula;
        json["made_from"] = explanation.From;
        json["source"] = explanation.Source;
        json["sets"] = SetsWith(explanation);
        return json;
    }
}
