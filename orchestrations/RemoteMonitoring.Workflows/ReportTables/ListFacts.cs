using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>The facts of a month that come from lists, outcomes and actions: of few rows, made anew each time.</summary>
internal static class ListFacts
{
    private const int MostListsOfASpell = TeamFigures.Days + 1;

    private static readonly Duration s_days = Duration.FromDays(TeamFigures.Days);

    /// <summary><c>fact_list</c>.</summary>
    public static ReportRows Lists(ReportMonth month)
    {
        var rows = new ReportRows(ReportSchema.List);
        foreach (var team in month.Teams)
        {
            foreach (var (at, list) in team.Period.Lists.Index().Where(l => month.Has(l.Item.AsOf)))
            {
                var lists = team.Period.Lists.Where(l => l.AsOf > list.AsOf - s_days && l.AsOf <= list.AsOf).ToArray();
                var figures = TeamFigures.Of(team.Period with { Lists = lists });
                rows.Add(
                    ReportTable.DateKey(list.AsOf), list.AsOf, team.CareTeamId, team.Task.Name, list.Capacity, list.Listed.Count, list.Scored, list.NotScored.Count, list.SetAside.Count, list.Resting.Count, list.Silent.Count, list.Technical.Count,
                    list.Listed.Count(p => TeamFigures.IsActedOn(team.Period, at, p.PatientId)),
                    list.Listed.Count(p => team.HadEvent(p.PatientId, list.AsOf)),
                    list.Expected?.Mean ?? double.NaN, list.Expected?.Low ?? double.NaN, list.Expected?.High ?? double.NaN,
                    figures.PatientDays, figures.Listings, figures.Patients, figures.PatientsWithEvent, figures.ActedOn, figures.Spells, figures.Contacted,
                    figures.MedianToContact?.TotalHours ?? double.NaN, figures.NinetiethToContact?.TotalHours ?? double.NaN, figures.Events, figures.EventsListed, figures.Technical);
            }
        }

        return rows;
    }

    /// <summary><c>fact_outcome</c>.</summary>
    public static ReportRows Outcomes(ReportMonth month)
    {
        var rows = new ReportRows(ReportSchema.Outcome);
        foreach (var ofTask in month.Teams.GroupBy(t => t.Task.Name, StringComparer.Ordinal))
        {
            var reached = new HashSet<(string, Instant)>();
            foreach (var team in ofTask)
            {
                foreach (var (outcome, isListed) in TeamFigures.EventsOf(team.Period).Where(e => month.Has(e.Event.Effective) && month.Context.Knows(e.Event.PatientId)))
                {
                    reached.Add((outcome.PatientId, outcome.Effective));
                    Add(outcome, team.CareTeamId, ofTask.Key, isListed ? "listed" : "not listed");
                }
            }

            var task = ofTask.First().Task;
            foreach (var outcome in month.Context.Records.Outcomes.Where(o => task.Counts(o) && month.Has(o.Effective) && month.Context.Knows(o.PatientId)).DistinctBy(o => (o.PatientId, o.Effective)).Where(o => !reached.Contains((o.PatientId, o.Effective))))
            {
                Add(outcome, month.Context.Records.RosterAt(outcome.PatientId, outcome.Effective)!.CareTeamId, ofTask.Key, "out of reach");
            }
        }

        return rows;

        void Add(Outcome outcome, string team, string task, string reach) => rows.Add(
            ReportTable.DateKey(outcome.Effective), outcome.Effective, outcome.Known, month.Context.PatientKey(outcome.PatientId), team, task, outcome.Kind, reach, (outcome.Known - outcome.Effective).TotalHours);
    }

    /// <summary><c>fact_follow_up</c>.</summary>
    public static ReportRows FollowUps(ReportMonth month)
    {
        var rows = new ReportRows(ReportSchema.FollowUp);
        foreach (var team in month.Teams)
        {
            foreach (var (spell, found) in TeamFigures.ContactsOf(team.Period, TeamFigures.SpellsOf(team.Period.Lists)).Where(c => month.Has(c.Spell.Begin) && month.Context.Knows(c.Spell.PatientId)))
            {
                var contact = found?.Known < spell.Begin + s_days ? found : null;
                var until = contact?.Known ?? spell.Begin + s_days;
                rows.Add(
                    ReportTable.DateKey(spell.Begin), spell.Begin, month.Context.PatientKey(spell.PatientId), team.CareTeamId, team.Task.Name, Math.Min(MostListsOfASpell, spell.Lists), contact is not null,
                    contact is null ? double.NaN : (contact.Known - spell.Begin).TotalHours, contact is null ? null : Word(contact.Kind),
                    team.Period.FollowUps(spell.PatientId).Holding.Count(a => a.Kind == ActionKind.NoAnswer && a.Known >= spell.Begin && a.Known < until));
            }
        }

        return rows;
    }

    /// <summary><c>fact_action</c>.</summary>
    public static ReportRows Actions(ReportMonth month)
    {
        var rows = new ReportRows(ReportSchema.Action);
        foreach (var feedback in Feedback.Of(month.Context.Reference.Actions).DistinctBy(f => f.Action).Where(f => month.Has(f.Known) && month.Context.Knows(f.PatientId)))
        {
            rows.Add(ReportTable.DateKey(feedback.Known), feedback.Known, month.Context.PatientKey(feedback.PatientId), feedback.CareTeamId, Word(feedback.Kind), !feedback.Undone, feedback.Task is not null);
        }

        return rows;
    }

    /// <summary><c>fact_alert</c>: of days whose documents may have expired, the rows that there were.</summary>
    public static async Task<ReportRows> AlertsAsync(ReportMonth month, Func<ReportTable, Task<Storage.Lake.ParquetTable?>> before, CancellationToken cancellationToken)
    {
        var (rows, context) = (new ReportRows(ReportSchema.Alert), month.Context);
        var oldest = (context.Now - s_days + Duration.FromDays(1)).InUtc().Date.PlusDays(1);
        if (await before(ReportSchema.Alert) is { } there)
        {
            var (days, teams, urgent, patients) = (there.Int32("date_key"), there.Text("team_id"), there.Int32("urgent"), there.Int32("patients"));
            foreach (var row in Enumerable.Range(0, there.Rows).Where(r => days[r] < ReportTable.DateKey(oldest)))
            {
                rows.Add(days[row], teams[row], urgent[row], patients[row]);
            }
        }

        var hadNone = rows.Count == 0;
        var first = month.Month.OnDayOfMonth(1);
        for (var day = hadNone ? first : LocalDate.Max(first, oldest); day.ToYearMonth() == month.Month && day <= context.Now.InUtc().Date; day = day.PlusDays(1))
        {
            var landed = (await context.Store.Documents.ListAsync(Containers.Urgent, UrgentReading.PartitionOf(day.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant()), cancellationToken))
                .Select(d => UrgentReading.TryRead(d.Body)).OfType<UrgentReading>().Where(u => u.Known <= context.Now && context.Records.IsMonitored(u.PatientId, u.Known));
            foreach (var ofTeam in landed.GroupBy(u => context.Records.RosterAt(u.PatientId, u.Known)?.CareTeamId).Where(g => g.Key is not null))
            {
                rows.Add(ReportTable.DateKey(day), ofTeam.Key, ofTeam.Count(), ofTeam.Select(u => u.PatientId).Distinct(StringComparer.Ordinal).Count());
            }
        }

        return rows;
    }

    private static string Word(ActionKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());
}
