using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon train-snapshot</c>: trains from a snapshot alone, without a home, as a job elsewhere does.</summary>
internal static class TrainSnapshotCommand
{
    public static Command Create()
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "Parquet file that a training made: gold/features/SET/snapshots/TASK-VERSION.parquet of a lake" };
        var task = new Option<string>("--task") { Description = "File with the task it was made for, or the name of a bundled one", HelpName = "TASK.json", Required = true };
        var output = new Option<string>("--out") { Description = "Folder to write models/TASK/VERSION and, when all is there, trained.json with the hashes to", HelpName = "FOLDER", Required = true };
        var sha256 = new Option<string?>("--sha256") { Description = "What the snapshot's bytes must hash to; others are refused. Default: not checked", HelpName = "HEX" };
        var command = new Command("train-snapshot", "Train and evaluate from a snapshot alone, to the same bytes as 'rmon train'; needs no home") { snapshot, task, output, sha256 };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskOf(parsed.GetRequiredValue(task));
            var training = await ReadAsync(parsed.GetRequiredValue(snapshot), parsed.GetValue(sha256), definition, token);
            var folder = new LakeDirectory(parsed.GetRequiredValue(output));
            var trained = await terminal.StageAsync("train", async progress =>
            {
                await Task.Run(() => ModelTraining.RunAsync(folder, training, new TrainCommand.Steps(progress), token), token);
                var files = await TrainedFiles.WriteAsync(folder, definition.Name, training.Version, token);
                return (files, $"model {training.Version} of {definition.Name}: {Terminal.Number(files.Files.Count)} files");
            });
            terminal.Line($"{folder.FullPath(TrainedFiles.FileName)} lists them.");
            terminal.Document(new JsonObject
            {
                ["task"] = definition.Name,
                ["version"] = training.Version,
                ["files"] = new JsonArray([.. trained.Files.Select(f => (JsonNode)new JsonObject { ["path"] = f.Path, ["bytes"] = f.Length, ["sha256"] = f.Sha256 })]),
            });
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<TrainingSnapshot> ReadAsync(string file, string? sha256, TaskDefinition task, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new UserException($"{file}: there is no such file.");
        }

        var bytes = await File.ReadAllBytesAsync(file, cancellationToken);
        if (sha256 is not null && !string.Equals(Lake.Hash(bytes), sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new UserException($"{file}: its SHA-256 is {Lake.Hash(bytes)}, not {sha256}: it is another snapshot, or was changed. Make it again.");
        }

        using var stream = new MemoryStream(bytes, writable: false);
        ParquetTable table;
        try
        {
            table = await ParquetTable.ReadAsync(stream, null, cancellationToken);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or LakeException or FormatException or ArgumentException or NotSupportedException)
        {
            throw new UserException($"{file}: cannot be read as Parquet ({e.Message.ReplaceLineEndings(" ")}).");
        }

        return TrainingSnapshot.FromParquet(table, task, file);
    }

    /// <summary>As it stands in the file: it may go by the name of a bundled one and be described otherwise.</summary>
    private static TaskDefinition TaskOf(string nameOrFile)
    {
        if (BundledTasks.All.FirstOrDefault(t => t.Name == nameOrFile) is { } bundled)
        {
            return bundled;
        }

        if (!File.Exists(nameOrFile))
        {
            throw new UserException($"--task {nameOrFile}: there is no task and no file of that name.", ExitCodes.Usage);
        }

        try
        {
            return TaskDefinition.Read(File.ReadAllBytes(nameOrFile), nameOrFile);
        }
        catch (FormatException e)
        {
            throw new UserException(e.Message);
        }
    }
}
