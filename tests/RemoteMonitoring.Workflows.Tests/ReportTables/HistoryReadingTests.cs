using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Tests.Drift;

namespace RemoteMonitoring.Workflows.Tests.ReportTables;

public sealed class HistoryReadingTests(DriftHome made) : IClassFixture<DriftHome>
{
    private static readonly int[] s_nights = [31, 32, 33, 34, 35, 36];

    [Fact]
    public async Task It_says_the_sums_of_the_tables()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ActAsync(ReportHome.Called, ActionKind.Contacted, 31.4);
        await home.ExportAsync(60);
        var report = await HistoryReading.ReadAsync(home.Home.Lake, null, 90, default);
        var task = Assert.Single(report.Tasks);
        var (lists, sums, predictions) = (await home.RowsAsync(ReportSchema.List), await home.RowsAsync(ReportSchema.Calibration), await home.RowsAsync(ReportSchema.Prediction));
        Assert.Equal(("2025-04-01", "2025-04-06", 6, "Team north"), (report.From, report.To, report.Lists, Assert.Single(report.Teams)));
        Assert.Equal(lists.OrderBy(l => (int)l["date_key"]!).Select(l => ((int)l["listed"]!, (int)l["scored"]!, (int)l["with_event"]!)), task.Days.Select(d => (d.Listed, d.Scored, d.WithEvent)));
        Assert.Equal(
            sums.Where(s => (int)s["risk_bin"]! > 0).GroupBy(s => (int)s["risk_bin"]!).OrderBy(g => g.Key).Select(g => (g.Sum(s => (int)s["certain"]!), g.Sum(s => (int)s["observed"]!))), task.Bins.Select(b => (b.Certain, b.Observed)));
        Assert.True(task.Bins.Sum(b => b.Observed) > 0);
        var most = task.MostListed[0];
        Assert.Equal(predictions.Count(p => (string)p["patient_key"]! == most.Key && (bool)p["listed"]!), most.Listings);
        Assert.Equal([("contacted", 1)], report.Actions);

        var page = HistoryPage.Render(report);
        var (observed, expected) = (task.Bins.Sum(b => b.Observed), task.Bins.Sum(b => b.Expected));
        Assert.Contains($"{observed} had it", page, StringComparison.Ordinal);
        Assert.Contains((observed / expected).ToString("0.##", System.Globalization.CultureInfo.InvariantCulture) + " (", page, StringComparison.Ordinal);
        Assert.Contains("Reliability: bins of risk", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_reads_the_days_and_the_team_that_are_asked_for()
    {
        await using var home = await ReportHome.MakeAsync(made, s_nights);
        await home.ExportAsync(60);
        var report = await HistoryReading.ReadAsync(home.Home.Lake, "north", 2, default);
        Assert.Equal(("2025-04-05", "2025-04-06", 2), (report.From, report.To, report.Lists));
        Assert.Contains("Teams: north.", (await Assert.ThrowsAsync<LakeException>(() => HistoryReading.ReadAsync(home.Home.Lake, "nope", 2, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_tables_it_says_how_to_make_them()
    {
        await using var home = new TempHome();
        Assert.Contains("Run 'rmon report tables' first", (await Assert.ThrowsAsync<LakeException>(() => HistoryReading.ReadAsync(home.Lake, null, 90, default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_is_none_is_told()
    {
        await using var home = new TempHome();
        await home.Lake.ReplaceAsync(LakePaths.ReportManifest, "{}"u8.ToArray(), default);
        Assert.Contains("is no manifest of tables for reports", (await Assert.ThrowsAsync<LakeException>(() => HistoryReading.ReadAsync(home.Lake, null, 90, default))).Message, StringComparison.Ordinal);
    }
}
