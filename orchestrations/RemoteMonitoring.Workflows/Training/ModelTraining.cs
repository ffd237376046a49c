using System.Text;
using System.Text.Json;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>
/// Snapshot → evaluation on held-out rows → final model: the files of a version. It is the same wherever it runs, and looks at nothing but the snapshot.
/// Of one that was interrupted it makes what is missing.
/// </summary>
public static class ModelTraining
{
    /// <summary>Writes the files of the version, <c>models/{task}/{version}/…</c>, the model last.</summary>
    public static Task RunAsync(Lake lake, TrainingSnapshot snapshot, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken) =>
        RunAsync(lake, snapshot, null, progress, cancellationToken);

    /// <summary>The same beside erasures: around each file that holds rows it asks whether the snapshot is still what was given.</summary>
    internal static async Task RunAsync(Lake lake, TrainingSnapshot snapshot, GivenSnapshot? given, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var (task, version, data) = (snapshot.Task, snapshot.Version, snapshot.Data);
        var settings = await SearchedAsync(lake, snapshot, progress, cancellationToken);
        var results = new List<EvaluationResult>();
        foreach (var split in task.Splits)
        {
            var result = Evaluator.Evaluate(data, snapshot.Flow, split, settings, progress, cancellationToken, snapshot.Context);
            results.Add(result);
            await (given?.CheckAsync(cancellationToken) ?? Task.CompletedTask);
            await lake.CreateDerivedAsync(HeldOutPath(task, version, split), HeldOutTable.ToParquet(result.HeldOut).ToBytes(), cancellationToken);
            await lake.CreateDerivedAsync(ReportPath(task, version, split), Encoding.UTF8.GetBytes(result.Report.ToJson()), cancellationToken);
        }

        var model = RiskModel.Train(data, snapshot.EndOfData, settings, results[0].Report, progress, cancellationToken, snapshot.Observations);
        await (given?.CheckAsync(cancellationToken) ?? Task.CompletedTask);
        await ReportFiles.WriteAsync(lake, snapshot.Streams, task, version, model.Document, results, cancellationToken);
        await BandDecisions.DefaultAsync(lake, task.Name, version, results[0].HeldOut.P, results[0].HeldOut.Label, cancellationToken);
        foreach (var (name, bytes) in ModelFiles.Save(model))
        {
            await lake.CreateDerivedAsync(LakePaths.Model(task.Name, version, name), bytes, cancellationToken);
        }

        await (given?.CheckAsync(cancellationToken) ?? Task.CompletedTask);
    }

    /// <summary>Whether all files of a version are there.</summary>
    public static Task<bool> IsWholeAsync(Lake lake, TaskDefinition task, string version, CancellationToken cancellationToken) => lake.AllExistAsync(
        [
            .. task.Splits.SelectMany(split => (string[])[HeldOutPath(task, version, split), ReportPath(task, version, split)]),
            .. ReportFiles.Paths(task, version),
            .. ModelFiles.TrainedNames.Select(name => LakePaths.Model(task.Name, version, name)),
        ],
        cancellationToken);

    internal static string HeldOutPath(TaskDefinition task, string version, SplitKind split) => LakePaths.Model(task.Name, version, $"held-out-{Name(split)}.parquet");

    internal static string ReportPath(TaskDefinition task, string version, SplitKind split) => LakePaths.Model(task.Name, version, $"evaluation-{Name(split)}.json");

    internal static string Name(SplitKind split) => JsonNamingPolicy.KebabCaseLower.ConvertName(split.ToString());

    /// <summary>
    /// The settings with what searches find. It is written down before anything is trained with it, so that a training that was
    /// interrupted goes on with the same, however much time there is then.
    /// </summary>
    private static async Task<TrainingSettings> SearchedAsync(Lake lake, TrainingSnapshot snapshot, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var settings = snapshot.Settings;
        if (settings.Trials == 0)
        {
            return settings;
        }

        var path = LakePaths.Model(snapshot.Task.Name, snapshot.Version, SearchFile.Name);
        if (await lake.TryReadAsync(path, cancellationToken) is not { } bytes)
        {
            bytes = SearchFile.Write(SettingsSearch.ForAll(snapshot.Data, snapshot.EndOfData, settings, TimeProvider.System, progress, cancellationToken));
            await lake.CreateDerivedAsync(path, bytes, cancellationToken);
        }

        try
        {
            return settings with { Found = SearchFile.Read(bytes, lake.NameOf(path)) };
        }
        catch (ModelException e)
        {
            throw new LakeException(e.Message, e);
        }
    }
}
