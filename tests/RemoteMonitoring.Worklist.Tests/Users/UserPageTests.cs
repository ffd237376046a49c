using System.Net;
using System.Text.RegularExpressions;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Tests.Access;

namespace RemoteMonitoring.Worklist.Tests.Users;

public sealed class UserPageTests
{
    [Fact]
    public async Task An_administrator_changes_roles_and_teams_and_it_holds_at_once()
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync("/teams/team-001/version")).StatusCode);
        var answer = await SaveAsync(pages, admin, "nurse", ("display", "Ann"), ("role", "CareManager"), ("role", "Auditor"), ("team", "team-002"), ("state", "enabled"));
        Assert.Equal((HttpStatusCode.SeeOther, "/users?saved=nurse"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
        var after = (await pages.Services.Members.FindAsync("nurse", default))!;
        Assert.Equal(("Ann", "admin"), (after.DisplayName, after.By));
        Assert.Equal([Role.CareManager, Role.Auditor], after.Roles);
        Assert.Equal(HttpStatusCode.NotFound, (await nurse.GetAsync("/teams/team-001/version")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync("/teams/team-002/version")).StatusCode);
        Assert.Contains(await pages.AuditAsync(), e => e is { Event: AuditEvent.UserChanged, User: "admin", Detail: "nurse" });
    }

    [Fact]
    public async Task A_user_who_is_disabled_is_out_and_stays_out_in_that_session_when_let_in_again()
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Equal(HttpStatusCode.SeeOther, (await SaveAsync(pages, admin, "nurse", ("display", "Ann"), ("role", "CareManager"), ("state", "disabled"))).StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await nurse.GetAsync("/break-glass")).StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await SaveAsync(pages, admin, "nurse", ("display", "Ann"), ("role", "CareManager"), ("state", "enabled"))).StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await nurse.GetAsync("/break-glass")).StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await nurse.SignInAsync("nurse", ServedPages.Password)).StatusCode);
    }

    [Fact]
    public async Task What_was_saved_is_confirmed_and_an_address_confirms_nobody_who_is_not_there()
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        Assert.Contains("nurse: saved.", await HtmlText.OfAsync(await admin.GetAsync("/users?saved=nurse")), StringComparison.Ordinal);
        Assert.DoesNotContain("saved.", await HtmlText.OfAsync(await admin.GetAsync("/users?saved=nobody")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_administrator_makes_a_user_who_signs_in_by_the_password_that_was_shown_once()
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        var answer = await admin.PostAsync("/users", "/users", ("name", "ada"), ("display", "Ada"), ("role", "CareManager"), ("team", "team-001"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var password = Regex.Match(await answer.Content.ReadAsStringAsync(), "<code>([^<]+)</code>").Groups[1].Value;
        Assert.Equal(24, password.Length);
        using var ada = pages.Open();
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.SignInAsync("ada", password)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ada.GetAsync("/teams/team-001")).StatusCode);
        var made = (await pages.Services.Members.FindAsync("ada", default))!;
        Assert.Equal(("Ada", "admin", Role.CareManager, "team-001"), (made.DisplayName, made.By, Assert.Single(made.Roles), Assert.Single(made.Teams)));
        Assert.Contains(await pages.AuditAsync(), e => e is { Event: AuditEvent.UserChanged, User: "admin", Detail: "ada" });
        foreach (var path in (string[])["/users", "/users/ada"])
        {
            Assert.DoesNotContain(password, await (await admin.GetAsync(path)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(pages.Logged, l => l.Contains(password, StringComparison.Ordinal));
        Assert.DoesNotContain(await pages.AuditAsync(), e => e.ToJson().Contains(password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task By_an_organisation_a_user_is_made_without_a_password()
    {
        await using var organisation = await Organisation.StartAsync();
        organisation.Claims["preferred_username"] = "admin";
        await using var pages = await ServedPages.StartAsync(o => o with { Organisation = new OrganisationOptions(organisation.Address, Organisation.ClientId, Organisation.Secrets()) });
        using var admin = pages.Open();
        await admin.GetAsync(organisation.SignIn((await admin.GetAsync("/sign-in/organisation")).Headers.Location!));
        var answer = await admin.PostAsync("/users", "/users", ("name", "ada"), ("display", "Ada"), ("role", "Lead"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain("<code>", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(await pages.Services.Members.FindAsync("ada", default));
        Assert.Null(await pages.Services.Logins.FindAsync("ada", default));
    }

    [Theory]
    [InlineData("a b", "Lead", "team-001", "A name to sign in by", HttpStatusCode.BadRequest)]
    [InlineData("", "Lead", "team-001", "A name to sign in by", HttpStatusCode.BadRequest)]
    [InlineData("ada", "Boss", "team-001", "no such role", HttpStatusCode.BadRequest)]
    [InlineData("ada", "", "team-001", "choose a role", HttpStatusCode.BadRequest)]
    [InlineData("ada", "Lead", "team-999", "no such team", HttpStatusCode.BadRequest)]
    [InlineData("NURSE", "Administrator", "team-001", "already", HttpStatusCode.Conflict)]
    public async Task A_user_who_cannot_be_made_is_not_and_what_was_typed_is_kept(string name, string role, string team, string says, HttpStatusCode status)
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        var before = await pages.Services.Members.ListAsync(default);
        var answer = await admin.PostAsync("/users", "/users", [("name", name), ("display", "Ada of the night"), ("team", team), .. role.Length == 0 ? ((string, string)[])[] : [("role", role)]]);
        Assert.Equal(status, answer.StatusCode);
        var html = await answer.Content.ReadAsStringAsync();
        Assert.Contains(says, html, StringComparison.Ordinal);
        Assert.Contains("value=\"Ada of the night\"", html, StringComparison.Ordinal);
        Assert.Equal(before.Select(m => (m.UserName, m.Known)), (await pages.Services.Members.ListAsync(default)).Select(m => (m.UserName, m.Known)));
        Assert.Equal(HttpStatusCode.SeeOther, (await pages.Open().SignInAsync("nurse", ServedPages.Password)).StatusCode);
    }

    [Fact]
    public async Task Of_two_administrators_the_second_is_told()
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        var seen = MemberRegister.VersionOf((await pages.Services.Members.FindAsync("nurse", default))!);
        await pages.ChangeAsync("nurse", m => m with { DisplayName = "changed meanwhile" });
        var answer = await admin.PostAsync("/users/nurse", "/users/nurse", ("version", seen), ("display", "Ann"), ("role", "Lead"), ("state", "enabled"));
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Contains("Somebody else changed", await HtmlText.OfAsync(answer), StringComparison.Ordinal);
        Assert.Equal([Role.CareManager], (await pages.Services.Members.FindAsync("nurse", default))!.Roles);
    }

    [Theory]
    [InlineData("nurse", "role", "Boss", "no such role")]
    [InlineData("nurse", "team", "team-999", "no such team")]
    [InlineData("nurse", "display", "", "1 to 100")]
    [InlineData("admin", "role", "Auditor", "yourself")]
    [InlineData("admin", "state", "disabled", "yourself")]
    public async Task What_makes_no_sense_is_told_and_changes_nothing(string user, string field, string value, string says)
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        var before = await pages.Services.Members.FindAsync(user, default);
        var fields = new Dictionary<string, string> { ["display"] = "Ann", ["role"] = user == "admin" ? "Administrator" : "CareManager", ["state"] = "enabled", [field] = value };
        var answer = await SaveAsync(pages, admin, user, [.. fields.Select(f => (f.Key, f.Value))]);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(says, await HtmlText.OfAsync(answer), StringComparison.Ordinal);
        Assert.Equal(before!.Known, (await pages.Services.Members.FindAsync(user, default))!.Known);
    }

    private static async Task<HttpResponseMessage> SaveAsync(ServedPages pages, ServedPages.Browser admin, string user, params (string Name, string Value)[] fields) =>
        await admin.PostAsync($"/users/{user}", $"/users/{user}", [("version", MemberRegister.VersionOf((await pages.Services.Members.FindAsync(user, default))!)), .. fields]);
}
