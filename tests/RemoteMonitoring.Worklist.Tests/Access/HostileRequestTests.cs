using System.Diagnostics;
using System.Net;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Tests.Access;

/// <summary>Requests that no page of ours makes: each is refused in a sentence, none is a fault, and nothing is done.</summary>
public sealed class HostileRequestTests
{
    private static readonly string[] s_names =
    [
        "..%2f..%2fetc%2fpasswd", "..%5c..%5cwindows", "%2e%2e", "%2f", "%2F%2Fevil.example", "team-001%2f..", "team-001%00", "%00", "%0d%0aSet-Cookie:%20a=b", "%c0%ae%c0%ae", "%ff", "%u002e", "%",
        "%e2%80%ae%f0%9f%98%80", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "'%20OR%20'1'='1", "javascript:alert(1)", "..;", "con", "*", "~", new string('x', 4000), "%25%32%66", "null", "-1", "{team}",
    ];

    private static readonly (string User, string Before, string After)[] s_routes =
    [
        ("nurse", "/teams/", ""), ("nurse", "/teams/", "/print"), ("nurse", "/teams/", "/lists"), ("nurse", "/teams/", "/version"), ("nurse", "/teams/", "/list.csv"), ("nurse", "/teams/", "/fhir.ndjson"),
        ("nurse", "/teams/", "/figures"), ("nurse", "/patients/", ""), ("nurse", "/patients/", "/fhir.ndjson"), ("admin", "/users/", ""), ("admin", "/", ""), ("admin", "//", ""),
    ];

    [Fact]
    public async Task No_trick_with_a_name_in_an_address_leads_anywhere()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        using var admin = await pages.SignedInAsync("admin");
        foreach (var (user, before, after) in s_routes)
        {
            foreach (var name in s_names)
            {
                var (status, answer) = await RawRequest.SendAsync(pages, user == "nurse" ? nurse : admin, "GET", before + name + after);
                // ".." leads to the page above, as it does everywhere; some pages are not for an administrator.
                var allowed = name is "%2e%2e" ? new[] { HttpStatusCode.NotFound, HttpStatusCode.SeeOther, HttpStatusCode.OK, HttpStatusCode.Forbidden } : [HttpStatusCode.BadRequest, HttpStatusCode.NotFound];
                Assert.True(allowed.Contains(status), $"{before}{name}{after}: {status}");
                AssertTellsNothing(answer);
            }
        }

