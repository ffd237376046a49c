using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using static Microsoft.Playwright.Assertions;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>The figures of a team in a browser, against what its lists and the reference log say, counted here anew.</summary>
[Collection(PageTests.Name)]
public sealed class FiguresTests(MorningHome home) : IClassFixture<MorningHome>
{
    [Fact]
    public async Task The_page_says_what_the_documents_say()
    {
        var team = home.Teams[0];
        await home.NightAsync();
        await home.NightAsync();
        TeamWorklist[] lists = [.. (await home.Store.Documents.ListAsync(Containers.Worklists, team, default)).Select(d => RiskDocumentJson.ReadWorklist(d.Body)).OrderBy(l => l.AsOf)];
        Assert.Equal(3, lists.Length);
        string[] always = [.. lists[0].Listed.Select(p => p.PatientId).Where(id => lists.All(l => l.Listed.Any(p => p.PatientId == id)))];
        Assert.True(always.Length >= 3, "Too few patients are on all three lists.");

        // Nine hours after the first list one patient was called, a day and six hours after it another; of the third there was no answer.
        await StateAsync(ReferenceKinds.Actions, Action(always[0], ActionKind.Contacted, lists[0].AsOf + Duration.FromHours(9)), Action(always[1], ActionKind.Contacted, lists[0].AsOf + Duration.FromHours(30)), Action(always[2], ActionKind.NoAnswer, lists[1].AsOf + Duration.FromHours(1)));
        await StateAsync(ReferenceKinds.Outcomes, new Outcome { PatientId = always[0], Kind = "hospital-admission", Effective = lists[1].AsOf + Duration.FromHours(15), Known = lists[1].AsOf + Duration.FromHours(20) });

        var (listings, patients) = (lists.Sum(l => l.Listed.Count), lists.SelectMany(l => l.Listed).Select(p => p.PatientId).Distinct().Count());
        var days = lists.Sum(l => l.Scored + l.NotScored.Count + l.SetAside.Count);

        await using var dan = await home.SignInAsync("dan");
        await Expect(dan.Page.GetByRole(Microsoft.Playwright.AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Figures");
        await dan.Page.GotoAsync($"/teams/{team}/figures");
        async Task SaysAsync(string term, string value)
        {
            var said = dan.Page.Locator(".figures > div", new() { Has = dan.Page.Locator("dt", new() { HasTextRegex = new($"^{term}$") }) }).Locator("dd");
            await Expect(said).ToContainTextAsync(value);
        }

        await SaysAsync("Listed", Text($"{listings}times, of {patients} patients on 3 lists"));
        await SaysAsync("Acted on", Text($"{100.0 * 3 / listings:0} %3 listings"));
        await SaysAsync("Time to first contact", "19.5 hmedian; nine of ten within 27.9 h; 2 of ");
        // None of the lists has had its seven days, so the event of the first day says nothing of the yield yet.
        await SaysAsync("Yield", "not knownuntil data reach");
        await SaysAsync("Yield", "3 lists wait for their 7 days");
        await SaysAsync("Events", "3 lists wait for their 7 days");
        await SaysAsync("Alerts per 100 patient-days", Text($"{100.0 * listings / days:0.0}listed; urgent 0.0, technical {100.0 * lists.Sum(l => l.Technical.Count) / days:0.0}; {days:N0} patient-days"));
        await dan.PictureAsync("team-figures");
        foreach (var patient in lists.SelectMany(l => l.Listed).Select(p => p.PatientId))
        {
            Assert.DoesNotContain(patient, await dan.Page.ContentAsync(), StringComparison.Ordinal);
        }

        Assert.Empty(dan.Said);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private WorklistAction Action(string patient, ActionKind kind, Instant known) =>
        new() { Id = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"{patient}{known}")).AsSpan(0, 16)), PatientId = patient, CareTeamId = home.Teams[0], Kind = kind, By = "ann", Known = known };

    private async Task StateAsync<T>(string kind, params T[] rows) =>
        Assert.True(await home.Store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n"))), default));
}
