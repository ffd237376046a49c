using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>Ends a patient's follow-ups, and forgets them with their histories, which name the patient.</summary>
internal static class FollowUpErasure
{
    private const int Most = int.MaxValue;
    private const string Why = "the patient was erased";

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
            await client.TerminateAsync(running.Id, Why, cancellationToken);
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

    /// <summary>
    /// The same for all of a cohort who were ever erased, in the engine of who asks, which may run the follow-ups of other cohorts too: an erasure reaches the
    /// engine beside it alone. To be asked for again until nothing is left, since what was told to end is forgotten when it has.
    /// </summary>
    /// <returns>How many there were.</returns>
    public static async Task<int> EraseAllAsync(IWorkflowClient client, string cohort, Erasures erasures, CancellationToken cancellationToken)
    {
        var theirs = (await client.ListAsync(WorkflowNames.FollowUp, Most, cancellationToken))
            .Where(i => FollowUpSteps.InputOf(i) is var input && input.Cohort == cohort && erasures.Cover(input.PatientId, i.Created, input.AsOf))
            .ToLookup(i => i.Status == InstanceStatus.Running);
        foreach (var running in theirs[true])
        {
            await client.TerminateAsync(running.Id, Why, cancellationToken);
        }

        if (theirs[false].Any())
        {
            await client.ForgetAsync([.. theirs[false].Select(i => i.Id)], cancellationToken);
        }

        return theirs.Sum(g => g.Count());
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
