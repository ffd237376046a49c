using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Schedules;

/// <summary>
/// The schedules of a home, <c>{home}/schedules.json</c>:
/// <code>
/// {
///   "schemaVersion": 1,
///   "schedules": [
///     { "name": "daily", "workflow": "daily-risk", "cohort": "ward", "task": "admission-7d",
///       "cron": "30 5 * * *", "timeZone": "Europe/London", "asOf": "midnight", "catchUp": "3.00:00:00", "deadline": "01:15:00" }
///   ]
/// }
/// </code>
/// <c>workflow</c> is <c>daily-risk</c>, <c>hourly-risk</c>, <c>training</c> (here, and waits for an approval), <c>drift</c> or <c>housekeeping</c>, which alone has no <c>task</c>. <c>asOf</c> (<c>midnight</c> or <c>hour</c>; midnight),
/// <c>catchUp</c> and <c>deadline</c> (<c>[d.]hh:mm:ss</c>) may be left out. Nothing else may stand there.
/// </summary>
/// <param name="Schedules">The schedules, in the order of the file; none where there is a fault.</param>
/// <param name="Faults">What is wrong, a line each that says where and what to do; none where all is well.</param>
public sealed record ScheduleFile(IReadOnlyList<Schedule> Schedules, IReadOnlyList<string> Faults)
{
    /// <summary>Name of the file in its home.</summary>
    public const string FileName = "schedules.json";

    private const int SchemaVersion = 1;

    /// <summary>Those that no fault is about, whatever is wrong with others: for a host that nobody is there to tell.</summary>
    public IReadOnlyList<Schedule> Sound { get; private init; } = [];

