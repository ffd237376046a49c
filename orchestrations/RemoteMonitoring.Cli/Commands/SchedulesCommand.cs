using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon schedules list</c>: what runs by itself, and when it comes next.</summary>
internal static class SchedulesCommand
{
    private const int Shown = 3;

    public static Command Create() => new("schedules", "What runs by itself") { List() };

    private static Command List()
    {
        var after = FeaturesCommand.InstantOption("--after", "Show what comes after this instant instead of now");
        var command = new Command("list", $"The schedules of the home, by its {ScheduleFile.FileName} or as bundled, and the next {Shown} times that each comes") { after };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var from = parsed.GetValue(after) is { } text ? ScoreCommand.AsOf(text)!.Value : Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
            var file = await FileAsync(terminal, GlobalOptions.HomeOf(parsed), token);
            var schedules = file?.Schedules ?? await BundledAsync(parsed, token);
            var rows = schedules.SelectMany(s => s.Next(from, Shown).Select((o, i) => new[]
            {
                i == 0 ? s.Name : "",
                i == 0 ? s.Cron.Text : "",
                $"{Local(o.At, s)} {s.TimeZone}",
                o.At.ToString(),
                Local(o.AsOf, s),
                o.Deadline is { } deadline ? Local(deadline, s) : "",
            })).ToArray();
            if (rows.Length > 0)
            {
                terminal.Table(["schedule", "cron", "comes (local)", "comes (UTC)", "as of (local)", "waits until"], rows);
            }

            string[] cohorts = file is null ? [] : [.. await GlobalOptions.CohortNamesAsync(parsed, token)];
            foreach (var schedule in schedules.Where(s => file is not null && !cohorts.Contains(s.Cohort) && parsed.GetValue(GlobalOptions.Cohort) is null))
            {
                terminal.Line($"'{schedule.Name}' does not run: the home holds no cohort '{schedule.Cohort}'.");
            }

            terminal.Line(file is null
                ? $"{Terminal.Number(schedules.Count)} schedules, as bundled; a {ScheduleFile.FileName} in the home replaces them"
                : $"{Terminal.Number(schedules.Count)} schedules of {Path.Combine(GlobalOptions.HomeOf(parsed), ScheduleFile.FileName)}");
            terminal.Document(new JsonObject
            {
                ["bundled"] = file is null,
                ["schedules"] = new JsonArray([.. schedules.Select(s => new JsonObject
                {
                    ["name"] = s.Name,
                    ["workflow"] = s.Workflow,
                    ["cohort"] = s.Cohort,
                    ["task"] = s.Task,
                    ["cron"] = s.Cron.Text,
                    ["timer_trigger"] = s.Cron.ToTimerTrigger(),
                    ["time_zone"] = s.TimeZone,
                    ["next"] = new JsonArray([.. s.Next(from, Shown).Select(o => new JsonObject
                    {
                        ["at"] = o.At.ToString(),
                        ["local"] = Local(o.At, s),
                        ["as_of"] = o.AsOf.ToString(),
                        ["deadline"] = o.Deadline?.ToString(),
                        ["id"] = o.InstanceId,
                    })]),
                })]),
            });
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The schedules of the home's file, null where it has none; what is wrong with it is said in one line for each fault.</summary>
    public static async Task<ScheduleFile?> FileAsync(Terminal terminal, string home, CancellationToken cancellationToken)
    {
        var file = await ScheduleFile.FindAsync(home, cancellationToken);
        if (file?.Faults is { Count: > 0 } faults)
        {
            foreach (var fault in faults.SkipLast(1))
            {
                terminal.Warn(fault);
            }

            throw new UserException(faults[^1]);
        }

        return file;
    }

    private static async Task<IReadOnlyList<Schedule>> BundledAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var schedules = new List<Schedule>();
        foreach (var name in await GlobalOptions.CohortNamesAsync(parsed, cancellationToken))
        {
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, name, cancellationToken);
            schedules.AddRange(await BundledSchedules.OfAsync(store, cancellationToken));
        }

        return schedules;
    }

    private static string Local(Instant instant, Schedule schedule) =>
        instant.InZone(DateTimeZoneProviders.Tzdb[schedule.TimeZone]).ToString("ddd d MMM uuuu HH:mm", CultureInfo.InvariantCulture);
}
