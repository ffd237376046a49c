using System.Globalization;
using NodaTime;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>Reads the tables for reports, and nothing else, into what the page of prediction history shows: it says the numbers that other readers of the tables come to.</summary>
public static class HistoryReading
{
    private const int MostPatients = 25;

    /// <summary>Reads the days up to the last list. Where there are no tables, or no team of that id, throws <see cref="LakeException"/> saying what to do.</summary>
    /// <param name="lake">Lake.</param>
    /// <param name="careTeamId">A team; null for all.</param>
    /// <param name="days">Days, at least 1.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<HistoryReport> ReadAsync(Lake lake, string? careTeamId, int days, CancellationToken cancellationToken)
    {
        if (await ReportManifest.TryReadAsync(lake, cancellationToken) is not { AsOf: { } asOf } manifest)
        {
            throw new LakeException($"{lake.NameOf(LakePaths.ReportFolder)}: there are no tables for reports yet. Run 'rmon report tables' first.");
        }

        var tables = new Reader(lake, manifest, cancellationToken);
        var names = (await tables.RowsAsync(ReportSchema.Team)).ToDictionary(r => r.Text("team_id"), r => r.Text("team"), StringComparer.Ordinal);
        if (careTeamId is not null && !names.ContainsKey(careTeamId))
        {
            throw new LakeException($"There is no team '{careTeamId}' in the tables for reports. Teams: {string.Join(", ", names.Keys.Order(StringComparer.Ordinal))}.");
        }

        bool IsTheirs(Row row) => careTeamId is null || row.Text("team_id") == careTeamId;
        var all = (await tables.RowsAsync(ReportSchema.List)).Where(IsTheirs).ToArray();
        var last = all.Length == 0 ? asOf.InUtc().Date : DateOf(all.Max(r => r.Int("date_key")));
        var (from, to) = (ReportTable.DateKey(last.PlusDays(1 - days)), ReportTable.DateKey(last));
        bool IsWithin(Row row) => row.Int("date_key") >= from && row.Int("date_key") <= to && IsTheirs(row);
        Row[] lists = [.. all.Where(IsWithin)];
        var first = lists.Length == 0 ? last : DateOf(lists.Min(r => r.Int("date_key")));
        var facts = new Facts(
            lists,
            [.. (await tables.RowsAsync(ReportSchema.Calibration, first)).Where(IsWithin)],
            [.. (await tables.RowsAsync(ReportSchema.Alert, first)).Where(IsWithin)],
            [.. (await tables.RowsAsync(ReportSchema.FollowUp, first)).Where(IsWithin)],
            [.. (await tables.RowsAsync(ReportSchema.Outcome, first)).Where(IsWithin)],
            // Of patients' rows those that are listed are enough, and there are few of them.
            await tables.RowsAsync(ReportSchema.Prediction, first, r => IsWithin(r) && (r.Flag("listed") || r.Flag("retrospective"))),
            (await tables.RowsAsync(ReportSchema.Patient)).ToDictionary(r => r.Text(ReportTable.PatientKey), StringComparer.Ordinal),
            (await tables.RowsAsync(ReportSchema.RiskBin)).Where(r => r.Int("risk_bin") > 0).ToDictionary(r => r.Int("risk_bin"), r => r.Text("label")),
            names,
            first);
        var tasks = (await tables.RowsAsync(ReportSchema.Task)).Where(t => lists.Any(l => l.Text("task") == t.Text("task"))).OrderBy(t => t.Text("task"), StringComparer.Ordinal);
        var actions = (await tables.RowsAsync(ReportSchema.Action, first)).Where(r => IsWithin(r) && r.Flag("holds"));
        return new()
        {
            AsOf = asOf.ToString("uuuu-MM-dd HH:mm' UTC'", CultureInfo.InvariantCulture),
            From = Words(first),
            To = Words(last),
            Teams = careTeamId is null ? [.. lists.Select(l => names[l.Text("team_id")]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)] : [names[careTeamId]],
            Lists = lists.Length,
            Tasks = [.. tasks.Select(t => Of(t, facts))],
            Actions = Counts(actions.Select(a => a.Text("kind"))),
            Problems = manifest.Problems,
        };
    }

