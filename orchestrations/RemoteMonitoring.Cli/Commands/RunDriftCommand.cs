using System.CommandLine;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon run drift TASK</c>: a look at drift as a workflow, as the schedule runs it.</summary>
internal static class RunDriftCommand
{
    public static Command Create()
    {
        var task = new Argument<string>("TASK") { Description = TaskFiles.Names };
        task.AcceptOnlyFromAmong([.. BundledTasks.All.Select(t => t.Name)]);
        var (asOf, window) = (ScoreCommand.AsOfOption(), DriftCommand.WindowOption());
        var (resume, detach) = (RunCommand.ResumeOption(), RunCommand.DetachOption());
        var command = new Command("drift", "Look at drift as the weekly schedule does: a report, a page, metrics") { task, asOf, window, resume, detach };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var definition = BundledTasks.All.Single(t => t.Name == parsed.GetRequiredValue(task));
            await ModelNames.ResolveAsync(store, definition.Name, null, token); // a run is not begun that cannot come to anything
            var input = new DriftInput
            {
                Cohort = store.Cohort,
                Task = definition.Name,
                AsOf = await RunCommand.AsOfAsync(terminal, store, definition, ScoreCommand.AsOf(parsed.GetValue(asOf)), token),
                Window = DriftCommand.WindowOf(parsed.GetValue(window)!)!.Value,
            };
            var request = RunRegister.IdOf(DriftWorkflow.Definition.Name, store.Cohort, definition.Name, input.AsOf);
            var asked = new RunCommand.Asked<DriftInput, DriftOutcome>(DriftWorkflow.Definition, request, input, null, parsed.GetValue(resume));
            return parsed.GetValue(detach) ? await RunCommand.DetachAsync(terminal, store, asked, token) : await RunCommand.RunAsync(terminal, store, asked, token);
        });
        return command;
    }
}
