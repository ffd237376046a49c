using System.Globalization;
using System.Text.Json;
using DuckDB.NET.Data;
using Microsoft.Playwright;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.ReportTables;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary><c>rmon report history</c>: what the file says, held against the tables by another engine, and how it reads in a browser.</summary>
public sealed class HistoryPageTests(ScoredHome home, Chromium chromium) : IClassFixture<ScoredHome>, IClassFixture<Chromium>
{
    private static readonly string[] s_days = ["2025-02-10T00:00:00Z", "2025-02-11T00:00:00Z", "2025-02-12T00:00:00Z"];

    [Fact]
    public async Task It_says_what_the_tables_say_and_names_nobody()
    {
        var file = await WriteAsync("numbers.html");
        var html = await File.ReadAllTextAsync(file);
        var lake = new LakeDirectory(Path.Combine(home.Rmon.Home, "simulated", "lake"));
        var manifest = (await ReportManifest.TryReadAsync(lake, default))!;
        string Table(string name) => $"read_parquet([{string.Join(", ", manifest.Files.Where(f => f.Table == name).Select(f => $"'{lake.FullPath(f.Path)}'"))}], hive_partitioning = false)";
        var lists = Rows($"SELECT count(*), sum(listed), sum(scored + not_scored + set_aside) FROM {Table("fact_list")}")[0];
        Assert.Contains($"{lists[0]} lists of", html, StringComparison.Ordinal);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"<td>{Convert.ToInt64(lists[1], CultureInfo.InvariantCulture):N0}</td>\n<td>{Convert.ToInt64(lists[2], CultureInfo.InvariantCulture):N0}</td>"), html, StringComparison.Ordinal);
        var sums = Rows($"SELECT sum(certain), sum(observed) FROM {Table("fact_calibration")} WHERE risk_bin > 0")[0];
        if (sums[0] is not null && Convert.ToInt64(sums[0], CultureInfo.InvariantCulture) > 0)
        {
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{Convert.ToInt64(sums[0], CultureInfo.InvariantCulture):N0} predictions have a certain outcome; {Convert.ToInt64(sums[1], CultureInfo.InvariantCulture):N0} had it"), html, StringComparison.Ordinal);
        }

        var most = Rows($"SELECT patient_key, count(*) AS n FROM {Table("fact_prediction")} WHERE listed GROUP BY 1 ORDER BY n DESC, patient_key LIMIT 1")[0];
        Assert.Contains($"<th scope=\"row\">{most[0]}</th>", html, StringComparison.Ordinal);
        Assert.Contains("North team 1", html, StringComparison.Ordinal);
        Assert.DoesNotContain(home.Patient, html, StringComparison.Ordinal);
        Assert.DoesNotMatch("S0000[0-9]{2}", html);
        Assert.Equal(0, (await home.Rmon.RunAsync("report", "history", "--out", home.Rmon.Folder("again.html"))).ExitCode);
        Assert.Equal(html, await File.ReadAllTextAsync(home.Rmon.Folder("again.html")));
    }

    [Theory]
    [InlineData(320, ColorScheme.Light)]
    [InlineData(320, ColorScheme.Dark)]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    public async Task It_needs_nothing_else_fits_its_window_and_violates_no_rule(int width, ColorScheme colours)
    {
        var file = await WriteAsync($"page-{width}-{colours}.html");
        Assert.DoesNotContain("<script", await File.ReadAllTextAsync(file), StringComparison.OrdinalIgnoreCase);
        await using var context = await chromium.Browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 800 }, ColorScheme = colours });
        var page = await context.NewPageAsync();
        var (asked, said) = (new List<string>(), new List<string>());
        page.Request += (_, request) => asked.Add(request.Url);
        page.Console += (_, message) => said.Add(message.Text);
        page.PageError += (_, error) => said.Add(error);
        await page.GotoAsync(new Uri(file).AbsoluteUri);
        Assert.Equal([new Uri(file).AbsoluteUri], asked);
        Assert.Empty(said);
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, "The page is wider than its window.");
        Assert.Equal(["Prediction history", "Yield and calibration", "Alert burden and follow-ups"], (await page.Locator("h2").AllTextContentsAsync()).Take(3));
        Assert.True(await page.Locator("figure svg[role=img]").CountAsync() >= 4);
        await page.AddScriptTagAsync(new() { Path = Chromium.Rules });
        var found = await page.EvaluateAsync<string>(
            "async () => JSON.stringify((await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })).violations.map(v => ({ id: v.id, nodes: v.nodes.map(n => n.html) })))");
        Assert.Equal("[]", found);
        await page.ScreenshotAsync(new() { Path = Path.Combine(Chromium.Pictures, $"history-{width}-{colours}.png"), FullPage = true });
        await page.EmulateMediaAsync(new() { Media = Media.Print });
        Assert.Equal("none", await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('nav')).display"));
    }

    [Fact]
    public async Task What_is_asked_wrongly_is_told_in_one_line()
    {
        await WriteAsync("there.html");
        await SaysAsync(3, "There is no team 'nope' in the tables for reports. Teams: team-001.", "report", "history", "--team", "nope");
        await SaysAsync(2, "--days '0': a number of days from 1 to 1100.", "report", "history", "--days", "0");
        await SaysAsync(2, "--since '2025': a month, as in 2025-06.", "report", "tables", "--since", "2025");
        await SaysAsync(3, "there is no folder", "report", "history", "--out", Path.Combine(home.Rmon.Home, "no", "such", "folder.html"));
        Assert.Equal(0, (await home.Rmon.RunAsync("report", "history", "--team", "team-001", "--days", "7", "--out", home.Rmon.Folder("team.html"))).ExitCode);

        async Task SaysAsync(int code, string what, params string[] arguments)
        {
            var result = await home.Rmon.RunAsync(arguments);
            Assert.Equal(code, result.ExitCode);
            Assert.Contains(what, result.ErrorLines[0], StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_is_named_by_what_it_is_says_where_it_lies_and_writes_over_nothing_else()
    {
        await WriteAsync("first.html");
        var folder = Directory.CreateTempSubdirectory("rmon-history-").FullName;
        try
        {
            await LeavesAsync(0, "history-simulated-");
            var written = Assert.Single(Directory.GetFiles(folder));
            Assert.Matches("^history-simulated-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{4}-[0-9]{2}-[0-9]{2}\\.html$", Path.GetFileName(written));
            await LeavesAsync(0, written); // its own, again
            await File.WriteAllTextAsync(written, (await File.ReadAllTextAsync(written)).Replace(HistoryPage.Mark + "\n", "", StringComparison.Ordinal));
            await LeavesAsync(0, written); // one of before it had a mark
            await File.WriteAllTextAsync(written, "<!DOCTYPE html><title>A letter</title>");
            await LeavesAsync(3, $"{written}: is there, and was not written by 'rmon report history");
            Assert.Contains("A letter", await File.ReadAllTextAsync(written), StringComparison.Ordinal);
            await LeavesAsync(3, $"{written}: is there, and was not written by", "--out", written);
            Assert.Contains("A letter", await File.ReadAllTextAsync(written), StringComparison.Ordinal);
            await LeavesAsync(0, "history-simulated-team-001-", "--team", "team-001");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        async Task LeavesAsync(int code, string says, params string[] more)
        {
            using var run = RmonProcess.Run(["dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), "report", "history", "--home", home.Rmon.Home, "--cohort", "simulated", .. more], [], folder);
            Assert.Equal(code, await run.ExitAsync());
            Assert.Contains(says, string.Concat(run.Output) + string.Concat(run.Errors), StringComparison.Ordinal);
        }
    }

    private async Task<string> WriteAsync(string name)
    {
        foreach (var day in s_days)
        {
            Assert.Equal(0, (await home.Rmon.RunAsync("score", "admission-7d", "--as-of", day)).ExitCode);
        }

        var tables = await home.Rmon.RunAsync("report", "tables", "--json");
        Assert.True(tables.ExitCode == 0 && tables.Document.GetProperty("problems").ValueKind == JsonValueKind.Array && tables.Document.GetProperty("problems").GetArrayLength() == 0, tables.Errors);
        var file = home.Rmon.Folder(name);
        var written = await home.Rmon.RunAsync("report", "history", "--out", file);
        Assert.True(written.ExitCode == 0, written.Errors);
        return file;
    }

    private static List<object?[]> Rows(string sql)
    {
        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<object?[]>();
        while (reader.Read())
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i) is System.Numerics.BigInteger big ? (long)big : reader.GetValue(i))]);
        }

        return rows;
    }
}
