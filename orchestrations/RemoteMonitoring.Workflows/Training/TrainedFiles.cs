using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>
/// The files of a version that was trained elsewhere, with their hashes: <c>trained.json</c>, written when all are there. What is copied into the lake is what was
/// written there, or nothing.
/// </summary>
/// <param name="SchemaVersion">Version of this form.</param>
/// <param name="Task">Task.</param>
/// <param name="Version">Version of the model.</param>
/// <param name="Files">Files, by their paths in the folder, which are those of a lake.</param>
public sealed record TrainedFiles(int SchemaVersion, string Task, string Version, IReadOnlyList<LakeFile> Files)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "trained.json";

    /// <summary>Name of the folder, below what a run hands on, that a job writes to.</summary>
    public const string Folder = "trained";

    private const int CurrentSchema = 1;

    /// <summary>Lists the files of a version that lie in a folder, and writes the list there.</summary>
    public static async Task<TrainedFiles> WriteAsync(Lake folder, string task, string version, CancellationToken cancellationToken)
    {
        var files = new List<LakeFile>();
        foreach (var path in await folder.ListAsync($"models/{task}/{version}", cancellationToken))
        {
            var bytes = await folder.ReadAsync(path, cancellationToken);
            files.Add(new LakeFile(path, bytes.Length, Lake.Hash(bytes)));
        }

        var trained = new TrainedFiles(CurrentSchema, task, version, files);
        await folder.ReplaceAsync(FileName, JsonSerializer.SerializeToUtf8Bytes(trained, TrainedFilesJson.Default.TrainedFiles), cancellationToken);
        return trained;
    }

    /// <summary>
    /// Copies a version from a folder of the lake to where models lie. Where a file is missing, altered or not one of this version, nothing is
    /// copied and <see cref="LakeException"/> says which.
    /// </summary>
    public static async Task CopyAsync(Lake lake, string folder, string task, string version, CancellationToken cancellationToken)
    {
        var list = $"{folder}/{FileName}";
        var trained = Read(await lake.ReadAsync(list, cancellationToken), lake.NameOf(list));
        if (trained.SchemaVersion > CurrentSchema || trained.Task != task || trained.Version != version)
        {
            throw new LakeException($"{lake.NameOf(list)}: is of version {trained.Version} of '{trained.Task}', form {trained.SchemaVersion}; version {version} of '{task}' was to be trained. Train it again, with the same version of the program in both places.");
        }

        var contents = new List<(string Path, byte[] Bytes)>();
        foreach (var file in trained.Files)
        {
            var from = $"{folder}/{file.Path}";
            if (file.Path.Split('/') is not ["models", var ofTask, var ofVersion, .. { Length: 1 or 2 } names] || ofTask != task || ofVersion != version || !names.All(LakePaths.IsName))
            {
                throw new LakeException($"{lake.NameOf(list)}: names a file that is none of a model. Train it again.");
            }

            var bytes = await lake.ReadAsync(from, cancellationToken);
            if (Lake.Hash(bytes) != file.Sha256)
            {
                throw new LakeException($"{lake.NameOf(from)}: its bytes are not those that were written. Train it again.");
            }

            contents.Add((file.Path, bytes));
        }

        // The model's own document last: with it a version counts as there.
        foreach (var (path, bytes) in contents.OrderBy(c => c.Path.EndsWith('/' + ModelFiles.DocumentName, StringComparison.Ordinal)))
        {
            await lake.CreateDerivedAsync(path, bytes, cancellationToken);
        }
    }

    private static TrainedFiles Read(byte[] bytes, string nameForPeople)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, TrainedFilesJson.Default.TrainedFiles) ?? throw new JsonException("null is no list of files");
        }
        catch (JsonException e)
        {
            throw new LakeException($"{nameForPeople}: is no list of files that were trained ({e.Message.Split('\n')[0]}). Train again.", e);
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(TrainedFiles))]
internal sealed partial class TrainedFilesJson : JsonSerializerContext;
