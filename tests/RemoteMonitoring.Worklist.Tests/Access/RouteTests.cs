using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Access;

/// <summary>Who may ask for what: every route of the pages, held against a table. A route that is added needs a row.</summary>
public sealed class RouteTests
{
    private const string Anybody = "*";
    private const string SignedIn = "nurse lead scientist auditor admin";
    private const string Care = "nurse lead";
    private const string OrganisationPath = "/sign-in/organisation";
    private const string Figures = "nurse lead scientist";

    /// <summary>Anybody who has a token for it, signed in or not: without one it is forbidden, and that is no matter of roles.</summary>
    private const string Token = "token";

    /// <summary>Each route as it is mapped, an address of it, and who may ask for it.</summary>
    private static readonly (string Route, string Address, string Who)[] s_table =
    [
        ("GET /", "/", SignedIn),
        ("GET /style.css", "/style.css", Anybody),
        ("GET /enhance.js", "/enhance.js", Anybody),
        ("GET /teams/{team}", "/teams/team-001", Care),
        ("GET /teams/{team}/print", "/teams/team-001/print", Care),
        ("GET /teams/{team}/lists", "/teams/team-001/lists", Care),
        ("GET /teams/{team}/version", "/teams/team-001/version", Care),
        ("GET /teams/{team}/list.csv", "/teams/team-001/list.csv", Care),
        ("GET /teams/{team}/fhir.ndjson", "/teams/team-001/fhir.ndjson", Care),
        ("GET /teams/{team}/figures", "/teams/team-001/figures", Figures),
        ("GET /figures", "/figures", Figures),
        ("POST /follow-ups/{key}/acknowledge", "/follow-ups/00000000000000000000000000000000/acknowledge", Token),
        ("GET /patients/{handle}", "/patients/P-one", Care),
        ("GET /patients/{handle}/fhir.ndjson", "/patients/P-one/fhir.ndjson", Care),
        ("POST /patients/{handle}/actions", "/patients/P-one/actions", Care),
        ("POST /patients/{handle}/care-plan", "/patients/P-one/care-plan", "lead"),
        ("GET /sign-in", "/sign-in", Anybody),
        ("POST /sign-in", "/sign-in", Anybody),
        ("POST /sign-out", "/sign-out", Anybody),
        ("GET /break-glass", "/break-glass", Care),
        ("POST /break-glass", "/break-glass", Care),
        ("GET /audit", "/audit", "auditor"),
        ("POST /audit", "/audit", "auditor"),
        ("POST /audit/csv", "/audit/csv", "auditor"),
        ("GET /users", "/users", "admin"),
        ("POST /users", "/users", "admin"),
        ("GET /users/{name}", "/users/nurse", "admin"),
        ("POST /users/{name}", "/users/nurse", "admin"),
    ];

