using System.Globalization;
using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Worklist.Tests.Lists;

public sealed class LaneTests
{
    private const int Many = 41;
    private const string Page = "/teams/team-001";

    [Fact]
    public async Task Urgent_and_silent_patients_are_all_on_the_page_and_those_of_other_lanes_in_print_and_in_the_file()
    {
        await using var pages = await ServedPages.StartAsync();
        var patients = await FilledAsync(pages);
        using var nurse = await pages.SignedInAsync("nurse");
        var html = await (await nurse.GetAsync(Page)).Content.ReadAsStringAsync();
        Assert.All((string[])["urgent", "silent"], lane => Assert.Equal(patients, NamedIn(Section(html, lane))));
        // Of the forty-first there is a line, and the page is no heavier by forms.
        Assert.Equal(40, Regex.Count(Section(html, "urgent"), "value=\"Contacted\""));
        Assert.All((string[])["technical", "resting", "not-scored"], lane =>
        {
            Assert.Equal(40, NamedIn(Section(html, lane)).Length);
            Assert.Contains("and 1 more; the CSV file and the print view have all.", Section(html, lane), StringComparison.Ordinal);
        });

        var print = await HtmlText.OfAsync(await nurse.GetAsync(Page + "/print"));
        Assert.All((string[])["late", "urgent", "broken", "rests", "unknown"], word => Assert.Equal(patients, Regex.Matches(print, $@"(Q-\d\d) : [^:]*{(word == "urgent" ? "above the limit" : word)}").Select(m => m.Groups[1].Value).Distinct().ToArray()));

        var rows = (await (await nurse.GetAsync(Page + "/list.csv")).Content.ReadAsStringAsync()).TrimEnd().Split("\r\n").Skip(1).Select(r => r.Split(',')).ToArray();
        Assert.All((string[])["urgent", "silent", "technical", "resting", "not-scored"], lane => Assert.Equal(patients, rows.Where(r => r[0] == lane).Select(r => r[5]).ToArray()));
        Assert.Equal(["Q-01"], rows.Where(r => r[0] == "listed").Select(r => r[5]));
    }

    [Fact]
    public async Task Technical_problems_stand_by_their_cause_with_the_rest_folded()
    {
        await using var pages = await ServedPages.StartAsync();
        await FilledAsync(pages);
        using var nurse = await pages.SignedInAsync("nurse");
        var technical = Section(await (await nurse.GetAsync(Page)).Content.ReadAsStringAsync(), "technical");
        Assert.Contains("<h3>Batteries (41)</h3>", technical, StringComparison.Ordinal);
        Assert.Equal(3, NamedIn(technical[..technical.IndexOf("<details>", StringComparison.Ordinal)]).Length);
        Assert.Contains("<summary>Batteries: 37 more</summary>", technical, StringComparison.Ordinal);
        Assert.Contains("<h3>Batteries (41)</h3>", await (await nurse.GetAsync(Page + "/print")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_urgent_is_printed_also_where_no_list_was_made()
    {
        await using var pages = await ServedPages.StartAsync();
        await UrgentAsync(pages, "P-one");
        using var nurse = await pages.SignedInAsync("nurse");
        var text = await HtmlText.OfAsync(await nurse.GetAsync(Page + "/print"));
        Assert.Contains("There is no list yet.", text, StringComparison.Ordinal);
        Assert.Contains("P-one : Heart rate 141", text, StringComparison.Ordinal);
        Assert.Contains("urgent,,,,,P-one,", await (await nurse.GetAsync(Page + "/list.csv")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static string Section(string html, string id) => Regex.Match(html, $"<section aria-labelledby=\"{id}\".*?</section>", RegexOptions.Singleline).Value;

    private static string[] NamedIn(string html) => [.. Regex.Matches(html, @">(Q-\d\d)</a>").Select(m => m.Groups[1].Value)];

    private static async Task<string[]> FilledAsync(ServedPages pages)
    {
        var patients = Enumerable.Range(1, Many).Select(i => string.Create(CultureInfo.InvariantCulture, $"Q-{i:D2}")).ToArray();
        await pages.StateAsync(ReferenceKinds.Roster, [.. patients.Select(p => pages.Patient(p, "team-001"))]);
        foreach (var patient in patients.Reverse()) // the latest to land stands first
        {
            await UrgentAsync(pages, patient);
        }

        var asOf = Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds());
        var lists = new ListsMade("run-1", "admission-7d", "Admission", asOf, asOf, Many);
        var list = new TeamWorklist
        {
            CareTeamId = "team-001",
            Name = "North",
            Capacity = 5,
            Title = lists.Title,
            AsOf = asOf,
            Run = lists.Run,
            Scored = Many,
            Listed = [new Prediction { Id = lists.Id, PatientId = "Q-01", Task = lists.Task, AsOf = asOf, KnownBy = asOf, Model = "m", FeatureSetHash = "f", Run = lists.Run, Probability = 0.1, Raw = 0, Reasons = [] }],
            NotScored = [.. patients.Select(p => new NotScored(p, "unknown"))],
            Resting = [.. patients.Select(p => new RestingPatient(p, 0.1, "rests"))],
            Silent = [.. patients.Select(p => new SilentPatient(p, asOf, 0.2, "late"))],
            Technical = [.. patients.Select(p => new TechnicalFinding(p, "battery", null, "broken"))],
        };
        await pages.Store.Documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "team-001", Id = lists.Id, Body = RiskDocumentJson.ToJson(list) }], default);
        await pages.Store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = ListsMade.Partition, Id = lists.Id, Body = RiskDocumentJson.ToJson(lists) }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(3));
        return patients;
    }

    private static async Task UrgentAsync(ServedPages pages, string patient)
    {
        var now = pages.Now;
        var reading = new UrgentReading("urgent-" + patient, patient, "heart_rate", 141, "/min", now, now, 45, 120);
        await pages.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(now), Id = reading.Id, Body = reading.ToJson() }], default);
    }
}
