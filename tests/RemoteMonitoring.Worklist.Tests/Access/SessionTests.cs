using System.Net;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Tests.Access;

public sealed class SessionTests
{
    private const string Page = "/break-glass";

    [Fact]
    public async Task Half_an_hour_without_a_request_ends_a_session_and_each_request_begins_it_anew()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        for (var i = 0; i < 3; i++)
        {
            pages.Clock.Move(TimeSpan.FromMinutes(29));
            Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync(Page)).StatusCode);
        }

        pages.Clock.Move(TimeSpan.FromMinutes(31));
        await IsOutAsync(nurse);
    }

    [Fact]
    public async Task What_a_page_asks_for_by_itself_keeps_no_session_alive()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        for (var i = 0; i < 2; i++)
        {
            pages.Clock.Move(TimeSpan.FromMinutes(14));
            Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync("/teams/team-001/version")).StatusCode);
        }

        pages.Clock.Move(TimeSpan.FromMinutes(3));
        await IsOutAsync(nurse);
    }

    [Fact]
    public async Task Twelve_hours_end_it_in_any_case()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        for (var i = 0; i < 35; i++)
        {
            pages.Clock.Move(TimeSpan.FromMinutes(20));
            Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync(Page)).StatusCode);
        }

        pages.Clock.Move(TimeSpan.FromMinutes(20));
        await IsOutAsync(nurse);
    }

    [Fact]
    public async Task A_note_is_not_lost_with_the_session_and_what_another_site_sends_is_not_shown()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        var token = await nurse.TokenAsync(Page);
        var address = $"/patients/{pages.HandleOf("P-one")}/actions";
        var stale = await nurse.SendFormAsync(address, ("form", "forged"), ("kind", "Contacted"), ("note", "is <i>better</i>"));
        Assert.Equal(HttpStatusCode.BadRequest, stale.StatusCode);
        Assert.Contains("readonly>is &lt;i&gt;better&lt;/i&gt;</textarea>", await stale.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        pages.Clock.Move(TimeSpan.FromMinutes(31));
        var ended = await nurse.SendFormAsync(address, ("form", token), ("kind", "Contacted"), ("note", "is better"));
        Assert.Equal(HttpStatusCode.Unauthorized, ended.StatusCode);
        Assert.Contains("readonly>is better</textarea>", await ended.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var elsewhere = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent([KeyValuePair.Create("note", "call 555")]) };
        elsewhere.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.DoesNotContain("555", await (await nurse.SendAsync(elsewhere)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_password_ends_it_everywhere()
    {
        await using var pages = await ServedPages.StartAsync();
        using var one = await pages.SignedInAsync("nurse");
        using var two = await pages.SignedInAsync("nurse");
        using var lead = await pages.SignedInAsync("lead");
        await pages.Services.Logins.SetPasswordAsync("nurse", "eight small red boats", default);
        await IsOutAsync(one);
        await IsOutAsync(two);
        Assert.Equal(HttpStatusCode.OK, (await lead.GetAsync(Page)).StatusCode);
    }

    [Fact]
    public async Task A_user_who_is_disabled_is_out_with_the_next_request()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        await pages.ChangeAsync("nurse", m => m with { IsDisabled = true });
        await IsOutAsync(nurse);
    }

    [Fact]
    public async Task Roles_are_those_of_now_and_not_those_of_when_it_began()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync("/break-glass")).StatusCode);
        await pages.ChangeAsync("nurse", m => m with { Roles = [Role.Auditor] });
        Assert.Equal(HttpStatusCode.Forbidden, (await nurse.GetAsync("/break-glass")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync("/audit")).StatusCode);
    }

    [Fact]
    public async Task Signing_out_ends_it_for_whoever_has_a_copy_of_the_cookie()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        using var copy = pages.Open();
        foreach (var (name, value) in nurse.Cookies)
        {
            copy.Cookies[name] = value;
        }

        Assert.Equal(HttpStatusCode.OK, (await copy.GetAsync(Page)).StatusCode);
        Assert.Equal("/sign-in", (await nurse.PostAsync("/sign-out", Page)).Headers.Location!.OriginalString);
        await IsOutAsync(nurse);
        await IsOutAsync(copy);
        Assert.Equal(AuditEvent.SignedOut, (await pages.AuditAsync())[^1].Event);
    }

    [Fact]
    public async Task A_forged_or_altered_cookie_is_worth_nothing()
    {
        await using var pages = await ServedPages.StartAsync();
        await using var others = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        using var elsewhere = await others.SignedInAsync("nurse");
        var good = nurse.SessionCookie;
        var middle = good.Length / 2;
        foreach (var cookie in (string[])["nurse", "", good[..^4], good[..middle] + (good[middle] == 'A' ? 'B' : 'A') + good[(middle + 1)..], elsewhere.SessionCookie])
        {
            using var forger = pages.Open();
            forger.Cookies["rmon-session-ward"] = cookie;
            await IsOutAsync(forger);
        }
    }

    [Fact]
    public async Task Cookies_are_out_of_reach_of_scripts_and_of_other_sites()
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = pages.Open();
        var answer = await browser.SignInAsync("nurse", ServedPages.Password);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"), c => c.StartsWith("rmon-session-ward=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("expires", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_keys_that_seal_it_are_for_their_owner_alone()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        var folder = Path.Combine(pages.Store.Folder, "session-keys");
        Assert.NotEmpty(Directory.GetFiles(folder));
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(folder) & Others);
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(pages.Store.HandleKeyFile) & Others);
        }
    }

    private static async Task IsOutAsync(ServedPages.Browser browser)
    {
        var answer = await browser.GetAsync(Page);
        Assert.Equal((HttpStatusCode.SeeOther, "/sign-in?return=%2Fbreak-glass"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
    }
}
