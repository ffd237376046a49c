using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Schedules;
using RemoteMonitoring.Workflows.Service;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon status</c>: how each cohort stands to what is wanted of the service.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new Command("status", $"Is it well? One line for each objective: lists in time, lag, rejects, coverage, drift, follow-ups, erasures. Ends with {ExitCodes.DoneInPart} where one is not met, or should be known and is not");
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var file = await SchedulesCommand.FileAsync(terminal, GlobalOptions.HomeOf(parsed), token);
            var cohorts = await GlobalOptions.CohortNamesAsync(parsed, token);
            if (cohorts.Count == 0)
            {
                throw new UserException($"{GlobalOptions.HomeOf(parsed)}: holds no cohort yet. Run 'rmon demo', or 'rmon ingest FEED'.");
            }

            var (documents, isWell) = (new JsonArray(), true);
            foreach (var cohort in cohorts)
            {
                await using var store = await GlobalOptions.OpenCohortAsync(parsed, cohort, token);
                var levels = await MeasureAsync(terminal, store, file, token);
                terminal.Heading(store.Cohort);
                Show(terminal, levels);
                documents.Add(new JsonObject { ["cohort"] = store.Cohort, ["objectives"] = new JsonArray([.. levels.Select(Json)]) });
                isWell &= levels.All(l => l.State is ServiceState.Met or ServiceState.NotYet);
            }

            terminal.Document(new JsonObject { ["well"] = isWell, ["cohorts"] = documents });
            return isWell ? ExitCodes.Done : ExitCodes.DoneInPart;
        });
        return command;
    }

    private static async Task<IReadOnlyList<ServiceLevel>> MeasureAsync(Terminal terminal, CohortStore store, ScheduleFile? file, CancellationToken cancellationToken)
    {
        var schedules = file is null ? await BundledAsync(store, cancellationToken) : [.. file.Schedules.Where(s => s.Cohort == store.Cohort)];
        // To look does not make a journal: where there is none, no workflow ever ran here.
        var client = File.Exists(CohortEngine.JournalOf(store)) ? CohortEngine.ClientOf(store) : null;
        return await new ServiceLevels(store, schedules, client, new LandedFooters(), TimeProvider.System, terminal.Log<ServiceLevels>()).MeasureAsync(null, cancellationToken);
    }

    private static async Task<IReadOnlyList<Schedule>> BundledAsync(CohortStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await BundledSchedules.OfAsync(store, cancellationToken);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new UserException($"{store.Cohort}: what is scheduled cannot be read: a newer program may have written it. Use that one, or see 'rmon models list'.", ExitCodes.BadInput);
        }
    }

    private static void Show(Terminal terminal, IReadOnlyList<ServiceLevel> levels)
    {
        terminal.Table(
            ["", "objective", "of", "wanted", "measured"],
            levels.Select(l => new[] { Word(l.State), l.Objective.Name, l.Model ?? "", l.Objective.Wanted, l.Measured }));
        foreach (var level in levels.Where(l => l.Advice is not null))
        {
            terminal.Line($"{level.Objective.Name}{(level.Model is null ? "" : $", {level.Model}")}: {level.Advice}{(level.State == ServiceState.NotYet ? "" : $" More: pipelines/README.md#{level.Objective.Runbook}")}");
        }
    }

    private static JsonObject Json(ServiceLevel level) => new()
    {
        ["objective"] = level.Objective.Name,
        ["model"] = level.Model,
        ["wanted"] = level.Objective.Wanted,
        ["state"] = Word(level.State).Replace(' ', '_').ToLowerInvariant(),
        ["value"] = level.Value,
        ["unit"] = level.Objective.Unit,
        ["measured"] = level.Measured,
        ["advice"] = level.Advice,
        ["runbook"] = level.Objective.Runbook,
    };

    private static string Word(ServiceState state) => state switch
    {
        ServiceState.Met => "met",
        ServiceState.NotMet => "NOT MET",
        ServiceState.Unknown => "unknown",
        ServiceState.NotYet => "not yet",
        _ => throw new UnreachableException(),
    };
}
