using System.CommandLine;
using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon run</c>: a workflow now, in this process or in one that serves the home already, watched to its end.</summary>
internal static class RunCommand
{
    private static readonly Option<string?> s_task = new("--task") { Description = "Task to score. Default: the only one that has a model", HelpName = "TASK" };

    private static readonly Option<string?> s_model = new("--model") { Description = "Version of the model. Default: the current one", HelpName = "VERSION" };

    private static readonly Option<bool> s_retrospective = new("--retrospective") { Description = "Let a model score days before it was trained; the lists say so" };

    public static Command Create() => new("run", "Run a workflow now and watch it: the night, an hour, past days, housekeeping")
    {
        Risk("daily", "Score everybody and ship the list of each care team: the night", DailyRiskWorkflow.Daily),
        Risk("hourly", "The same for an hour of a cohort in hospital", DailyRiskWorkflow.Hourly),
        Backfill(),
        Housekeeping(),
    };

    private static Command Risk(string name, string description, WorkflowDefinition<DailyRiskInput, DailyRiskOutcome> workflow)
    {
        var asOf = ScoreCommand.AsOfOption();
        var wait = InstantOption("--wait-until", "Wait until then for ingestion to catch up. Default: do not wait");
        var deadline = InstantOption("--deadline", "The lists are out by then: what is not done is set aside, and they say so. Default: none");
        var resume = new Option<bool>("--resume") { Description = "Try again what failed, was ended, or succeeded in part" };
        var detach = new Option<bool>("--detach") { Description = "Only ask for it: 'rmon serve' sees it through" };
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
                Model = parsed.GetValue(s_model),
                WaitUntil = ScoreCommand.AsOf(parsed.GetValue(wait)),
                Deadline = ScoreCommand.AsOf(parsed.GetValue(deadline)),
                Retrospective = parsed.GetValue(s_retrospective),
            };
            var request = RunRegister.IdOf(workflow.Name, store.Cohort, task.Name, input.AsOf);
            if (parsed.GetValue(detach))
            {
                var (id, isNew) = await new RunRegister(store.Lake, CohortEngine.ClientOf(store), TimeProvider.System).StartAsync(workflow, request, input, token);
                terminal.Line($"{id}: {(isNew ? "asked for" : "was asked for before")}; 'rmon runs watch {id}' shows it.");
                terminal.Document(new JsonObject { ["run"] = id, ["new"] = isNew });
                return ExitCodes.Done;
            }

            return await RunAsync(terminal, store, workflow, request, input, parsed.GetValue(resume), token, Killer(parsed.GetValue(poison)));
        });
        return command;
    }

    private static Command Backfill()
    {
        var from = InstantOption("--from", "First instant to score");
        var to = InstantOption("--to", "Last instant to score, a whole number of days later");
        from.Required = to.Required = true;
        var command = new Command("backfill", "Score days of the past as they were known then, one run a day") { from, to, s_task, s_model, s_retrospective };
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

            var input = new BackfillInput
            {
                Cohort = store.Cohort,
                Task = task.Name,
                AsOf = [.. Enumerable.Range(0, days).Select(d => first + Duration.FromDays(d))],
                Model = parsed.GetValue(s_model),
                Retrospective = parsed.GetValue(s_retrospective),
            };
            var request = $"{RunRegister.IdOf(BackfillWorkflow.Definition.Name, store.Cohort, task.Name, first)}-{days}d{(input.Retrospective ? "-retrospective" : "")}";
            return await RunAsync(terminal, store, BackfillWorkflow.Definition, request, input, resume: false, token);
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
            return await RunAsync(terminal, store, HousekeepingWorkflow.Definition, RunRegister.IdOf(HousekeepingWorkflow.Definition.Name, store.Cohort, "all", now), input, resume: false, token);
        });
        return command;
    }

    /// <summary>Starts or finds the run, sees it through with an engine of this process, and says what came of it.</summary>
    public static async Task<int> RunAsync<TIn, TOut>(
        Terminal terminal, CohortStore store, WorkflowDefinition<TIn, TOut> workflow, string request, TIn input, bool resume, CancellationToken cancellationToken, Action<string>? before = null)
    {
        await using var engine = CohortEngine.Start(terminal, store, before: before);
        var (id, isNew) = await engine.Register.StartAsync(workflow, request, input, cancellationToken);
        if (!isNew && resume)
        {
            id = await engine.Register.ResumeAsync(workflow, request, cancellationToken) ?? id;
        }

        var ended = await RunWatch.UntilEndAsync(terminal, engine.Client, id, cancellationToken);
        if (!isNew && !resume && (ended.Status is InstanceStatus.Failed or InstanceStatus.Terminated || RunWatch.Outcome(ended)?.PartiallySucceeded == true))
        {
            terminal.Line($"That was before. To try again: 'rmon runs resume {request}'.");
        }

        return await SayAsync(terminal, store, ended, cancellationToken);
    }

    /// <summary>Says what came of a run; its lists, where it made some.</summary>
    public static async Task<int> SayAsync(Terminal terminal, CohortStore store, WorkflowInstance ended, CancellationToken cancellationToken)
    {
        var document = RunsCommand.Json(ended);
        if (RunWatch.Outcome(ended) is { } outcome)
        {
            foreach (var notice in outcome.Notices)
            {
                terminal.Line(notice);
            }

            var lists = await DailyRiskRun.WorklistsAsync(store, outcome.Run, cancellationToken);
            foreach (var list in lists)
            {
                Results.ShowWorklist(terminal, store.Cohort, list, rows: 5);
            }

            document["worklists"] = Results.WorklistsJson(lists);
        }

        terminal.Document(document);
        return ended.Status switch
        {
            InstanceStatus.Completed => ExitCodes.Done,
            InstanceStatus.Terminated => throw new UserException($"{ended.Id} was ended: {ended.Failure?.Message}"),
            _ => throw new UserException($"{ended.Id} failed: {ended.Failure}"),
        };
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

        var trained = new List<TaskDefinition>();
        foreach (var task in BundledTasks.All)
        {
            if (await CurrentModel.FindAsync(store.Lake, task.Name, cancellationToken) is not null)
            {
                trained.Add(task);
            }
        }

        return trained switch
        {
            [var only] => only,
            [] => throw new UserException($"{store.Folder}: there is no model yet. Run 'rmon train TASK' first."),
            _ => throw new UserException($"{store.Folder}: there are models of several tasks ({string.Join(", ", trained.Select(t => t.Name))}); name one with --task."),
        };
    }

    /// <summary>The instant that is asked for, or the last that the data reach.</summary>
    private static async Task<Instant> AsOfAsync(Terminal terminal, CohortStore store, TaskDefinition task, Instant? asked, CancellationToken cancellationToken)
    {
        if (asked is { } instant)
        {
            return instant;
        }

        var manifest = await TrainCommand.CompactedAsync(store, cancellationToken);
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
        var latest = DailyRiskRun.LatestAsOf(task, reference, UnixMicros.ToInstant(manifest.Inputs.Watermark));
        terminal.Line($"As of {latest}, the last that the data reach; --as-of names another.");
        return latest;
    }
}
