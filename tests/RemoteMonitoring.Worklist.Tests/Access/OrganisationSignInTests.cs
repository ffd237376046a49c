using System.Net;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Vault;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Access;

public sealed class OrganisationSignInTests
{
    [Fact]
    public async Task Whom_the_organisation_knows_and_who_is_a_user_is_let_in_with_the_roles_stated_here()
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await StartAsync(organisation);
        organisation.Claims["roles"] = new[] { "Administrator" };
        organisation.Claims["preferred_username"] = "NURSE";
        using var browser = pages.Open();
        Assert.Contains("/sign-in/organisation?return=%2Fbreak-glass", await (await browser.GetAsync("/sign-in?return=/break-glass")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var answer = await SignInAsync(browser, organisation, "/break-glass");
        Assert.Equal("/break-glass", answer.Headers.Location?.OriginalString);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/break-glass")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync("/users")).StatusCode);
        var entry = (await pages.AuditAsync())[0];
        Assert.Equal((AuditEvent.SignedIn, "nurse", "organisation"), (entry.Event, entry.User, entry.Detail));
        Assert.DoesNotContain(browser.Cookies, c => c.Key.Contains("Correlation", StringComparison.Ordinal) || c.Key.Contains("Nonce", StringComparison.Ordinal));

        await pages.ChangeAsync("nurse", m => m with { IsDisabled = true });
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync("/break-glass")).StatusCode);
    }

    [Fact]
    public async Task Passwords_are_not_taken_where_people_sign_in_with_their_organisation()
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await StartAsync(organisation);
        using var browser = pages.Open();
        Assert.Equal(HttpStatusCode.NotFound, (await browser.SendFormAsync("/sign-in", ("user", "nurse"), ("password", ServedPages.Password))).StatusCode);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("lead")] // disabled
    [InlineData(null)] // no name at all
    public async Task Whom_it_knows_and_who_is_no_user_here_is_told_so_and_it_is_on_record(string? name)
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await StartAsync(organisation);
        await pages.ChangeAsync("lead", m => m with { IsDisabled = true });
        organisation.Claims.Remove("preferred_username");
        if (name is not null)
        {
            organisation.Claims["preferred_username"] = name;
        }

        using var browser = pages.Open();
        var answer = await SignInAsync(browser, organisation, "/");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("may not use these pages", await HtmlText.OfAsync(answer), StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Cookies, c => c.Key.Contains("session", StringComparison.Ordinal));
        Assert.Equal(AuditEvent.SignInRefused, Assert.Single(await pages.AuditAsync()).Event);
    }

    [Theory]
    [InlineData(true, HttpStatusCode.SeeOther)]
    [InlineData(false, HttpStatusCode.Forbidden)]
    [InlineData(null, HttpStatusCode.Forbidden)] // it does not say
    public async Task An_address_of_mail_counts_where_the_organisation_vouches_for_it(bool? verified, HttpStatusCode status)
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await ServedPages.StartAsync(o => o with { Organisation = new OrganisationOptions(organisation.Address, Organisation.ClientId, Organisation.Secrets()) { NameClaim = "email" } });
        organisation.Claims["email"] = "nurse";
        if (verified is { } isVerified)
        {
            organisation.Claims["email_verified"] = isVerified;
        }

        using var browser = pages.Open();
        var answer = await SignInAsync(browser, organisation, "/break-glass");
        Assert.True(status == HttpStatusCode.SeeOther ? answer.Headers.Location?.OriginalString == "/break-glass" : answer.StatusCode == status, $"{answer.StatusCode}");
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("aud")]
    [InlineData("expired")]
    [InlineData("key")]
    [InlineData("state")]
    [InlineData("secret")]
    public async Task A_token_that_is_not_for_this_sign_in_lets_nobody_in(string fault)
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await StartAsync(organisation, fault == "secret" ? "another secret" : Organisation.ClientSecret);
        switch (fault)
        {
            case "nonce" or "aud":
                organisation.Claims[fault] = "another";
                break;
            case "expired":
                organisation.Age = TimeSpan.FromHours(1);
                break;
            case "key":
                organisation.SignsWithAnotherKey = true;
                break;
        }

        using var browser = pages.Open();
        var answer = fault == "state"
            ? await browser.GetAsync("/sign-in/callback?code=the-code&state=forged")
            : await SignInAsync(browser, organisation, "/");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("You are not signed in", await HtmlText.OfAsync(answer), StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Cookies, c => c.Key.Contains("session", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_that_is_replaced_at_the_organisation_and_in_the_vault_signs_people_in_without_a_restart()
    {
        await using var organisation = await Organisation.StartAsync();
        using var vault = new FakeVault(Organisation.ClientSecret);
        var clock = new VaultClock();
        var secrets = new SecretSettings(name => name == OrganisationOptions.SecretSetting ? vault.Url : null, clock, new FakeToken(), vault.Options);
        await using var pages = await ServedPages.StartAsync(o => o with { Organisation = new OrganisationOptions(organisation.Address, Organisation.ClientId, secrets) });
        await SignsInAsync(HttpStatusCode.Found);
        organisation.Takes = vault.Secret = "another secret of the two";
        clock.Pass(SecretSettings.LeastBetween);
        await SignsInAsync(HttpStatusCode.Unauthorized); // by the one of before; who begins again has the newer one
        await SignsInAsync(HttpStatusCode.Found);
        organisation.Takes = vault.Secret = "a third";
        clock.Pass(SecretSettings.RefreshAfter);
        await SignsInAsync(HttpStatusCode.Found);

        async Task SignsInAsync(HttpStatusCode status)
        {
            using var browser = pages.Open();
            Assert.Equal(status, (await SignInAsync(browser, organisation, "/break-glass")).StatusCode);
        }
    }

    [Fact]
    public async Task A_provider_that_is_away_gives_one_clear_page()
    {
        var organisation = await Organisation.StartAsync();
        await using var pages = await StartAsync(organisation);
        using var browser = pages.Open();
        organisation.HasNoTokens = true;
        var later = await SignInAsync(browser, organisation, "/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, later.StatusCode);
        await organisation.DisposeAsync();

        await using var others = await StartAsync(organisation, address: new Uri("http://127.0.0.1:9/"));
        using var another = others.Open();
        var answer = await another.GetAsync("/sign-in/organisation?return=/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("cannot be reached", await HtmlText.OfAsync(answer), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://login.microsoftonline.com/common/v2.0", "preferred_username", "one tenant")]
    [InlineData("https://login.microsoftonline.com/organizations/v2.0", "upn", "one tenant")]
    [InlineData("https://login.microsoftonline.com/Common/v2.0", "upn", "one tenant")]
    [InlineData("https://login.microsoftonline.com/CONSUMERS/v2.0", "upn", "one tenant")]
    [InlineData("https://login.microsoftonline.com/9188040D-6c67-4c5b-b112-36a304b66dad/v2.0", "upn", "one tenant")]
    [InlineData("http://login.example/", "upn", "https")]
    [InlineData("nonsense", "upn", "https")]
    [InlineData("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "name", "RMON_OIDC_NAME_CLAIM")]
    public void A_setting_that_lets_others_in_is_refused(string authority, string claim, string says)
    {
        var settings = new Dictionary<string, string> { ["RMON_OIDC_AUTHORITY"] = authority, ["RMON_OIDC_CLIENT_ID"] = "id", ["RMON_OIDC_CLIENT_SECRET"] = "s", ["RMON_OIDC_NAME_CLAIM"] = claim };
        Assert.Contains(says, OrganisationOptions.Of(new SecretSettings(settings.GetValueOrDefault, TimeProvider.System))!.Faults.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tenant_of_its_own_is_not_and_without_one_there_are_passwords()
    {
        var settings = new Dictionary<string, string> { ["RMON_OIDC_AUTHORITY"] = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", ["RMON_OIDC_CLIENT_ID"] = "id", ["RMON_OIDC_CLIENT_SECRET"] = "s" };
        Assert.Empty(OrganisationOptions.Of(new SecretSettings(settings.GetValueOrDefault, TimeProvider.System))!.Faults);
        Assert.Null(OrganisationOptions.Of(new SecretSettings(_ => null, TimeProvider.System)));
    }

    private static Task<ServedPages> StartAsync(Organisation organisation, string secret = Organisation.ClientSecret, Uri? address = null) =>
        ServedPages.StartAsync(o => o with { Organisation = new OrganisationOptions(address ?? organisation.Address, Organisation.ClientId, Organisation.Secrets(secret)) });

    private static async Task<HttpResponseMessage> SignInAsync(ServedPages.Browser browser, Organisation organisation, string to)
    {
        var sent = await browser.GetAsync("/sign-in/organisation?return=" + Uri.EscapeDataString(to));
        Assert.True(sent.Headers.Location is not null, $"{sent.StatusCode}: {await sent.Content.ReadAsStringAsync()}");
        return await browser.GetAsync(organisation.SignIn(sent.Headers.Location));
    }
}
