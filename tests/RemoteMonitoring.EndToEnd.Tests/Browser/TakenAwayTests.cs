using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using RemoteMonitoring.Telemetry.Reference;
using static Microsoft.Playwright.Assertions;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>What ends while a page is open: a membership, a session, the minute in which something can be taken back; and the pages of the administrator and the auditor.</summary>
[Collection(PageTests.Name)]
public sealed class TakenAwayTests(MorningHome home) : IClassFixture<MorningHome>
{
    [Fact]
    public async Task Who_is_taken_off_a_team_is_told_by_the_open_page_and_the_next_click_is_refused()
    {
        await using var bob = await home.SignInAsync("bob");
        var card = bob.Page.Locator("ol.patients > li").First;
        var patient = await card.Locator("h3").InnerTextAsync();
        await using var adam = await home.SignInAsync("adam");
        await adam.Page.GetByRole(AriaRole.Link, new() { Name = "bob", Exact = true }).ClickAsync();
        await adam.Page.GetByLabel(await home.NameOfAsync(home.Teams[0])).UncheckAsync();
        await adam.PictureAsync("user");
        await adam.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(adam.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Users");
        await adam.PictureAsync("users");
        await Expect(bob.Page.Locator("[data-live]")).ToContainTextAsync("This list is no longer yours.");
        await bob.PictureAsync("membership-ended");
        await card.GetByRole(AriaRole.Button, new() { Name = "Contacted" }).ClickAsync();
        await Expect(bob.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Nothing here");
        await home.Services.Actions.RefreshAsync(default);
        Assert.Empty(home.Services.Actions.Of(patient).All);
        await bob.Page.GotoAsync("/");
        await Expect(bob.Page.GetByRole(AriaRole.Main)).ToContainTextAsync("belong to no team");
    }

    [Fact]
    public async Task A_session_that_ends_is_told_by_the_open_page_which_leads_back_after_signing_in()
    {
        await using var ann = await home.SignInAsync("ann");
        await Expect(ann.Page.Locator("ol.patients > li").First).ToBeVisibleAsync();
        home.Clock.Move(TimeSpan.FromMinutes(31));
        await Expect(ann.Page.Locator("[data-live]")).ToContainTextAsync("You are no longer signed in.");
        await ann.PictureAsync("session-ended");
        await ann.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in again" }).ClickAsync();
        await ann.Page.GetByLabel("Name").FillAsync("ann");
        await ann.Page.GetByLabel("Password").FillAsync(MorningHome.Password);
        await ann.Page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(ann.Page).ToHaveURLAsync(new Regex($"/teams/{home.Teams[0]}$"));
    }

    [Fact]
    public async Task After_a_minute_nothing_is_taken_back()
    {
        await using var ann = await home.SignInAsync("ann");
        var card = ann.Page.Locator("ol.patients > li").Nth(3);
        var patient = await card.Locator("h3").InnerTextAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Contacted" }).ClickAsync();
        var undo = card.GetByRole(AriaRole.Button, new() { Name = "Undo" });
        await Expect(undo).ToBeVisibleAsync();
        home.Clock.Move(TimeSpan.FromSeconds(61));
        await undo.ClickAsync();
        await Expect(ann.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("It can no longer be taken back");
        await ann.PictureAsync("undo-too-late");
        await ann.Page.GetByRole(AriaRole.Link, new() { Name = "Back to where you were" }).ClickAsync();
        await Expect(card).ToContainTextAsync("Done: contacted, ann");
        await Expect(undo).ToHaveCountAsync(0);
        await home.Services.Actions.RefreshAsync(default);
        Assert.Equal([ActionKind.Contacted], home.Services.Actions.Of(patient).All.Select(a => a.Kind));
    }

    [Fact]
    public async Task An_administrator_disables_a_user_who_is_out_at_once()
    {
        await using var cleo = await home.SignInAsync("cleo");
        await Expect(cleo.Page.Locator("ol.patients > li").First).ToBeVisibleAsync();
        await using var adam = await home.SignInAsync("adam");
        await adam.Page.GetByRole(AriaRole.Link, new() { Name = "cleo" }).ClickAsync();
        await adam.Page.GetByLabel("disabled").CheckAsync();
        await adam.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(adam.Page.GetByRole(AriaRole.Row, new() { Name = "cleo" })).ToContainTextAsync("disabled");
        await Expect(cleo.Page.Locator("[data-live]")).ToContainTextAsync("You are no longer signed in.");
        await using var again = await home.SignInAsync("cleo");
        await Expect(again.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("may not sign in");
        await adam.Page.GetByRole(AriaRole.Link, new() { Name = "adam" }).ClickAsync();
        await adam.Page.GetByLabel("administrator").UncheckAsync();
        await adam.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(adam.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("You cannot take this page away from yourself");
    }

    [Fact]
    public async Task An_auditor_finds_what_somebody_did_and_takes_it_out_as_csv()
    {
        var patient = (await home.ListAsync(home.Teams[0])).Listed[0].PatientId;
        await using var lea = await home.SignInAsync("lea");
        await lea.Page.GotoAsync("/patients/" + home.Services.Handles.Of(patient));
        await using var audrey = await home.SignInAsync("audrey");
        await audrey.Page.GetByLabel("User").FillAsync("lea");
        await audrey.Page.GetByLabel("Patient").FillAsync(patient);
        await audrey.Page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        var row = audrey.Page.Locator("tbody tr").First;
        await Expect(row).ToContainTextAsync("patient viewed");
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", await row.Locator("td").First.InnerTextAsync());
        await audrey.PictureAsync("audit-search");
        var file = await audrey.Page.RunAndWaitForDownloadAsync(() => audrey.Page.GetByRole(AriaRole.Button, new() { Name = "Save as CSV" }).ClickAsync());
        Assert.EndsWith(".csv", file.SuggestedFilename, StringComparison.Ordinal);
        var lines = (await File.ReadAllTextAsync(await file.PathAsync())).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("at,event,user,patient_id,erased_patient,care_team_id,ground,reason,detail,address,care_team,lists,place,user_name,erased_at", lines[0]);
        Assert.Equal(await audrey.Page.Locator("tbody tr").CountAsync(), lines.Length - 1);
        // The patient's page, and the list that the patient stood on.
        Assert.All(lines.Skip(1), l => Assert.Contains(",lea,", l, StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains(string.Create(CultureInfo.InvariantCulture, $",PatientViewed,lea,{patient},"), StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains(",ListViewed,lea,,", StringComparison.Ordinal));
    }
}
