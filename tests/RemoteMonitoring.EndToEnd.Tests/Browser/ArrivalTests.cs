using Microsoft.Playwright;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using static Microsoft.Playwright.Assertions;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>What comes while a page is open: a night, an urgent reading; and who is listed after what was done.</summary>
[Collection(PageTests.Name)]
public sealed class ArrivalTests(MorningHome home) : IClassFixture<MorningHome>
{
    private const string HeartRate = "8867-4";

    [Fact]
    public async Task A_night_is_told_by_the_open_pages_which_keep_what_was_typed_and_shown_on_a_click()
    {
        home.Evening();
        var before = await home.ListAsync(home.Teams[0]);
        await using var ann = await home.SignInAsync("ann");
        var writes = await ann.NewPageAsync();
        await writes.GotoAsync(AddressOf(before.Listed[0].PatientId));
        await writes.GetByLabel("Note", new() { Exact = true }).FillAsync("half a sen");
        await Expect(About(ann.Page)).ToContainTextAsync(Speaks(before.AsOf));
        await home.NightAsync();
        var after = await home.ListAsync(home.Teams[0]);
        Assert.True(after.AsOf > before.AsOf);
        foreach (var page in (IPage[])[ann.Page, writes])
        {
            await Expect(page.Locator("[data-live]")).ToContainTextAsync("There is something new");
        }

        await Expect(writes.GetByLabel("Note", new() { Exact = true })).ToHaveValueAsync("half a sen");
        await Expect(About(ann.Page)).ToContainTextAsync(Speaks(before.AsOf));
        await ann.PictureAsync("night-arrived");
        await ann.Page.GetByRole(AriaRole.Link, new() { Name = "Show it now" }).ClickAsync();
        await Expect(About(ann.Page)).ToContainTextAsync(Speaks(after.AsOf));
        await Expect(ann.Page.Locator("ol.patients > li")).ToHaveCountAsync(after.Listed.Count);
        await Expect(ann.Page.Locator("[data-live]")).ToBeEmptyAsync();
        Assert.Empty(ann.Said);
    }

    [Fact]
    public async Task A_reading_beyond_a_limit_that_a_lead_set_is_urgent_until_somebody_acts_and_one_at_it_is_not()
    {
        home.Evening();
        var patient = (await home.ListAsync(home.Teams[0])).Listed[^1].PatientId;
        await LimitAsync(patient, "110");
        await using var ann = await home.SignInAsync("ann");
        await home.LandAsync(patient, HeartRate, 110, "/min");
        await home.LandAsync(patient, HeartRate, 111, "/min");
        await Expect(ann.Page.Locator("[data-live]")).ToContainTextAsync("an urgent reading");
        // The next is told anew, not left to what was told before.
        await ann.Page.EvaluateAsync("document.querySelector('[data-live] p').id = 'told-before'");
        await home.LandAsync(patient, HeartRate, 112, "/min");
        await Expect(ann.Page.Locator("#told-before")).ToHaveCountAsync(0);
        await Expect(ann.Page.Locator("[data-live]")).ToContainTextAsync("an urgent reading");
        await ann.Page.GetByRole(AriaRole.Link, new() { Name = "Show it now" }).ClickAsync();
        var card = CardOf(ann.Page, "urgent", patient);
        await Expect(card).ToContainTextAsync("Heart rate 111 /min, above the limit of 110 /min");
        await Expect(card).Not.ToContainTextAsync("Heart rate 110 /min, above");
        await Expect(ann.Page.Locator("section[aria-labelledby=urgent]")).ToContainTextAsync("This is no emergency service");
        await ann.PictureAsync("urgent");
        await card.GetByRole(AriaRole.Button, new() { Name = "Contacted" }).ClickAsync();
        await Expect(ann.Page.GetByText($"{patient}: contacted, recorded.")).ToBeVisibleAsync();
        await Expect(CardOf(ann.Page, "urgent", patient)).ToHaveCountAsync(0);
        Assert.Empty(ann.Said);
    }

