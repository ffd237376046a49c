using System.Globalization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>A stretch of time that a column looks at: (as-of − <paramref name="Back"/>, as-of − <paramref name="Until"/>], microseconds.</summary>
/// <param name="Back">From how far back, exclusive.</param>
/// <param name="Until">Up to how far back, inclusive; 0 for as-of itself.</param>
public readonly record struct Stretch(long Back, long Until)
{
    /// <summary>Whether an instant lies in it.</summary>
    public bool Has(long time, long asOf) => time > asOf - Back && time <= asOf - Until;

    /// <inheritdoc />
    public override string ToString() => $"(as-of − {Name(Back)}, as-of{(Until == 0 ? "" : " − " + Name(Until))}]";

    /// <summary>Its bounds at an instant, in UTC.</summary>
    public string At(Instant asOf) => $"({UnixMicros.Format(asOf.ToUnixMicros() - Back)}, {UnixMicros.Format(asOf.ToUnixMicros() - Until)}]";

    /// <summary>The same as clocks of a zone show it.</summary>
    public string At(Instant asOf, DateTimeZone zone)
    {
        string Local(long back) => UnixMicros.ToInstant(asOf.ToUnixMicros() - back).InZone(zone).ToString("ddd d MMM uuuu HH:mm:ss", CultureInfo.InvariantCulture);
        return $"({Local(Back)}, {Local(Until)}] {zone.Id}";
    }

    private static string Name(long micros) => FeatureSet.WindowName(micros / UnixMicros.PerHour);
}

/// <summary>A column of a feature set in words.</summary>
public sealed record FeatureExplanation
{
    /// <summary>The column.</summary>
    public required FeatureColumn Column { get; init; }

    /// <summary>The set that has it.</summary>
    public required FeatureSet Set { get; init; }

    /// <summary>What it looks at; null where it looks at all of the past.</summary>
    public required Stretch? Window { get; init; }

    /// <summary>What it compares that with; null where with nothing.</summary>
    public required Stretch? Baseline { get; init; }

    /// <summary>Which part of the local day counts, and by whom it is cut so.</summary>
    public required string Part { get; init; }

    /// <summary>What it is worked out from.</summary>
    public required string From { get; init; }

    /// <summary>How, in words.</summary>
    public required string Formula { get; init; }

    /// <summary>Where the rule comes from; null where it is plain arithmetic.</summary>
    public required string? Source { get; init; }

    /// <summary>Explains a column of a set.</summary>
    public static FeatureExplanation Of(FeatureSet set, FeatureColumn column)
    {
        var statistic = column.VitalKey is null ? null : Statistic.All.First(s => s.Name == column.Statistic);
        return new FeatureExplanation
        {
            Column = column,
            Set = set,
            // A day is taken to have 24 hours in words; the column itself goes by the local day.
            Window = column.Window == 0 ? null : column.BeforeDay ? new Stretch(column.Window + UnixMicros.PerDay, UnixMicros.PerDay) : new Stretch(column.Window, 0),
            Baseline = statistic?.Input == StatisticInput.RollupsAndBaseline ? new Stretch(set.LookBack, column.Window) : null,
            Part = column.Part switch
            {
                "night" => "night: readings after 00:00 up to 06:00 of the patient's local clock",
                "daytime" => "daytime: readings after 10:00 up to 20:00 of the patient's local clock",
                _ => "all day and night",
            },
            From = FromOf(set, column),
            Formula = statistic?.InWords ?? FormulaOf(column),
            Source = string.Join("; ", ((string?[])
            [
                statistic?.Source,
                column.Statistic == "score" ? ScoreColumn.SourceOf(column) : null,
                column.Part is null ? null : "parts of the day: the short fixed-clock intervals of O'Brien et al., J Hypertens 2003;21:821",
            ]).OfType<string>()) is { Length: > 0 } source ? source : null,
        };
    }

    /// <summary>The column of this name in each of the sets that have it.</summary>
    public static IReadOnlyList<FeatureExplanation> Find(IEnumerable<FeatureSet> sets, string name) =>
        [.. sets.Select(s => (Set: s, Column: s.Find(name))).Where(f => f.Column is not null).Select(f => Of(f.Set, f.Column!))];

    private static string FromOf(FeatureSet set, FeatureColumn column) => column.From switch
    {
        "rollups" => $"state kept by local {set.Definition.Rollup} that adds up (count, mean, spread, extremes, first, last), and readings where a window cuts one",
        "readings" => "the readings of the window themselves",
        _ => "reference data (roster, census, outcomes) as it was known by known-by",
    };

    private static string FormulaOf(FeatureColumn column) => (column.Statistic, column.Name) switch
    {
        ("score", "news2_max_24h") => "NEWS2 worked out anew at each reading of the window, from the latest value of each input in the 24 hours before it; the highest",
        ("score", var name) => $"{(name.StartsWith("qsofa", StringComparison.Ordinal) ? "qSOFA" : "NEWS2")} of the latest value of each input in the window ({string.Join(", ", ScoreColumn.Inputs)}; of oxygen, pressure and consciousness whichever is there)",
        ("count", _) when column.BeforeDay => "number of outcomes of the kind in as long before the local day that ends at as-of, of those that were known when that day began and not taken back by then",
        ("age", _) when column.BeforeDay => "as-of − time of the last outcome of the kind before the local day that ends at as-of, as known when that day began, in days",
        ("count", _) => "number of outcomes of the kind in the window that were known by known-by and not taken back by then",
        ("age", _) => "as-of − time of the last outcome of the kind at or before as-of, in days",
        (_, "since_enrolled" or "since_discharged") => "as-of − time of the last such step of the census at or before as-of, in days",
        _ => "the last statement of the roster on the patient by known-by",
    };
}
