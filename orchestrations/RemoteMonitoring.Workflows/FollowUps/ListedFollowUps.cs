using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// Begins what a night's own step has left of the follow-ups of its lists: where the store was away for longer than the step tries, and where a patient was left
/// out for a contact that was taken back, or a pause or snooze that is over. It knows the nights of its own engine: those that another has run are not looked after.
/// What was begun before is not begun again, so it makes no difference how many look, or how often. For one task at a time.
/// </summary>
public sealed class ListedFollowUps(CohortStore store, IWorkflowClient client, FollowUpLog log, TimeProvider time)
{
    /// <summary>Of one list at the most.</summary>
    internal const int MostOfATeam = 500;

    /// <summary>Nights that are looked through for those that made the latest lists.</summary>
    private const int MostNights = 50;

    private readonly RosterTeams _roster = new(store.Reference);
    private readonly Dictionary<(string Task, Instant AsOf), HashSet<string>> _begun = [];
    private readonly HashSet<(Instant AsOf, string List, string Team)> _whole = [];

    /// <summary>Looks through the lists that hold, of nights whose own step is over, and begins what is not.</summary>
    /// <returns>How many were begun.</returns>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        if (await FollowUpActivities.FileOfAsync(store, cancellationToken) is not { } file)
        {
            return 0;
        }

        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        Forget(now - FollowUpActivities.Oldest);
        var lists = ListsIndex.Latest(await ListsIndex.ReadAsync(store.Documents, cancellationToken)).Where(l => l.Scored > 0 && now - l.AsOf <= FollowUpActivities.Oldest).ToArray();
        if (lists.Length == 0)
        {
            return 0;
        }

        var delivered = (await client.ListAsync(WorkflowNames.DailyRisk, MostNights, cancellationToken)).Select(OutcomeOf).Where(o => o?.FollowUps is not null).Select(o => o!.Run).ToHashSet(StringComparer.Ordinal);
        await log.RefreshAsync(cancellationToken);
        await _roster.RefreshAsync(cancellationToken);
        var started = 0;
        foreach (var list in lists.Where(l => delivered.Contains(l.Run)))
        {
            var asked = new FollowUpsAsked(store.Cohort, list.Task, list.AsOf, list.Run);
            if (!_begun.TryGetValue((list.Task, list.AsOf), out var keys))
            {
                keys = _begun[(list.Task, list.AsOf)] = new HashSet<string>(StringComparer.Ordinal);
            }

            foreach (var team in TeamsOf(file, _roster).Where(t => !_whole.Contains((list.AsOf, list.Id, t))))
            {
                var begun = await BeginAsync(store, client, log, asked, team, now, keys, cancellationToken);
                started += begun.Started;
                if (begun.IsWhole)
                {
                    _whole.Add((list.AsOf, list.Id, team));
                }
            }
        }

        return started;
    }

    /// <summary>Teams for which something may be delivered: while the file has a fault that is any, and their follow-ups wait until it says which.</summary>
    internal static IEnumerable<string> TeamsOf(FollowUpFile file, RosterTeams roster) => roster.Teams.Where(t => file.Settings is not { } settings || settings.Of(t) is not null);

    /// <summary>
    /// Begins those of a team's list, but of whom somebody was in touch with after what the list knows, and of who is paused or snoozed by now. <paramref name="begun"/> has the
    /// keys of those that need not be asked for, and gets those that were.
    /// </summary>
    internal static async Task<TeamBegun> BeginAsync(CohortStore store, IWorkflowClient client, FollowUpLog log, FollowUpsAsked asked, string team, Instant now, HashSet<string> begun, CancellationToken cancellationToken)
    {
        if (await store.Documents.FindAsync(Containers.Worklists, team, FollowUpContent.ListId(asked.AsOf, asked.Run), cancellationToken) is not { } document)
        {
            return new TeamBegun(0, 0, 0, true);
        }

        var listed = RiskDocumentJson.ReadWorklist(document.Body).Listed;
        var (started, before, isWhole) = (0, 0, true);
        UrgentTimes? urgent = null;
        foreach (var prediction in listed.Take(MostOfATeam))
        {
            var input = new FollowUpInput { Cohort = asked.Cohort, Kind = FollowUpKind.Listed, CareTeamId = team, PatientId = prediction.PatientId, Task = asked.Task, AsOf = asked.AsOf, Run = asked.Run };
            if (begun.Contains(input.Key))
            {
                continue;
            }

            var state = log.Of(prediction.PatientId);
            if (state.SnoozeAt(now) is not null)
            {
                urgent ??= await UrgentTimes.ReadAsync(store.Documents, now, cancellationToken);
            }

            if (state.LastContact?.Known > prediction.KnownBy || state.PauseAt(now) is not null || state.SnoozeAt(now, urgent?.Of(prediction.PatientId)) is not null)
            {
                isWhole = false;
                continue;
            }

            _ = await FollowUpActivities.StartAsync(store, client, input, cancellationToken) ? started++ : before++;
            begun.Add(input.Key);
        }

        return new TeamBegun(started, before, Math.Max(0, listed.Count - MostOfATeam), isWhole);
    }

    /// <summary>Of lists that nobody is told of any more nothing is kept.</summary>
    private void Forget(Instant oldest)
    {
        foreach (var past in _begun.Keys.Where(k => k.AsOf < oldest).ToArray())
        {
            _begun.Remove(past);
        }

        _whole.RemoveWhere(w => w.AsOf < oldest);
    }

    private static DailyRiskOutcome? OutcomeOf(WorkflowInstance instance) =>
        instance is { Status: InstanceStatus.Completed, Output: { } output } ? JsonSerializer.Deserialize(output, DailyRiskWorkflow.Daily.Output) : null;
}

/// <summary>What came of beginning the follow-ups of a team's list: new ones, those that were begun before, patients beyond the most of a list, and whether nobody was left out.</summary>
internal readonly record struct TeamBegun(int Started, int Before, int Left, bool IsWhole);
