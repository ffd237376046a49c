using System.CommandLine;
using System.Text.Json;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon runs approve</c>: a person's word to a training that waits for it; and the end of trainings that others bring about.</summary>
internal static class RunsApproveCommand
{
    private const int MostLookedAt = 1000;

    public static Command Create(Argument<string> run)
    {
        var (why, by) = (ModelsDecideCommand.Why(required: true), ModelsDecideCommand.By());
        var insist = new Option<bool>("--override") { Description = "Although the gate fails it; the decision says so" };
        var command = new Command("approve", "Approve of the challenger that a training waits with: it scores, if the gate does not fail it") { run, why, by, insist };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var id = parsed.GetRequiredValue(run);
            var client = CohortEngine.ClientOf(store);
            var found = await client.FindAsync(id, token) ?? throw new UserException($"There is no run '{id}' in cohort '{store.Cohort}'. 'rmon runs list' shows those there are.");
            if (!TrainingRuns.Wait(found))
            {
                throw new UserException($"{id} waits for no approval: {RunWords.Status(found)}, {RunWords.Said(found)}.");
            }

            var approval = new TrainingApproval(parsed.GetRequiredValue(by), parsed.GetRequiredValue(why), parsed.GetValue(insist));
            if (!await client.RaiseAsync(id, TrainingSteps.Approve, approval, token))
            {
                throw new UserException($"{id} has ended meanwhile: 'rmon runs show {id}'.");
            }

            await using var engine = CohortEngine.Start(terminal, store);
            return await RunReport.SayAsync(terminal, store, await RunCommand.SeeThroughAsync(terminal, engine, id, token), token);
        });
        return command;
    }

    /// <summary>Tells the trainings that wait with a version that it was promoted; gives how many. They end when somebody serves the cohort.</summary>
    public static async Task<int> PromotedAsync(CohortStore store, string task, string version, string by, string why, CancellationToken cancellationToken)
    {
        var client = CohortEngine.ClientOf(store);
        var told = 0;
        foreach (var run in (await client.ListAsync(TrainingWorkflow.Definition.Name, MostLookedAt, cancellationToken)).Where(TrainingRuns.Wait))
        {
            var input = JsonSerializer.Deserialize(run.Input, TrainingWorkflow.Definition.Input)!;
            if (input.Task == task && RunWords.Progress(run)?.Note?.Contains(version, StringComparison.Ordinal) == true)
            {
                told += await client.RaiseAsync(run.Id, TrainingSteps.Approve, new TrainingApproval(by, why), cancellationToken) ? 1 : 0;
            }
        }

        return told;
    }
}
