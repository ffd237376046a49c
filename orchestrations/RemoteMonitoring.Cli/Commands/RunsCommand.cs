using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon runs</c>: the runs of workflows, what became of them, and what to do with them.</summary>
internal static class RunsCommand
{
    private static readonly Argument<string> s_run = new("RUN") { Description = "Id of a run, as 'rmon runs list' shows it" };

    public static Command Create() => new("runs", "See what runs and ran, stop it, try it again")
    {
        List(),
        Show(),
        Watch(),
        Cancel(),
        Resume(),
        RunsApproveCommand.Create(s_run),
    };

    private static Command List()
    {
        var most = new Option<int>("--most") { Description = "How many, newest first", DefaultValueFactory = _ => 20 };
        SimulateCommand.RefuseUnless(most, 1, 100_000);
        var command = new Command("list", "The latest runs, newest first; 'rmon follow-ups list' lists follow-ups") { most };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var runs = await CohortEngine.ClientOf(store).ListExceptAsync(WorkflowNames.FollowUp, parsed.GetValue(most), token);
            if (runs.Count == 0)
            {
                terminal.Line("No workflow has run yet. 'rmon run daily' runs the night; 'rmon serve' runs it on schedule.");
            }
            else
            {
                terminal.Table(
                    ["run", "status", "started (UTC)", "took", "what came of it"],
                    runs.Select(r => new[] { r.Id, RunWords.Status(r), r.Created.ToString("uuuu-MM-dd HH:mm", CultureInfo.InvariantCulture), Took(r), RunWords.SaidShort(r) }));
            }

            terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["runs"] = new JsonArray([.. runs.Select(RunReport.Json)]) });
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var history = new Option<bool>("--history") { Description = "Every event of its history, and of those it called" };
        var command = new Command("show", "One run: what it was started with, where it is, what came of it") { s_run, history };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var client = CohortEngine.ClientOf(store);
            var id = parsed.GetRequiredValue(s_run);
            if (await client.FindAsync(id, token) is not { } run)
            {
                return await ShowArchivedAsync(terminal, store, id, token);
            }

            terminal.Table(
                ["", ""],
                [
                    ["run", run.Id], ["workflow", run.Workflow], ["status", RunWords.Status(run)], ["started", run.Created.ToString()], ["took", Took(run)],
                    ["input", run.Input], ["what came of it", RunWords.Said(run)],
                ]);
            var document = RunReport.Json(run);
            var called = await client.ChildrenAsync(run.Id, token);
            foreach (var child in called)
            {
                terminal.Line($"  {child.Id}: {RunWords.Status(child)}, {RunWords.Said(child)}");
            }

            document["called"] = new JsonArray([.. called.Select(RunReport.Json)]);
            if (parsed.GetValue(history))
            {
                document["histories"] = new JsonObject();
                foreach (var instance in called.Prepend(run))
                {
                    ShowHistory(terminal, document["histories"]!.AsObject(), instance.Id, await client.HistoryAsync(instance.Id, token));
                }
            }

            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Watch()
    {
        var command = new Command("watch", "Watch a run to its end; stopping to watch does not stop it") { s_run };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var client = CohortEngine.ClientOf(store);
            var run = await FindAsync(store, client, parsed.GetRequiredValue(s_run), token);
            return await RunReport.SayAsync(terminal, store, await new RunWatch(terminal, client, TimeProvider.System).UntilEndAsync(run.Id, byOthers: true, token), token);
        });
        return command;
    }

    private static Command Cancel()
    {
        var why = new Option<string>("--why") { Description = "Reason, kept with the run", DefaultValueFactory = _ => "cancelled by a person" };
        var command = new Command("cancel", "End a run and all that it called; what it made so far stays, and is found by the next attempt") { s_run, why };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var id = parsed.GetRequiredValue(s_run);
            var client = CohortEngine.ClientOf(store);
            var run = await FindAsync(store, client, id, token);
            if (run is { Parent: { } caller })
            {
                throw new UserException($"{id} is a part of {caller}: cancel that.");
            }

            // It goes on to cancel its job, which nothing would do for it that was simply ended.
            if (TrainingRuns.HaveJob(run) && await client.RaiseAsync(id, TrainingSteps.Cancel, parsed.GetRequiredValue(why), token))
            {
                await using var seeing = CohortEngine.Start(terminal, store);
                terminal.Document(RunReport.Json(await RunCommand.SeeThroughAsync(terminal, seeing, id, token)));
                return ExitCodes.Done;
            }

            if (!await client.TerminateAsync(id, parsed.GetRequiredValue(why), token))
            {
                throw new UserException($"{id} has ended already.");
            }

            // Told; it ends when an engine hears of it, and here is one.
            await using var engine = CohortEngine.StartIdle(terminal, store);
            var ended = await engine.Client.WaitAsync(id, token);
            terminal.Line(ended.Status == InstanceStatus.Terminated
                ? $"{id}: ended ({RunWords.Said(ended)}). 'rmon runs resume {id}' goes on with what is there."
                : $"{id}: {RunWords.Status(ended)} before it could be ended.");
            terminal.Document(RunReport.Json(ended));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Resume()
    {
        var command = new Command("resume", "See a run through that is under way; or try again one that has ended, as it was asked for but without wait and deadline. What is whole of what was made is used") { s_run };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            await using var engine = CohortEngine.Start(terminal, store);
            var id = parsed.GetRequiredValue(s_run);
            if (await engine.Client.FindAsync(id, token) is { Parent: { } caller })
            {
                throw new UserException($"{id} is a part of {caller}: resume that.");
            }

            var record = await engine.Register.FindAsync(id, token) ?? throw Unknown(store, id);
            var next = record.Workflow switch
            {
                var w when w == DailyRiskWorkflow.Daily.Name => await engine.Register.ResumeAsync(DailyRiskWorkflow.Daily, record.Request, i => i.Whenever(), token),
                var w when w == DailyRiskWorkflow.Hourly.Name => await engine.Register.ResumeAsync(DailyRiskWorkflow.Hourly, record.Request, i => i.Whenever(), token),
                var w when w == BackfillWorkflow.Definition.Name => await engine.Register.ResumeAsync(BackfillWorkflow.Definition, record.Request, null, token),
                var w when w == HousekeepingWorkflow.Definition.Name => await engine.Register.ResumeAsync(HousekeepingWorkflow.Definition, record.Request, null, token),
                var w when w == ReportTablesWorkflow.Definition.Name => await engine.Register.ResumeAsync(ReportTablesWorkflow.Definition, record.Request, null, token),
                var w when w == TrainingWorkflow.Definition.Name => await engine.Register.ResumeAsync(TrainingWorkflow.Definition, record.Request, null, token),
                var w when w == DriftWorkflow.Definition.Name => await engine.Register.ResumeAsync(DriftWorkflow.Definition, record.Request, null, token),
                var w => throw new UserException($"{id} is of workflow '{w}', which this version of the program does not know."),
            };
            if (next is null)
            {
                // Under way, maybe by an engine that is gone: this one sees it through.
                next = (await engine.Register.LatestAsync(record.Request, token))!.InstanceId;
                terminal.Line($"{next} is under way; it goes on.");
            }

            return await RunReport.SayAsync(terminal, store, await RunCommand.SeeThroughAsync(terminal, engine, next, token), token);
        });
        return command;
    }

    /// <summary>What is known of a run that the engine has forgotten.</summary>
    private static async Task<int> ShowArchivedAsync(Terminal terminal, CohortStore store, string id, CancellationToken cancellationToken)
    {
        // An id is a file name here: what is none was never one of a run.
        if (!LakePaths.IsName(id) || await RunArchive.TryReadAsync(store.Lake, id, cancellationToken) is not { } history)
        {
            throw Unknown(store, id);
        }

        terminal.Line($"{id}: archived; its history is in {store.Lake.NameOf(LakePaths.RunArchive(id))}.");
        var document = new JsonObject { ["run"] = id, ["status"] = "archived", ["histories"] = new JsonObject() };
        ShowHistory(terminal, document["histories"]!.AsObject(), id, history);
        terminal.Document(document);
        return ExitCodes.Done;
    }

    private static void ShowHistory(Terminal terminal, JsonObject histories, string id, IReadOnlyList<HistoryEvent> events)
    {
        terminal.Heading(id);
        terminal.Table(
            ["#", "at (UTC)", "what", "step", "name", "with"],
            events.Select((e, i) => new[] { $"{i}", e.At.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture), e.Kind.ToString(), e.Task < 0 ? "" : $"{e.Task}", e.Name ?? "", Short(e.Payload) }));
        histories[id] = new JsonArray([.. events.Select(e => (JsonNode)new JsonObject { ["at"] = e.At.ToString(), ["kind"] = e.Kind.ToString(), ["task"] = e.Task, ["name"] = e.Name, ["payload"] = e.Payload })]);
    }

    private static async Task<WorkflowInstance> FindAsync(CohortStore store, JournalClient client, string id, CancellationToken cancellationToken) =>
        await client.FindAsync(id, cancellationToken) ?? throw Unknown(store, id);

    private static UserException Unknown(CohortStore store, string id) => new($"There is no run '{id}' in cohort '{store.Cohort}'. 'rmon runs list' shows those there are.");

    private static string Took(WorkflowInstance run) => (run.Updated - run.Created).TotalSeconds is var s && s < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{s:F1} s")
        : string.Create(CultureInfo.InvariantCulture, $"{s / 60:F0} min");

    private static string Short(string? payload) => payload is null ? "" : payload.Length <= 60 ? payload : payload[..60] + "…";
}
