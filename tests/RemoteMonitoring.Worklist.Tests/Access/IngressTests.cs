using System.Net;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Access;

/// <summary>The pages behind an ingress that ends TLS and speaks plain HTTP to them.</summary>
public sealed class IngressTests
{
    private static readonly Uri s_address = new("https://pages.example.org/");

    [Fact]
    public async Task Behind_an_ingress_cookies_are_bound_to_the_host_and_the_organisation_sends_people_back_to_what_they_opened()
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await ServedPages.StartAsync(o => o with { Address = s_address, Organisation = new OrganisationOptions(organisation.Address, Organisation.ClientId, Organisation.Secrets()) });
        using var browser = pages.Open();
        var answer = await AskAsync(browser, "/sign-in/organisation?return=/");
        Assert.Contains("redirect_uri=https%3A%2F%2Fpages.example.org%2Fsign-in%2Fcallback", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
        Assert.All(answer.Headers.GetValues("Set-Cookie"), c => Assert.Contains("; secure", c, StringComparison.OrdinalIgnoreCase));
        Assert.StartsWith("max-age=", answer.Headers.GetValues("Strict-Transport-Security").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_asked_for_by_the_name_that_people_open_alone()
    {
        await using var pages = await ServedPages.StartAsync(o => o with { Address = s_address });
        using var browser = pages.Open();
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(browser, "/sign-in")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(browser, "/sign-in", host: "evil.example")).StatusCode);
    }

    [Theory]
    [InlineData("203.0.113.9", AddressClass.Public)]
    [InlineData("127.0.0.1, 203.0.113.9", AddressClass.Public)] // what the client made up stands before what the ingress says
    [InlineData("203.0.113.9, 10.0.0.7", AddressClass.Private)]
    public async Task Whom_the_ingress_names_last_is_who_is_on_record(string forwardedFor, AddressClass expected)
    {
        await using var pages = await ServedPages.StartAsync(o => o with { Address = s_address });
        using var browser = pages.Open();
        var token = await TokenAsync(browser);
        await AskAsync(browser, "/sign-in", forwardedFor, form: new() { ["form"] = token, ["user"] = "nurse", ["password"] = "not that" });
        Assert.Equal(expected, Assert.Single(await pages.AuditAsync()).Address);
    }

    [Fact]
    public async Task Without_an_ingress_nobody_says_where_they_come_from()
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = pages.Open();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["form"] = await browser.TokenAsync("/sign-in"), ["user"] = "nurse", ["password"] = "not that" }) };
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        await browser.SendAsync(request);
        Assert.Equal(AddressClass.Loopback, Assert.Single(await pages.AuditAsync()).Address);
    }

    [Theory]
    [InlineData("http://pages.example.org/")]
    [InlineData("https://pages.example.org/pages")]
    [InlineData("https://pages.example.org/?a=b")]
    [InlineData("pages.example.org")]
    public void An_address_that_people_cannot_open_is_refused_in_a_line(string address) => Assert.Contains(
        "RMON_WORKLIST_ADDRESS", new WorklistOptions(IPAddress.Any, 0) { Address = new Uri(address, UriKind.RelativeOrAbsolute) }.Fault!, StringComparison.Ordinal);

    [Fact]
    public void With_one_the_pages_listen_for_the_ingress() => Assert.Null(new WorklistOptions(IPAddress.Any, 0) { Address = s_address }.Fault);

    private static async Task<string> TokenAsync(ServedPages.Browser browser)
    {
        var html = await (await AskAsync(browser, "/sign-in")).Content.ReadAsStringAsync();
        return html.Split("name=\"form\" value=\"")[1].Split('"')[0];
    }

    private static async Task<HttpResponseMessage> AskAsync(ServedPages.Browser browser, string path, string? forwardedFor = null, string host = "pages.example.org", Dictionary<string, string>? form = null)
    {
        using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, path) { Content = form is null ? null : new FormUrlEncodedContent(form) };
        request.Headers.Host = host;
        request.Headers.Add("X-Forwarded-Proto", "https");
        if (forwardedFor is not null)
        {
            request.Headers.Add("X-Forwarded-For", forwardedFor);
        }

        return await browser.SendAsync(request);
    }
}
