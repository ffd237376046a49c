using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Tests.Drift;
using RemoteMonitoring.Workflows.Tests.Erasure;

namespace RemoteMonitoring.Workflows.Tests.ReportTables;

public sealed class ReportTablesTests(DriftHome made) : IClassFixture<DriftHome>
{
    private static readonly int[] s_nights = [31, 32, 33, 34, 35, 36];

    [Fact]
    public async Task Every_table_has_the_columns_of_the_schema_and_rows_that_its_key_tells_apart()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ActAsync(ReportHome.Called, ActionKind.Contacted, 31.4);
        await UrgentAsync(home, ReportHome.Called, 31.3);
        await home.StateAsync(ReferenceKinds.Members, Member("ann", Role.CareManager));
        Assert.Empty((await home.ExportAsync(40)).Problems);
        foreach (var table in ReportSchema.All)
        {
            var rows = await home.RowsAsync(table);
            Assert.True(rows.Count > 0, table.Name);
            Assert.Distinct(rows.Select(r => string.Join('|', table.Key.Select(k => r[k]))));
            Assert.All(table.Key, k => Assert.Contains(table.Columns, c => c.Name == k));
        }
    }

    [Fact]
    public async Task Predictions_are_those_of_the_lists_that_hold_with_everybody_who_could_not_be_scored()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(40);
        var rows = await home.RowsAsync(ReportSchema.Prediction);
        var ledgers = await LedgersAsync(home);
        Assert.Equal(ledgers.Sum(l => l.Scored), rows.Count(r => (string)r["state"]! == "scored"));
        Assert.Equal(ledgers.Sum(l => l.NotScored), rows.Count(r => (string)r["state"]! == "not scored"));
        Assert.Equal(ledgers.Sum(l => l.Listed), rows.Count(r => (bool)r["listed"]!));
        foreach (var list in await ListsAsync(home))
        {
            var of = rows.Where(r => (int)r["date_key"]! == ReportTable.DateKey(list.AsOf) && (bool)r["listed"]!).OrderBy(r => (int)r["rank"]!).ToArray();
            Assert.Equal(list.Listed.Select(p => (p.Probability, p.Model)), of.Select(r => ((double)r["probability"]!, ((string)r["model_key"]!).Split('/')[1])));
            Assert.Equal(Enumerable.Range(1, of.Length), of.Select(r => (int)r["rank"]!));
        }

        Assert.All(rows.Where(r => (string)r["state"]! == "scored"), r => Assert.Equal(ReportSchema.RiskBinOf((double)r["probability"]!), (int)r["risk_bin"]!));
        Assert.DoesNotContain(rows, r => (bool)r["retrospective"]!);
    }

    [Fact]
    public async Task Outcomes_of_predictions_are_by_the_rules_that_models_are_taught_by_and_summed_by_bin()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(60);
        var rows = await home.RowsAsync(ReportSchema.Prediction);
        // Two days ahead: patients of every third number are admitted when the day and their number say so.
        var events = (await home.Home.Store.Reference.LoadAsync(await home.Home.Store.Reference.PositionAsync(default), default)).Outcomes.ToLookup(o => Key(home, o.PatientId));
        Assert.All(rows.Where(r => (bool)r["certain"]!), r => Assert.Equal(
            events[(string)r["patient_key"]!].Any(o => o.Effective.ToUnixMicros() > (long)r["as_of"]! && o.Effective.ToUnixMicros() <= (long)r["as_of"]! + (2 * UnixMicros.PerDay)), (bool)r["had_outcome"]!));
        Assert.Contains(rows, r => (bool)r["had_outcome"]!);
        foreach (var sum in await home.RowsAsync(ReportSchema.Calibration))
        {
            var of = rows.Where(r => ((string[])["date_key", "team_id", "model_key", "risk_bin"]).All(c => Equals(r[c], sum[c]))).ToArray();
            Assert.Equal((of.Length, of.Count(r => (bool)r["certain"]!), of.Count(r => (bool)r["had_outcome"]!)), ((int)sum["predictions"]!, (int)sum["certain"]!, (int)sum["observed"]!));
            Assert.Equal(of.Where(r => (bool)r["certain"]! && (int)r["risk_bin"]! > 0).Sum(r => (double)r["probability"]!), (double)sum["expected"]!, 1e-9);
        }
    }

    [Fact]
    public async Task Figures_of_thirty_days_are_those_of_the_teams_page_and_sums_of_rows_agree_with_them()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        var first = (await ListsAsync(home))[0];
        string[] listed = [.. first.Listed.Select(p => p.PatientId)];
        await home.ActAsync(listed[0], ActionKind.Contacted, 31.5);
        await home.ActAsync(listed[1], ActionKind.NoAnswer, 31.2);
        await home.ActAsync(listed[1], ActionKind.VisitArranged, 32.5);
        await home.OutcomeAsync(listed[2], 32.2, 32.3);
        await home.ExportAsync(40);
        var figures = await TeamFigures.LoadAsync(home.Home.Store, TrainedHome.Task, "north", MadeUpFeed.At(40), default);
        var last = (await home.RowsAsync(ReportSchema.List)).MaxBy(r => (int)r["date_key"]!)!;
        Assert.Equal(
            (figures.PatientDays, figures.Listings, figures.Patients, figures.PatientsWithEvent, figures.ActedOn, figures.Spells, figures.Contacted, figures.Events, figures.EventsListed, figures.Technical),
            ((int)last["patient_days_30d"]!, (int)last["listings_30d"]!, (int)last["patients_30d"]!, (int)last["patients_with_event_30d"]!, (int)last["acted_on_30d"]!, (int)last["spells_30d"]!, (int)last["contacted_30d"]!, (int)last["events_30d"]!, (int)last["events_listed_30d"]!, (int)last["technical_30d"]!));
        Assert.Equal((figures.MedianToContact!.Value.TotalHours, figures.NinetiethToContact!.Value.TotalHours), ((double)last["median_hours_to_contact_30d"]!, (double)last["ninetieth_hours_to_contact_30d"]!));
        Assert.True(figures.Contacted >= 2 && figures.PatientsWithEvent >= 1);

        var predictions = await home.RowsAsync(ReportSchema.Prediction);
        Assert.Equal(figures.Patients, predictions.Where(r => (bool)r["listed"]!).Select(r => r["patient_key"]).Distinct().Count());
        Assert.Equal(figures.PatientsWithEvent, predictions.Where(r => (bool)r["event_in_window"]!).Select(r => r["patient_key"]).Distinct().Count());
        Assert.Equal(figures.ActedOn, predictions.Count(r => (bool)r["acted_on"]!));
        var spells = await home.RowsAsync(ReportSchema.FollowUp);
        Assert.Equal((figures.Spells, figures.Contacted), (spells.Count, spells.Count(s => (bool)s["contacted"]!)));
        Assert.Contains(spells, s => (string?)s["first_contact"] == "visitArranged" && (double)s["hours_to_contact"]! == 36 && (int)s["attempts"]! == 1);
        var outcomes = await home.RowsAsync(ReportSchema.Outcome);
        Assert.Equal((figures.Events, figures.EventsListed), (outcomes.Count(o => (string)o["reach"]! != "out of reach"), outcomes.Count(o => (string)o["reach"]! == "listed")));
    }

    [Fact]
    public async Task Made_again_nothing_is_written_and_made_anew_the_bytes_are_the_same()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(40);
        var (before, written) = (await home.HashesAsync(), await home.Home.FilesAsync("bi/v1/fact_prediction"));
        await home.ExportAsync(40);
        Assert.Equal(before, await home.HashesAsync());
        Assert.Equal(written, await home.Home.FilesAsync("bi/v1/fact_prediction"));
        foreach (var path in await home.Home.Lake.ListAsync("bi", default))
        {
            home.Home.Delete(path);
        }

        await home.ExportAsync(40);
        Assert.Equal(before, await home.HashesAsync());
        Assert.Equal((await home.ManifestAsync()).Files.Select(f => f.Path).Order(StringComparer.Ordinal), before.Keys);
    }

    [Fact]
    public async Task What_becomes_known_late_changes_the_days_it_is_of_and_no_others()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(40);
        var before = await home.ManifestAsync();
        var patient = "patient-01"; // of those who are never admitted
        await home.OutcomeAsync(patient, 34.7, 41);
        await home.ExportAsync(42);
        var after = await home.ManifestAsync();
        string[] Changed(string table) => [.. after.Files.Where(f => f.Table == table && before.Files.All(b => b.Path != f.Path)).Select(f => f.Period!)];
        // Within two days of it: the lists of days 33 and 34, which are the 3rd and 4th of April.
        Assert.Equal(["date=2025-04-03", "date=2025-04-04"], Changed("fact_prediction"));
        Assert.Equal(["date=2025-04-03", "date=2025-04-04"], Changed("fact_calibration"));
        Assert.False(await home.Home.Lake.ExistsAsync(before.Files.Single(f => f is { Table: "fact_prediction", Period: "date=2025-04-03" }).Path, default));
        Assert.Contains(await home.RowsAsync(ReportSchema.Prediction), r => (string)r["patient_key"]! == Key(home, patient) && (int)r["date_key"]! == 20250403 && (bool)r["had_outcome"]!);
    }

    [Fact]
    public async Task Older_months_stay_as_they_were_made_until_they_are_asked_for()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(40);
        await home.OutcomeAsync("patient-01", 34.7, 41);
        var before = await home.HashesAsync();
        await home.ExportAsync(200); // September: May and before are done with
        Assert.All((await home.HashesAsync()).Where(h => h.Key.Contains("/fact_", StringComparison.Ordinal)), h => Assert.Contains(h, before));
        await home.ExportAsync(200, "2025-04");
        Assert.Contains((await home.HashesAsync()).Keys, path => path.Contains("date=2025-04-03", StringComparison.Ordinal) && !before.ContainsKey(path));
    }

    [Fact]
    public async Task A_day_whose_predictions_are_gone_is_told_and_keeps_what_it_had()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(40);
        var before = await home.RowsAsync(ReportSchema.Prediction);
        await home.OutcomeAsync("patient-01", 34.7, 41);
        foreach (var path in await home.Home.Lake.ListAsync("gold/predictions/20250403T000000Z", default))
        {
            home.Home.Delete(path);
        }

        var outcome = await home.ExportAsync(42);
        Assert.StartsWith("2025-04-03: ", Assert.Single(outcome.Problems), StringComparison.Ordinal);
        Assert.Equal(outcome.Problems, (await home.ManifestAsync()).Problems);
        Assert.Equal(before.Count, (await home.RowsAsync(ReportSchema.Prediction)).Count);
        Assert.Contains((await home.ManifestAsync()).Files, f => f is { Table: "fact_prediction", Period: "date=2025-04-04" });
    }

    [Fact]
    public async Task A_day_that_could_not_be_made_is_tried_and_told_again_however_old_its_month_is()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        var gone = (await home.Home.Lake.ListAsync("gold/predictions/20250403T000000Z", default)).Select(p => (Path: p, Bytes: File.ReadAllBytes(home.Home.Lake.FullPath(p)))).ToArray();
        Array.ForEach(gone, g => home.Home.Delete(g.Path));
        foreach (var day in (int[])[40, 200, 201]) // September: April is done with
        {
            Assert.StartsWith("2025-04-03: ", Assert.Single((await home.ExportAsync(day)).Problems), StringComparison.Ordinal);
            Assert.DoesNotContain("2025-04", (await home.ManifestAsync()).Months);
        }

        Array.ForEach(gone, g => File.WriteAllBytes(home.Home.Lake.FullPath(g.Path), g.Bytes));
        Assert.Empty((await home.ExportAsync(202)).Problems);
        Assert.Contains("2025-04", (await home.ManifestAsync()).Months);
        Assert.Contains((await home.ManifestAsync()).Files, f => f is { Table: "fact_prediction", Period: "date=2025-04-03" });
    }

    [Fact]
    public async Task A_month_that_cannot_be_made_is_told_stops_no_other_and_is_made_by_the_next_export()
    {
        await using var home = await ReportHome.MakeAsync(made, 29, 58); // the end of March, and of April
        var list = (await home.Home.Store.Documents.ListAsync(Containers.Worklists, "north", default)).MinBy(d => d.Id, StringComparer.Ordinal)!;
        await home.Home.Store.Documents.UpsertAsync(Containers.Worklists, [list with { Body = "{}" }], default);
        // Figures of thirty days of April need the lists of March.
        var outcome = await home.ExportAsync(130);
        Assert.Equal(["2025-03", "2025-04"], outcome.Problems.Select(p => p.Split(':')[0]));
        Assert.Equal(["2025-05", "2025-06", "2025-07"], (await home.ManifestAsync()).Months);
        Assert.NotEmpty(await home.RowsAsync(ReportSchema.Patient));

        await home.Home.Store.Documents.UpsertAsync(Containers.Worklists, [list], default);
        Assert.Empty((await home.ExportAsync(131)).Problems);
        Assert.Equal(["2025-03", "2025-04", "2025-05", "2025-06", "2025-07"], (await home.ManifestAsync()).Months);
        Assert.Equal(2, (await home.RowsAsync(ReportSchema.List)).Count);
    }

    [Fact]
    public async Task No_identity_of_a_patient_nor_of_staff_nor_a_note_is_in_the_tables()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ActAsync(ReportHome.Called, ActionKind.Contacted, 31.4);
        await UrgentAsync(home, ReportHome.Called, 31.3);
        await home.ExportAsync(40);
        string[] words = [.. Enumerable.Range(0, 48).Select(i => $"patient-{i:D2}"), "nurse-with-a-name", "words-of-a-note", home.Home.Store.MakeHandleKey().HandleOf(ReportHome.Called)];
        Assert.Empty(await HomeSearch.FindAsync(home.Home.Lake.FullPath("bi"), words));
        // And what was looked for would be found: the tables have other words that are in the home.
        Assert.NotEmpty(await HomeSearch.FindAsync(home.Home.Lake.FullPath("bi"), "north", Key(home, ReportHome.Called)));
    }

    [Fact]
    public async Task An_erased_patient_is_in_no_table_and_no_old_bytes_and_made_anew_the_tables_are_the_same()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        var patient = (await ListsAsync(home))[0].Listed[0].PatientId;
        await home.ActAsync(patient, ActionKind.Contacted, 31.4);
        await home.ExportAsync(40);
        var (key, others) = (Key(home, patient), (await home.RowsAsync(ReportSchema.Prediction)).Count);
        Assert.NotEmpty(await HomeSearch.FindAsync(home.Home.Lake.FullPath("bi"), key));
        var rows = (await home.RowsAsync(ReportSchema.Prediction)).Count(r => (string)r["patient_key"]! == key);

        var (proof, _) = await PatientErasure.RunAsync(home.Home.Store, patient, new ClockByHand(MadeUpFeed.At(40)), default, tasks: [TrainedHome.Task]);
        Assert.Empty(await HomeSearch.FindAsync(home.Home.Lake.FullPath("bi"), key, patient));
        Assert.Equal(rows, proof.Things.Where(t => t.Place == "tables for reports" && t.Name.Contains("/fact_prediction/", StringComparison.Ordinal)).Sum(t => t.Rows));
        Assert.Contains(proof.Remains, r => r.Contains("Power BI", StringComparison.Ordinal));
        Assert.Equal(others - rows, (await home.RowsAsync(ReportSchema.Prediction)).Count);

        var after = await home.HashesAsync();
        foreach (var path in await home.Home.Lake.ListAsync("bi", default))
        {
            home.Home.Delete(path);
        }

        await home.ExportAsync(40);
        Assert.Equal(after, await home.HashesAsync());
    }

    [Fact]
    public async Task Urgent_readings_of_days_that_have_expired_stay_counted()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await UrgentAsync(home, ReportHome.Called, 31.3);
        await UrgentAsync(home, ReportHome.Called, 33.3);
        await home.ExportAsync(40);
        Assert.Equal([(20250401, 1), (20250403, 1)], await AlertsAsync(home));
        await home.Home.Store.Documents.DeletePartitionAsync(Containers.Urgent, "2025-04-01", default);
        await UrgentAsync(home, "patient-01", 33.4);
        await home.ExportAsync(61);
        Assert.Equal([(20250401, 1), (20250403, 2)], await AlertsAsync(home));
    }

    [Fact]
    public async Task Whoever_may_see_a_team_by_the_pages_is_in_the_membership_and_nobody_else()
    {
        await using var home = await ReportHome.MakeAsync(made, 31);
        await home.StateAsync(
            ReferenceKinds.Members, Member("Ann@example.org", Role.CareManager), Member("lea", Role.Lead), Member("dan", Role.DataScientist) with { Teams = [] }, Member("adi", Role.Administrator), Member("gone", Role.Lead) with { IsDisabled = true },
            Member("moved", Role.CareManager), Member("else", Role.CareManager) with { Teams = ["south"] });
        await home.StateAsync(ReferenceKinds.Members, Member("MOVED", Role.CareManager) with { Teams = [], Known = MadeUpFeed.At(2) });
        await home.ExportAsync(40);
        Assert.Equal(
            ["ann@example.org north figures", "ann@example.org north patients", "dan north figures", "lea north figures", "lea north patients"],
            (await home.RowsAsync(ReportSchema.Membership)).Select(r => $"{r["user_principal_name"]} {r["team_id"]} {r["sees"]}"));
    }

    [Fact]
    public async Task With_another_key_everybody_has_another_name_and_all_months_are_made_again()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(40);
        var (before, file) = (await home.RowsAsync(ReportSchema.Prediction), home.Home.Store.HandleKeyFile);
        await home.Home.CloseStoreAsync();
        File.Delete(file);
        await home.ExportAsync(200);
        var after = await home.RowsAsync(ReportSchema.Prediction);
        Assert.Equal(before.Count, after.Count);
        Assert.Empty(before.Select(r => r["patient_key"]).Intersect(after.Select(r => r["patient_key"])));
    }

    private static string Key(ReportHome home, string patient) => ReportContext.TryPatientKeys(home.Home.Store)!(patient);

    private static Member Member(string name, Role role) => new() { UserName = name, DisplayName = name, Roles = [role], Teams = ["north"], By = "test", Known = MadeUpFeed.At(1) };

    private static async Task<IReadOnlyList<(int, int)>> AlertsAsync(ReportHome home) => [.. (await home.RowsAsync(ReportSchema.Alert)).Select(r => ((int)r["date_key"]!, (int)r["urgent"]!))];

    private static async Task UrgentAsync(ReportHome home, string patient, double day)
    {
        var urgent = new UrgentReading($"{patient}-{day}", patient, "spo2", 80, "%", MadeUpFeed.At(day), MadeUpFeed.At(day), 88, null);
        await home.Home.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(urgent.Known), Id = urgent.Id, Body = urgent.ToJson() }], default);
    }

    private static async Task<IReadOnlyList<LedgerEntry>> LedgersAsync(ReportHome home)
    {
        var entries = new List<LedgerEntry>();
        foreach (var path in (await home.Home.Lake.ListAsync(LakePaths.LedgerFolder, default)).Where(LakePaths.IsLedgerEntry))
        {
            entries.Add(RiskDocumentJson.ReadLedger(await home.Home.Lake.ReadAsync(path, default)));
        }

        return entries;
    }

    private static async Task<IReadOnlyList<TeamWorklist>> ListsAsync(ReportHome home) =>
        [.. (await home.Home.Store.Documents.ListAsync(Containers.Worklists, "north", default)).Select(d => RiskDocumentJson.ReadWorklist(d.Body)).OrderBy(l => l.AsOf)];
}
