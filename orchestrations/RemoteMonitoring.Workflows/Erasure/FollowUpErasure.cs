using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>Ends a patient's follow-ups, and forgets them with their histories, which name the patient.</summary>
internal static class FollowUpErasure
{
    private const int Most = int.MaxValue;

    private static readonly Duration s_patience = Duration.FromMinutes(1);

    public static async Task EraseAsync(IWorkflowClient? client, string patientId, ErasureReport report, bool dryRun, TimeProvider time, CancellationToken cancellationToken)
    {
        var theirs = client is null ? [] : (await client.ListAsync(WorkflowNames.FollowUp, Most, cancellationToken)).Where(i => FollowUpSteps.InputOf(i).PatientId == patientId).ToArray();
        if (theirs.Length > 0)
        {
            report.Add("workflows", "follow-ups", theirs.Length, null);
        }

        if (dryRun || client is null)
        {
            return;
        }

        foreach (var running in theirs.Where(i => i.Status == InstanceStatus.Running))
        {
            await client.TerminateAsync(running.Id, "the patient was erased", cancellationToken);
        }

        string[] ids = [.. theirs.Select(i => i.Id)];
        var until = Instant.FromDateTimeOffset(time.GetUtcNow()) + s_patience;
        while (await AnyRunsAsync(client, ids, cancellationToken))
        {
            if (Instant.FromDateTimeOffset(time.GetUtcNow()) > until)
            {
                throw new LakeException("The patient's follow-ups were told to end, and have not: no engine serves this home. Run 'rmon serve', and erase again: it completes what is left.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }

        // Also for none: what was forgotten by a run that was killed then, or by housekeeping, may be in the file still.
        await client.ForgetAsync(ids, cancellationToken);
    }

    private static async Task<bool> AnyRunsAsync(IWorkflowClient client, string[] ids, CancellationToken cancellationToken)
    {
        foreach (var id in ids)
        {
            if (await client.FindAsync(id, cancellationToken) is { Status: InstanceStatus.Running })
            {
                return true;
            }
        }

        return false;
    }
}
