using System.Collections.Concurrent;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>Does the steps of follow-ups. A delivery may be made twice, under the same key: who receives it knows it again by that.</summary>
/// <param name="cohorts">Opens a cohort by its name; it is not closed here.</param>
/// <param name="client">The engine's client.</param>
/// <param name="time">Time.</param>
/// <param name="delivery">How it is sent; null for the network, with secrets from the environment.</param>
/// <param name="metrics">What deliveries are measured by; null where nobody measures.</param>
public sealed class FollowUpActivities(
    Func<string, CancellationToken, ValueTask<CohortStore>> cohorts, Func<IWorkflowClient> client, TimeProvider time, WebhookDelivery? delivery = null,
    WorkflowMetrics? metrics = null)
{
    /// <summary>Lists that are older are nobody's morning: a day that is scored afterwards tells nobody.</summary>
    public static readonly Duration Oldest = Duration.FromDays(2);

    private static readonly Duration s_again = Duration.FromMinutes(5);

    private readonly WebhookDelivery _delivery = delivery ?? new WebhookDelivery(SecretSettings.OfProcess, time);
    private readonly ConcurrentDictionary<string, FollowUpLog> _logs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RosterTeams> _rosters = new(StringComparer.Ordinal);

    /// <summary>Adds the workflow and its steps.</summary>
    public void AddTo(WorkflowRegistry registry) => registry
        .Add(FollowUpWorkflow.Definition)
        .Add(FollowUpSteps.Start, StartAsync)
        .Add(FollowUpSteps.Look, LookAsync)
        .Add(FollowUpSteps.Deliver, DeliverAsync);

    /// <summary>The settings of a cohort's home; null where it has none.</summary>
    public static Task<FollowUpFile?> FileOfAsync(CohortStore store, CancellationToken cancellationToken) => FollowUpFile.FindAsync(Path.GetDirectoryName(store.Folder)!, cancellationToken);

    /// <summary>Whether a cohort's home has settings, or has them where they cannot be read just now: the lists of a night do not wait for that.</summary>
    public static async Task<bool> IsAskedForAsync(CohortStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await FileOfAsync(store, cancellationToken) is not null;
        }
        catch (LakeException)
        {
            return true;
        }
    }

    /// <summary>Starts a follow-up, unless it was before; false where it was.</summary>
    public static async Task<bool> StartAsync(CohortStore store, IWorkflowClient client, FollowUpInput input, CancellationToken cancellationToken) =>
        !await store.Lake.ExistsAsync(LakePaths.RunArchive(input.InstanceId), cancellationToken)
        && await client.TryStartAsync(FollowUpWorkflow.Definition, input.InstanceId, input, cancellationToken);

    private async Task<FollowUpsStarted> StartAsync(FollowUpsAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        if (await FileOfAsync(store, cancellationToken) is not { } file)
        {
            return new FollowUpsStarted(0, 0);
        }

        if (Now - asked.AsOf > Oldest)
        {
            return new FollowUpsStarted(0, 0, "the lists are of the past, so nobody is told");
        }

        var (log, roster) = (LogOf(store), RosterOf(store));
        await log.RefreshAsync(cancellationToken);
        await roster.RefreshAsync(cancellationToken);
        var (started, before, left, begun) = (0, 0, 0, new HashSet<string>(StringComparer.Ordinal));
        foreach (var team in ListedFollowUps.TeamsOf(file, roster))
        {
            var of = await ListedFollowUps.BeginAsync(store, client(), log, asked, team, Now, begun, cancellationToken);
            (started, before, left) = (started + of.Started, before + of.Before, left + of.Left);
        }

        string[] problems =
        [
            .. file.Settings is null ? [$"{FollowUpFile.FileName} has faults, and they wait until it is put right; 'rmon follow-ups check' names them"] : (string[])[],
            .. left > 0 ? [$"{left} patients of lists longer than {ListedFollowUps.MostOfATeam} are on the page alone"] : (string[])[],
        ];
        return new FollowUpsStarted(started, before, problems.Length == 0 ? null : string.Join("; ", problems));
    }

    private async Task<FollowUpStep> LookAsync(FollowUpAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Input.Cohort, cancellationToken);
        return await NextAsync(store, await FileOfAsync(store, cancellationToken), asked, cancellationToken);
    }

    /// <summary>What is next, by what holds now.</summary>
    private async Task<FollowUpStep> NextAsync(CohortStore store, FollowUpFile? file, FollowUpAsked asked, CancellationToken cancellationToken)
    {
        var (input, log) = (asked.Input, LogOf(store));
        await log.RefreshAsync(cancellationToken);
        var patient = log.Of(input.PatientId);
        // Whatever the settings say: who was seen to is seen to, and of whom another team sees to this one hears nothing more.
        if (FollowUpDecision.Contact(input, asked.State, patient, asked.Now) is { } contact)
        {
            return contact;
        }

        if (await TeamOfAsync(store, input.PatientId, cancellationToken) is { } team && team != input.CareTeamId)
        {
            return FollowUpDecision.Moved(input, asked.State, patient);
        }

        return file is { Settings: null }
            ? new FollowUpStep(FollowUpMove.Wait, asked.Now + s_again, Note: $"waits for {FollowUpFile.FileName} to be put right; 'rmon follow-ups check' says what is wrong")
            : FollowUpDecision.Next(input, file?.Settings!.Of(input.CareTeamId), asked.State, patient, asked.Now);
    }

    private async Task<Delivery> DeliverAsync(DeliveryAsked asked, CancellationToken cancellationToken)
    {
        var (input, purpose) = (asked.Input, asked.Purpose);
        var store = await cohorts(input.Cohort, cancellationToken);
        var before = asked.State.Of(purpose)?.Attempts ?? 0;
        var file = await FileOfAsync(store, cancellationToken);
        var next = await NextAsync(store, file, new FollowUpAsked(input, asked.State, Now), cancellationToken);
        // It may be hours after the look, if the process died in between: who was seen to meanwhile is not told of, and nobody in their quiet hours.
        if (next.Outcome is not null || FollowUpDecision.Acted(input, asked.State, LogOf(store).Of(input.PatientId))
            || file?.Settings is not { } settings || settings.Of(input.CareTeamId) is not { } team || !team.HoursFor(input.Kind).IsOpen(Now))
        {
            return new Delivery(purpose, before, DeliveryStatus.Failed, Now, "not due any more when it was to be sent");
        }

        var attempt = before + 1;
        if (await FollowUpContent.FindAsync(store, input, cancellationToken) is not { } content)
        {
            return new Delivery(purpose, attempt, DeliveryStatus.Gone, Now, "no longer there");
        }

        var payload = PayloadOf(store, settings, team, asked, attempt, content);
        var webhook = purpose == DeliveryPurpose.Escalation ? team.EscalationWebhook ?? team.Webhook : team.Webhook;
        var answer = await _delivery.SendAsync(webhook, input.Key, attempt, payload.ToBytes(), cancellationToken);
        metrics?.Delivered(answer.Status);
        return new Delivery(
            purpose, attempt, answer.Status, Now, answer.Problem, answer.Status == DeliveryStatus.Failed ? FollowUpDecision.RetryAt(team, attempt, Now, answer.RetryAfter) : null, payload.For);
    }

    private FollowUpPayload PayloadOf(CohortStore store, FollowUpSettings settings, TeamDelivery team, DeliveryAsked asked, int attempt, FollowUpContent content)
    {
        var input = asked.Input;
        var hours = team.HoursFor(input.Kind);
        var end = hours.Add(asked.State.Begun, team.GiveUpAfter);
        var user = asked.Purpose == DeliveryPurpose.Escalation ? team.EscalationUser : LogOf(store).Of(input.PatientId).ClaimedBy;
        user = user is null ? null : Cover.On(team.Covers, user, Now.InZone(hours.Zone).Date);
        var handle = store.MakeHandleKey().HandleOf(input.PatientId);
        var root = settings.Worklist.AbsoluteUri.EndsWith('/') ? settings.Worklist : new Uri(settings.Worklist.AbsoluteUri + "/");
        return new FollowUpPayload
        {
            Key = input.Key,
            Kind = input.Kind,
            Purpose = asked.Purpose,
            Attempt = attempt,
            Team = new ToldTeam(input.CareTeamId, FollowUpPayload.Short(content.Team)),
            Patient = new ToldPatient(handle, team.IncludePatientId ? input.PatientId : null),
            For = user,
            AsOf = input.AsOf,
            Title = FollowUpPayload.Short(content.Title),
            Band = content.Band,
            Risk = content.Risk is { } risk ? FollowUpPayload.Short(risk) : null,
            Reasons = [.. content.Reasons.Take(FollowUpPayload.MostReasons).Select(FollowUpPayload.Short)],
            Worklist = new Uri(root, $"patients/{handle}"),
            Acknowledge = new Uri(root, new AcknowledgementToken(store).PathOf(new Acknowledgement(input.Key, user ?? AcknowledgementToken.Anybody, input.CareTeamId, handle, end))),
            Due = team.Escalates && asked.Purpose != DeliveryPurpose.Escalation ? Instant.Min(end, hours.Add(asked.State.Of(DeliveryPurpose.First)?.At ?? Now, team.EscalateAfter)) : end,
        };
    }

    private Instant Now => Instant.FromDateTimeOffset(time.GetUtcNow());

    private FollowUpLog LogOf(CohortStore store) => _logs.GetOrAdd(store.Cohort, _ => new FollowUpLog(store.Reference, time));

    private RosterTeams RosterOf(CohortStore store) => _rosters.GetOrAdd(store.Cohort, _ => new RosterTeams(store.Reference));

    private async Task<string?> TeamOfAsync(CohortStore store, string patientId, CancellationToken cancellationToken)
    {
        var roster = RosterOf(store);
        await roster.RefreshAsync(cancellationToken);
        return roster.Of(patientId);
    }
}