    [Fact]
    public async Task A_reading_that_is_taken_back_is_nothing_new_and_the_next_is()
    {
        home.Evening();
        var patient = (await home.ListAsync(home.Teams[0])).Listed[^2].PatientId;
        await LimitAsync(patient, "110");
        await home.LandAsync(patient, HeartRate, 150, "/min");
        await using var ann = await home.SignInAsync("ann");
        await Expect(CardOf(ann.Page, "urgent", patient)).ToContainTextAsync("150 /min");
        var live = ann.Page.Locator("[data-live]");
        var (seen, poll) = (await live.GetAttributeAsync("data-seen"), await live.GetAttributeAsync("data-poll"));
        await foreach (var document in home.Store.Documents.ListAsync(Containers.Urgent, default).Where(d => UrgentReading.TryRead(d.Body)!.PatientId == patient))
        {
            await home.Store.Documents.DeleteAsync(Containers.Urgent, [new DocumentKey(document.PartitionKey, document.Id)], default);
        }

        for (var i = 0; await ann.Page.EvaluateAsync<string>("async poll => (await (await fetch(poll)).json()).version", poll) == seen; i++)
        {
            Assert.True(i < 300, "The version says nothing of what was taken back.");
            await Task.Delay(20);
        }

        // The page asks, and asks again after it was answered.
        await ann.Page.WaitForResponseAsync(r => r.Url.EndsWith("/version", StringComparison.Ordinal));
        await ann.Page.WaitForResponseAsync(r => r.Url.EndsWith("/version", StringComparison.Ordinal));
        await Expect(live).ToBeEmptyAsync();
        await home.LandAsync(patient, HeartRate, 151, "/min");
        await Expect(live).ToContainTextAsync("an urgent reading");
        await ann.Page.GetByRole(AriaRole.Link, new() { Name = "Show it now" }).ClickAsync();
        await CardOf(ann.Page, "urgent", patient).GetByRole(AriaRole.Button, new() { Name = "Contacted" }).ClickAsync();
        await Expect(CardOf(ann.Page, "urgent", patient)).ToHaveCountAsync(0);
        Assert.Empty(ann.Said);
    }

