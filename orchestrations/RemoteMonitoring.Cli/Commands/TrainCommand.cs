using System.CommandLine;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon train TASK</c>: evaluates on held-out patients and times, then trains the model that scores.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var task = TaskFiles.Argument();
        var command = new Command("train", "Evaluate on patients and times held out, beside NEWS2 and logistic regression, and train the model that scores") { task };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskFiles.Of(parsed.GetRequiredValue(task));
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var manifest = await CompactedAsync(store, token);
            var (model, _) = await RunAsync(terminal, store, manifest, definition, token);
            Show(terminal, store, model);
            var models = await new ModelRegistry(store, TimeProvider.System).ReadAsync(definition.Name, token);
            var alias = model.Version == models.Champion ? ModelVersions.Champion : model.Version == models.Challenger ? ModelVersions.Challenger : null;
            terminal.Line(alias switch
            {
                ModelVersions.Champion => "It is the champion: it scores.",
                ModelVersions.Challenger => $"It is the challenger: {models.Champion} goes on to score. 'rmon models compare {definition.Name}' says how they differ, 'rmon models promote {definition.Name} --why TEXT' makes it the champion.",
                _ => $"It was decided about before, and {models.Champion} goes on to score: 'rmon models show {definition.Name} {model.Version}'.",
            });
            var document = Results.TrainedJson(store, model);
            document["alias"] = alias;
            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    public static async Task<ObservationsManifest> CompactedAsync(CohortStore store, CancellationToken cancellationToken) =>
        await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken)
        ?? throw new UserException($"{store.Folder}: nothing has been ingested yet. Run 'rmon ingest FEED' first.");

    public static async Task<(TrainedModel Model, bool AlreadyThere)> RunAsync(
        Terminal terminal, CohortStore store, ObservationsManifest manifest, TaskDefinition task, CancellationToken cancellationToken) =>
        await terminal.StageAsync("train", async progress =>
        {
            var steps = new Steps(progress);
            var trained = await Task.Run(() => TrainingStage.RunAsync(store, manifest, task, new TrainingSettings(), steps, cancellationToken), cancellationToken);
            return (trained, trained.AlreadyThere
                ? $"nothing new: model {trained.Model.Version} of {task.Name} stands"
                : $"model {trained.Model.Version} of {task.Name}: {Terminal.Number(trained.Model.Reports.Sum(r => r.Rows))} held-out instants");
        });

    public static void Show(Terminal terminal, CohortStore store, TrainedModel model)
    {
        Results.ShowFlow(terminal, model.Reports[0].Flow);
        for (var i = 0; i < model.Reports.Count; i++)
        {
            Results.ShowMetrics(terminal, model.Reports[i]);
            terminal.Line($"held-out predictions: {store.Lake.NameOf(model.HeldOut[i])}");
        }
    }

    private sealed class Steps(IProgress<Fraction> progress) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => progress.Report(new Fraction(value.Done, value.Total, value.Stage.ToLowerInvariant()));
    }
}
