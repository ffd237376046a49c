using System.Globalization;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;

namespace RemoteMonitoring.Worklist.Tests.Audit;

/// <summary>What people saw of a patient on lists: a list of P-one and of P-other, who is another team's by now, with P-two not scoreable.</summary>
public sealed class ShownListsTests
{
    [Fact]
    public async Task Views_and_files_of_a_list_are_found_by_who_was_on_it()
    {
        await using var pages = await ServedPages.StartAsync();
        await PublishAsync(pages);
        using var nurse = await pages.SignedInAsync("nurse");
        foreach (var path in (string[])["", "/print", "/list.csv", "/fhir.ndjson"])
        {
            (await nurse.GetAsync("/teams/team-001" + path)).EnsureSuccessStatusCode();
        }

        using var auditor = await pages.SignedInAsync("auditor");
        var one = await SearchAsync(pages, auditor, "P-one");
        Assert.Equal(["Exported fhir.ndjson: row 1", "Exported list.csv: row 1", "Exported print: row 1", "ListViewed list: row 1"], one);
        // The file for health records has the listed alone.
        Assert.Equal(["Exported list.csv: not scoreable", "Exported print: not scoreable", "ListViewed list: not scoreable"], await SearchAsync(pages, auditor, "P-two"));
        Assert.Empty(await SearchAsync(pages, auditor, "P-other"));

        var html = await HtmlText.OfAsync(await auditor.PostAsync("/audit", "/audit", ("from", Today(pages)), ("to", Today(pages)), ("patient", pages.HandleOf("P-one"))));
        Assert.Contains("list viewed row 1 North <b>team</b> (team-001)", html.Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(", run run-1; rows 1 to 1; lanes", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_list_that_is_gone_it_is_said_that_it_cannot_be_told()
    {
        await using var pages = await ServedPages.StartAsync();
        var lists = await PublishAsync(pages);
        using var nurse = await pages.SignedInAsync("nurse");
        await nurse.GetAsync("/teams/team-001");
        await pages.Store.Documents.DeleteAsync(Containers.Worklists, [new DocumentKey("team-001", lists.Id)], default);
        using var auditor = await pages.SignedInAsync("auditor");
        Assert.Equal(["ListViewed list: cannot be told: the list is gone"], await SearchAsync(pages, auditor, "P-one"));
        Assert.Empty(await SearchAsync(pages, auditor, "P-other"));
    }

    [Fact]
    public async Task An_urgent_reading_that_was_shown_is_found_and_after_an_erasure_by_the_hash_alone()
    {
        await using var pages = await ServedPages.StartAsync();
        var reading = new UrgentReading("u", "P-two", "heart_rate", 141, "/min", pages.Now, pages.Now, 45, 120);
        await pages.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(reading.Known), Id = reading.Id, Body = reading.ToJson() }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(3));
        using var nurse = await pages.SignedInAsync("nurse");
        await nurse.GetAsync("/teams/team-001");
        using var auditor = await pages.SignedInAsync("auditor");
        Assert.Equal(["ListViewed no list: urgent"], await SearchAsync(pages, auditor, "P-two"));

        await PatientErasure.RunAsync(pages.Store, "P-two", pages.Clock, default);
        pages.Services.Reference.Expire();
        var hash = (await pages.Store.Reference.ErasuresAsync(default)).HashOf("P-two")!;
        Assert.Contains("ListViewed no list: urgent", await SearchAsync(pages, auditor, hash));
        Assert.DoesNotContain("P-two", string.Concat((await pages.AuditAsync()).Select(e => e.ToJson())), StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_from_before_says_no_lists_and_is_read() =>
        Assert.Null(AuditEntry.Read("""{"schemaVersion":1,"id":"1","at":"2026-01-01T00:00:00Z","event":"ListViewed","user":"n","careTeamId":"team-001","detail":"x, rows 1 to 11","address":"Loopback"}""").Shown);

    private static string Today(ServedPages pages) => pages.Clock.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Views and files of lists that are found for a patient, latest first.</summary>
    private static async Task<string[]> SearchAsync(ServedPages pages, ServedPages.Browser auditor, string patient)
    {
        var csv = await (await auditor.PostAsync("/audit/csv", "/audit", ("from", Today(pages)), ("to", Today(pages)), ("patient", patient))).Content.ReadAsStringAsync();
        return
        [
            .. csv.TrimEnd().Split("\r\n").Skip(1).Select(l => System.Text.RegularExpressions.Regex.Replace(l, "\"[^\"]*\"", m => m.Value.Replace(',', ';')).Split(','))
                .Where(c => c[1] == "ListViewed" || (c[1] == "Exported" && !c[8].StartsWith("audit", StringComparison.Ordinal))).Select(c => $"{c[1]} {c[8]}: {c[12]}").Reverse(),
        ];
    }

    private static async Task<ListsMade> PublishAsync(ServedPages pages)
    {
        var asOf = Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds());
        var lists = new ListsMade("run-1", "admission-7d", "Hospital admission in the next 7 days", asOf, asOf, 9);
        Prediction Of(string patient) => new()
        {
            Id = lists.Id,
            PatientId = patient,
            Task = lists.Task,
            AsOf = asOf,
            KnownBy = asOf,
            Model = "m",
            FeatureSetHash = "h",
            Run = lists.Run,
            Probability = 0.1,
            Raw = -2,
            Reasons = [],
        };
        var list = new TeamWorklist
        {
            CareTeamId = "team-001",
            Name = "North",
            Capacity = 5,
            Title = lists.Title,
            AsOf = asOf,
            Run = lists.Run,
            Scored = 2,
            Listed = [Of("P-other"), Of("P-one")],
            NotScored = [new("P-two", "no reading")],
        };
        await pages.Store.Documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "team-001", Id = lists.Id, Body = RiskDocumentJson.ToJson(list) }], default);
        await pages.Store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = ListsMade.Partition, Id = lists.Id, Body = RiskDocumentJson.ToJson(lists) }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(3));
        return lists;
    }
}
