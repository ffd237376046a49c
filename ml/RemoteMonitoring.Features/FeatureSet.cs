using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features;

/// <summary>What is computed of a vital. Windows are the half-open intervals (as-of − w, as-of].</summary>
public enum Statistic
{
    /// <summary>Number of readings in the window; 0 when there is none.</summary>
    Count,

    /// <summary>Arithmetic mean; NaN when there is none.</summary>
    Mean,

    /// <summary>Least.</summary>
    Min,

    /// <summary>Greatest.</summary>
    Max,

    /// <summary>Sample standard deviation; NaN below two readings.</summary>
    Sd,

    /// <summary>Slope of the least-squares line, unit a day; NaN below two readings at different times.</summary>
    Slope,

    /// <summary>Latest value within the longest window.</summary>
    Last,

    /// <summary>Hours from that value to as-of.</summary>
    Age,

    /// <summary>Mean of the window less the mean of the longest window before it: change against the person's own baseline.</summary>
    Change,

    /// <summary>That change divided by the standard deviation of the same baseline; NaN where it has none.</summary>
    Z,
}

/// <summary>Which statistics over which windows are taken of which vitals.</summary>
public sealed record FeatureGroup
{
    /// <summary>Keys of the catalog.</summary>
    public required IReadOnlyList<string> Vitals { get; init; }

    /// <summary>Statistic to windows in hours; none for <see cref="Statistic.Last"/> and <see cref="Statistic.Age"/>.</summary>
    public required IReadOnlyDictionary<Statistic, IReadOnlyList<int>> Statistics { get; init; }
}

/// <summary>What a feature set is, as data: its JSON is hashed, and the hash travels with vectors, models and scores.</summary>
public sealed record FeatureSetDefinition
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the definition.</summary>
    public required int Version { get; init; }

    /// <summary>Longest look back, hours: the baseline, and how old a last value may be.</summary>
    public required int LookBack { get; init; }

    /// <summary>Groups of vitals.</summary>
    public required IReadOnlyList<FeatureGroup> Groups { get; init; }

    /// <summary>Conditions of the roster that become 0/1 columns.</summary>
    public IReadOnlyList<string> Conditions { get; init; } = [];

    /// <summary>Attributes of the roster that become columns.</summary>
    public IReadOnlyList<string> Attributes { get; init; } = [];

    /// <summary>Outcome kinds whose own history becomes columns.</summary>
    public IReadOnlyList<string> PriorOutcomes { get; init; } = [];

    /// <summary>Windows of that history, days.</summary>
    public IReadOnlyList<int> PriorOutcomeDays { get; init; } = [];

    /// <summary>Whether days since enrolment and since the last discharge are columns.</summary>
    public bool StayTimes { get; init; }
}

/// <summary>A feature set ready for use: its definition, hash, and columns in order.</summary>
public sealed class FeatureSet
{
    internal FeatureSet(FeatureSetDefinition definition)
    {
        Definition = definition;
        // The shapes of columns and the rules behind them are code: a change of those is a new code version in the hash.
        var text = JsonSerializer.Serialize(definition, FeatureSetJson.Default.FeatureSetDefinition) + "\ncode 2";
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
        Columns = [.. ColumnsOf(definition)];
    }

    /// <summary>Daily, for people at home: 1, 3, 7 and 28 days.</summary>
    public static FeatureSet Home { get; } = new(BundledFeatureSets.Home);

    /// <summary>Hourly, for acute care: 6, 12, 24 and 48 hours.</summary>
    public static FeatureSet Acute { get; } = new(BundledFeatureSets.Acute);

    /// <summary>The definition.</summary>
    public FeatureSetDefinition Definition { get; }

    /// <summary>First 16 hex digits of the SHA-256 of the definition.</summary>
    public string Hash { get; }

    /// <summary>The columns, in the order of <see cref="FeatureTable.Values"/>.</summary>
    public IReadOnlyList<FeatureColumn> Columns { get; }

    /// <summary>The bundled set of this name; throws where there is none.</summary>
    public static FeatureSet Named(string name) => name switch
    {
        "home" => Home,
        "acute" => Acute,
        _ => throw new ArgumentException($"There is no feature set '{name}'; there are 'home' and 'acute'.", nameof(name)),
    };

    /// <summary>A window as it stands in column names: hours up to two days, then whole days (<c>48h</c>, <c>7d</c>).</summary>
    public static string WindowName(int hours) => hours > 48 && hours % 24 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{hours / 24}d")
        : string.Create(CultureInfo.InvariantCulture, $"{hours}h");

