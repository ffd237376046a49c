using RemoteMonitoring.Features.Scores;

namespace RemoteMonitoring.Features.Sets;

/// <summary>The scores that a feature set may name as columns.</summary>
public static class ScoreColumn
{
    private const string NoInput = "NaN where none of its inputs is known";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FeatureColumn> All { get; } =
    [
        Of("news2_low", "rollups", "NEWS2 of the last 24 hours, missing inputs at their fewest points"),
        Of("news2_point", "rollups", "NEWS2 of the last 24 hours, missing inputs scored 0"),
        Of("news2_high", "rollups", "NEWS2 of the last 24 hours, missing inputs at their most points"),
        Of("news2_max_24h", "readings", "highest NEWS2 at any reading of the last 24 hours, each input carried forward for 24 hours, missing inputs scored 0"),
        Of("qsofa_low", "rollups", "qSOFA of the last 24 hours, missing inputs scored 0"),
        Of("qsofa_high", "rollups", "qSOFA of the last 24 hours, missing inputs scored 1"),
    ];

    /// <summary>The vitals that scores look at, by key of the catalog.</summary>
    public static IReadOnlyList<string> Inputs { get; } = [.. ScoreInputs.Vitals.Select(v => v.Key)];

    /// <summary>Where the score of a column comes from.</summary>
    public static string SourceOf(FeatureColumn column) => column.Topic switch
    {
        "news2" => "Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017",
        "qsofa" => "Singer et al., Sepsis-3, JAMA 2016;315:801, box 4",
        _ => throw new ArgumentException($"'{column.Name}' is no score.", nameof(column)),
    };

    /// <summary>How far back a score looks for each of its inputs, microseconds.</summary>
    internal const long LooksBack = 24 * Telemetry.UnixMicros.PerHour;

    private static FeatureColumn Of(string name, string from, string meaning) => new()
    {
        Name = name,
        Topic = name[..name.IndexOf('_', StringComparison.Ordinal)],
        Statistic = "score",
        Window = LooksBack,
        Unit = "{score}",
        Meaning = meaning,
        Missing = NoInput,
        From = from,
    };
}