    /// <summary>The schedules of a home by its file; null where there is none.</summary>
    public static async Task<ScheduleFile?> FindAsync(string home, CancellationToken cancellationToken)
    {
        var path = Path.Combine(home, FileName);
        try
        {
            return File.Exists(path) ? Parse(await File.ReadAllTextAsync(path, cancellationToken), path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{path}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Reads the text of a file; <paramref name="file"/> is what its faults are told by.</summary>
    public static ScheduleFile Parse(string text, string file)
    {
        ScheduleFileDocument document;
        try
        {
            document = JsonSerializer.Deserialize(text, ScheduleJson.Default.ScheduleFileDocument) ?? throw new JsonException("null is no file of schedules");
        }
        catch (JsonException e)
        {
            var where = string.Create(CultureInfo.InvariantCulture, $"line {(e.LineNumber ?? 0) + 1}{(e.Path is { Length: > 2 } at ? $", {at[2..]}" : "")}");
            return new ScheduleFile([], [$"{file}: {where}: {InWords(e)}"]);
        }

        if (document.SchemaVersion != SchemaVersion)
        {
            return new ScheduleFile([], [$"{file}: has schema version {document.SchemaVersion}; this version of the program reads {SchemaVersion}."]);
        }

        var faults = new List<string>();
        var schedules = new List<Schedule>();
        foreach (var (i, entry) in document.Schedules.Index())
        {
            var problems = new List<string>();
            if (entry?.ToSchedule(problems) is { } schedule && problems.Count == 0)
            {
                schedules.Add(schedule);
            }

            faults.AddRange((entry is null ? ["null is no schedule; take it out."] : problems).Select(p => $"{file}: schedule {i + 1}{(entry is null ? "" : $" ('{OneLine(entry.Name)}')")}: {p}"));
        }

        var ofOneName = schedules.GroupBy(s => s.Name, StringComparer.Ordinal).Where(g => g.Count() > 1).ToArray();
        faults.AddRange(ofOneName.Select(g => $"{file}: {g.Count()} schedules are called '{g.Key}'; give each a name of its own."));
        var ofOneId = schedules
            .GroupBy(s => s.IdStem, StringComparer.OrdinalIgnoreCase)
            .Where(g => g.Select(s => (s.Workflow, s.Cohort, s.Task)).Distinct().Count() > 1)
            .ToArray();
        faults.AddRange(ofOneId.Select(g => $"{file}: {string.Join(" and ", g.Select(s => $"'{s.Name}'"))} would give different runs the same id ({g.Key}-…); rename a cohort or a task."));
        return new ScheduleFile(faults.Count == 0 ? schedules : [], faults) { Sound = [.. schedules.Except([.. ofOneName.SelectMany(g => g), .. ofOneId.SelectMany(g => g)])] };
    }

    internal static string OneLine(string? text) => text is null ? "" : text.ReplaceLineEndings(" ")[..Math.Min(text.ReplaceLineEndings(" ").Length, 60)];

    /// <summary>The reader's words, without the names of types that only the program knows.</summary>
    internal static string InWords(JsonException e) => e.Message.Split('\n', '\r')[0] switch
    {
        var m when m.Contains("could not be mapped", StringComparison.Ordinal) => "there is no such setting; take it out.",
        var m when m.Contains("missing required", StringComparison.Ordinal) => $"a setting is missing: {m[(m.LastIndexOf(':') + 1)..].Trim().TrimEnd('.')}.",
        var m when m.Contains("could not be converted", StringComparison.Ordinal) => "the value is not of the kind that stands here.",
        var m when m.Contains("null", StringComparison.Ordinal) => "null does not stand here.",
        var m when m.Contains("Duplicate", StringComparison.OrdinalIgnoreCase) => "the same setting stands here twice.",
        _ => "this is no JSON as it should stand here.",
    };
}

/// <summary>The file as it is written.</summary>
internal sealed record ScheduleFileDocument(int SchemaVersion, IReadOnlyList<ScheduleDocument?> Schedules);

/// <summary>A schedule as it is written.</summary>
internal sealed record ScheduleDocument(
    string Name, string Workflow, string Cohort, string Cron, string TimeZone, string? Task = null, string? AsOf = null, string? CatchUp = null, string? Deadline = null)
{
    private static readonly string[] s_workflows = [WorkflowNames.DailyRisk, WorkflowNames.HourlyRisk, WorkflowNames.Housekeeping, WorkflowNames.Training, WorkflowNames.Drift, WorkflowNames.ReportTables];
    private static readonly TimeSpan s_longestDeadline = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_longestCatchUp = TimeSpan.FromDays(366);

    /// <summary>The schedule; what is wrong is added to <paramref name="problems"/>, and then there is none.</summary>
    public Schedule? ToSchedule(List<string> problems)
    {
        foreach (var (what, value) in new[] { ("name", Name), ("workflow", Workflow), ("cohort", Cohort), ("task", Task ?? "none") })
        {
            if (!LakePaths.IsName(value))
            {
                problems.Add($"{what} '{ScheduleFile.OneLine(value)}' is no name: take letters, digits, '-', '_' and '.', at most 100, the first of them no '.'.");
            }
        }

        if (problems.Count == 0 && !s_workflows.Contains(Workflow))
        {
            problems.Add($"workflow '{ScheduleFile.OneLine(Workflow)}' is none; take {string.Join(", ", s_workflows)}.");
        }
        else if (problems.Count == 0 && Workflow is not (WorkflowNames.Housekeeping or WorkflowNames.ReportTables) && !BundledTasks.All.Any(t => t.Name == Task))
        {
            problems.Add($"task {(Task is null ? "is missing" : $"'{ScheduleFile.OneLine(Task)}' is none")}; take {string.Join(", ", BundledTasks.All.Select(t => t.Name))}.");
        }

        if (!CronText.TryParse(Cron, out var cron, out var problem))
        {
            problems.Add($"cron: {ScheduleFile.OneLine(Cron)}: {problem.ReplaceLineEndings(" ")}.");
        }

        if (!DateTimeZoneProviders.Tzdb.Ids.Contains(TimeZone))
        {
            problems.Add($"timeZone '{ScheduleFile.OneLine(TimeZone)}' is none; take an IANA name such as Europe/London.");
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _))
        {
            problems.Add($"timeZone '{TimeZone}' is not known to this machine; install its time zone data (tzdata).");
        }

        if (AsOf is not (null or "midnight" or "hour"))
        {
            problems.Add($"asOf '{ScheduleFile.OneLine(AsOf)}' is none; take midnight or hour.");
        }

        var (catchUp, deadline) = (Length("catchUp", CatchUp, s_longestCatchUp, problems), Length("deadline", Deadline, s_longestDeadline, problems));
        return problems.Count > 0 ? null : new Schedule
        {
            Name = Name,
            Workflow = Workflow,
            Cohort = Cohort,
            Task = Task,
            Cron = cron!,
            TimeZone = TimeZone,
            AsOf = AsOf == "hour" ? ScheduleAsOf.Hour : ScheduleAsOf.Midnight,
            CatchUp = catchUp,
            Deadline = deadline,
        };
    }

    private static Duration? Length(string what, string? text, TimeSpan most, List<string> problems)
    {
        if (text is null)
        {
            return null;
        }

        if (TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var length) && length >= TimeSpan.Zero && length <= most)
        {
            return Duration.FromTimeSpan(length);
        }

        problems.Add($"{what} '{ScheduleFile.OneLine(text)}' is none; take [days.]hours:minutes:seconds, as 01:15:00, up to {most.TotalDays:0} days.");
        return null;
    }
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(ScheduleFileDocument))]
internal sealed partial class ScheduleJson : JsonSerializerContext;