    private static IEnumerable<FeatureColumn> ColumnsOf(FeatureSetDefinition set)
    {
        foreach (var group in set.Groups)
        {
            foreach (var vital in group.Vitals.Select(key => VitalSignCatalog.Default[key]))
            {
                foreach (var (statistic, windows) in group.Statistics.OrderBy(s => s.Key))
                {
                    foreach (var hours in statistic is Statistic.Last or Statistic.Age ? [set.LookBack] : windows)
                    {
                        yield return ColumnOf(set, vital, statistic, hours);
                    }
                }
            }
        }

        FeatureColumn Plain(string name, string unit, string meaning) =>
            new() { Name = name, Topic = name.StartsWith("news2", StringComparison.Ordinal) ? "news2" : null, Statistic = "static", Unit = unit, Meaning = meaning };
        yield return Plain("age", "a", "age in years, as stated at enrolment");
        yield return Plain("female", "1", "female");
        foreach (var condition in set.Conditions)
        {
            yield return Plain("condition_" + condition.Replace('-', '_'), "1", $"{condition.Replace('-', ' ')} on the roster");
        }

        foreach (var attribute in set.Attributes)
        {
            yield return Plain(attribute, "1", $"{attribute} as the roster states it");
        }

        foreach (var kind in set.PriorOutcomes)
        {
            var name = kind.Replace('-', '_');
            foreach (var days in set.PriorOutcomeDays)
            {
                yield return new FeatureColumn { Name = $"prior_{name}_{days}d", Topic = kind, Statistic = "count", Window = days * UnixMicros.PerDay, Unit = "{events}", Meaning = $"own events ({kind.Replace('-', ' ')}) in the last {days} days" };
            }

            yield return new FeatureColumn { Name = $"since_{name}", Topic = kind, Statistic = "age", Unit = "d", Meaning = $"days since the last {kind.Replace('-', ' ')}" };
        }

        if (set.StayTimes)
        {
            yield return Plain("since_enrolled", "d", "days since monitoring began");
            yield return Plain("since_discharged", "d", "days since the last discharge from hospital") with { Topic = "hospital-admission" };
        }

        yield return Plain("news2_low", "{score}", "NEWS2 of the last 24 hours, missing inputs at their fewest points");
        yield return Plain("news2_point", "{score}", "NEWS2 of the last 24 hours, missing inputs scored 0");
        yield return Plain("news2_high", "{score}", "NEWS2 of the last 24 hours, missing inputs at their most points");
    }

    private static FeatureColumn ColumnOf(FeatureSetDefinition set, VitalSign vital, Statistic statistic, int hours)
    {
        var window = WindowName(hours);
        var (name, unit, meaning) = statistic switch
        {
            Statistic.Count => ($"count_{window}", "{readings}", $"number of readings of {vital.Label} in the last {window}"),
            Statistic.Mean => ($"mean_{window}", vital.Unit, $"mean {vital.Label} over the last {window}"),
            Statistic.Min => ($"min_{window}", vital.Unit, $"lowest {vital.Label} in the last {window}"),
            Statistic.Max => ($"max_{window}", vital.Unit, $"highest {vital.Label} in the last {window}"),
            Statistic.Sd => ($"sd_{window}", vital.Unit, $"standard deviation of {vital.Label} over the last {window}"),
            Statistic.Slope => ($"slope_{window}", vital.Unit + "/d", $"trend of {vital.Label} over the last {window}, per day"),
            Statistic.Last => ("last", vital.Unit, $"latest {vital.Label} within {WindowName(set.LookBack)}"),
            Statistic.Age => ("age", "h", $"hours since the latest {vital.Label}"),
            Statistic.Change => ($"change_{window}", vital.Unit, $"mean {vital.Label} over the last {window} less the person's mean from then back to {WindowName(set.LookBack)}"),
            Statistic.Z => ($"z_{window}", "1", $"change of mean {vital.Label} over the last {window} against the person's own earlier values, in their standard deviations"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        return new FeatureColumn
        {
            Name = $"{vital.Key}_{name}",
            VitalKey = vital.Key,
            Statistic = statistic.ToString().ToLowerInvariant(),
            Window = hours * UnixMicros.PerHour,
            Unit = unit,
            Meaning = meaning,
        };
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(FeatureSetDefinition))]
internal sealed partial class FeatureSetJson : JsonSerializerContext;