    /// <summary>The routes of a team or a patient, and what is sent there: whole forms, which are done for one's own.</summary>
    private static readonly (string Route, (string Name, string Value)[] Fields)[] s_others =
    [
        ("GET /teams/{team}", []),
        ("GET /teams/{team}/print", []),
        ("GET /teams/{team}/lists", []),
        ("GET /teams/{team}/version", []),
        ("GET /teams/{team}/list.csv", []),
        ("GET /teams/{team}/fhir.ndjson", []),
        ("GET /teams/{team}/figures", []),
        ("GET /patients/{handle}", []),
        ("GET /patients/{handle}/fhir.ndjson", []),
        ("POST /patients/{handle}/actions", [("id", new string('a', 32)), ("version", ""), ("kind", "Contacted")]),
        ("POST /patients/{handle}/care-plan", [("version", ""), ("low-spo2", "90")]),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_route_has_a_rule_and_a_row_in_the_table(bool byOrganisation)
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await StartAsync(byOrganisation ? organisation : null);
        Assert.All(EndpointsOf(pages), e => Assert.NotNull(e.Metadata.GetMetadata<RouteRule>()));
        Assert.Equal(TableOf(byOrganisation).Select(r => r.Route).Order(StringComparer.Ordinal), EndpointsOf(pages).SelectMany(NamesOf).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_anothers_is_not_there_by_any_route_nothing_is_written_and_who_asked_is_on_record()
    {
        await using var pages = await ServedPages.StartAsync();
        string[] ofSomebody = [.. EndpointsOf(pages).SelectMany(NamesOf).Where(n => n.Contains("{team}", StringComparison.Ordinal) || n.Contains("{handle}", StringComparison.Ordinal))];
        Assert.Equal(s_others.Select(r => r.Route).Order(StringComparer.Ordinal), ofSomebody.Order(StringComparer.Ordinal));
        foreach (var user in Care.Split(' '))
        {
            using var browser = await pages.SignedInAsync(user);
            var nothing = await HtmlText.OfAsync(await browser.GetAsync("/nothing"));
            foreach (var (route, fields) in s_others)
            {
                var (_, address, who) = s_table.Single(r => r.Route == route);
                if (!who.Split(' ').Contains(user))
                {
                    continue; // their role opens it for nobody, as the other table has it
                }

                var isPatient = route.Contains("{handle}", StringComparison.Ordinal);
                var at = address.Replace("team-001", "team-002", StringComparison.Ordinal).Replace("P-one", pages.HandleOf("P-other"), StringComparison.Ordinal);
                var (before, written) = ((await pages.AuditAsync()).Count, await pages.Store.Reference.PositionAsync(default));
                var answer = fields.Length == 0 ? await browser.GetAsync(at) : await browser.PostAsync(at, "/break-glass", fields);
                Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{user} {route}: {answer.StatusCode}");
                Assert.Contains(await HtmlText.OfAsync(answer), (string[])["", nothing]);
                Assert.Equal(written, await pages.Store.Reference.PositionAsync(default));
                var denied = Assert.Single((await pages.AuditAsync()).Skip(before));
                Assert.Equal(
                    isPatient ? (AuditEvent.PatientDenied, user, "P-other", "team-002") : (AuditEvent.TeamDenied, user, null, "team-002"),
                    (denied.Event, denied.User, denied.PatientId, denied.CareTeamId));
            }
        }

        // What was sent is done for one's own: it was not refused for its form.
        using var lead = await pages.SignedInAsync("lead");
        foreach (var (route, fields) in s_others.Where(r => r.Fields.Length > 0))
        {
            var at = s_table.Single(r => r.Route == route).Address.Replace("P-one", pages.HandleOf("P-one"), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.SeeOther, (await lead.PostAsync(at, "/break-glass", fields)).StatusCode);
        }
    }

    [Fact]
    public async Task A_data_scientist_sees_figures_of_every_team_that_there_is_and_of_no_other()
    {
        await using var pages = await ServedPages.StartAsync();
        using var scientist = await pages.SignedInAsync("scientist");
        Assert.Equal(HttpStatusCode.OK, (await scientist.GetAsync("/teams/team-002/figures")).StatusCode);
        var entry = (await pages.AuditAsync())[^1];
        Assert.Equal((AuditEvent.FiguresViewed, "team-002"), (entry.Event, entry.CareTeamId));
        Assert.Equal(HttpStatusCode.NotFound, (await scientist.GetAsync("/teams/team-999/figures")).StatusCode);
        Assert.Equal(entry, (await pages.AuditAsync())[^1]);
    }

    [Fact]
    public async Task A_page_that_stays_open_after_a_membership_ended_is_on_record_once_and_again_after_another()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        foreach (var team in (string[])["team-001", "team-002", "team-001", "team-002"])
        {
            await pages.ChangeAsync("nurse", m => m with { Teams = [team] });
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(team == "team-001" ? HttpStatusCode.OK : HttpStatusCode.NotFound, (await nurse.GetAsync("/teams/team-001/version")).StatusCode);
            }
        }

        Assert.Equal(2, (await pages.AuditAsync()).Count(e => e is { Event: AuditEvent.TeamDenied, User: "nurse", CareTeamId: "team-001" }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_route_is_answered_to_those_of_the_table_and_to_nobody_else(bool byOrganisation)
    {
        await using var organisation = await Organisation.StartAsync();
        await using var pages = await StartAsync(byOrganisation ? organisation : null);
        foreach (var user in ServedPages.Users.Select(u => u.User).Append(""))
        {
            using var browser = pages.Open();
            if (user.Length > 0 && byOrganisation)
            {
                organisation.Claims["preferred_username"] = user;
                await browser.GetAsync(organisation.SignIn((await browser.GetAsync(OrganisationPath)).Headers.Location!));
            }
            else if (user.Length > 0)
            {
                await browser.SignInAsync(user, ServedPages.Password);
            }

            foreach (var (route, address, who) in TableOf(byOrganisation))
            {
                // A patient's address has the handle in its place.
                var at = address.Replace("P-one", pages.HandleOf("P-one"), StringComparison.Ordinal);
                var allowed = who == Anybody || who.Split(' ').Contains(user);
                var before = (await pages.AuditAsync()).Count;
                // Without a token: what would be done is not done, and who may is told about the form alone.
                var answer = route.StartsWith("GET", StringComparison.Ordinal) ? await browser.GetAsync(at) : await browser.SendFormAsync(at);
                var denied = (await pages.AuditAsync()).Skip(before).Count(e => e.Event == AuditEvent.PageDenied && e.User == user && e.Detail == route);
                var (expected, denials) = (allowed, user, route[0]) switch
                {
                    _ when who == Token => (HttpStatusCode.Forbidden, 0),
                    _ when address == OrganisationPath => (HttpStatusCode.Redirect, 0),
                    (true, _, 'G') => (user.Length > 0 && address is "/sign-in" or "/" ? HttpStatusCode.SeeOther : HttpStatusCode.OK, 0),
                    (true, _, _) => (HttpStatusCode.BadRequest, 0),
                    (false, "", 'G') => (HttpStatusCode.SeeOther, 0),
                    (false, "", _) => (HttpStatusCode.Unauthorized, 0),
                    _ => (HttpStatusCode.Forbidden, 1),
                };
                Assert.True((expected, denials) == (answer.StatusCode, denied), $"{user} {route}: {answer.StatusCode}, {denied} on record");
            }
        }
    }

    [Fact]
    public async Task Who_is_not_signed_in_comes_back_to_what_they_asked_for()
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = pages.Open();
        var to = (await browser.GetAsync("/audit?x=1")).Headers.Location!.OriginalString;
        Assert.Equal("/sign-in?return=%2Faudit%3Fx%3D1", to);
    }

    [Fact]
    public async Task A_route_without_a_rule_is_not_there()
    {
        await using var pages = await ServedPages.StartAsync();
        var forgotten = 0;
        pages.App.MapGet("/forgotten", () => { forgotten++; return "secret"; });
        using var admin = await pages.SignedInAsync("admin");
        foreach (var path in (string[])["/forgotten", "/nothing", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/users/..%2f..%2fetc", "/audit/", "/patients/P-one"])
        {
            var answer = await admin.GetAsync(path);
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden, $"{path}: {answer.StatusCode}");
        }

        Assert.Equal(0, forgotten);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/users"))).StatusCode);
    }

    [Fact]
    public async Task A_form_needs_the_token_of_its_own_session()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        using var admin = await pages.SignedInAsync("admin");
        var stolen = await nurse.TokenAsync("/break-glass");
        foreach (var token in (string[])["", "forged", stolen])
        {
            var answer = await admin.SendFormAsync("/users/nurse", ("form", token), ("state", "disabled"));
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("load the page again", await HtmlText.OfAsync(answer), StringComparison.Ordinal);
        }

        Assert.Null((await pages.Services.Members.FindAsync("nurse", default))!.IsDisabled);
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.SendFormAsync("/sign-out")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/users")).StatusCode);
    }

    [Fact]
    public async Task A_form_is_small_and_a_form()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        var token = await nurse.TokenAsync("/break-glass");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await nurse.SendFormAsync("/break-glass", ("form", token), ("reason", new string('x', 70_000)))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await nurse.SendFormAsync("/break-glass", [("form", token), .. Enumerable.Range(0, 600).Select(i => ($"f{i}", "x"))])).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await nurse.SendFormAsync("/break-glass", ("form", token), (new string('k', 500), "x"))).StatusCode);
        using var json = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.BadRequest, (await nurse.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/break-glass") { Content = json })).StatusCode);

        // Nothing is read of what does not state its size.
        using var chunked = new StreamContent(new MemoryStream(new byte[1000]));
        chunked.Headers.ContentType = new("application/x-www-form-urlencoded");
        var request = new HttpRequestMessage(HttpMethod.Post, "/break-glass") { Content = chunked };
        request.Headers.TransferEncodingChunked = true;
        Assert.Equal(HttpStatusCode.BadRequest, (await nurse.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Every_answer_carries_the_headers_that_keep_a_browser_in_errors_too()
    {
        await using var pages = await ServedPages.StartAsync();
        pages.App.MapGet("/fault", (HttpContext _) => { throw new InvalidOperationException("P-one has a secret"); }).ForAnybody();
        using var nurse = await pages.SignedInAsync("nurse");
        using var nobody = pages.Open();
        HttpResponseMessage[] answers =
        [
            await nurse.GetAsync("/break-glass"), await nobody.GetAsync("/"), await nobody.GetAsync("/sign-in"), await nurse.GetAsync("/nothing"), await nurse.GetAsync("/audit"),
            await nurse.GetAsync("/fault"), await nurse.SendFormAsync("/break-glass"), await nobody.SendFormAsync("/break-glass"),
        ];
        Assert.Equal([200, 303, 200, 404, 403, 500, 400, 401], answers.Select(a => (int)a.StatusCode));
        Assert.All(answers, a =>
        {
            string Header(string name) => string.Join(",", a.Headers.TryGetValues(name, out var values) ? values : []);
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Equal(("nosniff", "no-referrer", "same-origin", "same-origin"), (Header("X-Content-Type-Options"), Header("Referrer-Policy"), Header("Cross-Origin-Opener-Policy"), Header("Cross-Origin-Resource-Policy")));
            Assert.Contains("no-store", Header("Cache-Control"), StringComparison.Ordinal);
            Assert.NotEmpty(Header("Permissions-Policy"));
            Assert.Empty(Header("Server"));
        });

        // A fault says a reference, which the log has beside where it was, and neither says what the fault said.
        var said = await HtmlText.OfAsync(answers[5]);
        var line = Assert.Single(pages.Logged);
        Assert.Contains(said.Split("reference: ")[1].Split('.')[0], line, StringComparison.Ordinal);
        Assert.DoesNotContain("P-one", said + line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_of_another_name_gets_nothing()
    {
        await using var pages = await ServedPages.StartAsync(o => o with { Hosts = ["ward.example"] });
        using var browser = pages.Open();
        async Task<HttpStatusCode> AskAsync(string host)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in");
            request.Headers.Host = host;
            return (await browser.SendAsync(request)).StatusCode;
        }

        Assert.Equal(HttpStatusCode.BadRequest, await AskAsync("evil.example"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync("ward.example"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync("localhost:1234"));
    }

    [Fact]
    public void Without_tls_the_loopback_alone_is_listened_on()
    {
        Assert.Contains("--worklist-certificate", new WorklistOptions(IPAddress.Any, 0).Fault!, StringComparison.Ordinal);
        Assert.Null(new WorklistOptions(IPAddress.IPv6Loopback, 0).Fault);
    }

    private static Task<ServedPages> StartAsync(Organisation? organisation) =>
        ServedPages.StartAsync(o => organisation is null ? o : o with { Organisation = new OrganisationOptions(organisation.Address, Organisation.ClientId, Organisation.Secrets()) });

    private static IEnumerable<(string Route, string Address, string Who)> TableOf(bool byOrganisation) => byOrganisation
        ? s_table.Where(r => r.Route != "POST /sign-in").Append(($"GET {OrganisationPath}", OrganisationPath, Anybody))
        : s_table;

    private static IEnumerable<RouteEndpoint> EndpointsOf(ServedPages pages) =>
        pages.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private static IEnumerable<string> NamesOf(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["ANY"]).Select(m => $"{m} {endpoint.RoutePattern.RawText}");
}