    private static HistoryTask Of(Row task, Facts facts)
    {
        var name = task.Text("task");
        Row[] lists = [.. facts.Lists.Where(l => l.Text("task") == name)];
        bool IsOfTask(Row row) => row.Text("model_key").StartsWith(name + "/", StringComparison.Ordinal);
        return new()
        {
            Task = name,
            Title = task.Text("title"),
            RowsPerEvent = task.Int("rows_per_event"),
            Days = [.. lists.GroupBy(l => l.Int("date_key")).OrderBy(g => g.Key).Select(g => new HistoryDay(
                Words(DateOf(g.Key)), Period.DaysBetween(facts.First, DateOf(g.Key)) + 1, g.Sum(l => l.Int("listed")), g.Sum(l => l.Int("scored")), g.Sum(l => l.Int("not_scored") + l.Int("set_aside")),
                g.Any(l => double.IsFinite(l.Number("expected_yield"))) ? g.Where(l => double.IsFinite(l.Number("expected_yield"))).Sum(l => l.Number("expected_yield")) : double.NaN,
                g.Sum(l => l.Int("with_event")), g.Sum(l => l.Int("acted_on")), facts.Alerts.Where(a => a.Int("date_key") == g.Key).Sum(a => a.Int("urgent")),
                g.Sum(l => l.Int("patients_30d")) is > 0 and var patients ? (double)g.Sum(l => l.Int("patients_with_event_30d")) / patients : double.NaN))],
            Bins = [.. facts.Bins.OrderBy(b => b.Key).Select(bin => (bin.Value, Rows: facts.Calibration.Where(c => IsOfTask(c) && c.Int("risk_bin") == bin.Key).ToArray())).Where(b => b.Rows.Length > 0).Select(b =>
                new HistoryBin(b.Value, b.Rows.Sum(r => r.Int("predictions")), b.Rows.Sum(r => r.Int("certain")), b.Rows.Sum(r => r.Int("observed")), b.Rows.Sum(r => r.Number("expected"))))],
            Teams = [.. lists.GroupBy(l => l.Text("team_id"), StringComparer.Ordinal).OrderBy(g => facts.Names[g.Key], StringComparer.Ordinal).Select(g => TeamOf([.. g], facts))],
            MostListed = [.. facts.Predictions.Where(p => p.Flag("listed") && IsOfTask(p)).GroupBy(p => p.Text(ReportTable.PatientKey), StringComparer.Ordinal)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(MostPatients).Select(g => PatientOf([.. g], facts))],
            Events = Counts(facts.Outcomes.Where(o => o.Text("task") == name).Select(o => o.Text("reach"))),
            FirstContacts = Counts(facts.FollowUps.Where(f => f.Text("task") == name && f.Flag("contacted")).Select(f => f.Text("first_contact"))),
            Retrospective = facts.Predictions.Count(p => p.Flag("retrospective") && IsOfTask(p)),
        };
    }

    private static HistoryTeam TeamOf(Row[] lists, Facts facts)
    {
        var last = lists.MaxBy(l => l.Int("date_key"))!;
        var team = last.Text("team_id");
        return new()
        {
            Name = facts.Names[team],
            Lists = lists.Length,
            Partial = lists.Count(l => l.Int("set_aside") > 0),
            PatientDays = lists.Sum(l => l.Int("scored") + l.Int("not_scored") + l.Int("set_aside")),
            Listings = lists.Sum(l => l.Int("listed")),
            ActedOn = lists.Sum(l => l.Int("acted_on")),
            Urgent = facts.Alerts.Where(a => a.Text("team_id") == team).Sum(a => a.Int("urgent")),
            Technical = lists.Sum(l => l.Int("technical")),
            Patients = last.Int("patients_30d"),
            PatientsWithEvent = last.Int("patients_with_event_30d"),
            Events = (last.Int("events_30d"), last.Int("events_listed_30d")),
            Spells = (last.Int("spells_30d"), last.Int("contacted_30d")),
            MedianHours = last.Number("median_hours_to_contact_30d"),
            NinetiethHours = last.Number("ninetieth_hours_to_contact_30d"),
        };
    }

    private static HistoryPatient PatientOf(Row[] listings, Facts facts)
    {
        var key = listings[0].Text(ReportTable.PatientKey);
        var patient = facts.Patients.GetValueOrDefault(key);
        return new(
            key, patient is null ? "" : facts.Names.GetValueOrDefault(patient.Text("team_id"), ""), patient?.Text("age_band") ?? "", listings.Length, Words(DateOf(listings.Max(l => l.Int("date_key")))),
            listings.Max(l => l.Number("probability")), listings.Count(l => l.Flag("acted_on")), listings.Any(l => l.Flag("event_in_window")));
    }

    private static IReadOnlyList<(string, int)> Counts(IEnumerable<string> words) =>
        [.. words.CountBy(w => w, StringComparer.Ordinal).OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal).Select(w => (w.Key, w.Value))];

    private static LocalDate DateOf(int key) => new(key / 10_000, key / 100 % 100, key % 100);

    private static string Words(LocalDate day) => day.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture);

    private sealed record Facts(
        Row[] Lists, Row[] Calibration, Row[] Alerts, Row[] FollowUps, Row[] Outcomes, IReadOnlyList<Row> Predictions, Dictionary<string, Row> Patients, Dictionary<int, string> Bins, Dictionary<string, string> Names, LocalDate First);

    /// <summary>Reads the files that are current, verified.</summary>
    private sealed class Reader(Lake lake, ReportManifest manifest, CancellationToken cancellationToken)
    {
        public async Task<IReadOnlyList<Row>> RowsAsync(ReportTable table, LocalDate? from = null, Func<Row, bool>? where = null)
        {
            var rows = new List<Row>();
            foreach (var file in manifest.Files.Where(f => f.Table == table.Name && (from is null || f.Period is null || string.CompareOrdinal(f.Period, table.PeriodOf(from.Value)) >= 0)))
            {
                var parquet = await lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, cancellationToken);
                rows.AddRange(Enumerable.Range(0, parquet.Rows).Select(r => new Row(parquet, r)).Where(r => where?.Invoke(r) != false));
            }

            return rows;
        }
    }

    private sealed record Row(ParquetTable Table, int At)
    {
        public string Text(string column) => Table.Text(column)[At] ?? "";

        public int Int(string column) => Table.Int32(column)[At];

        public double Number(string column) => Table.Float64(column)[At];

        public bool Flag(string column) => Table.Boolean(column)[At];
    }
}
