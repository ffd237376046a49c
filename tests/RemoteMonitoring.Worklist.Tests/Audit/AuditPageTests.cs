using System.Globalization;
using System.Net;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Worklist.Tests.Lists;

namespace RemoteMonitoring.Worklist.Tests.Audit;

public sealed class AuditPageTests
{
    [Fact]
    public async Task Broken_glass_comes_first_then_the_latest_and_looking_is_on_record()
    {
        await using var pages = await ServedPages.StartAsync();
        await RecordAsync(pages, AuditEvent.GlassBroken, "P-other", "<script>alert(1)</script> because");
        await RecordAsync(pages, AuditEvent.PatientViewed, "P-one");
        using var auditor = await pages.SignedInAsync("auditor");
        var html = await (await auditor.GetAsync("/audit")).Content.ReadAsStringAsync();
        var (glass, viewed, signedIn) = (html.IndexOf("glass broken", StringComparison.Ordinal), html.IndexOf("patient viewed", StringComparison.Ordinal), html.IndexOf("signed in", StringComparison.Ordinal));
        Assert.True(glass > 0 && glass < signedIn && signedIn < viewed, $"{glass} {signedIn} {viewed}");
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        var entry = (await pages.AuditAsync())[^1];
        Assert.Equal((AuditEvent.AuditViewed, "auditor"), (entry.Event, entry.User));
    }

