using System.CommandLine;
using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Ingestion.Watermarks;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon run</c>: a workflow now, in this process or in one that serves the home already, watched to its end.</summary>
internal static class RunCommand
{
    private static readonly Option<string?> s_task = new("--task") { Description = "Task to score. Default: the only one that has a model", HelpName = "TASK" };

    private static readonly Option<string?> s_model = new("--model") { Description = "Version of the model, @champion or @challenger. Default: the champion of then", HelpName = "VERSION" };

    private static readonly Option<bool> s_retrospective = new("--retrospective") { Description = "Let a model score days before it was trained; the lists say so" };

    public static Command Create() => new("run", "Run a workflow now and watch it: the night, an hour, past days, housekeeping, training, drift")
    {
        Risk("daily", "Score everybody and ship the list of each care team: the night", DailyRiskWorkflow.Daily),
        Risk("hourly", "The same for an hour of a cohort in hospital", DailyRiskWorkflow.Hourly),
        Backfill(),
        Housekeeping(),
        RunTrainingCommand.Create(),
        RunDriftCommand.Create(),
    };

    private static Command Risk(string name, string description, WorkflowDefinition<DailyRiskInput, DailyRiskOutcome> workflow)
    {
        var asOf = ScoreCommand.AsOfOption();
        var wait = InstantOption("--wait-until", "Wait until then for ingestion to catch up. Default: do not wait");
        var deadline = InstantOption("--deadline", "The lists are out by then: what is not done is set aside, and they say so. Default: none");
        var (resume, detach) = (ResumeOption(), DetachOption());
        var poison = new Option<string?>("--poison") { Hidden = true };
        var command = new Command(name, description) { asOf, s_task, s_model, wait, deadline, s_retrospective, resume, detach, poison };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var task = await TaskAsync(store, parsed.GetValue(s_task), token);
            var input = new DailyRiskInput
            {
                Cohort = store.Cohort,
                Task = task.Name,
                AsOf = await AsOfAsync(terminal, store, task, ScoreCommand.AsOf(parsed.GetValue(asOf)), token),
                Model = await ModelAsync(store, task, parsed.GetValue(s_model), token),
                WaitUntil = ScoreCommand.AsOf(parsed.GetValue(wait)),
                Deadline = ScoreCommand.AsOf(parsed.GetValue(deadline)),
                Retrospective = parsed.GetValue(s_retrospective),
            };
            var request = RunRegister.IdOf(workflow.Name, store.Cohort, task.Name, input.AsOf);
            var asked = new Asked<DailyRiskInput, DailyRiskOutcome>(workflow, request, input, i => i.Whenever(), parsed.GetValue(resume));
            return parsed.GetValue(detach)
                ? await DetachAsync(terminal, store, asked, token)
                : await RunAsync(terminal, store, asked, token, Killer(parsed.GetValue(poison)));
        });
        return command;
    }

    private static Command Backfill()
    {
        var from = InstantOption("--from", "First instant to score");
        var to = InstantOption("--to", "Last instant to score, a whole number of days later");
        from.Required = to.Required = true;
        var (resume, detach) = (ResumeOption(), DetachOption());
        var command = new Command("backfill", "Score days of the past as they were known then, one run every 24 hours") { from, to, s_task, s_model, s_retrospective, resume, detach };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var task = await TaskAsync(store, parsed.GetValue(s_task), token);
            var (first, last) = (ScoreCommand.AsOf(parsed.GetValue(from))!.Value, ScoreCommand.AsOf(parsed.GetValue(to))!.Value);
            var days = (int)Math.Floor((last - first).TotalDays) + 1;
            if (days is < 1 or > 1000)
            {
                throw new UserException("--to lies before --from, or more than 1,000 days after it.", ExitCodes.Usage);
            }

            if (first + Duration.FromDays(days - 1) != last)
            {
                throw new UserException($"--to lies no whole number of days after --from; the last would be {first + Duration.FromDays(days - 1)}.", ExitCodes.Usage);
            }

            RefuseFuture(last, "--to");

            var input = new BackfillInput
            {
                Cohort = store.Cohort,
                Task = task.Name,
                AsOf = [.. Enumerable.Range(0, days).Select(d => first + Duration.FromDays(d))],
                Model = await ModelAsync(store, task, parsed.GetValue(s_model), token),
                Retrospective = parsed.GetValue(s_retrospective),
            };
            var request = $"{RunRegister.IdOf(BackfillWorkflow.Definition.Name, store.Cohort, task.Name, first)}-{days}d";
            var asked = new Asked<BackfillInput, BackfillOutcome>(BackfillWorkflow.Definition, request, input, null, parsed.GetValue(resume));
            return parsed.GetValue(detach) ? await DetachAsync(terminal, store, asked, token) : await RunAsync(terminal, store, asked, token);
        });
        return command;
    }

    private static Command Housekeeping()
    {
        var days = new Option<int>("--history-days") { Description = "Days that the history of a run stays in the engine, before it goes to the archive in the lake", DefaultValueFactory = _ => 30 };
        SimulateCommand.RefuseUnless(days, 1, 10_000);
        var command = new Command("housekeeping", "Archive old histories, seal small files, delete what nothing refers to") { days };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var now = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
            var input = new HousekeepingInput { Cohort = store.Cohort, Now = now, HistoryDays = parsed.GetValue(days) };
            var request = RunRegister.IdOf(HousekeepingWorkflow.Definition.Name, store.Cohort, "all", now);
            return await RunAsync(terminal, store, new Asked<HousekeepingInput, HousekeepingOutcome>(HousekeepingWorkflow.Definition, request, input, null, Anew: false), token);
        });
        return command;
    }

    /// <summary>Only asks for it.</summary>
    public static async Task<int> DetachAsync<TIn, TOut>(Terminal terminal, CohortStore store, Asked<TIn, TOut> asked, CancellationToken cancellationToken)
    {
        var (id, how) = await asked.AskAsync(new RunRegister(store.Lake, CohortEngine.ClientOf(store), TimeProvider.System), cancellationToken);
        var said = how switch
        {
            AskedRun.New => "asked for",
            AskedRun.Again => "asked for again",
            AskedRun.UnderWay => "was asked for before, and is under way",
            _ => "was done before, and stands; --resume does it again",
        };
        terminal.Line($"{id}: {said}. 'rmon runs watch {id}' shows it.");
        terminal.Document(new JsonObject { ["run"] = id, ["new"] = how is AskedRun.New or AskedRun.Again });
        return ExitCodes.Done;
    }

    /// <summary>Starts or finds the run, sees it through with an engine of this process, and says what came of it.</summary>
    public static async Task<int> RunAsync<TIn, TOut>(Terminal terminal, CohortStore store, Asked<TIn, TOut> asked, CancellationToken cancellationToken, Action<string>? before = null)
    {
        using var meters = new RunMeters();
        using var export = terminal.StartExport(meters);
        await using var engine = CohortEngine.Start(terminal, store, before: before, meters: meters);
        var (id, how) = await asked.AskAsync(engine.Register, cancellationToken);
        var found = how == AskedRun.Stands ? await engine.Client.FindAsync(id, cancellationToken) : null;
        if (how == AskedRun.Stands && found is null)
        {
            terminal.Line($"{id}: was done before, and its history is in the archive: 'rmon runs show {id}'. --resume does it again.");
            terminal.Document(new JsonObject { ["run"] = id, ["status"] = "archived" });
            return ExitCodes.Done;
        }

        if (how is AskedRun.Again or AskedRun.UnderWay)
        {
            terminal.Line(how == AskedRun.Again ? $"{id}: another attempt." : $"{id} is under way already, as it was asked for then; it goes on.");
        }

        var ended = await SeeThroughAsync(terminal, engine, id, cancellationToken);
        if (found is not null)
        {
            terminal.Line($"That was done before, at {found.Updated}, and stands; --resume does it again, with what has landed since.");
        }

        return await RunReport.SayAsync(terminal, store, ended, cancellationToken);
    }

    /// <summary>Watches a run that the engine of this process may see through; who stops it is told how it goes on.</summary>
    public static async Task<WorkflowInstance> SeeThroughAsync(Terminal terminal, CohortEngine engine, string id, CancellationToken cancellationToken)
    {
        try
        {
            using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var watch = new RunWatch(terminal, engine.Client, TimeProvider.System).UntilEndAsync(id, byOthers: false, watching.Token);
            if (await Task.WhenAny(watch, engine.Ended) != watch)
            {
                await watching.CancelAsync();
                await engine.Ended; // throws why
            }

            return await watch;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new UserException($"stopped; {id} goes on where it was when the same is run again, with 'rmon runs resume {id}', or when somebody serves the cohort.", ExitCodes.Cancelled);
        }
    }

    /// <summary>A patient at whose turn the process kills itself, as one would whose data brings native code down.</summary>
    private static Action<string>? Killer(string? patient) => patient is null ? null : id =>
    {
        if (id == patient)
        {
            using var me = System.Diagnostics.Process.GetCurrentProcess();
            me.Kill();
        }
    };

    public static Option<bool> ResumeOption() => new("--resume") { Description = "Again, though it succeeded: with what has landed since, and whoever was set aside" };

    public static Option<bool> DetachOption() => new("--detach") { Description = "Only ask for it: 'rmon serve' sees it through" };

    private static Option<string?> InstantOption(string name, string description)
    {
        var option = new Option<string?>(name) { Description = $"{description}; UTC", HelpName = "2025-06-30T05:00:00Z" };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } text && !InstantPattern.ExtendedIso.Parse(text).Success)
            {
                result.AddError($"{name} takes an instant in UTC like 2025-06-30T05:00:00Z; got '{text}'.");
            }
        });
        return option;
    }

    private static async Task<TaskDefinition> TaskAsync(CohortStore store, string? named, CancellationToken cancellationToken)
    {
        if (named is not null)
        {
            return BundledTasks.All.FirstOrDefault(t => t.Name == named)
                ?? throw new UserException($"There is no task '{named}'; there are {string.Join(", ", BundledTasks.All.Select(t => t.Name))}.", ExitCodes.Usage);
        }

        var trained = await new ModelRegistry(store, TimeProvider.System).TrainedTasksAsync(cancellationToken);
        return trained switch
        {
            [var only] => only,
            [] => throw new UserException($"{store.Folder}: there is no model yet. Run 'rmon train TASK' first."),
            _ => throw new UserException($"{store.Folder}: there are models of several tasks ({string.Join(", ", trained.Select(t => t.Name))}); name one with --task."),
        };
    }

    /// <summary>The instant that is asked for, or the last that the data reach.</summary>
    public static async Task<Instant> AsOfAsync(Terminal terminal, CohortStore store, TaskDefinition task, Instant? asked, CancellationToken cancellationToken)
    {
        if (asked is { } instant)
        {
            RefuseFuture(instant, "--as-of");
            return instant;
        }

        var manifest = await TrainCommand.CompactedAsync(store, cancellationToken);
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
        var compacted = UnixMicros.ToInstant(manifest.Inputs.Watermark);
        // A worker may have landed more since; the run compacts it.
        var landed = await IngestionWatermark.ReadAsync(store, cancellationToken) is { } watermark ? Instant.Max(compacted, watermark.Through) : compacted;
        var latest = DailyRiskRun.LatestAsOf(task, reference, landed);
        terminal.Line($"As of {latest}, the last that the data reach; --as-of names another.");
        return latest;
    }

    /// <summary>A list of what has not happened yet would stand for ever, and say nothing.</summary>
    private static void RefuseFuture(Instant instant, string option)
    {
        if (instant > Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()))
        {
            throw new UserException($"{option} {instant} lies in the future.", ExitCodes.Usage);
        }
    }

    /// <summary>The version that is asked for, where there is one: a run is not begun that cannot come to anything.</summary>
    private static async Task<string?> ModelAsync(CohortStore store, TaskDefinition task, string? version, CancellationToken cancellationToken)
    {
        var resolved = await ModelNames.ResolveAsync(store, task.Name, version, cancellationToken);
        return version is null ? null : resolved;
    }

    /// <summary>What is asked for on the command line.</summary>
    public sealed record Asked<TIn, TOut>(WorkflowDefinition<TIn, TOut> Workflow, string Request, TIn Input, Func<TIn, TIn>? Essence, bool Anew)
    {
        public Task<(string InstanceId, AskedRun How)> AskAsync(RunRegister register, CancellationToken cancellationToken) =>
            register.AskAsync(Workflow, Request, Input, Essence, Anew, cancellationToken);
    }
}
