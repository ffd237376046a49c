using System.Globalization;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Service;

/// <summary>Follow-ups of which nobody has been told though somebody should have been.</summary>
internal static class WaitingFollowUps
{
    private const int Most = 20_000;

    /// <summary>Counts those that were due <see cref="ServiceObjectives.LongestWait"/> ago or before, and of whose patient nobody took care by themselves.</summary>
    internal static async Task<ServiceLevel> MeasureAsync(CohortStore store, IWorkflowClient? client, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await FollowUpActivities.FileOfAsync(store, cancellationToken) is null)
        {
            return new ServiceLevel(ServiceObjectives.FollowUps, null, ServiceState.NotYet, null, "nobody is told: the page is the delivery", null);
        }

        if (client is null)
        {
            return new ServiceLevel(ServiceObjectives.FollowUps, null, ServiceState.NotYet, null, "not known here: another program runs them", "The metrics of the program that runs the workflows say.");
        }

        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        var running = (await client.ListRunningAsync(WorkflowNames.FollowUp, Most, cancellationToken)).Where(i => FollowUpSteps.InputOf(i).Cohort == store.Cohort).ToArray(); // an engine may serve several
        var late = running.Where(i => IsLate(i, now)).ToArray();
        if (late.Length > 0)
        {
            using var log = new FollowUpLog(store.Reference, time);
            await log.RefreshAsync(cancellationToken);
            late = [.. late.Where(i => FollowUpSteps.InputOf(i) is var input && !FollowUpDecision.Acted(input, new FollowUpState(i.Created, []), log.Of(input.PatientId)))];
        }

        return new ServiceLevel(
            ServiceObjectives.FollowUps, null, late.Length == 0 ? ServiceState.Met : ServiceState.NotMet, late.Length,
            string.Create(CultureInfo.InvariantCulture, $"{late.Length:N0} of {running.Length:N0} under way"), late.Length == 0 ? null : "Tell the teams to look at their lists; 'rmon follow-ups list --open' says why each waits.");
    }

    /// <summary>Told to nobody, though it was tried, or should have been: in quiet hours it waits until they are over, and that is no delay.</summary>
    private static bool IsLate(WorkflowInstance instance, Instant now)
    {
        var status = FollowUpSteps.StatusOf(instance);
        return status?.Deliveries.FirstOrDefault(d => d.Purpose == DeliveryPurpose.First) switch
        {
            { Status: DeliveryStatus.Taken or DeliveryStatus.Gone } => false,
            { Attempts: > 0 } => now - instance.Created > ServiceObjectives.LongestWait,
            _ => now - (status?.Until ?? instance.Created) > ServiceObjectives.LongestWait,
        };
    }
}
