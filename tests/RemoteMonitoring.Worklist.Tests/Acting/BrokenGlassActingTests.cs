using System.Net;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Tests.Acting;

public sealed class BrokenGlassActingTests
{
    [Fact]
    public async Task Who_broke_the_glass_records_what_they_did_and_decides_nothing_for_the_team()
    {
        await using var pages = await ServedPages.StartAsync();
        using var lead = await pages.SignedInAsync("lead");
        var address = $"/patients/{pages.HandleOf("P-other")}";
        Assert.Equal(address, (await lead.PostAsync("/break-glass", "/break-glass", ("patient", "P-other"), ("reason", "their team is away today"))).Headers.Location!.OriginalString);
        var html = await (await lead.GetAsync(address)).Content.ReadAsStringAsync();
        Assert.Contains("value=\"Contacted\"", html, StringComparison.Ordinal);
        Assert.All((string[])["Claim", "HandOver", "Snooze", "Pause"], kind => Assert.DoesNotContain($"value=\"{kind}\"", html, StringComparison.Ordinal));
        Assert.DoesNotContain("/care-plan", html, StringComparison.Ordinal);

        var until = pages.Clock.GetUtcNow().AddDays(3).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        foreach (var kind in (string[])["Claim", "Release", "HandOver", "Snooze", "Pause", "Resume", "Acknowledge"])
        {
            var refused = await ActAsync(pages, lead, address, kind, ("until", until), ("why", "hospital"), ("to", "nurse"), ("note", "kept"));
            Assert.True(refused.StatusCode == HttpStatusCode.Forbidden, $"{kind}: {refused.StatusCode}");
            Assert.Contains("readonly>kept</textarea>", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            var entry = (await pages.AuditAsync())[^1];
            Assert.Equal((AuditEvent.Refused, "P-other", kind, AccessGround.BrokenGlass), (entry.Event, entry.PatientId, entry.Detail, entry.Ground!.Value));
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await lead.PostAsync(address + "/care-plan", "/break-glass", ("version", ""), ("low-spo2", "90"))).StatusCode);
        var position = await pages.Store.Reference.PositionAsync(default);
        Assert.Equal((0, 0), (position[ReferenceKinds.Actions], position[ReferenceKinds.CarePlans]));
        Assert.Equal(HttpStatusCode.SeeOther, (await ActAsync(pages, lead, address, "Contacted", ("note", "feels well"))).StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await ActAsync(pages, lead, address, "Note", ("note", "told their team"))).StatusCode);
        Assert.Equal([ActionKind.Contacted, ActionKind.Note], pages.Services.Actions.Of("P-other").All.Select(a => a.Kind));
        Assert.Equal(AuditEvent.Acted, (await pages.AuditAsync())[^1].Event);
    }

    [Fact]
    public async Task A_form_that_is_refused_is_on_record_as_asked_for_and_as_not_done()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        var address = $"/patients/{pages.HandleOf("P-one")}";
        Assert.Equal(HttpStatusCode.BadRequest, (await ActAsync(pages, nurse, address, "Snooze")).StatusCode);
        Assert.Equal([(AuditEvent.Acted, "Snooze"), (AuditEvent.Refused, "Snooze")], (await pages.AuditAsync()).TakeLast(2).Select(e => (e.Event, e.Detail!)));
        Assert.Equal(HttpStatusCode.SeeOther, (await ActAsync(pages, nurse, address, "Claim")).StatusCode);
        Assert.Equal(AuditEvent.Acted, (await pages.AuditAsync())[^1].Event);
        Assert.Equal(HttpStatusCode.Conflict, (await nurse.PostAsync(address + "/actions", "/break-glass", ("id", new string('f', 32)), ("version", "old"), ("kind", "Contacted"))).StatusCode);
        Assert.Equal([(AuditEvent.Acted, "Contacted"), (AuditEvent.Refused, "Contacted")], (await pages.AuditAsync()).TakeLast(2).Select(e => (e.Event, e.Detail!)));
    }

    private static async Task<HttpResponseMessage> ActAsync(ServedPages pages, ServedPages.Browser browser, string address, string kind, params (string Name, string Value)[] fields)
    {
        var patient = address.EndsWith(pages.HandleOf("P-one"), StringComparison.Ordinal) ? "P-one" : "P-other";
        var id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));
        return await browser.PostAsync(address + "/actions", "/break-glass", [("id", id), ("version", pages.Services.Actions.Of(patient).Version), ("kind", kind), .. fields]);
    }
}
