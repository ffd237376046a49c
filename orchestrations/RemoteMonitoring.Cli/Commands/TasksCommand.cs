using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon tasks</c>: what models foresee, as data.</summary>
internal static class TasksCommand
{
    public static Command Create() => new("tasks", "Look at the tasks that models are trained for, and check one of your own")
    {
        List(),
        Show(),
        Check(),
    };

    private static Command List()
    {
        var command = new Command("list", "The bundled tasks with their hashes");
        command.SetAction(parsed =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            terminal.Table(["task", "hash", "features", "what it foresees"], BundledTasks.All.Select(t => new[] { t.Name, t.Hash[..16], t.FeatureSet, t.Title }));
            terminal.Line("one in full: rmon tasks show TASK; one of your own: copy it, give it a name, and try it with rmon tasks check FILE");
            terminal.Document(new JsonObject { ["tasks"] = new JsonArray([.. BundledTasks.All.Select(Json)]) });
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var task = TaskFiles.Argument();
        var command = new Command("show", "A task as JSON, its hash, and what it means in words") { task };
        command.SetAction(parsed =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskFiles.Of(parsed.GetRequiredValue(task));
            if (!terminal.Json)
            {
                // The document goes alone to standard output: it may be redirected into a file.
                Console.Out.WriteLine(definition.ToJson());
                terminal.Errors.WriteLine($"hash {definition.Hash}");
                terminal.Errors.WriteLine(TaskMeaning.Of(definition));
            }

            terminal.Document(Json(definition));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Check()
    {
        var file = new Argument<string>("file") { Description = "A task as JSON" };
        var command = new Command("check", "Check a task of your own; it is refused with one line that says which field and what is allowed") { file };
        command.SetAction(parsed =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var task = TaskFiles.Read(parsed.GetRequiredValue(file));
            terminal.Line($"{task.Name} is a task, hash {task.Hash}");
            terminal.Line(TaskMeaning.Of(task));
            terminal.Document(Json(task));
            return ExitCodes.Done;
        });
        return command;
    }

    private static JsonObject Json(TaskDefinition task) => new()
    {
        ["name"] = task.Name,
        ["hash"] = task.Hash,
        ["meaning"] = TaskMeaning.Of(task),
        ["definition"] = JsonNode.Parse(task.ToJson()),
    };
}
