using System.CommandLine;
using System.Globalization;
using RemoteMonitoring.Features.Sets;
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
        var (features, trials, budget) = (Features(), Trials(), Budget());
        var curve = new Option<bool>("--learning-curve") { Description = "Show as well how good models taught by fewer patients are" };
        var command = new Command("train", "Evaluate on patients and times held out, beside NEWS2 and logistic regression, and train the model that scores") { task, features, trials, budget, curve };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskFiles.Of(parsed.GetRequiredValue(task));
            definition = parsed.GetValue(features) is { } set ? Described(definition, set) : definition;
            var settings = new TrainingSettings { Trials = parsed.GetValue(trials), Budget = BudgetOf(parsed.GetValue(budget)!)!.Value };
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var manifest = await CompactedAsync(store, token);
            var (model, _) = await RunAsync(terminal, store, manifest, definition, settings, token);
            Show(terminal, store, model);
            if (parsed.GetValue(curve))
            {
                var points = await terminal.StageAsync("learning curve", async progress =>
                {
                    var shown = await Task.Run(() => TrainingStage.LearningCurveAsync(store, manifest, definition, settings, new Steps(progress), token), token);
                    return (shown, $"{shown.Count} sizes");
                });
                terminal.Table(
                    ["patients", "rows", "with the outcome", "AUROC", "AUPRC"],
                    points.Select(p => new[] { Terminal.Number(p.Patients), Terminal.Number(p.Rows), Terminal.Number(p.Events), $"{p.Auroc:F3}", $"{p.Auprc:F3}" }));
                terminal.Line("Means over the folds of the first split; each size holds the patients of the smaller ones.");
            }

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

    public static Option<string?> Features()
    {
        var features = new Option<string?>("--features") { Description = "Describe the patients with this feature set. Default: the task's", HelpName = "SET" };
        features.AcceptOnlyFromAmong([.. FeatureSet.All.Select(s => s.Name)]);
        return features;
    }

    public static Option<int> Trials()
    {
        var trials = new Option<int>("--trials") { Description = "Look for better settings of the trees: so many trials for each fold among its own training patients, and for the final model. Default: 0, the settings that come with the program", HelpName = "N" };
        trials.Validators.Add(result =>
        {
            if (result.GetValue(trials) is < 0 or > 1000)
            {
                result.AddError("--trials: a number from 0 to 1000.");
            }
        });
        return trials;
    }

    public static Option<string> Budget()
    {
        var budget = new Option<string>("--budget") { Description = "Longest time that all trials may take together; what was found by then stands", HelpName = "10m|2h", DefaultValueFactory = _ => "10m" };
        budget.Validators.Add(result =>
        {
            if (result.GetValue(budget) is { } text && BudgetOf(text) is null)
            {
                result.AddError($"--budget '{text}': a number of seconds, minutes or hours, as in 90s, 10m or 2h.");
            }
        });
        return budget;
    }

    public static TaskDefinition Described(TaskDefinition task, string set) => task.KindsTold(FeatureSet.Named(set)) is [var told, ..]
        ? throw new UserException($"--features {set}: it has the history of '{told}' up to as-of, which is the label of '{task.Name}'. Take a set without it.", ExitCodes.Usage)
        : task.DescribedBy(FeatureSet.Named(set));

    public static TimeSpan? BudgetOf(string text) =>
        text.Length > 1 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 10_000
            ? text[^1] switch
            {
                's' => TimeSpan.FromSeconds(number),
                'm' => TimeSpan.FromMinutes(number),
                'h' => TimeSpan.FromHours(number),
                _ => null,
            }
            : null;

    public static async Task<ObservationsManifest> CompactedAsync(CohortStore store, CancellationToken cancellationToken) =>
        await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken)
        ?? throw new UserException($"{store.Folder}: nothing has been ingested yet. Run 'rmon ingest FEED' first.");

    public static async Task<(TrainedModel Model, bool AlreadyThere)> RunAsync(
        Terminal terminal, CohortStore store, ObservationsManifest manifest, TaskDefinition task, TrainingSettings settings, CancellationToken cancellationToken) =>
        await terminal.StageAsync("train", async progress =>
        {
            var steps = new Steps(progress);
            var trained = await Task.Run(() => TrainingStage.RunAsync(store, manifest, task, settings, steps, cancellationToken), cancellationToken);
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
            Results.ShowVariants(terminal, model.Reports[i]);
            terminal.Line($"held-out predictions: {store.Lake.NameOf(model.HeldOut[i])}");
        }

        terminal.Line($"report: {store.Lake.NameOf(model.Report)}");
        terminal.Line($"model card: {store.Lake.NameOf(model.Card)}");
    }

    public sealed class Steps(IProgress<Fraction> progress) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => progress.Report(new Fraction(value.Done, value.Total, value.Stage.ToLowerInvariant()));
    }
}
