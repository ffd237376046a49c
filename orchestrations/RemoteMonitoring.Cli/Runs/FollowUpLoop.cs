using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>Beside the schedules: goes round for follow-ups again and again, and says what was begun.</summary>
internal static class FollowUpLoop
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_away = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(Terminal terminal, CohortStore store, IWorkflowClient client, CancellationToken cancellationToken)
    {
        using var rounds = new FollowUpRounds(store, client, TimeProvider.System);
        while (true)
        {
            var wait = s_look;
            try
            {
                var (ofReadings, ofLists) = await rounds.LookAsync(cancellationToken);
                if (ofReadings > 0)
                {
                    terminal.Line($"{Terminal.Number(ofReadings)} follow-ups of urgent readings begun");
                }

                if (ofLists > 0)
                {
                    terminal.Line($"{Terminal.Number(ofLists)} follow-ups of lists begun that their night had left");
                }
            }
            catch (LakeException e)
            {
                terminal.Warn($"follow-ups cannot be looked after yet: {e.Message}");
                wait = s_away;
            }

            await Task.Delay(wait, cancellationToken);
        }
    }
}
