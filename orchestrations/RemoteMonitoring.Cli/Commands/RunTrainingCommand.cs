using System.CommandLine;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Training;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon run training TASK</c>: training as a workflow, here or on Azure ML, up to a person's approval.</summary>
internal static class RunTrainingCommand
{
    public static Command Create()
    {
        var task = new Argument<string>("TASK") { Description = TaskFiles.Names };
        task.AcceptOnlyFromAmong([.. BundledTasks.All.Select(t => t.Name)]);
        var (features, trials, budget) = (TrainCommand.Features(), TrainCommand.Trials(), TrainCommand.Budget());
        var on = new Option<string>("--on") { Description = "Where to train. Azure ML needs a home in Azure and RMON_AZUREML_*: pipelines/azureml/README.md", DefaultValueFactory = _ => "here" };
        on.AcceptOnlyFromAmong("here", "azureml");
        var wait = new Option<bool>("--wait-for-approval") { Description = "Have the run wait for 'rmon runs approve', for 14 days, where the model becomes the challenger" };
        var detach = RunCommand.DetachOption();
        var command = new Command("training", "Train a model of a task as a run that goes on whatever dies; it becomes the challenger") { task, features, trials, budget, on, wait, detach };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = parsed.GetRequiredValue(task);
            var set = parsed.GetValue(features);
            var definition = BundledTasks.All.Single(t => t.Name == name);
            if (set is not null)
            {
                _ = TrainCommand.Described(definition, set);
            }

            var place = parsed.GetValue(on) == "azureml" ? TrainingPlace.AzureMl : TrainingPlace.Here;
            if (place == TrainingPlace.AzureMl)
            {
                Check(store.Lake);
            }

            var input = new TrainingInput
            {
                Cohort = store.Cohort,
                Task = name,
                FeatureSet = set,
                Trials = parsed.GetValue(trials),
                Budget = Duration.FromTimeSpan(TrainCommand.BudgetOf(parsed.GetValue(budget)!)!.Value),
                Place = place,
                WaitForApproval = parsed.GetValue(wait),
            };
            var request = RunRegister.IdOf(TrainingWorkflow.Definition.Name, store.Cohort, name, Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()));
            var asked = new RunCommand.Asked<TrainingInput, TrainingOutcome>(TrainingWorkflow.Definition, request, input, null, Anew: false);
            return parsed.GetValue(detach) ? await RunCommand.DetachAsync(terminal, store, asked, token) : await RunCommand.RunAsync(terminal, store, asked, token);
        });
        return command;
    }

    /// <summary>A run is not begun that cannot come to anything.</summary>
    private static void Check(Lake lake)
    {
        try
        {
            _ = AzureMlOptions.Read(Environment.GetEnvironmentVariable);
        }
        catch (ArgumentException e)
        {
            throw new UserException(e.Message, ExitCodes.Usage);
        }

        if (lake is LakeDirectory)
        {
            throw new UserException("--on azureml: its jobs read the snapshot from the home's blob container, and this home is a folder of this machine. Name one in Azure with --blobs and --cosmos, or train here.", ExitCodes.Usage);
        }
    }
}
