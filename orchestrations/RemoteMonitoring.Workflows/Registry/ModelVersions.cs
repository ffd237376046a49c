using System.Text;
using System.Text.Json;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Registry;

/// <summary>The evaluation a version is judged by, with the rows it was computed from.</summary>
/// <param name="Name">Kind of split, as it is in the names of its files.</param>
/// <param name="Report">The figures.</param>
/// <param name="HeldOut">The rows; null where their file is not there.</param>
public sealed record VersionEvaluation(string Name, EvaluationReport Report, HeldOutScores? HeldOut);

/// <summary>The versions of models, each an immutable folder <c>models/{task}/{version}</c>.</summary>
public static class ModelVersions
{
    /// <summary>Name of the version that scores.</summary>
    public const string Champion = "@champion";

    /// <summary>Name of the version that is compared with it.</summary>
    public const string Challenger = "@challenger";

    private const string Evaluation = "evaluation-";

    private const string OwnEvent = "own_event";

    /// <summary>The tasks that have a version, and their versions, in ordinal order.</summary>
    public static async Task<ILookup<string, string>> ListAsync(Lake lake, CancellationToken cancellationToken) =>
        (await lake.ListAsync("models", cancellationToken))
            .Select(p => p.Split('/'))
            .Where(p => p is [_, _, _, ModelFiles.DocumentName])
            .ToLookup(p => p[1], p => p[2], StringComparer.Ordinal);

    /// <summary>
    /// The version of a name: <c>@champion</c>, <c>@challenger</c>, or the version itself, which must be there. Else throws <see cref="LakeException"/>
    /// with the nearest names there are.
    /// </summary>
    public static async Task<string> ResolveAsync(Lake lake, RegistryState state, string name, CancellationToken cancellationToken)
    {
        var folder = lake.NameOf($"models/{state.Task}");
        switch (name)
        {
            case Champion:
                return state.Champion ?? throw new LakeException(state.Damage ?? $"{folder}: there is no model for '{state.Task}' yet. Run 'rmon train {state.Task}' first.");
            case Challenger:
                return state.Challenger ?? throw new LakeException($"{folder}: '{state.Task}' has no challenger. Train one, or name a version: 'rmon models list {state.Task}'.");
            default:
                if (LakePaths.IsName(name) && await lake.ExistsAsync(LakePaths.Model(state.Task, name, ModelFiles.DocumentName), cancellationToken))
                {
                    return name;
                }

                string[] names = [.. (await ListAsync(lake, cancellationToken))[state.Task], Champion, Challenger];
                var nearest = NearestNames.Of(name, names, 3);
                throw new LakeException(
                    $"{folder}: there is no version '{name}' of the model for '{state.Task}'. {(nearest.Count > 0 ? $"Did you mean {string.Join(" or ", nearest)}?" : $"There are {string.Join(", ", names.Take(8))}{(names.Length > 8 ? ", …" : "")}.")}");
        }
    }

