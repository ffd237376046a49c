using System.Globalization;
using NodaTime;
using NodaTime.Calendars;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>The dimensions, who may see what, and the export itself.</summary>
internal static class ReportDimensions
{
    private const double DaysOfAYear = 365.25;

    private static readonly (double Until, string Band)[] s_ages = [(18, "under 18"), (40, "18–39"), (65, "40–64"), (75, "65–74"), (85, "75–84"), (double.PositiveInfinity, "85 or more")];

    /// <summary>All of them.</summary>
    /// <param name="context">What was known.</param>
    /// <param name="tasks">Tasks of the lists.</param>
    /// <param name="manifest">The facts that there are.</param>
    /// <param name="firstRewritten">First month that was made anew.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<IReadOnlyList<(ReportTable Table, ReportRows Rows)>> MakeAsync(
        ReportContext context, IReadOnlyList<TaskDefinition> tasks, ReportManifest manifest, string firstRewritten, CancellationToken cancellationToken) =>
    [
        (ReportSchema.Date, Dates(context, manifest)),
        (ReportSchema.Team, Teams(context)),
        (ReportSchema.Patient, Patients(context)),
        (ReportSchema.Task, Tasks(tasks)),
        (ReportSchema.Model, await ModelsAsync(context, tasks, manifest, cancellationToken)),
        (ReportSchema.RiskBin, RiskBins()),
        (ReportSchema.Membership, Membership(context)),
        (ReportSchema.Export, new ReportRows(ReportSchema.Export).Add(context.Now, LakePaths.ReportFolder, firstRewritten)),
    ];

    private static ReportRows Dates(ReportContext context, ReportManifest manifest)
    {
        var rows = new ReportRows(ReportSchema.Date);
        var end = context.Now.InUtc().Date.ToYearMonth().OnDayOfMonth(1).PlusMonths(1);
        var first = manifest.Files.Select(f => ReportTable.MonthOf(f.Period)).OfType<YearMonth>().Append(end.PlusMonths(-1).ToYearMonth()).Min().OnDayOfMonth(1);
        for (var day = first; day < end; day = day.PlusDays(1))
        {
            rows.Add(
                ReportTable.DateKey(day), day.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant(), day.Year, day.ToString("uuuu-MM", CultureInfo.InvariantCulture), day.Month,
                string.Create(CultureInfo.InvariantCulture, $"{WeekYearRules.Iso.GetWeekYear(day)}-W{WeekYearRules.Iso.GetWeekOfWeekYear(day):D2}"), day.DayOfWeek.ToString(), (int)day.DayOfWeek);
        }

        return rows;
    }

    private static ReportRows Teams(ReportContext context)
    {
        var rows = new ReportRows(ReportSchema.Team);
        var patients = context.Records.Patients.CountBy(id => context.Records.RosterAt(id, context.Now)!.CareTeamId, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        foreach (var id in context.TeamIds)
        {
            var stated = context.Teams.GetValueOrDefault(id);
            rows.Add(id, stated?.Name ?? id, stated?.Capacity ?? 0, patients.GetValueOrDefault(id));
        }

        return rows;
    }

    private static ReportRows Patients(ReportContext context)
    {
        var rows = new ReportRows(ReportSchema.Patient);
        foreach (var id in context.Records.Patients)
        {
            var roster = context.Records.RosterAt(id, context.Now)!;
            rows.Add(context.PatientKey(id), roster.CareTeamId, AgeBand(roster, context.Now), roster.Sex, context.Records.IsMonitored(id, context.Now));
        }

        return rows;
    }

    private static string AgeBand(Patient roster, Instant now) =>
        roster.Age is { } stated && stated + Math.Max(0, (now - roster.Known).TotalDays / DaysOfAYear) is var age ? Array.Find(s_ages, a => age < a.Until).Band : "unknown";

    private static ReportRows Tasks(IReadOnlyList<TaskDefinition> tasks)
    {
        var rows = new ReportRows(ReportSchema.Task);
        foreach (var task in tasks)
        {
            rows.Add(task.Name, task.Title, Horizon(task.Horizon), ListCalibration.RowsOfAnEvent(task));
        }

        return rows;
    }

    private static string Horizon(Horizon horizon) => horizon.Unit switch
    {
        HorizonUnit.Hours => $"{horizon.Count} hours",
        HorizonUnit.LocalDays => horizon.Count == 1 ? "1 local day" : $"{horizon.Count} local days",
        HorizonUnit.RestOfStay => "the rest of the stay",
        HorizonUnit.SameDay => "the day itself",
        HorizonUnit.Ongoing => "the stay so far",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static async Task<ReportRows> ModelsAsync(ReportContext context, IReadOnlyList<TaskDefinition> tasks, ReportManifest manifest, CancellationToken cancellationToken)
    {
        var (rows, lake) = (new ReportRows(ReportSchema.Model), context.Store.Lake);
        var champions = new HashSet<string>(StringComparer.Ordinal);
        foreach (var task in tasks)
        {
            if ((await new ModelRegistry(context.Store, TimeProvider.System).ReadAsync(task.Name, cancellationToken)).Champion is { } champion)
            {
                champions.Add($"{task.Name}/{champion}");
            }
        }

        foreach (var key in manifest.Models.Union(champions, StringComparer.Ordinal))
        {
            var (task, version) = (key[..key.IndexOf('/', StringComparison.Ordinal)], key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]);
            var document = await TryDocumentAsync(lake, task, version, cancellationToken);
            var bands = document is null ? null : (await BandDecisions.LastReadableAsync(lake, task, version, cancellationToken)).Decision;
            rows.Add(
                key, task, version, document?.Kind.ToString().ToLowerInvariant() ?? "unknown", document?.Training.TrainedUntil.ToString("uuuu-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), document?.Training.Rows ?? 0,
                document?.Training.Events ?? 0, bands?.Bands.High ?? double.NaN, bands?.Bands.Medium ?? double.NaN, bands is null ? null : bands.By is null ? "nobody (default)" : "approved", champions.Contains(key));
        }

        return rows;
    }

    private static async Task<ModelDocument?> TryDocumentAsync(Lake lake, string task, string version, CancellationToken cancellationToken)
    {
        try
        {
            return await ModelVersions.DocumentAsync(lake, task, version, cancellationToken);
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            return null;
        }
    }

    private static ReportRows RiskBins()
    {
        var rows = new ReportRows(ReportSchema.RiskBin).Add(0, "not scored", double.NaN, double.NaN);
        for (var bin = 0; bin < ReportSchema.RiskBinEnds.Count; bin++)
        {
            var (from, to) = (bin == 0 ? 0 : ReportSchema.RiskBinEnds[bin - 1], ReportSchema.RiskBinEnds[bin]);
            rows.Add(bin + 1, string.Create(CultureInfo.InvariantCulture, $"{100 * from:0}–{100 * to:0} %"), from, to);
        }

        return rows;
    }

    /// <summary>By the rule that the pages go by, for teams that there are today.</summary>
    private static ReportRows Membership(ReportContext context)
    {
        var rows = new ReportRows(ReportSchema.Membership);
        var today = context.Teams.Keys.Concat(context.Records.Patients.Select(id => context.Records.RosterAt(id, context.Now)!.CareTeamId)).ToHashSet(StringComparer.Ordinal);
        foreach (var member in context.Members.Where(m => m.IsDisabled != true))
        {
            foreach (var team in context.TeamIds.Where(today.Contains))
            {
                _ = member.SeesPatientsOf(team) ? rows.Add(member.UserName.ToLowerInvariant(), team, "patients") : rows;
                _ = member.SeesFiguresOf(team) ? rows.Add(member.UserName.ToLowerInvariant(), team, "figures") : rows;
            }
        }

        return rows;
    }
}
