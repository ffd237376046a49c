using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
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

    /// <summary>At each whole elapsed hour since enrolment while the stay lasts, its first and its last instant included.</summary>
    Hourly,
}

/// <summary>Where the patient has to be for a row to make sense.</summary>
public enum CareSetting
{
    /// <summary>At home: an admission to hospital pauses the rows until discharge, and there are none once all devices are back.</summary>
    Home,

    /// <summary>In hospital: the monitored stay is the hospital stay, and being admitted is no reason to have no row; discharge ends it.</summary>
    Hospital,
}

/// <summary>How a row counts whose patient dies in the window before the outcome has come.</summary>
public enum DeathBeforeEvent
{
    /// <summary>As negative: the risk foreseen is that of the outcome in the presence of death as a competing event.</summary>
    Negative,

    /// <summary>Not at all: nobody saw whether the outcome would have come. Dropping such rows conditions on the future.</summary>
    Censored,

    /// <summary>As positive: the outcome or death, whichever comes first.</summary>
    Positive,
}

/// <summary>Who a task is about, as the roster has them at as-of.</summary>
public sealed record Population
{
    /// <summary>Where the patient has to be at as-of.</summary>
    public required CareSetting Setting { get; init; }

    /// <summary>Age in years at as-of (the stated age and the time since it was stated); who is younger, or of unknown age, has no row. Null for any age.</summary>
    public double? MinimumAge { get; init; }

    /// <summary>Conditions of which the patient has one at least; empty for anybody.</summary>
    public IReadOnlyList<string> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>Conditions of which the patient has none.</summary>
    public IReadOnlyList<string> WithoutConditions { get; init => field = value ?? []; } = [];
}

/// <summary>Windows of local days that are held out one after the other.</summary>
public sealed record ForwardWindows
{
    /// <summary>First local date of the first window.</summary>
    public required LocalDate First { get; init; }

    /// <summary>Local days in a window.</summary>
    public required int Days { get; init; }

    /// <summary>Number of windows; each begins where the one before it ends.</summary>
    public required int Count { get; init; }
}

/// <summary>What a patient needs to be scored: so many readings of each of so many vitals, lately.</summary>
public sealed record MinimumReadings
{
    /// <summary>Readings of a vital.</summary>
    public required int Readings { get; init; }

    /// <summary>Vitals that have so many each; null for 1.</summary>
    public int? Vitals { get; init; }

    /// <summary>How far back they count from as-of; a day (in acute care an hour) of the patient's zone that it cuts counts whole, where no feature counts just so far.</summary>
    public required Duration Within { get; init; }

    /// <summary>What is asked for, for people.</summary>
    [JsonIgnore]
    public string InWords
    {
        get
        {
            var time = Within.TotalHours % 24 == 0 && Within.TotalHours > 48 ? $"{Within.Days} days" : string.Create(CultureInfo.InvariantCulture, $"{Within.TotalHours} hours");
            return string.Create(CultureInfo.InvariantCulture, $"{Readings} {(Readings == 1 ? "reading" : "readings")} of {((Vitals ?? 1) == 1 ? "any vital" : $"each of {Vitals} vitals")} in {time}");
        }
    }
}

/// <summary>Columns that a model is trained without, to see what it owes to them.</summary>
public sealed record Ablation
{
    /// <summary>What is left out, for people.</summary>
    public required string Name { get; init; }

    /// <summary>Names of columns; <c>*</c> stands for any part of a name.</summary>
    public required IReadOnlyList<string> Without { get; init; }
}

/// <summary>
/// What is to be foreseen, about whom, when and how far ahead, as data: everything that decides which rows exist and what
/// their label is. Two tasks with the same <see cref="Hash"/> make the same rows of the same reference data.
/// </summary>
public sealed record TaskDefinition
{
    /// <summary>The version of this form that is read and written.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Version of this form.</summary>
    [JsonRequired]
    public int SchemaVersion { get; init; } = CurrentSchema;

