using System.Globalization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>Gathers what the page of a team's list shows.</summary>
public sealed class ListReader(WorklistServices services)
{
    /// <summary>The cohort of the demo, whose patients nobody needs to call.</summary>
    private const string MadeUp = "simulated";

    /// <summary>The list of a team.</summary>
    /// <param name="team">Whose.</param>
    /// <param name="task">Which task's latest; null for the first.</param>
    /// <param name="id">Which lists, by <see cref="ListsMade.Id"/>; null for the latest.</param>
    /// <param name="from">Rows before the page.</param>
    /// <param name="most">Rows of the page at the most.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Null where there are no lists of this id.</returns>
    public async Task<ListView?> ReadAsync(AllowedTeam team, string? task, string? id, int from, int most, CancellationToken cancellationToken)
    {
        // Before all else: what comes while the rest is read is told as new, and not taken to be shown.
        var version = await VersionAsync(team, cancellationToken);
        await services.Actions.RefreshAsync(cancellationToken);
        var latest = await services.Lists.LatestAsync(cancellationToken);
        var lists = id is null ? latest.FirstOrDefault(l => task is null || l.Task == task) : (await services.Lists.AllAsync(cancellationToken)).FirstOrDefault(l => l.Id == id);
        if (lists is null && (id is not null || task is not null))
        {
            return null;
        }

        var today = await services.Reference.TodayAsync(cancellationToken);
        var list = lists is null ? null : await services.Lists.ReadAsync(team, lists, cancellationToken);
        var before = lists is null ? null : await services.Lists.BeforeAsync(lists, cancellationToken);
        var now = services.Now;
        var urgent = await services.Urgent.OfAsync(team, cancellationToken);
        var seen = urgent.GroupBy(u => u.PatientId, StringComparer.Ordinal).ToDictionary(g => g.Key, UrgentLane.Reach, StringComparer.Ordinal);
        var reach = await services.Urgent.ReachesAsync(team, cancellationToken);
        PatientLine Line(string patientId) =>
            LineOf(team.Viewer, today, team.Patients[patientId], team.Zone, seen.GetValueOrDefault(patientId), reach.TryGetValue(patientId, out var landed) ? landed : null, now);
        LanePatient[] Lane<T>(IEnumerable<T> rows, Func<T, string> patient, Func<T, string> text) =>
            [.. rows.GroupBy(patient, StringComparer.Ordinal).Select(g => new LanePatient(Line(g.Key), [.. g.Select(text)]))];

        var zone = team.Zone;
        var listed = new List<ListedPatient>();
        foreach (var (index, prediction) in (list?.Listed ?? []).Index().Skip(from).Take(most))
        {
            listed.Add(new()
            {
                Rank = index + 1,
                Prediction = prediction,
                Patient = Line(prediction.PatientId),
                Since = before is null ? ListWords.Yesterday : ListWords.When(before.AsOf, lists!.AsOf, zone),
                Before = before is null ? null : (await services.Lists.PredictionAsync(team.Of(prediction.PatientId), before, cancellationToken))?.Probability,
            });
        }

        return new()
        {
            Team = team,
            Teams = [.. team.Viewer.Member.Teams.Select(t => (Id: t, Name: today.Teams.GetValueOrDefault(t)?.Name ?? t)).OrderBy(t => t.Name, StringComparer.Ordinal)],
            Lists = lists,
            Latest = latest,
            List = list,
            IsLatest = lists is not null && latest.Contains(lists),
            DataEnd = lists is not null && ListView.IsOld(lists.AsOf, now) ? await PatientVitals.WatermarkAsync(services.Store, cancellationToken) : null,
            IsMadeUp = services.Store.Cohort == MadeUp,
            Listed = listed,
            From = from,
            Urgent = Lane(urgent, u => u.PatientId, u => ListWords.Urgent(u, ZoneOf(team.Patients[u.PatientId]), zone)),
            UnreadableUrgent = services.Urgent.Unreadable,
            Silent = Lane(list?.Silent ?? [], s => s.PatientId, s => s.Why),
            Technical = [.. (list?.Technical ?? []).GroupBy(t => t.PatientId, StringComparer.Ordinal).Select(g => new LanePatient(Line(g.Key), [.. g.Select(t => t.Text)], LanePatient.CauseOf(g.First().Kind)))],
            NotScored = Lane([.. list?.SetAside ?? [], .. list?.NotScored ?? []], n => n.PatientId, n => n.Why),
            Resting = Lane(list?.Resting ?? [], r => r.PatientId, r => r.Why),
            Zone = zone,
            Now = now,
            Version = version,
        };
    }

    /// <summary>Changes when there are new lists or urgent readings, and with nothing that a colleague does: what the open page asks for.</summary>
    public async ValueTask<string> VersionAsync(AllowedTeam team, CancellationToken cancellationToken)
    {
        var latest = await services.Lists.LatestAsync(cancellationToken);
        var newest = (await services.Urgent.ReachAsync(team, cancellationToken))?.ToUnixTimeTicks().ToString(CultureInfo.InvariantCulture);
        return $"{string.Join('.', latest.Select(l => l.Id))}~{newest}";
    }

    /// <summary>A patient in a line, as a viewer sees it, on a page that shows urgent readings of theirs as far as <paramref name="seenUrgent"/>, of all as far as <paramref name="urgent"/>; <paramref name="zone"/> is the team's.</summary>
    public PatientLine LineOf(Viewer viewer, ReferenceToday today, Patient patient, DateTimeZone zone, Instant? seenUrgent, Instant? urgent, Instant now)
    {
        var state = services.Actions.Of(patient.PatientId);
        return new(services.Handles.Of(patient.PatientId), patient, state, today.CarePlans.GetValueOrDefault(patient.PatientId), state.UndoableBy(viewer.UserName, now), seenUrgent, urgent, zone);
    }

    /// <summary>The zone of a patient; UTC where the roster's does not exist.</summary>
    public static DateTimeZone ZoneOf(Patient patient) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(patient.TimeZone) ?? DateTimeZone.Utc;
}