    [Fact]
    public async Task A_patient_or_a_user_is_looked_for_by_a_form_and_is_on_record_as_looked_for()
    {
        await using var pages = await ServedPages.StartAsync();
        await RecordAsync(pages, AuditEvent.PatientViewed, "P-one");
        await RecordAsync(pages, AuditEvent.Acted, "P-two");
        using var auditor = await pages.SignedInAsync("auditor");
        foreach (var patient in (string[])["P-one", pages.HandleOf("P-one")])
        {
            var text = await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("patient", patient)));
            Assert.Contains("patient viewed P-one", text, StringComparison.Ordinal);
            Assert.DoesNotContain("acted P-two", text, StringComparison.Ordinal);
            Assert.Equal((AuditEvent.AuditViewed, "P-one"), ((await pages.AuditAsync())[^1].Event, (await pages.AuditAsync())[^1].PatientId));
        }

        Assert.Contains("acted P-two", await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("user", "LEAD"))), StringComparison.Ordinal);
        Assert.DoesNotContain("acted P-two", await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("user", "nurse"))), StringComparison.Ordinal);
        var dayBefore = Day(pages, -1);
        Assert.Contains("0 entries", await HtmlText.OfAsync(await auditor.PostAsync("/audit", "/audit", ("from", dayBefore), ("to", dayBefore))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_was_erased_is_looked_for_and_found_and_nothing_of_what_was_typed_stays()
    {
        await using var pages = await ServedPages.StartAsync();
        await RecordAsync(pages, AuditEvent.PatientViewed, "P-one");
        using var auditor = await pages.SignedInAsync("auditor");
        var handle = pages.HandleOf("P-one");
        await PatientErasure.RunAsync(pages.Store, "P-one", pages.Clock, default);
        pages.Services.Reference.Expire();
        var hash = (await pages.Store.Reference.ErasuresAsync(default)).HashOf("P-one")!;
        foreach (var typed in (string[])["P-one", handle, hash])
        {
            await SearchAsync(auditor, pages, ("patient", typed), ("user", "P-one"));
            Assert.Contains($"patient viewed erased on {Day(pages, 0)} (UTC): who it was cannot be told, {hash} stands for them", await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("patient", typed))), StringComparison.Ordinal);
            Assert.Equal((AuditEvent.AuditViewed, null, hash), ((await pages.AuditAsync())[^1].Event, (await pages.AuditAsync())[^1].PatientId, (await pages.AuditAsync())[^1].ErasedPatient));
        }

        await SearchAsync(auditor, pages, ("patient", "somebody at all"));
        Assert.Equal((null, null), ((await pages.AuditAsync())[^1].PatientId, (await pages.AuditAsync())[^1].ErasedPatient));
        foreach (var file in Directory.EnumerateFiles(pages.Store.Folder, "*", SearchOption.AllDirectories))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes);
            Assert.True(bytes.ToArray().AsSpan().IndexOf("P-one"u8) < 0, Path.GetFileName(file));
        }
    }

    [Fact]
    public async Task Old_entries_say_what_can_be_told_of_users_patients_and_lists_and_what_cannot()
    {
        await using var pages = await ServedPages.StartAsync();
        AuditEntry Of(AuditEvent what, string user) => new() { Id = "", At = default, Event = what, User = user, CareTeamId = "team-001", Address = AddressClass.Loopback };
        await pages.Services.Audit.RecordAsync(Of(AuditEvent.PatientViewed, "nurse") with { PatientId = "P-gone" }, default);
        await pages.Services.Audit.RecordAsync(Of(AuditEvent.Acted, "renamed") with { PatientId = "P-one" }, default);
        await pages.Services.Audit.RecordAsync(Of(AuditEvent.ListViewed, "lead") with { SchemaVersion = 1 }, default);
        using var auditor = await pages.SignedInAsync("auditor");
        var text = await HtmlText.OfAsync(await auditor.GetAsync("/audit"));
        Assert.Contains("The nurse (nurse) patient viewed P-gone (not on the roster)", text, StringComparison.Ordinal);
        Assert.Contains("renamed (no user of this name today) acted P-one", text, StringComparison.Ordinal);
        Assert.Contains("which list is not on record", text, StringComparison.Ordinal);
        // Of a patient of the team it may have been.
        var found = await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("patient", "P-one")));
        Assert.Contains("The lead (lead) list viewed cannot be told: which list is not on record", found, StringComparison.Ordinal);
        Assert.DoesNotContain("list viewed", await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("patient", "P-other"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Views_of_a_list_that_had_who_was_erased_since_are_found_and_say_no_place()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.MakeAsync(pages.Now, "run-1", null, MadeLists.Of("P-one", 0.1, pages.Now, "run-1"), MadeLists.Of("P-two", 0.1, pages.Now, "run-1"));
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync("/teams/team-001")).StatusCode);
        await PatientErasure.RunAsync(pages.Store, "P-one", pages.Clock, default);
        pages.Services.Reference.Expire();
        using var auditor = await pages.SignedInAsync("auditor");
        var text = await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("patient", "P-one")));
        Assert.Contains("list viewed on the list or counted in it; the place was erased", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_entries_come_in_pages_and_each_once()
    {
        await using var pages = await ServedPages.StartAsync();
        for (var i = 0; i < 230; i++)
        {
            await RecordAsync(pages, AuditEvent.Acted, null, detail: string.Create(CultureInfo.InvariantCulture, $"n{i:D3}"));
        }

        using var auditor = await pages.SignedInAsync("auditor");
        var seen = new List<string>();
        for (var page = 0; page < 3; page++)
        {
            var text = await HtmlText.OfAsync(await SearchAsync(auditor, pages, ("user", "lead"), ("page", page.ToString(CultureInfo.InvariantCulture))));
            Assert.Contains($"230 entries, page {page + 1} of 3", text, StringComparison.Ordinal);
            seen.AddRange(System.Text.RegularExpressions.Regex.Matches(text, @"\bn\d{3}\b").Select(m => m.Value));
        }

        Assert.Equal(Enumerable.Range(0, 230).Reverse().Select(i => string.Create(CultureInfo.InvariantCulture, $"n{i:D3}")), seen);
    }

    [Fact]
    public async Task It_is_taken_out_as_csv_in_which_nothing_is_a_formula()
    {
        await using var pages = await ServedPages.StartAsync();
        await RecordAsync(pages, AuditEvent.GlassBroken, "P-other", "=HYPERLINK(\"http://evil.example\")");
        using var auditor = await pages.SignedInAsync("auditor");
        var answer = await auditor.PostAsync("/audit/csv", "/audit", ("from", Day(pages, 0)), ("to", Day(pages, 0)));
        Assert.Equal("text/csv", answer.Content.Headers.ContentType!.MediaType);
        var lines = (await answer.Content.ReadAsStringAsync()).Split("\r\n");
        Assert.Equal("at,event,user,patient_id,erased_patient,care_team_id,ground,reason,detail,address,care_team,lists,place,user_name,erased_at", lines[0]);
        Assert.EndsWith(",GlassBroken,lead,P-other,,,,\"'=HYPERLINK(\"\"http://evil.example\"\")\",,Loopback,,,,The lead,", lines[1], StringComparison.Ordinal);
        Assert.Equal(AuditEvent.Exported, (await pages.AuditAsync())[^1].Event);
    }

    [Theory]
    [InlineData("yesterday", "2026-01-01", "written like")]
    [InlineData("2026-01-02", "2026-01-01", "before the first")]
    [InlineData("2020-01-01", "2026-01-01", "at most 92 days")]
    public async Task What_cannot_be_looked_for_is_told_in_a_sentence(string from, string to, string says)
    {
        await using var pages = await ServedPages.StartAsync();
        using var auditor = await pages.SignedInAsync("auditor");
        var answer = await auditor.PostAsync("/audit", "/audit", ("from", from), ("to", to));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(says, await HtmlText.OfAsync(answer), StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> SearchAsync(ServedPages.Browser auditor, ServedPages pages, params (string Name, string Value)[] fields) =>
        auditor.PostAsync("/audit", "/audit", [("from", Day(pages, 0)), ("to", Day(pages, 0)), .. fields]);

    private static string Day(ServedPages pages, int days) => pages.Clock.GetUtcNow().AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static Task RecordAsync(ServedPages pages, AuditEvent what, string? patient, string? reason = null, string? detail = null) => pages.Services.Audit.RecordAsync(
        new AuditEntry { Id = "", At = default, Event = what, User = "lead", PatientId = patient, Reason = reason, Detail = detail, Address = AddressClass.Loopback }, default);
}