    /// <summary>Stable name, kebab-case.</summary>
    public required string Name { get; init; }

    /// <summary>What it foresees, for people.</summary>
    public required string Title { get; init; }

    /// <summary>What happened to those who had the outcome, as it stands behind "9 of 100 patients with readings like these": <c>were admitted to hospital within 7 days</c>. Null where the title has to do.</summary>
    public string? InWords { get; init; }

    /// <summary>Who it is about.</summary>
    public required Population Population { get; init; }

    /// <summary>When patients get a row.</summary>
    public required AsOfGrid Grid { get; init; }

    /// <summary>Elapsed time from enrolment to as-of for <see cref="AsOfGrid.OnceAfterEnrolment"/>; zero otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Duration AfterEnrolment { get; init; }

    /// <summary>Shortest time from enrolment to as-of that leaves something to learn from.</summary>
    public required Duration MinimumUnderMonitoring { get; init; }

    /// <summary>What a patient needs to be scored, beside any reading at all; null for no more. It decides no rows: those of patients who were silent teach too.</summary>
    public MinimumReadings? MinimumReadings { get; init; }

    /// <summary>The outcome window.</summary>
    public required Horizon Horizon { get; init; }

    /// <summary>Outcome kinds that count; never something that staff did.</summary>
    public required IReadOnlyList<string> OutcomeKinds { get; init; }

    /// <summary>Details that count within the kinds; empty means all of them.</summary>
    public IReadOnlyList<string> OutcomeDetails { get; init => field = value ?? []; } = [];

    /// <summary>Outcome kinds that say that somebody looked: without one of them, or the outcome itself, in the window a row has no label. Empty where not having heard of the outcome is to have none.</summary>
    public IReadOnlyList<string> ObservedBy { get; init => field = value ?? []; } = [];

    /// <summary>How long after an outcome we can count on having heard of it: a label is negative only after window and delay have passed.</summary>
    public required Duration ReportingDelay { get; init; }

    /// <summary>How death in the window before the outcome counts.</summary>
    [JsonRequired]
    public DeathBeforeEvent DeathBeforeEvent { get; init; }

    /// <summary>Name of the feature set the rows are described with.</summary>
    public required string FeatureSet { get; init; }

    /// <summary>The rules a model has to beat, of <see cref="BaselineRules"/>; the first is the one it is held against.</summary>
    public required IReadOnlyList<string> Baselines { get; init; }

    /// <summary>What alerts are worth where that is defined: the threshold is then the one that gains the most on training rows.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public AlertWorth AlertWorth { get; init; }

    /// <summary>How a model of the task is evaluated; the first is the one it is judged by.</summary>
    [JsonRequired]
    public IReadOnlyList<SplitKind> Splits { get; init; } = [SplitKind.NewPatients];

    /// <summary>The windows of <see cref="SplitKind.KnownPatientsLater"/>; null for the later half of the rows, cut evenly.</summary>
    public ForwardWindows? Windows { get; init; }

    /// <summary>What an evaluation also does without.</summary>
    public IReadOnlyList<Ablation> Ablations { get; init => field = value ?? []; } = [];

    /// <summary>SHA-256 over everything that decides rows and labels, and what describes them (not the title and words, nor how models are evaluated), lower-case hex.</summary>
    [JsonIgnore]
    public string Hash => HashOf(
    [
        "task/2",
        Name,
        Population.Setting.ToString(),
        Population.MinimumAge?.ToString("R", CultureInfo.InvariantCulture) ?? "",
        Text(Population.Conditions),
        Text(Population.WithoutConditions),
        Grid.ToString(),
        Microseconds(AfterEnrolment),
        Microseconds(MinimumUnderMonitoring),
        Horizon.Unit.ToString(),
        Horizon.Count.ToString(CultureInfo.InvariantCulture),
        Text(OutcomeKinds),
        Text(OutcomeDetails),
        Text(ObservedBy),
        Microseconds(ReportingDelay),
        DeathBeforeEvent.ToString(),
        FeatureSet,
    ]);

