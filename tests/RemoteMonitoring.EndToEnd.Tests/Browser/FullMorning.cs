using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>A morning on which everything is to be seen that pages can show.</summary>
internal static class FullMorning
{
    /// <summary>Makes everything there that pages show: lanes, an urgent reading, a plan, a claim, contacts with notes. Returns the address of the patient who has it all.</summary>
    public static async Task<string> FillAsync(this MorningHome home)
    {
        var first = (await home.ListAsync(home.Teams[0])).Listed[0].PatientId;
        var address = "/patients/" + home.Services.Handles.Of(first);
        await using var lea = await home.SignInAsync("lea");
        await lea.Page.GotoAsync(address);
        await lea.Page.GetByText("Change limits and contact preference").ClickAsync();
        await lea.Page.GetByLabel("Heart rate urgent above").FillAsync("110");
        await lea.Page.GetByLabel("Systolic blood pressure urgent below").FillAsync("90");
        await lea.Page.GetByLabel("Contact preference").FillAsync("mornings, by the daughter; hears badly");
        await lea.Page.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
        await Expect(lea.Page.GetByText("The care plan is set.")).ToBeVisibleAsync();
        await using var ann = await home.SignInAsync("ann");
        await ann.Page.GotoAsync(address);
        foreach (var (what, note) in ((string, string)[])[("No answer", ""), ("Contacted", "Short of breath on the stairs since Tuesday; weighs herself daily. https://intranet.example/" + new string('x', 200))])
        {
            await ann.Page.GetByLabel(what).CheckAsync();
            await ann.Page.GetByLabel("Note", new() { Exact = true }).FillAsync(note);
            await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Record" }).ClickAsync();
            await Expect(ann.Page.GetByText("recorded. It can be undone")).ToBeVisibleAsync();
        }

        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Claim", Exact = true }).ClickAsync();
        await Expect(ann.Page.GetByText("claimed: recorded.")).ToBeVisibleAsync();
        // Who is snoozed is neither listed nor missed.
        await ann.Page.GotoAsync("/patients/" + home.Services.Handles.Of((await home.ListAsync(home.Teams[0])).Listed[1].PatientId));
        await ann.Page.GetByLabel("Not listed before").FillAsync(home.Clock.GetUtcNow().AddDays(20).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Snooze" }).ClickAsync();
        await Expect(ann.Page.GetByText("snoozed: recorded.")).ToBeVisibleAsync();
        for (var nights = 0; nights < 3; nights++)
        {
            await home.NightAsync();
        }

        await home.LandAsync(first, "8867-4", 131, "/min");
        return address;
    }
}