    /// <summary>What a version says of itself; one that is not there or damaged throws <see cref="LakeException"/> naming its folder.</summary>
    public static async Task<ModelDocument> DocumentAsync(Lake lake, string task, string version, CancellationToken cancellationToken)
    {
        try
        {
            return ModelFiles.ReadDocument(await lake.ReadAsync(LakePaths.Model(task, version, ModelFiles.DocumentName), cancellationToken));
        }
        catch (ModelException e)
        {
            throw new LakeException($"{lake.NameOf($"models/{task}/{version}")}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Loads a version for tables of a feature set (null: whichever it was made for); throws <see cref="LakeException"/> naming its folder when files are
    /// missing or damaged, or when it is a model of another task or feature set.
    /// </summary>
    public static async Task<RiskModel> LoadAsync(Lake lake, string task, string version, string? featureSetHash, CancellationToken cancellationToken)
    {
        var folder = lake.NameOf($"models/{task}/{version}");
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in ModelFiles.Names)
        {
            if (await lake.TryReadAsync(LakePaths.Model(task, version, name), cancellationToken) is { } bytes)
            {
                files.Add(name, bytes);
            }
        }

        try
        {
            var model = ModelFiles.Load(files, featureSetHash);
            return model.Document.Task == task
                ? model
                : throw new LakeException($"{folder}: holds a model of '{model.Document.Task}', not of '{task}'.");
        }
        catch (ModelException e)
        {
            throw new LakeException($"{folder}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Loads a version that scores a task, with the feature set that it was made for, be it the task's own or another. One that was trained for another definition
    /// of the task, or for a set that this program does not have, is refused too.
    /// </summary>
    public static async Task<(RiskModel Model, FeatureSet Set)> LoadAsync(Lake lake, TaskDefinition task, string version, CancellationToken cancellationToken)
    {
        var model = await LoadAsync(lake, task.Name, version, null, cancellationToken);
        var set = SetOf(lake, model.Document, version);
        // Which rows there are and what their labels are does not hang on what describes them.
        return model.Document.TaskHash == (task with { FeatureSet = set.Name }).Hash
            ? (model, set)
            : throw new LakeException(
                $"{lake.NameOf($"models/{task.Name}/{version}")}: was trained for another definition of '{task.Name}' than this program has: train it again.");
    }

    /// <summary>The feature set that a version scores with; where this program does not have it, or the version cannot be read, throws <see cref="LakeException"/>.</summary>
    public static async Task<FeatureSet> SetOfAsync(Lake lake, string task, string version, CancellationToken cancellationToken) =>
        SetOf(lake, await DocumentAsync(lake, task, version, cancellationToken), version);

    private static FeatureSet SetOf(Lake lake, ModelDocument document, string version)
    {
        var trained = $"{lake.NameOf($"models/{document.Task}/{version}")}: was trained on feature set '{document.FeatureSet}' {document.FeatureSetHash}";
        return FeatureSet.All.FirstOrDefault(s => s.Name == document.FeatureSet) switch
        {
            null => throw new LakeException($"{trained}, which this program does not have: take the program that has it, or train it again."),
            var set when set.Hash != document.FeatureSetHash => throw new LakeException($"{trained}, but this program's is {set.Hash}: train it again."),
            var set => set,
        };
    }

    /// <summary>The evaluation that a version is judged by, or the one of a name; null where it has none.</summary>
    public static async Task<VersionEvaluation?> EvaluationAsync(Lake lake, string task, string version, string? name, CancellationToken cancellationToken)
    {
        var document = await DocumentAsync(lake, task, version, cancellationToken);
        VersionEvaluation? first = null;
        foreach (var path in await lake.ListAsync($"models/{task}/{version}", cancellationToken))
        {
            if (LakePaths.StemOf(path) is { } stem && path.EndsWith(".json", StringComparison.Ordinal) && stem.StartsWith(Evaluation, StringComparison.Ordinal) && (name is null || stem[Evaluation.Length..] == name))
            {
                var found = new VersionEvaluation(stem[Evaluation.Length..], ReadReport(lake.NameOf(path), await lake.ReadAsync(path, cancellationToken)), null);
                first = name is not null || found.Report.Split == document.Split ? found : first ?? found;
                if (first == found && (name is not null || found.Report.Split == document.Split))
                {
                    break;
                }
            }
        }

        if (first is null)
        {
            return null;
        }

        var rows = LakePaths.Model(task, version, $"held-out-{first.Name}.parquet");
        if (!await lake.ExistsAsync(rows, cancellationToken))
        {
            return first;
        }

        // Versions of before it was written are still there to compare with: their events are runs of positive rows.
        var namesEvents = HeldOutTable.NamesEvents(await lake.ReadMetadataAsync(rows, cancellationToken));
        string[] columns = ["patient_id", "as_of", "fold", "label", "p", "raw", .. namesEvents ? (string[])[OwnEvent] : []];
        return first with { HeldOut = ToScores(await lake.ReadTableAsync(rows, columns, cancellationToken)) };
    }

    /// <summary>Reads a report; one that is none throws <see cref="LakeException"/>.</summary>
    public static EvaluationReport ReadReport(string nameForPeople, byte[] bytes)
    {
        try
        {
            return EvaluationReport.FromJson(Encoding.UTF8.GetString(bytes));
        }
        catch (JsonException e)
        {
            throw new LakeException($"{nameForPeople}: not an evaluation report that this program reads ({e.Message.Split('\n')[0]}).", e);
        }
    }

    private static HeldOutScores ToScores(ParquetTable table) => new()
    {
        PatientId = Array.ConvertAll(table.Text("patient_id"), t => t ?? ""),
        AsOf = table.Time("as_of"),
        Fold = table.Int32("fold"),
        Label = table.Boolean("label"),
        P = table.Float64("p"),
        Raw = table.Float64("raw"),
        OwnEvent = table.ColumnNames.Contains(OwnEvent) ? table.Time(OwnEvent) : null,
    };
}