        Assert.Empty(pages.Logged);
    }

    [Theory]
    [InlineData("/teams/team-001?from=-1&lists=&task=&done=%3Cscript%3Ealert(1)%3C/script%3E")]
    [InlineData("/teams/team-001?from=99999999999999999999&from=2")]
    [InlineData("/teams/team-001?from=1e9&done=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("/teams/team-001?lists=../../etc/passwd")]
    [InlineData("/teams/team-001?lists=a&lists=b")]
    [InlineData("/teams/team-001?task=%3Cscript%3Ealert(1)%3C/script%3E")]
    [InlineData("/teams/team-001?%00=%00&[]=&a[b]=c")]
    [InlineData("/teams/team-001/list.csv?lists=%0d%0aSet-Cookie:a=b")]
    [InlineData("/teams/team-001/print?lists=%e2%80%ae")]
    [InlineData("/patients/P-one?days=NaN&done=plan%00")]
    [InlineData("/patients/P-one?days=-7&days=28&done=%3Cscript%3Ealert(1)%3C/script%3E")]
    [InlineData("/sign-in?return=%0d%0aSet-Cookie:a=b")]
    public async Task A_query_of_nonsense_is_none(string address)
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        var (status, answer) = await RawRequest.SendAsync(pages, nurse, "GET", address.Replace("P-one", pages.HandleOf("P-one"), StringComparison.Ordinal));
        Assert.Contains(status, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.SeeOther]);
        Assert.DoesNotContain("<script>alert", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\nSet-Cookie:a=b", answer, StringComparison.OrdinalIgnoreCase);
        AssertTellsNothing(answer);
        Assert.Empty(pages.Logged);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/x\r\nSet-Cookie: a=b")]
    [InlineData("/x\nLocation: https://evil.example")]
    [InlineData("/\u202eelpmaxe.live")]
    [InlineData("\t//evil.example")]
    public async Task After_signing_in_nobody_is_sent_elsewhere_nor_is_a_header_added(string to)
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = pages.Open();
        foreach (var answer in (HttpResponseMessage[])[await browser.SignInAsync("nurse", ServedPages.Password, to), await browser.GetAsync("/sign-in?return=" + Uri.EscapeDataString(to))])
        {
            Assert.Equal((HttpStatusCode.SeeOther, "/"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
            Assert.DoesNotContain(answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : [], c => c.StartsWith("a=", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("HEAD", "/teams/team-001")]
    [InlineData("PUT", "/users/nurse")]
    [InlineData("DELETE", "/users/nurse")]
    [InlineData("PATCH", "/users/nurse")]
    [InlineData("OPTIONS", "/users")]
    [InlineData("TRACE", "/users")]
    [InlineData("POST", "/users")]
    [InlineData("GET", "/sign-out")]
    [InlineData("GET", "/audit/csv")]
    [InlineData("BREW", "/users/nurse")]
    public async Task Another_method_is_another_request_which_there_is_not(string method, string address)
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        var before = await pages.Services.Members.FindAsync("nurse", default);
        foreach (var headers in (string[])["Content-Length: 0\r\n", "X-HTTP-Method-Override: POST\r\nX-HTTP-Method: POST\r\nX-Method-Override: POST\r\nContent-Length: 0\r\n"])
        {
            var (status, answer) = await RawRequest.SendAsync(pages, admin, method, address, headers);
            Assert.Contains(status, (HttpStatusCode[])[HttpStatusCode.NotFound, HttpStatusCode.BadRequest, HttpStatusCode.MethodNotAllowed]);
            AssertTellsNothing(answer);
        }

        Assert.Equal(before!.Known, (await pages.Services.Members.FindAsync("nurse", default))!.Known);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/users")).StatusCode);
    }

    [Fact]
    public async Task A_method_that_is_stated_in_a_header_counts_for_nothing()
    {
        await using var pages = await ServedPages.StartAsync();
        using var admin = await pages.SignedInAsync("admin");
        var (status, answer) = await RawRequest.SendAsync(pages, admin, "GET", "/users/nurse?_method=POST&state=disabled", "X-HTTP-Method-Override: POST\r\n");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("may sign in", answer, StringComparison.Ordinal);
        Assert.Null((await pages.Services.Members.FindAsync("nurse", default))!.IsDisabled);
    }

    [Fact]
    public async Task A_field_that_comes_twice_is_not_two_in_one()
    {
        await using var pages = await ServedPages.StartAsync();
        using var lead = await pages.SignedInAsync("lead");
        var patient = $"/patients/{pages.HandleOf("P-one")}";
        // "90" and "5" would read as ninety and a half.
        Assert.Equal(HttpStatusCode.BadRequest, (await lead.PostAsync($"{patient}/care-plan", patient, ("low-spo2", "90"), ("low-spo2", "5"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await lead.PostAsync($"{patient}/actions", patient, ("kind", "Claim"), ("kind", "Claim"), ("id", new string('a', 32)), ("version", ""))).StatusCode);
        var today = await pages.Services.Reference.TodayAsync(default);
        await pages.Services.Actions.RefreshAsync(default);
        Assert.False(today.CarePlans.ContainsKey("P-one"));
        Assert.Empty(pages.Services.Actions.Of("P-one").All);
        Assert.Equal(HttpStatusCode.SeeOther, (await lead.PostAsync($"{patient}/care-plan", patient, ("low-spo2", "90,5"))).StatusCode);
        Assert.Equal(90.5, Assert.Single((await pages.Services.Reference.TodayAsync(default)).CarePlans["P-one"].Limits).Low);
    }

    [Theory]
    [InlineData("application/json", "{\"kind\":\"Contacted\"}")]
    [InlineData("text/plain", "kind=Contacted")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nContacted\r\n--x--\r\n")]
    [InlineData("application/xml", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-7", "kind=Contacted")]
    [InlineData("", "kind=Contacted")]
    public async Task What_is_sent_in_another_format_is_no_form(string type, string body)
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        var (status, answer) = await RawRequest.SendAsync(pages, nurse, "POST", $"/patients/{pages.HandleOf("P-one")}/actions", $"{(type.Length == 0 ? "" : $"Content-Type: {type}\r\n")}Content-Length: {body.Length}\r\n", body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        AssertTellsNothing(answer);
        Assert.Empty(pages.Logged);
    }

    [Fact]
    public async Task What_people_type_is_kept_without_control_characters_and_too_much_of_it_is_told()
    {
        await using var pages = await ServedPages.StartAsync();
        using var lead = await pages.SignedInAsync("lead");
        var patient = $"/patients/{pages.HandleOf("P-one")}";
        Task<HttpResponseMessage> NoteAsync(char id, string note, string version) =>
            lead.PostAsync($"{patient}/actions", patient, ("kind", "Note"), ("id", new string(id, 32)), ("version", version), ("note", note));

        Assert.Equal(HttpStatusCode.SeeOther, (await NoteAsync('a', "one\u0001\u0007\u001b[31m\r\ntwo \u202e\U0001f600", "")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await NoteAsync('c', "one\u0000", new string('a', 32))).StatusCode);
        await pages.Services.Actions.RefreshAsync(default);
        Assert.Equal("one[31m\ntwo \u202e\U0001f600", pages.Services.Actions.Of("P-one").All[^1].Note);
        var long10000 = await NoteAsync('b', new string('x', 10_000), new string('a', 32));
        Assert.Equal(HttpStatusCode.BadRequest, long10000.StatusCode);
        var text = await HtmlText.OfAsync(long10000);
        Assert.Contains("The note has 10000 characters; 2000 are the most. Shorten it.", text, StringComparison.Ordinal);
        Assert.Contains(new string('x', 10_000), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_and_addresses_have_bounds()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nobody = pages.Open();
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, (await RawRequest.SendAsync(pages, nobody, "GET", "/sign-in", $"X-A: {new string('x', 40_000)}\r\n")).Status);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, (await RawRequest.SendAsync(pages, nobody, "GET", "/sign-in", string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: x\r\n")))).Status);
        Assert.Equal(HttpStatusCode.RequestUriTooLong, (await RawRequest.SendAsync(pages, nobody, "GET", "/sign-in?" + new string('x', 20_000))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await RawRequest.SendAsync(pages, nobody, "GET", "/sign-in", "Content-Length: 1\r\nContent-Length: 2\r\n")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await RawRequest.SendAsync(pages, "GET /sign-in HTTP/1.1\r\n\r\n")).Status);
        Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync("/sign-in")).StatusCode);
    }

    [Fact]
    public async Task Who_sends_slowly_is_cut_off_and_others_are_served_meanwhile()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nobody = pages.Open();
        var begun = Stopwatch.StartNew();
        string[] slow =
        [
            "GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-A: ",
            "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nuser=",
        ];
        var connections = Enumerable.Range(0, 100).Select(i => RawRequest.SendAsync(pages, slow[i % 2])).ToArray();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync("/sign-in")).StatusCode);
        }

        var answers = await Task.WhenAll(connections).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(begun.Elapsed > TimeSpan.FromSeconds(4), "They were cut off before they were slow.");
        Assert.All(answers, a => Assert.Contains(a.Status, (HttpStatusCode[])[0, HttpStatusCode.BadRequest, HttpStatusCode.RequestTimeout]));
    }

    [Fact]
    public async Task What_is_taken_away_is_on_record_and_another_teams_is_not_there()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        foreach (var (address, patient) in ((string, string?)[])[("/teams/team-001/list.csv", null), ("/teams/team-001/fhir.ndjson", null), ($"/patients/{pages.HandleOf("P-one")}/fhir.ndjson", "P-one")])
        {
            var answer = await nurse.GetAsync(address);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
            var entry = (await pages.AuditAsync())[^1];
            Assert.Equal((AuditEvent.Exported, "nurse", "team-001", patient), (entry.Event, entry.User, entry.CareTeamId, entry.PatientId));
        }

        foreach (var (address, denied) in ((string, AuditEvent)[])[("/teams/team-002/list.csv", AuditEvent.TeamDenied), ("/teams/team-002/fhir.ndjson", AuditEvent.TeamDenied), ($"/patients/{pages.HandleOf("P-other")}/fhir.ndjson", AuditEvent.PatientDenied)])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await nurse.GetAsync(address)).StatusCode);
            Assert.Equal(denied, (await pages.AuditAsync())[^1].Event);
        }
    }

    private static void AssertTellsNothing(string answer)
    {
        foreach (var word in (string[])["   at ", "Exception", "StackTrace", "System.", "root:x:"])
        {
            Assert.DoesNotContain(word, answer, StringComparison.Ordinal);
        }
    }
}
