using System.CommandLine;
using System.Globalization;
using NodaTime;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Schedules;
using RemoteMonitoring.Workflows.Service;
using RemoteMonitoring.Worklist;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon serve</c>: the ingestion worker, the engine of the workflows, their schedules, and the pages, in one process.</summary>
internal static class ServeCommand
{
    private const int LatestRuns = 200;
    private const int MostActivities = 64;

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private static readonly Option<bool> s_noWorker = new("--no-worker") { Description = "Land no messages: another process does" };
    private static readonly Option<bool> s_noWorkflows = new("--no-workflows") { Description = "Run no workflows, schedules and follow-ups: another host does, as Azure Functions, which then states the objectives of the service too" };
    private static readonly Option<double> s_lease = new("--lease") { Description = "Seconds after which others take over what a process of another machine has taken and says no more of", DefaultValueFactory = _ => new EngineOptions().Lease.TotalSeconds };
    private static readonly Option<int?> s_activities = new("--activities") { Description = "Steps of workflows at a time; where pages are served one fewer than there are cores, to leave one to them, else as many. A step that compacts takes all cores while it lasts", HelpName = "N" };

    public static Command Create()
    {
        var noGateway = new Option<bool>("--no-gateway") { Description = "Land what the local hub's log has, but run no hub: another process does" };
        var command = new Command("serve", "Land messages, run workflows on schedule and by hand, and serve the pages, until Ctrl-C. Several may serve one home") { s_noWorker, noGateway, s_noWorkflows, s_lease, s_activities, GatewayCommand.Port, GatewayCommand.Host, GlobalOptions.MakeCohort };
        foreach (var option in WorklistPages.Options)
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var faults = StartFaults.Of(parsed);
            var (host, worklist) = await ReadAsync(faults, terminal, parsed, token);
            var home = GlobalOptions.HomeOf(parsed);
            var runs = !parsed.GetValue(s_noWorkflows);
            using var meters = new RunMeters();
            using var export = faults.Try(() => terminal.StartExport(meters));
            faults.Throw();
            SecretSettings.OfProcess.Report(terminal.Warn, meters);
            foreach (var fault in runs ? HostSettings.TrainingFaultsOf(GlobalOptions.SettingsOf(parsed)).Concat(await HostSettings.FollowUpFaultsAsync(home, token)) : [])
            {
                terminal.Warn(fault);
            }

            await using var store = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            var schedules = runs ? await SchedulesAsync(terminal, home, store, token) : [];
            await using var hub = parsed.GetValue(s_noWorker) || parsed.GetValue(noGateway)
                ? null
                : await LocalHub.StartAsync(terminal, store, host!, parsed.GetValue(GatewayCommand.Port), meters, token);
            var options = new EngineOptions
            {
                Lease = Duration.FromSeconds(parsed.GetValue(s_lease)),
                ActivitiesAtATime = parsed.GetValue(s_activities) ?? Math.Max(1, Environment.ProcessorCount - (worklist is null ? 0 : 1)),
            };
            await using var engine = runs ? CohortEngine.Start(terminal, store, options, isWatched: false, meters: meters) : null;
            await using var pages = worklist is null ? null : await WorklistPages.StartAsync(terminal, store, worklist, parsed.GetValue(WorklistPages.Port) is not null, engine?.Client, token);
            // Who runs the workflows states the objectives, and nobody else.
            var gauges = export is null || engine is null ? null : new ServiceGauges(meters, TimeProvider.System);
            var state = new WorkerState();
            using var metrics = new WorkerMetrics(meters, state, () => store.Documents.RequestUnits);
            using var sent = export; // what is left, before the instruments go
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
            terminal.Line(runs
                ? $"Serving cohort '{store.Cohort}', {Terminal.Number(schedules.Count)} schedules. Ctrl-C stops; what is under way goes on when somebody serves again."
                : $"Serving cohort '{store.Cohort}', whose workflows run elsewhere. Ctrl-C stops.");
            Task[] parts =
            [
                parsed.GetValue(s_noWorker) ? Task.Delay(Timeout.Infinite, stop.Token) : LandAsync(terminal, store, state, metrics, stop.Token),
                .. engine is null ? (Task[])[] :
                [
                    ScheduleAsync(terminal, home, store, engine, schedules, stop.Token),
                    TellAsync(terminal, engine, stop.Token),
                    FollowUpLoop.RunAsync(terminal, store, engine.Client, stop.Token),
                    gauges is null ? Task.Delay(Timeout.Infinite, stop.Token) : ServiceLevelLoop.RunAsync(terminal, store, engine.Client, () => SchedulesAsync(terminal, home, store, stop.Token), gauges, stop.Token),
                ],
            ];
            // None ends by itself but by a fault, and then the others have no use.
            await Task.WhenAny(engine is null ? parts : [.. parts, engine.Ended]);
            if (token.IsCancellationRequested)
            {
                terminal.Line("Stopping.");
            }

            await stop.CancelAsync();
            try
            {
                await Task.WhenAll(parts);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                // As it was asked for.
            }

            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Gathers what is wrong with the options and settings of a program that serves.</summary>
    public static Task CheckAsync(StartFaults faults, Terminal terminal, ParseResult parsed, CancellationToken cancellationToken) => ReadAsync(faults, terminal, parsed, cancellationToken);

    private static async Task<(string? Host, WorklistOptions? Worklist)> ReadAsync(StartFaults faults, Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        faults.Check(() => parsed.GetValue(s_lease) is >= 1 and <= 3600 ? [] : ["--lease takes 1 to 3600 seconds."]);
        faults.Check(() => parsed.GetValue(s_activities) is < 1 or > MostActivities ? [string.Create(CultureInfo.InvariantCulture, $"--activities takes 1 to {MostActivities}.")] : []);
        faults.Check(() => parsed.GetValue(s_noWorkflows) && parsed.GetValue(s_noWorker) && parsed.GetValue(WorklistPages.None)
            ? ["There is nothing left to serve: leave out --no-worker, --no-workflows or --no-worklist."]
            : []);
        var host = faults.Host(GatewayCommand.Host, parsed);
        var worklist = await WorklistPages.OptionsOfAsync(faults, terminal, parsed, SecretSettings.OfProcess, cancellationToken);
        if (!faults.Try(() => parsed.GetValue(s_noWorkflows)))
        {
            faults.Add((await faults.TryAsync(() => ScheduleFile.FindAsync(GlobalOptions.HomeOf(parsed), cancellationToken)))?.Faults ?? [], ExitCodes.BadInput);
        }

        return (host, worklist);
    }

    private static async Task LandAsync(Terminal terminal, CohortStore store, WorkerState state, WorkerMetrics metrics, CancellationToken cancellationToken)
    {
        var logger = terminal.Log<IngestionWorker>();
        var log = GatewayHome.Of(store).LogFile;
        while (!File.Exists(log))
        {
            await Task.Delay(s_look, cancellationToken); // until somebody runs a hub here
        }

        await using var source = new GatewaySource(log, GatewayHome.Hub, TimeProvider.System);
        await new IngestionWorker(store, source, new WorkerOptions(), state, metrics, TimeProvider.System, logger).RunAsync(false, cancellationToken);
    }

    private static async Task ScheduleAsync(Terminal terminal, string home, CohortStore store, CohortEngine engine, IReadOnlyList<Schedule> schedules, CancellationToken cancellationToken)
    {
        var scheduler = new Scheduler(engine.Register, TimeProvider.System);
        var since = new Dictionary<string, Instant>(StringComparer.Ordinal);
        for (var looked = 0; ; looked++)
        {
            schedules = looked % 60 == 59 ? await ReadAgainAsync(terminal, home, store, schedules, cancellationToken) : schedules;
            foreach (var schedule in schedules)
            {
                var from = since.TryGetValue(schedule.Name, out var known) ? known : await UntilItWorksAsync(terminal, schedule.Name, () => scheduler.SinceAsync(schedule, cancellationToken), cancellationToken);
                var now = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
                foreach (var occurrence in schedule.Due(from, now))
                {
                    if (await UntilItWorksAsync(terminal, occurrence.InstanceId, () => scheduler.StartAsync(occurrence, cancellationToken), cancellationToken))
                    {
                        terminal.Line($"{occurrence.InstanceId}: started, {occurrence.Schedule.Name} of {occurrence.At}");
                    }
                }

                since[schedule.Name] = now;
            }

            await Task.Delay(s_look, cancellationToken);
        }
    }

    /// <summary>Says of each run that ends what came of it, in counts; why one failed may name files, and stands with the run.</summary>
    private static async Task TellAsync(Terminal terminal, CohortEngine engine, CancellationToken cancellationToken)
    {
        HashSet<string>? told = null;
        while (true)
        {
            var ended = (await engine.Client.ListExceptAsync(WorkflowNames.FollowUp, LatestRuns, cancellationToken)).Where(r => r.Status != InstanceStatus.Running).ToArray();
            foreach (var run in told is null ? [] : ended.Reverse())
            {
                if (!told!.Contains(run.Id))
                {
                    terminal.Line(run.Status == InstanceStatus.Completed && RunWords.IsWhole(run)
                        ? $"{run.Id}: {RunWords.Said(run)}"
                        : $"{run.Id}: {RunWords.Status(run)}{(RunWords.Outcome(run) is { } night ? $", {RunWords.Said(night)}" : "")}; 'rmon runs show {run.Id}' says why");
                }
            }

            told = ended.Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
            await Task.Delay(s_look, cancellationToken);
        }
    }

    /// <summary>A model that was trained meanwhile brings its schedule, and a file that was edited counts from now on, unless something is wrong with it.</summary>
    private static async Task<IReadOnlyList<Schedule>> ReadAgainAsync(Terminal terminal, string home, CohortStore store, IReadOnlyList<Schedule> before, CancellationToken cancellationToken)
    {
        try
        {
            return await SchedulesAsync(terminal, home, store, cancellationToken);
        }
        catch (Exception e) when (e is UserException or LakeException)
        {
            terminal.Warn($"{e.Message} The schedules of before stay in force.");
            return before;
        }
    }

    private static async Task<T> UntilItWorksAsync<T>(Terminal terminal, string what, Func<Task<T>> start, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await start();
            }
            catch (LakeException e)
            {
                terminal.Warn($"{what} cannot be started yet: {e.Message}");
                await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
            }
        }
    }

    /// <summary>The schedules of the cohort, by the home's file or as bundled.</summary>
    private static async Task<IReadOnlyList<Schedule>> SchedulesAsync(Terminal terminal, string home, CohortStore store, CancellationToken cancellationToken)
    {
        var file = await SchedulesCommand.FileAsync(terminal, home, cancellationToken);
        return file is null ? await BundledSchedules.OfAsync(store, cancellationToken) : [.. file.Schedules.Where(s => s.Cohort == store.Cohort)];
    }
}
