using System.Net;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Tests.Patients;

public sealed class CarePlanPageTests
{
    [Fact]
    public async Task Of_two_leads_who_changed_one_plan_the_second_is_told_and_loses_nothing()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.AddUserAsync("other", [Role.Lead], ["team-001"]);
        using var first = await pages.SignedInAsync("lead");
        using var second = await pages.SignedInAsync("other");
        var shown = await VersionAsync(pages, second);
        Assert.Equal(HttpStatusCode.SeeOther, (await SetAsync(pages, first, await VersionAsync(pages, first), ("low-spo2", "88"), ("high-heart_rate", "120"))).StatusCode);

        var answer = await SetAsync(pages, second, shown, ("low-weight", "60"), ("preference", "after <b>ten</b>"));
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        var html = await answer.Content.ReadAsStringAsync();
        var text = System.Net.WebUtility.HtmlDecode(html);
        Assert.Contains("changed since you loaded it", text, StringComparison.Ordinal);
        Assert.Contains("SpO2 88 % or more", text.Replace("₂", "2", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("name=\"low-weight\" value=\"60\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"low-spo2\" value=\"88\"", html, StringComparison.Ordinal);
        Assert.Contains(">after &lt;b&gt;ten&lt;/b&gt;</textarea>", html, StringComparison.Ordinal);
        Assert.Equal([("spo2", 88.0)], (await PlanAsync(pages)).Limits.Where(l => l.Low is not null).Select(l => (l.Vital, l.Low!.Value)));
        Assert.Equal((AuditEvent.Refused, "other", "P-one", "care plan"), Last(await pages.AuditAsync()));

        // Sent again from that page, by who has seen what stands, it holds.
        Assert.Equal(HttpStatusCode.SeeOther, (await SetAsync(pages, second, VersionOf(html), ("low-weight", "60"))).StatusCode);
        Assert.Equal(("weight", "other"), (Assert.Single((await PlanAsync(pages)).Limits).Vital, (await PlanAsync(pages)).By));
    }

    [Fact]
    public async Task Plans_set_by_many_at_once_are_set_one_after_the_other_and_each_is_known_later()
    {
        await using var pages = await ServedPages.StartAsync();
        using var elsewhere = new WorklistServices(pages.Store, new RemoteMonitoring.Worklist.Access.PatientHandles(pages.Store.MakeHandleKey().Bytes), null, pages.Clock);
        var plan = new CarePlan { PatientId = "P-one", Limits = [new("spo2", 90, null)], By = "lead", Known = default };
        var set = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? pages.Services : elsewhere).CarePlans.TryStateAsync(plan with { By = $"lead{i}" }, "", default)));
        Assert.Single(set, s => s);
        Assert.True(await elsewhere.CarePlans.TryStateAsync(plan with { PatientId = "P-two" }, "", default));
        var (rows, last) = await pages.Store.Reference.ReadAfterAsync<CarePlan>(ReferenceKinds.CarePlans, 0, default);
        Assert.Equal((2, 2L), (rows.Count, last));
    }

    [Theory]
    [InlineData("low-spo2", "much", "a limit is a number")]
    [InlineData("low-spo2", "1", "a limit is a number")]
    public async Task What_is_refused_is_kept_as_it_was_typed(string field, string value, string says)
    {
        await using var pages = await ServedPages.StartAsync();
        using var lead = await pages.SignedInAsync("lead");
        var answer = await SetAsync(pages, lead, "", (field, value), ("preference", "by letter"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var html = await answer.Content.ReadAsStringAsync();
        Assert.Contains(says, html, StringComparison.Ordinal);
        Assert.Contains($"name=\"{field}\" value=\"{value}\"", html, StringComparison.Ordinal);
        Assert.Contains(">by letter</textarea>", html, StringComparison.Ordinal);
        Assert.Equal(0, (await pages.Store.Reference.PositionAsync(default))[ReferenceKinds.CarePlans]);
    }

    private static (AuditEvent Event, string? User, string? PatientId, string? Detail) Last(IReadOnlyList<AuditEntry> entries) => (entries[^1].Event, entries[^1].User, entries[^1].PatientId, entries[^1].Detail);

    private static async Task<CarePlan> PlanAsync(ServedPages pages)
    {
        pages.Services.Reference.Expire();
        return (await pages.Services.Reference.TodayAsync(default)).CarePlans["P-one"];
    }

    private static Task<HttpResponseMessage> SetAsync(ServedPages pages, ServedPages.Browser browser, string version, params (string Name, string Value)[] fields) =>
        browser.PostAsync($"/patients/{pages.HandleOf("P-one")}/care-plan", "/break-glass", [("version", version), .. fields]);

    private static async Task<string> VersionAsync(ServedPages pages, ServedPages.Browser browser) =>
        VersionOf(await (await browser.GetAsync($"/patients/{pages.HandleOf("P-one")}")).Content.ReadAsStringAsync());

    private static string VersionOf(string html) =>
        System.Text.RegularExpressions.Regex.Match(html[html.IndexOf("/care-plan\"", StringComparison.Ordinal)..], "name=\"version\" value=\"([^\"]*)\"").Groups[1].Value;
}
