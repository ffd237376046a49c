using System.CommandLine;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Cli.Commands;

/// <summary>What a user means by a task: a bundled one by name, or a file with one.</summary>
internal static class TaskFiles
{
    public static string Names => string.Join(", ", BundledTasks.All.Select(t => t.Name));

    public static Argument<string> Argument()
    {
        var task = new Argument<string>("task") { Description = $"{Names}, or a file with a task of your own" };
        task.Validators.Add(result =>
        {
            if (result.GetValue(task) is { } name && Problem(name) is { } problem)
            {
                result.AddError(problem);
            }
        });
        return task;
    }

    /// <summary>Why this can be no task, without looking into a file; null where it may be one.</summary>
    public static string? Problem(string nameOrFile) => BundledTasks.All.Any(t => t.Name == nameOrFile) || File.Exists(nameOrFile)
        ? null
        : $"There is no task '{nameOrFile}', and no file of that name. Tasks: {Names}.";

    public static TaskDefinition Of(string nameOrFile) => BundledTasks.All.FirstOrDefault(t => t.Name == nameOrFile) ?? Read(nameOrFile);

    /// <summary>Reads a file; throws <see cref="UserException"/> naming file, field and what is allowed.</summary>
    public static TaskDefinition Read(string file)
    {
        if (!File.Exists(file))
        {
            throw new UserException($"{file}: there is no such file.");
        }

        TaskDefinition task;
        try
        {
            task = TaskDefinition.Read(File.ReadAllBytes(file), file);
        }
        catch (FormatException e)
        {
            throw new UserException(e.Message);
        }

        // Models and lists go by the name of their task: one name must not mean two things.
        return BundledTasks.All.Any(t => t.Name == task.Name && t.Hash != task.Hash)
            ? throw new UserException($"{file}: name '{task.Name}': a bundled task has it and means other rows; give yours a name of its own.")
            : task;
    }
}
