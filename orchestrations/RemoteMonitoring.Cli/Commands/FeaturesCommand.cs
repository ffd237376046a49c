using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime.Text;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon features</c>: what point-in-time vectors are made of, vectors for other tools, and what is behind one.</summary>
internal static class FeaturesCommand
{
    public static Command Create() => new("features", "Look at feature sets, write point-in-time vectors for other tools, and see the readings behind one")
    {
        FeaturesListCommand.Create(),
        FeaturesExplainCommand.Create(),
        FeaturesExportCommand.Create(),
        FeaturesShowCommand.Create(),
    };

    public static Option<string?> SetOption(string otherwise) => new("--set")
    {
        Description = $"Feature set: {string.Join(", ", FeatureSet.All.Select(s => s.Name))}, or a definition of your own. {otherwise}",
        HelpName = "NAME|FILE.json",
    };

    public static Option<string?> InstantOption(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "2025-06-30T00:00:00Z" };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } text && !InstantPattern.ExtendedIso.Parse(text).Success)
            {
                result.AddError($"{name} takes an instant in UTC like 2025-06-30T00:00:00Z; got '{text}'.");
            }
        });
        return option;
    }

    /// <summary>The set of a name, or of a file of one's own.</summary>
    public static FeatureSet SetOf(string nameOrFile)
    {
        if (FeatureSet.All.FirstOrDefault(s => s.Name == nameOrFile) is { } bundled)
        {
            return bundled;
        }

        if (!File.Exists(nameOrFile))
        {
            throw new UserException($"{nameOrFile}: neither a feature set ({string.Join(", ", FeatureSet.All.Select(s => s.Name))}) nor a file with one.");
        }

        try
        {
            return FeatureSet.Of(FeatureSetDefinition.Parse(File.ReadAllBytes(nameOrFile)));
        }
        catch (FormatException e)
        {
            throw new UserException($"{nameOrFile}: not a feature set: {e.Message}");
        }
    }

    /// <summary>A value as people read it; the empty text where it is unknown.</summary>
    public static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>A unit as people read it.</summary>
    public static string Unit(FeatureColumn column) => column.Unit == "1" ? "" : column.Unit;

    public static string Window(FeatureColumn column) => column.Window == 0 ? "" : FeatureSet.WindowName(column.Window / UnixMicros.PerHour);

    public static JsonObject ColumnJson(FeatureColumn column) => new()
    {
        ["name"] = column.Name,
        ["meaning"] = column.Meaning,
        ["unit"] = column.Unit,
        ["window"] = column.Window == 0 ? null : Window(column),
        ["part"] = column.Part,
        ["statistic"] = column.Statistic,
        ["missing"] = column.Missing,
        ["from"] = column.From,
    };
}
