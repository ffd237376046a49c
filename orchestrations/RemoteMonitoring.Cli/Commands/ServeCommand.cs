using System.CommandLine;
using NodaTime;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon serve</c>: the ingestion worker, the engine of the workflows, and their schedules, in one process.</summary>
internal static class ServeCommand
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var noWorker = new Option<bool>("--no-worker") { Description = "Land no messages: another process does" };
        var noGateway = new Option<bool>("--no-gateway") { Description = "Land what the local hub's log has, but run no hub: another process does" };
        var lease = new Option<double>("--lease") { Description = "Seconds after which others take over what a process of another machine has taken and says no more of", DefaultValueFactory = _ => new EngineOptions().Lease.TotalSeconds };
        var command = new Command("serve", "Land messages, run workflows on schedule and by hand, until Ctrl-C. Several may serve one home") { noWorker, noGateway, lease, GatewayCommand.Port, GatewayCommand.Host };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            if (parsed.GetValue(lease) is < 1 or > 3600)
            {
                throw new UserException("--lease takes 1 to 3600 seconds.", ExitCodes.Usage);
            }

            await using var store = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            var home = GlobalOptions.HomeOf(parsed);
            var schedules = await SchedulesAsync(terminal, home, store, token);
            await using var hub = parsed.GetValue(noWorker) || parsed.GetValue(noGateway)
                ? null
                : await LocalHub.StartAsync(terminal, store, parsed.GetRequiredValue(GatewayCommand.Host), parsed.GetValue(GatewayCommand.Port), token);
            await using var engine = CohortEngine.Start(terminal, store, new EngineOptions { Lease = Duration.FromSeconds(parsed.GetValue(lease)) });
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
            var worker = parsed.GetValue(noWorker) ? Task.CompletedTask : LandAsync(terminal, store, stop.Token);
            terminal.Line($"Serving cohort '{store.Cohort}', {Terminal.Number(schedules.Count)} schedules. Ctrl-C stops; what is under way goes on when somebody serves again.");
            try
            {
                var first = await Task.WhenAny(worker, ScheduleAsync(terminal, home, store, engine, stop.Token));
                await (first == worker && worker.IsCompletedSuccessfully ? Task.Delay(Timeout.Infinite, token) : first);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                terminal.Line("Stopping.");
            }

            await stop.CancelAsync();
            await worker;
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task LandAsync(Terminal terminal, CohortStore store, CancellationToken cancellationToken)
    {
        var logger = new TerminalLogger<IngestionWorker>(terminal.Errors, TimeProvider.System);
        var log = GatewayHome.Of(store).LogFile;
        if (!File.Exists(log))
        {
            return; // no hub was ever run here, so there is nothing to land
        }

        await using var source = new GatewaySource(log, GatewayHome.Hub, TimeProvider.System);
        using var meters = new RunMeters();
        var state = new WorkerState();
        using var metrics = new WorkerMetrics(meters, state, () => store.Documents.RequestUnits);
        await new IngestionWorker(store, source, new WorkerOptions(), state, metrics, TimeProvider.System, logger).RunAsync(false, cancellationToken);
    }

    private static async Task ScheduleAsync(Terminal terminal, string home, CohortStore store, CohortEngine engine, CancellationToken cancellationToken)
    {
        var scheduler = new Scheduler(engine.Register, TimeProvider.System);
        var since = new Dictionary<string, Instant>(StringComparer.Ordinal);
        var schedules = await SchedulesAsync(terminal, home, store, cancellationToken);
        for (var looked = 0; ; looked++)
        {
            schedules = looked % 60 == 59 ? await ReadAgainAsync(terminal, home, store, schedules, cancellationToken) : schedules;
            var now = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
            foreach (var schedule in schedules)
            {
                // Whoever begins to serve looks back as far as the schedule catches up; what was started then is started once.
                var from = since.TryGetValue(schedule.Name, out var known) ? known : now - (schedule.CatchUp ?? Duration.FromDays(1));
                foreach (var occurrence in schedule.Due(from, now))
                {
                    if (await StartAsync(terminal, scheduler, occurrence, cancellationToken))
                    {
                        terminal.Line($"{occurrence.InstanceId}: started, {occurrence.Schedule.Name} of {occurrence.At}");
                    }
                }

                since[schedule.Name] = now;
            }

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
            await terminal.Errors.WriteLineAsync($"rmon: {e.Message} The schedules of before stay in force.");
            return before;
        }
    }

    private static async Task<bool> StartAsync(Terminal terminal, Scheduler scheduler, ScheduleOccurrence occurrence, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await scheduler.StartAsync(occurrence, cancellationToken);
            }
            catch (LakeException e)
            {
                await terminal.Errors.WriteLineAsync($"rmon: {occurrence.InstanceId} cannot be started yet: {e.Message}");
                await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
            }
        }
    }

    /// <summary>The schedules of the cohort; what is wrong with the file is said once, one line for each fault.</summary>
    private static async Task<IReadOnlyList<Schedule>> SchedulesAsync(Terminal terminal, string home, CohortStore store, CancellationToken cancellationToken)
    {
        var file = await ScheduleFile.FindAsync(home, cancellationToken);
        if (file?.Faults is { Count: > 0 } faults)
        {
            foreach (var fault in faults.SkipLast(1))
            {
                await terminal.Errors.WriteLineAsync($"rmon: {fault}");
            }

            throw new UserException(faults[^1]);
        }

        return file is null ? await BundledSchedules.OfAsync(store, cancellationToken) : [.. file.Schedules.Where(s => s.Cohort == store.Cohort)];
    }
}