    /// <summary>SHA-256 over how models of the task are evaluated: baselines, splits, windows and ablations, in their order, and what alerts are worth.</summary>
    [JsonIgnore]
    public string EvaluationHash => HashOf(
    [
        "task-evaluation/1",
        .. Baselines,
        "",
        .. Splits.Select(s => s.ToString()),
        "",
        Windows is { } w ? string.Create(CultureInfo.InvariantCulture, $"{w.First:uuuu-MM-dd} {w.Days} {w.Count}") : "",
        .. Ablations.SelectMany(a => (string[])["", a.Name, .. a.Without]),
        .. AlertWorth == AlertWorth.None ? (string[])[] : ["", AlertWorth.ToString()],
    ]);

    /// <summary>Reads a task; throws <see cref="FormatException"/> with one line that says where (<paramref name="where"/>, and the field), what is wrong and what is allowed.</summary>
    public static TaskDefinition Read(ReadOnlySpan<byte> json, string where)
    {
        try
        {
            TaskRules.CheckVersion(json);
            var task = JsonSerializer.Deserialize(json, TaskJson.Default.TaskDefinition) ?? throw new FormatException("a task is a JSON object, not null");
            TaskRules.Check(task);
            return task;
        }
        catch (JsonException e)
        {
            throw new FormatException($"{where}: not a task: {JsonFault.InWords(e, "task")}", e);
        }
        catch (FormatException e)
        {
            throw new FormatException($"{where}: not a task: {e.Message}", e);
        }
    }

    /// <summary>The task as JSON that <see cref="Read"/> takes.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TaskJson.Default.TaskDefinition);

    /// <summary>True for an outcome of this task, whatever its time.</summary>
    public bool Counts(Telemetry.Reference.Outcome outcome) =>
        OutcomeKinds.Contains(outcome.Kind) && (OutcomeDetails.Count == 0 || (outcome.Detail is { } detail && OutcomeDetails.Contains(detail)));

    /// <summary>
    /// The kinds whose history in a set of features would tell the label: those of the task, where its window ends at as-of. A history that ends
    /// before the day tells nothing of it.
    /// </summary>
    public IReadOnlyList<string> KindsTold(FeatureSet set) =>
        set.Definition.PriorOutcomes is { } prior && Horizon.LooksBack && !(Horizon.Unit == HorizonUnit.SameDay && prior.BeforeDay)
            ? [.. OutcomeKinds.Concat(ObservedBy).Intersect(prior.KindsTold)]
            : [];

    /// <summary>The task with its rows described by another feature set. Ablations leave out what that set has; one that would leave out nothing of it, or all, is gone, and so are a rule of thumb that it cannot tell, and a minimum of readings that it cannot count.</summary>
    public TaskDefinition DescribedBy(FeatureSet set) => this with
    {
        FeatureSet = set.Name,
        MinimumReadings = MinimumReadings is { } minimum && TaskRules.Untold(minimum, set) is null ? minimum : null,
        Baselines = Baselines.Where(b => RulesOfThumb.Lacking(b, set.Columns) is null).ToArray() is { Length: > 0 } told ? told : [BaselineRules.News2],
        Ablations =
        [
            .. Ablations
                .Select(a => a with { Without = [.. a.Without.Where(p => set.Columns.Any(c => ColumnPattern.Matches(p, c.Name)))] })
                .Where(a => a.Without.Count > 0 && set.Columns.Any(c => !a.Without.Any(p => ColumnPattern.Matches(p, c.Name)))),
        ],
    };

    private static string HashOf(string[] lines) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));

    private static string Text(IReadOnlyList<string> set) => string.Join(',', set.Distinct().Order(StringComparer.Ordinal));

    private static string Microseconds(Duration duration) => (duration.BclCompatibleTicks / 10).ToString(CultureInfo.InvariantCulture);
}
