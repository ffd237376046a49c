using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>The lists of a task and team around a month, in order of time, and what the team's figures are made of.</summary>
/// <param name="Task">Task.</param>
/// <param name="CareTeamId">Team.</param>
/// <param name="Period">All of them.</param>
/// <param name="OutcomesOf">Outcomes of a patient that count for the task.</param>
internal sealed record TeamLists(TaskDefinition Task, string CareTeamId, TeamPeriod Period, Func<string, IEnumerable<Outcome>> OutcomesOf)
{
    /// <summary>Whether the patient had an event in the window of a list.</summary>
    public bool HadEvent(string patientId, Instant asOf) => OutcomesOf(patientId).Any(o => TeamFigures.IsWithin(Period, asOf, o));
}

/// <summary>A month of lists, and of as many days before and after as its facts depend on.</summary>
internal sealed class ReportMonth
{
    /// <summary>Days before and after: figures look back thirty days, spells are followed for thirty.</summary>
    public const int Margin = TeamFigures.Days + 1;

    private ReportMonth(ReportContext context, YearMonth month, IReadOnlyList<ReportDay> days, IReadOnlyList<TeamLists> teams) =>
        (Context, Month, Days, Teams) = (context, month, days, teams);

    /// <summary>What was known.</summary>
    public ReportContext Context { get; }

    /// <summary>The month.</summary>
    public YearMonth Month { get; }

    /// <summary>The lists of the month itself.</summary>
    public IReadOnlyList<ReportDay> Days { get; }

    /// <summary>Lists by task and team.</summary>
    public IReadOnlyList<TeamLists> Teams { get; }

    /// <summary>Reads the lists of a month and around it.</summary>
    public static async Task<ReportMonth> LoadAsync(ReportContext context, YearMonth month, CancellationToken cancellationToken)
    {
        var (first, last) = (month.OnDayOfMonth(1), month.OnDayOfMonth(1).PlusMonths(1).PlusDays(-1));
        var around = context.Days.Where(d => d.Day >= first.PlusDays(-Margin) && d.Day <= last.PlusDays(Margin)).ToArray();
        var lists = new Dictionary<(string Task, string Team), List<TeamWorklist>>();
        foreach (var day in around)
        {
            foreach (var (team, list) in await context.ListsAsync(day, cancellationToken))
            {
                if (!lists.TryGetValue((day.Task.Name, team), out var own))
                {
                    lists.Add((day.Task.Name, team), own = []);
                }

                own.Add(list);
            }
        }

        var teams = new List<TeamLists>();
        foreach (var task in around.Select(d => d.Task).DistinctBy(t => t.Name))
        {
            var outcomes = context.Records.Outcomes.Where(task.Counts).DistinctBy(o => (o.PatientId, o.Effective)).ToLookup(o => o.PatientId, StringComparer.Ordinal);
            teams.AddRange(lists.Where(l => l.Key.Task == task.Name).OrderBy(l => l.Key.Team, StringComparer.Ordinal)
                .Select(l => new TeamLists(task, l.Key.Team, context.Records.PeriodOf(task, l.Key.Team, l.Value, [], Near(outcomes, l.Value)), id => outcomes[id])));
        }

        return new(context, month, [.. around.Where(d => d.Day.ToYearMonth() == month)], teams);
    }

    /// <summary>Whether a UTC day is of the month.</summary>
    public bool Has(Instant instant) => instant.InUtc().Date.ToYearMonth() == Month;

    /// <summary>Outcomes that any of these lists may have within its reach.</summary>
    private static Outcome[] Near(ILookup<string, Outcome> outcomes, List<TeamWorklist> lists)
    {
        var (from, to) = (lists[0].AsOf - Duration.FromDays(2), lists[^1].AsOf + Duration.FromDays(400));
        return [.. outcomes.SelectMany(g => g).Where(o => o.Effective >= from && o.Effective <= to)];
    }
}
