using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Workflows.Lineage;
using RemoteMonitoring.Workflows.Reproduction;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon reproduce RUN</c>: makes a run's files again and says whether they are the same, or what differs.</summary>
internal static class ReproduceCommand
{
    private const int PatientsShown = 5;

    public static Command Create()
    {
        var run = new Argument<string>("run") { Description = "Name of the run, as 'rmon score' and the ledger have it", HelpName = "RUN" };
        var model = new Option<string?>("--model") { Description = "Folder of the model's version, for a run of 'rmon score --model'", HelpName = "DIR" };
        var command = new Command("reproduce", "Make what a run made again from the inputs that its ledger entry pins, and compare byte for byte; the home is not changed") { run, model };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = parsed.GetRequiredValue(run);
            var record = await LedgeredRun.TryReadAsync(store.Lake, name, token) ?? throw new UserException($"{store.Folder}: the ledger has no run '{name}'. Runs are the files in {store.Lake.NameOf("ledger")}.");
            var task = BundledTasks.All.FirstOrDefault(t => t.Name == record.Entry.Task);
            var modelLake = parsed.GetValue(model) is { } folder && task is not null ? ScoreCommand.Elsewhere(folder, task).Lake : null;
            var scratch = Directory.CreateTempSubdirectory("rmon-reproduce-").FullName;
            try
            {
                var reproduced = await terminal.StageAsync("reproduce", async _ =>
                {
                    var made = (await Task.Run(() => new RunReproduction(store, BundledTasks.All, scratch) { ModelLake = modelLake }.RunAsync(name, token), token))!;
                    return (made, made.IsSame ? $"run {name}: every file came out as it was" : made.Obstacle is null ? $"run {name}: NOT every file came out as it was" : $"run {name}: cannot be made again");
                });
                Show(terminal, reproduced);
                terminal.Document(Json(reproduced));
                return reproduced.IsSame ? ExitCodes.Done : ExitCodes.NotReproduced;
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }
        });
        return command;
    }

    private static void Show(Terminal terminal, ReproducedRun run)
    {
        terminal.Line($"{run.Entry.Task} as of {run.Entry.AsOf}, known by {run.Entry.KnownBy}, model {run.Entry.Model}; program {run.Code}, time zones {run.TimeZones}");
        terminal.Table(["output", "made again", "in the lake"], run.Outputs.Select(o => new[] { o.Recorded.Path, Made(o), InLake(o.Recorded.State) }));
        foreach (var output in run.Outputs.Where(o => o.Difference is not null))
        {
            Show(terminal, output.Recorded, output.Difference!);
        }

        if (run.Obstacle is { } obstacle)
        {
            terminal.Line($"It cannot be made again: {obstacle}");
        }

        foreach (var note in run.Notes)
        {
            terminal.Line($"- {note}");
        }
    }

    private static void Show(Terminal terminal, RecordedFile file, TableDifference difference)
    {
        static string Some(IReadOnlyList<string> names) => $"{string.Join(", ", names.Take(PatientsShown))}{(names.Count > PatientsShown ? $" and {names.Count - PatientsShown} more" : "")}";
        terminal.Heading($"{file.Path}, as it lies in the lake, and as it was made now");
        if (difference.IsNone)
        {
            terminal.Line("  the same rows and values, in other bytes");
            return;
        }

        if (difference.OnlyThen.Count > 0)
        {
            terminal.Line($"  {difference.OnlyThen.Count} patients only in the lake: {Some(difference.OnlyThen)}");
        }

        if (difference.OnlyNow.Count > 0)
        {
            terminal.Line($"  {difference.OnlyNow.Count} patients only now: {Some(difference.OnlyNow)}");
        }

        if (difference.OtherColumns.Count > 0)
        {
            terminal.Line($"  columns that only one has: {Some(difference.OtherColumns)}");
        }

        if (difference.Rows > 0)
        {
            terminal.Line($"  {difference.Rows} rows differ in {difference.Columns.Count} columns: {Some(difference.Columns)}");
        }

        if (difference.First is { } first)
        {
            terminal.Line($"  the first: {first.PatientId}{(first.Column is null ? "" : $", {first.Column}")}: {first.Then ?? "no row"} in the lake, {first.Now ?? "no row"} now");
        }
    }

    private static string Made(ReproducedOutput output) => output.Made is null ? "not made" : output.IsSame ? "same" : "DIFFERS";

    private static string InLake(FileState state) => state switch
    {
        FileState.Verified => "as the run made it",
        FileState.Erased => "without what was erased since",
        FileState.Changed => "OTHER bytes than the run made",
        FileState.Gone => "gone",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static JsonObject Json(ReproducedRun run) => new()
    {
        ["run"] = run.Entry.Run,
        ["same"] = run.IsSame,
        ["obstacle"] = run.Obstacle,
        ["from_bronze"] = run.FromBronze,
        ["code_then"] = run.Entry.Code,
        ["code"] = run.Code,
        ["time_zones"] = run.TimeZones,
        ["notes"] = new JsonArray([.. run.Notes.Select(n => (JsonNode)n)]),
        ["outputs"] = new JsonArray([.. run.Outputs.Select(o =>
        {
            var json = LineageCommand.Json(o.Recorded);
            json["made"] = o.Made;
            json["same"] = o.IsSame;
            json["difference"] = o.Difference is not { } d ? null : new JsonObject
            {
                ["only_then"] = new JsonArray([.. d.OnlyThen.Select(p => (JsonNode)p)]),
                ["only_now"] = new JsonArray([.. d.OnlyNow.Select(p => (JsonNode)p)]),
                ["other_columns"] = new JsonArray([.. d.OtherColumns.Select(c => (JsonNode)c)]),
                ["columns"] = new JsonArray([.. d.Columns.Select(c => (JsonNode)c)]),
                ["rows"] = d.Rows,
                ["first"] = d.First is not { } f ? null : new JsonObject { ["patient_id"] = f.PatientId, ["column"] = f.Column, ["then"] = f.Then, ["now"] = f.Now },
            };
            return json;
        })]),
    };
}
