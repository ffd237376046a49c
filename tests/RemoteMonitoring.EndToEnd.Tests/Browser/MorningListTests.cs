using System.Text.RegularExpressions;
using Microsoft.Playwright;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Access;
using static Microsoft.Playwright.Assertions;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>The morning in a real browser.</summary>
[Collection(PageTests.Name)]
public sealed partial class MorningListTests(MorningHome home) : IClassFixture<MorningHome>
{
    [Fact]
    public async Task A_wrong_password_is_told_and_the_right_one_opens_the_list()
    {
        await using var ann = await home.OpenAsync();
        await ann.SignInAsync("ann", "not the password");
        await Expect(ann.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await ann.PictureAsync("sign-in-refused");
        await ann.SignInAsync("ann", MorningHome.Password);
        await Expect(ann.Page).ToHaveURLAsync(new Regex($"/teams/{home.Teams[0]}$"));
        await Expect(ann.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("morning list");
        Assert.DoesNotContain(ann.Said, s => !s.Contains("401", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(320)]
    [InlineData(1440)]
    public async Task The_list_shows_who_why_and_how_sure_at_any_width(int width)
    {
        var list = await ListAsync();
        await using var ann = await home.SignInAsync("ann", width);
        await Expect(ann.Page.Locator("ol.patients > li")).ToHaveCountAsync(list.Listed.Count);
        var first = ann.Page.Locator("ol.patients > li").First;
        await Expect(first).ToContainTextAsync(list.Listed[0].PatientId);
        await Expect(first).ToContainTextAsync(RiskWords.Sentence(list.Listed[0].Probability, list.Outcome!));
        foreach (var reason in list.Listed[0].Reasons)
        {
            await Expect(first).ToContainTextAsync(reason.Text);
        }

        Assert.Equal(
            list.Listed.Sum(p => p.Reasons.Count(r => p.Trends?.Any(t => t.Vital == r.Vital && t.Values.Any(v => v is not null)) == true)),
            await ann.Page.Locator("ol.patients svg[role=img]").CountAsync());
        await Expect(ann.Page.GetByText(ReasonText.Footer)).ToBeVisibleAsync();
        Assert.True(await ann.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "The page scrolls sideways.");
        await ann.PictureAsync($"list-{width}");
        await ann.Page.Locator("ol.patients h3 a").First.ClickAsync();
        await Expect(ann.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync(list.Listed[0].PatientId);
        Assert.True(await ann.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "The patient's page scrolls sideways.");
        await ann.PictureAsync($"patient-{width}");
        Assert.Empty(ann.Said);
    }

    [Fact]
    public async Task A_contact_is_recorded_in_one_click_and_undone_within_a_minute()
    {
        var list = await ListAsync();
        await using var ann = await home.SignInAsync("ann");
        var card = ann.Page.Locator("ol.patients > li").Nth(1);
        await card.GetByRole(AriaRole.Button, new() { Name = "Contacted" }).ClickAsync();
        await Expect(ann.Page.GetByText($"{list.Listed[1].PatientId}: contacted, recorded.")).ToBeVisibleAsync();
        Assert.DoesNotContain(list.Listed[1].PatientId, ann.Page.Url, StringComparison.Ordinal);
        await Expect(card).ToContainTextAsync("Done: contacted, ann");
        await card.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(ann.Page.GetByText("taken back")).ToBeVisibleAsync();
        await Expect(card).Not.ToContainTextAsync("Done:");
    }

    [Fact]
    public async Task The_second_of_two_nurses_is_told_who_was_faster_and_keeps_the_note()
    {
        await using var ann = await home.SignInAsync("ann");
        await using var bob = await home.SignInAsync("bob");
        foreach (var nurse in (UserBrowser[])[ann, bob])
        {
            await nurse.Page.Locator("ol.patients h3 a").Nth(2).ClickAsync();
            await nurse.Page.GetByLabel("Clinician arranged").CheckAsync();
            await nurse.Page.GetByLabel("Note", new() { Exact = true }).FillAsync($"written by {(nurse == ann ? "ann" : "bob")} <script>alert(1)</script>");
        }

        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Record" }).ClickAsync();
        await Expect(ann.Page.GetByText("clinician arranged: recorded.")).ToBeVisibleAsync();
        await bob.Page.GetByRole(AriaRole.Button, new() { Name = "Record" }).ClickAsync();
        await Expect(bob.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Somebody was faster: clinician arranged, ann");
        await Expect(bob.Page.GetByLabel("Your note, which was not recorded")).ToHaveValueAsync("written by bob <script>alert(1)</script>");
        await bob.PictureAsync("second-nurse");
        await bob.Page.GetByRole(AriaRole.Link, new() { Name = "Back to where you were" }).ClickAsync();
        await Expect(bob.Page.GetByText("written by ann <script>alert(1)</script>", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Another_teams_patient_is_not_there_until_the_glass_is_broken_and_all_is_on_record()
    {
        var others = await home.Services.Access.TeamAsync(new Viewer(new Member { UserName = "x", DisplayName = "x", Roles = [Role.CareManager], Teams = [home.Teams[1]], By = "x", Known = default }), home.Teams[1], default);
        var patient = others!.Patients.Keys.First();
        var address = $"/patients/{home.Services.Handles.Of(patient)}";
        await using var ann = await home.SignInAsync("ann");
        var answer = await ann.Page.GotoAsync(address);
        Assert.Equal(404, answer!.Status);
        Assert.DoesNotContain(patient, await ann.Page.ContentAsync(), StringComparison.Ordinal);

        await ann.Page.GotoAsync("/break-glass");
        await ann.PictureAsync("break-glass");
        await ann.Page.GetByLabel(PatientLabel()).FillAsync(patient);
        await ann.Page.GetByLabel(ReasonLabel()).FillAsync("covers for the other team today");
        await ann.Page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Button).First.ClickAsync();
        await Expect(ann.Page.GetByText("Not a patient of your teams.")).ToBeVisibleAsync();
        Assert.DoesNotContain(patient, ann.Page.Url, StringComparison.Ordinal);

        await using var audrey = await home.SignInAsync("audrey");
        await Expect(audrey.Page.GetByRole(AriaRole.Main)).ToContainTextAsync("covers for the other team today");
        foreach (var what in (string[])["patient denied", "glass broken", "patient viewed"])
        {
            var row = audrey.Page.Locator("tbody tr").Filter(new() { Has = audrey.Page.GetByRole(AriaRole.Cell, new() { Name = what, Exact = true }) })
                .Filter(new() { Has = audrey.Page.GetByRole(AriaRole.Cell, new() { Name = patient, Exact = true }) });
            await Expect(row).ToHaveCountAsync(1);
            await Expect(row.GetByRole(AriaRole.Cell, new() { Name = "Ann (ann)", Exact = true })).ToHaveCountAsync(1);
        }

        await audrey.PictureAsync("audit");
        await using var refused = await home.SignInAsync("audrey");
        Assert.Equal(403, (await refused.Page.GotoAsync(address))!.Status);
    }

    [Fact]
    public async Task Signing_out_ends_it()
    {
        await using var ann = await home.SignInAsync("ann");
        await Expect(ann.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("morning list");
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await ann.Page.GotoAsync($"/teams/{home.Teams[0]}");
        await Expect(ann.Page).ToHaveURLAsync(new Regex("/sign-in"));
    }

    [Fact]
    public async Task Without_scripts_everything_works()
    {
        await using var cleo = await home.SignInAsync("cleo", script: false);
        await cleo.Page.Locator("ol.patients h3 a").First.ClickAsync();
        await cleo.Page.GetByLabel("No answer").CheckAsync();
        await cleo.Page.GetByRole(AriaRole.Button, new() { Name = "Record" }).ClickAsync();
        await Expect(cleo.Page.GetByText("no answer: recorded.")).ToBeVisibleAsync();
        await Expect(cleo.Page.GetByText("No answer once")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_print_view_is_a_table_of_all()
    {
        var list = await ListAsync();
        await using var ann = await home.SignInAsync("ann");
        await ann.Page.GetByRole(AriaRole.Link, new() { Name = "Print view" }).ClickAsync();
        await Expect(ann.Page.Locator("tbody tr")).ToHaveCountAsync(list.Listed.Count);
        await ann.Page.EmulateMediaAsync(new() { Media = Media.Print });
        await Expect(ann.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeHiddenAsync();
        await ann.PictureAsync("print");
    }

    [Fact]
    public async Task With_the_keyboard_alone_a_nurse_signs_in_and_claims_a_patient()
    {
        await using var bob = await home.OpenAsync();
        await bob.Page.GotoAsync("/sign-in");
        await TabToAsync(bob.Page, "Name");
        await bob.Page.Keyboard.TypeAsync("bob");
        await TabToAsync(bob.Page, "Password");
        await bob.Page.Keyboard.TypeAsync(MorningHome.Password);
        await bob.Page.Keyboard.PressAsync("Enter");
        await Expect(bob.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("morning list");
        await bob.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await FocusedAsync(bob.Page));
        await bob.Page.Keyboard.PressAsync("Enter");
        await TabToAsync(bob.Page, "Claim, ");
        await bob.PictureAsync("keyboard");
        Assert.NotEqual("none", await bob.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        await bob.Page.Keyboard.PressAsync("Enter");
        await Expect(bob.Page.GetByText("claimed, recorded.")).ToBeVisibleAsync();
    }

    private static async Task TabToAsync(IPage page, string name)
    {
        for (var tabs = 0; tabs < 60; tabs++)
        {
            await page.Keyboard.PressAsync("Tab");
            if ((await FocusedAsync(page)).StartsWith(name, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"'{name}' cannot be reached with the Tab key.");
    }

    private static Task<string> FocusedAsync(IPage page) => page.EvaluateAsync<string>("(e => e.labels?.[0]?.innerText || e.textContent || '')(document.activeElement)");

    private async Task<TeamWorklist> ListAsync()
    {
        var document = await home.Store.Documents.FindAsync(Storage.Documents.Containers.Worklists, home.Teams[0], home.Lists.Id, CancellationToken.None);
        return RiskDocumentJson.ReadWorklist(document!.Body);
    }

    [GeneratedRegex("patient", RegexOptions.IgnoreCase)]
    private static partial Regex PatientLabel();

    [GeneratedRegex("reason|why", RegexOptions.IgnoreCase)]
    private static partial Regex ReasonLabel();
}
