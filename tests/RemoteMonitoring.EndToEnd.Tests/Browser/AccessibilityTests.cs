using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>Every page by the rules of WCAG 2.2, levels A and AA, as axe-core checks them, in light and dark colours.</summary>
[Collection(PageTests.Name)]
public sealed class AccessibilityTests(MorningHome home) : IClassFixture<MorningHome>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task No_page_violates_a_rule(ColorScheme colours)
    {
        var team = home.Teams[0];
        var patient = "/patients/" + home.Services.Handles.Of((await home.Services.Reference.TodayAsync(default)).PatientsOfTeam[team][0]);
        var pages = new (string User, string[] Paths)[]
        {
            ("ann", [$"/teams/{team}", $"/teams/{team}/print", $"/teams/{team}/lists", $"/teams/{team}/figures", patient, patient + "?days=90", "/break-glass", "/nowhere"]),
            ("lea", [patient, $"/teams/{team}/figures"]),
            ("dan", ["/", "/figures"]),
            ("audrey", ["/audit", "/users"]),
            ("adam", ["/users", "/users/ann"]),
        };
        var found = new List<string>();
        foreach (var (user, paths) in pages)
        {
            await using var browser = await home.SignInAsync(user, colours: colours);
            foreach (var path in paths)
            {
                await browser.Page.GotoAsync(path);
                found.AddRange((await ViolationsAsync(browser.Page)).Select(v => $"{user} {path}: {v}"));
            }
        }

        await using var nobody = await home.OpenAsync(colours: colours);
        await nobody.Page.GotoAsync("/sign-in");
        found.AddRange((await ViolationsAsync(nobody.Page)).Select(v => $"sign-in: {v}"));
        Assert.Empty(found);
    }

    [Fact]
    public async Task No_page_violates_a_rule_when_there_is_much_to_say()
    {
        var limited = (await home.ListAsync(home.Teams[0])).Listed[0].PatientId;
        var patient = await home.FillAsync();
        var other = (await home.Services.Reference.TodayAsync(default)).PatientsOfTeam[home.Teams[1]][0];
        var team = $"/teams/{home.Teams[0]}";
        var found = new List<string>();
        foreach (var (width, colours) in ((int, ColorScheme)[])[(320, ColorScheme.Light), (1280, ColorScheme.Light), (320, ColorScheme.Dark), (1280, ColorScheme.Dark)])
        {
            async Task LookAsync(IPage page, string what)
            {
                await page.EvaluateAsync("document.querySelectorAll('details').forEach(d => d.open = true)");
                found.AddRange((await ViolationsAsync(page)).Select(v => $"{what}, {width} {colours}: {v}"));
            }

            await using var ann = await home.SignInAsync("ann", width, colours: colours);
            foreach (var lane in (string[])["urgent", "silent", "technical", "resting"])
            {
                Assert.True(await ann.Page.Locator($"section[aria-labelledby={lane}] li").CountAsync() > 0, $"Nobody is in the lane {lane}.");
            }

            await Expect(ann.Page.Locator("section[aria-labelledby=urgent]")).ToContainTextAsync("ann sees to it");
            await LookAsync(ann.Page, "list");
            await ann.Page.GetByRole(AriaRole.Button, new() { Name = "No answer" }).First.ClickAsync();
            await Expect(ann.Page.GetByText("no answer, recorded. It can be undone")).ToBeVisibleAsync();
            Assert.True(await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).CountAsync() > 0);
            await LookAsync(ann.Page, "list with what was done");
            var stale = await ann.NewPageAsync();
            foreach (var page in (IPage[])[stale, ann.Page])
            {
                await page.GotoAsync(patient);
            }

            await LookAsync(ann.Page, "patient");
            foreach (var page in (IPage[])[ann.Page, stale])
            {
                await page.GetByLabel("Note only").CheckAsync();
                await page.GetByLabel("Note", new() { Exact = true }).FillAsync("feels well");
                await page.GetByRole(AriaRole.Button, new() { Name = "Record" }).ClickAsync();
            }

            await Expect(ann.Page.GetByText("Just recorded")).ToBeVisibleAsync();
            await LookAsync(ann.Page, "patient with what was done");
            await Expect(stale.GetByText("Somebody was faster")).ToBeVisibleAsync();
            await LookAsync(stale, "conflict");
            await ann.Page.GotoAsync("/break-glass");
            await ann.Page.Locator("[name=patient]").FillAsync(other);
            await ann.Page.Locator("[name=reason]").FillAsync("covers for the other team today");
            await ann.Page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Button).First.ClickAsync();
            await Expect(ann.Page.GetByText("Not a patient of your teams.")).ToBeVisibleAsync();
            await LookAsync(ann.Page, "broken glass");
            await ann.Page.GotoAsync(team);
            await home.LandAsync(limited, "8867-4", 132, "/min");
            await Expect(ann.Page.Locator("[data-live]")).ToContainTextAsync("There is something new");
            await LookAsync(ann.Page, "list with something new");
            await ann.Page.GotoAsync(team + "/print");
            await LookAsync(ann.Page, "print");

            await using var lea = await home.SignInAsync("lea", width, colours: colours);
            await lea.Page.GotoAsync(patient);
            await lea.Page.GetByText("Change limits and contact preference").ClickAsync();
            await Expect(lea.Page.GetByLabel("Heart rate urgent above")).ToBeVisibleAsync();
            await LookAsync(lea.Page, "patient of a lead");

            await using var nobody = await home.OpenAsync(width, colours: colours);
            await nobody.SignInAsync($"nobody-{width}-{colours}", "not a password");
            await Expect(nobody.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
            await LookAsync(nobody.Page, "refused sign-in");
        }

        Assert.Empty(found);
    }

    [Fact]
    public async Task The_rules_do_find_what_is_wrong()
    {
        await using var browser = await home.OpenAsync();
        await browser.Page.SetContentAsync("<!DOCTYPE html><html><head><title>x</title></head><body><img src='x'><p style='color:#ccc;background:#fff'>hardly to be read</p></body></html>");
        var found = await ViolationsAsync(browser.Page);
        Assert.Contains(found, f => f.StartsWith("image-alt", StringComparison.Ordinal));
        Assert.Contains(found, f => f.StartsWith("color-contrast", StringComparison.Ordinal));
        Assert.Contains(found, f => f.StartsWith("html-has-lang", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<string>> ViolationsAsync(IPage page)
    {
        // The page's own policy lets no foreign script in; evaluation by the debugger is not under it.
        await page.EvaluateAsync(await File.ReadAllTextAsync(Chromium.Rules) + "; undefined");
        var json = await page.EvaluateAsync<string>(
            "async () => JSON.stringify((await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })).violations.map(v => ({ id: v.id, nodes: v.nodes.map(n => n.html) })))");
        using var violations = JsonDocument.Parse(json);
        return [.. violations.RootElement.EnumerateArray().Select(v => $"{v.GetProperty("id").GetString()}: {v.GetProperty("nodes")[0].GetString()} (and {v.GetProperty("nodes").GetArrayLength() - 1} more)")];
    }
}