    [Fact]
    public async Task Who_is_snoozed_is_not_on_the_next_list_and_an_urgent_reading_breaks_through()
    {
        home.Evening();
        var patient = (await home.ListAsync(home.Teams[0])).Listed[0].PatientId;
        await LimitAsync(patient, "105");
        await using var ann = await home.SignInAsync("ann");
        await ann.Page.GotoAsync(AddressOf(patient));
        await ann.Page.GetByLabel("Not listed before").FillAsync(home.Clock.GetUtcNow().AddDays(20).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Snooze" }).ClickAsync();
        await Expect(ann.Page.GetByText("snoozed: recorded.")).ToBeVisibleAsync();
        await home.NightAsync();
        Assert.DoesNotContain((await home.ListAsync(home.Teams[0])).Listed, p => p.PatientId == patient);
        await ann.Page.GotoAsync("/");
        await Expect(CardOf(ann.Page, "listed", patient)).ToHaveCountAsync(0);
        await Expect(CardOf(ann.Page, "resting", patient)).ToContainTextAsync("snoozed until");
        await Expect(CardOf(ann.Page, "urgent", patient)).ToHaveCountAsync(0);
        await home.LandAsync(patient, HeartRate, 150, "/min");
        await Expect(ann.Page.Locator("[data-live]")).ToContainTextAsync("an urgent reading");
        await ann.Page.GetByRole(AriaRole.Link, new() { Name = "Show it now" }).ClickAsync();
        await Expect(CardOf(ann.Page, "urgent", patient)).ToContainTextAsync("150 /min");
    }

    [Fact]
    public async Task Who_is_in_hospital_rests_until_they_are_back()
    {
        home.Evening();
        var patient = (await home.ListAsync(home.Teams[0])).Listed[1].PatientId;
        await using var ann = await home.SignInAsync("ann");
        await ann.Page.GotoAsync(AddressOf(patient));
        await ann.Page.GetByLabel("Why").SelectOptionAsync("hospital");
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Expect(ann.Page.GetByText("paused: recorded.")).ToBeVisibleAsync();
        await home.NightAsync();
        await ann.Page.GotoAsync("/");
        await Expect(CardOf(ann.Page, "listed", patient)).ToHaveCountAsync(0);
        await Expect(CardOf(ann.Page, "resting", patient)).ToContainTextAsync("paused (hospital)");
        home.Evening();
        await using var again = await home.SignInAsync("ann");
        await again.Page.GotoAsync(AddressOf(patient));
        await again.Page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Expect(again.Page.GetByText("resumed: recorded.")).ToBeVisibleAsync();
        await home.NightAsync();
        await again.Page.GotoAsync("/");
        await Expect(CardOf(again.Page, "resting", patient)).ToHaveCountAsync(0);
        await Expect(CardOf(again.Page, "listed", patient)).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Handing_over_tells_the_other_nurse_and_by_whom()
    {
        home.Evening();
        var patient = (await home.ListAsync(home.Teams[0])).Listed[2].PatientId;
        await using var ann = await home.SignInAsync("ann");
        await ann.Page.GotoAsync(AddressOf(patient));
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Claim", Exact = true }).ClickAsync();
        await ann.Page.GetByLabel("Hand over to").SelectOptionAsync("bob");
        await ann.Page.GetByRole(AriaRole.Button, new() { Name = "Hand over", Exact = true }).ClickAsync();
        await Expect(ann.Page.GetByText("handed over: recorded.")).ToBeVisibleAsync();
        await using var bob = await home.SignInAsync("bob");
        var card = bob.Page.Locator("article.patient", new() { HasText = patient });
        await Expect(card).ToContainTextAsync("bob sees to it since");
        await bob.PictureAsync("handed-over");
        await bob.Page.GotoAsync(AddressOf(patient));
        await Expect(bob.Page.GetByText("handed over to bob, ann,")).ToBeVisibleAsync();
        await bob.Page.GetByRole(AriaRole.Button, new() { Name = "Release" }).ClickAsync();
        await Expect(bob.Page.GetByText("bob sees to it since")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task The_silent_and_what_is_wrong_with_measuring_stand_beside_the_list()
    {
        home.Evening();
        // Three days after the last reading, everybody who sent daily is silent.
        await home.NightAsync();
        await home.NightAsync();
        await home.NightAsync();
        var list = await home.ListAsync(home.Teams[0]);
        Assert.NotEmpty(list.Silent);
        Assert.NotEmpty(list.Technical);
        await using var ann = await home.SignInAsync("ann");
        foreach (var silent in list.Silent)
        {
            await Expect(CardOf(ann.Page, "silent", silent.PatientId)).ToContainTextAsync(silent.Why);
        }

        var technical = list.Technical[0];
        var card = CardOf(ann.Page, "technical", technical.PatientId);
        await Expect(card).ToContainTextAsync(technical.Text);
        await Expect(ann.Page.Locator("#technical")).ToHaveTextAsync($"Technical ({list.Technical.Select(t => t.PatientId).Distinct().Count()})");
        await ann.PictureAsync("lanes");
        await card.GetByRole(AriaRole.Button, new() { Name = "Fixed" }).ClickAsync();
        await Expect(ann.Page.GetByText($"{technical.PatientId}: technical problem fixed, recorded.")).ToBeVisibleAsync();
    }

    private static ILocator About(IPage page) => page.Locator("section[aria-labelledby=listed] > ul.facts").First;

    private static string Speaks(Instant asOf) => $"speaks for {asOf.ToString("ddd d MMM uuuu", System.Globalization.CultureInfo.InvariantCulture)}";

    private static ILocator CardOf(IPage page, string section, string patientId) => page.Locator($"section[aria-labelledby={section}] .patient", new() { HasText = patientId });

    private string AddressOf(string patientId) => "/patients/" + home.Services.Handles.Of(patientId);

    /// <summary>A lead sets a limit above for the heart rate, on the patient's page.</summary>
    private async Task LimitAsync(string patientId, string above)
    {
        await using var lea = await home.SignInAsync("lea");
        await lea.Page.GotoAsync(AddressOf(patientId));
        await lea.Page.GetByText("Change limits and contact preference").ClickAsync();
        await lea.Page.GetByLabel("Heart rate urgent above").FillAsync(above);
        await lea.PictureAsync("care-plan");
        await lea.Page.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
        await Expect(lea.Page.GetByText("The care plan is set.")).ToBeVisibleAsync();
    }
}
