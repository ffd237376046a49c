using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using NodaTime.TimeZones;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>When patients get a row.</summary>
public enum AsOfGrid
{
    /// <summary>At the start of each day in the patient's own zone.</summary>
    DailyLocalMidnight,

    /// <summary>Once a stay, a fixed elapsed time after enrolment.</summary>
    OnceAfterEnrolment,
}

/// <summary>Where the patient has to be for a row to make sense.</summary>
public enum CareSetting
{
    /// <summary>At home: an admission to hospital pauses the rows until discharge.</summary>
    Home,

    /// <summary>In hospital: the monitored stay is the hospital stay, and being admitted is no reason to have no row.</summary>
    Hospital,
}

/// <summary>How the outcome window behind as-of is measured.</summary>
public enum HorizonUnit
{
    /// <summary>Elapsed hours.</summary>
    Hours,

    /// <summary>Days of the patient's own zone; such a day may have 23 or 25 hours.</summary>
    LocalDays,

    /// <summary>Until the stay ends, however long that takes.</summary>
    RestOfStay,
}

/// <summary>The outcome window (as-of, as-of + horizon]: open at as-of, closed at its end.</summary>
/// <param name="Unit">How <paramref name="Count"/> is measured.</param>
/// <param name="Count">Number of units; 0 for <see cref="HorizonUnit.RestOfStay"/>.</param>
public sealed record Horizon(HorizonUnit Unit, int Count)
{
    /// <summary>A number of elapsed hours.</summary>
    public static Horizon Hours(int count) => new(HorizonUnit.Hours, count);

    /// <summary>A number of days of the patient's zone.</summary>
    public static Horizon LocalDays(int count) => new(HorizonUnit.LocalDays, count);

    /// <summary>Until the stay ends.</summary>
    public static Horizon RestOfStay { get; } = new(HorizonUnit.RestOfStay, 0);

    /// <summary>The last instant of the window, or null where only the end of the stay closes it.</summary>
    public Instant? End(Instant asOf, DateTimeZone zone) => Unit switch
    {
        HorizonUnit.Hours => asOf + Duration.FromHours(Count),
        HorizonUnit.LocalDays => asOf.InZone(zone).LocalDateTime.PlusDays(Count).InZone(zone, Resolvers.LenientResolver).ToInstant(),
        HorizonUnit.RestOfStay => null,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}

/// <summary>
/// What is to be foreseen, about whom, when and how far ahead: everything that decides which rows exist and what their
/// label is. Two tasks with the same <see cref="Hash"/> make the same rows of the same reference data.
/// </summary>
public sealed record TaskDefinition
{
    /// <summary>Stable name, kebab-case.</summary>
    public required string Name { get; init; }

    /// <summary>What it foresees, for people.</summary>
    public required string Title { get; init; }

    /// <summary>Outcome kinds that count.</summary>
    public required IReadOnlyList<string> OutcomeKinds { get; init; }

    /// <summary>Details that count within the kinds; empty means all of them.</summary>
    public IReadOnlyList<string> OutcomeDetails { get; init; } = [];

    /// <summary>When patients get a row.</summary>
    public required AsOfGrid Grid { get; init; }

    /// <summary>Where the patient has to be at as-of.</summary>
    public required CareSetting Setting { get; init; }

    /// <summary>Elapsed time from enrolment to as-of for <see cref="AsOfGrid.OnceAfterEnrolment"/>; zero otherwise.</summary>
    public Duration AfterEnrolment { get; init; }

    /// <summary>The outcome window.</summary>
    public required Horizon Horizon { get; init; }

    /// <summary>How long after an outcome we can count on having heard of it: a label is negative only after window and delay have passed.</summary>
    public required Duration ReportingDelay { get; init; }

    /// <summary>Shortest time from enrolment to as-of that leaves something to learn from.</summary>
    public required Duration MinimumUnderMonitoring { get; init; }

    /// <summary>Name of the feature set the rows are described with.</summary>
    public required string FeatureSet { get; init; }

    /// <summary>The rule a model has to beat beside NEWS2: <see cref="BaselineRules"/>.</summary>
    public required string BaselineRule { get; init; }

    /// <summary>What alerts are worth where that is defined: the threshold is then the one that gains the most on training rows.</summary>
    public AlertWorth AlertWorth { get; init; }

    /// <summary>How a model of the task is evaluated; the first is the one it is judged by.</summary>
    public IReadOnlyList<SplitKind> Splits { get; init; } = [SplitKind.NewPatients];

    /// <summary>SHA-256 over everything that decides rows and labels (not the title), lower-case hex.</summary>
    public string Hash
    {
        get
        {
            var text = string.Join('\n',
            [
                "task/1",
                Name,
                string.Join(',', OutcomeKinds.Order(StringComparer.Ordinal)),
                string.Join(',', OutcomeDetails.Order(StringComparer.Ordinal)),
                Grid.ToString(),
                Setting.ToString(),
                Microseconds(AfterEnrolment),
                Horizon.Unit.ToString(),
                Horizon.Count.ToString(CultureInfo.InvariantCulture),
                Microseconds(ReportingDelay),
                Microseconds(MinimumUnderMonitoring),
                FeatureSet,
                BaselineRule,
            ]);
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        }
    }

    /// <summary>True for an outcome of this task, whatever its time.</summary>
    public bool Counts(Telemetry.Reference.Outcome outcome) =>
        OutcomeKinds.Contains(outcome.Kind) && (OutcomeDetails.Count == 0 || (outcome.Detail is { } detail && OutcomeDetails.Contains(detail)));

    private static string Microseconds(Duration duration) => (duration.BclCompatibleTicks / 10).ToString(CultureInfo.InvariantCulture);
}

/// <summary>Rules of thumb that a model stands beside.</summary>
public static class BaselineRules
{
    /// <summary>The NEWS2 point score, missing parts scored 0.</summary>
    public const string News2 = "news2";

    /// <summary>The number of the patient's own outcomes in the 7 days before as-of that were known by then.</summary>
    public const string TrailingSevenDays = "trailing-7d";
}
