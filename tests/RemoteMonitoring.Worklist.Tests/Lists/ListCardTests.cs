using System.Net;
using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Tests.Lists;

/// <summary>What a card of the list says of a patient, and the page of the list as a whole.</summary>
public sealed class ListCardTests
{
    private const string Page = "/teams/team-001";

    [Fact]
    public async Task Who_was_contacted_is_done_without_a_next_thing_to_do_until_a_later_list()
    {
        await using var pages = await ServedPages.StartAsync();
        var asOf = Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()) - Duration.FromHours(5);
        var made = await pages.MakeAsync(asOf, "run-1", null, MadeLists.Of("P-one", 0.1, asOf, "run-1"), MadeLists.Of("P-two", 0.1, asOf, "run-1"));
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Equal(2, Regex.Count(await HtmlAsync(nurse), "<button name=\"kind\" value=\"Contacted\">|<button name=\"kind\" value=\"Contacted\" class=\"\">"));
        var answer = await nurse.PostAsync($"/patients/{pages.HandleOf("P-one")}/actions", Page, ("id", new string('a', 32)), ("version", ""), ("kind", "Contacted"), ("lists", made.Id));
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        var (one, two) = await CardsAsync(nurse);
        Assert.Contains("class=\"patient settled\"", one, StringComparison.Ordinal);
        Assert.Matches(@"<strong>Done:</strong> contacted, nurse, ", one);
        Assert.DoesNotContain("since the last contact", one, StringComparison.Ordinal);
        Assert.Contains("value=\"Contacted\" class=\"quiet\"", one, StringComparison.Ordinal);
        Assert.DoesNotContain("settled", two, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"Contacted\" class=\"quiet\"", two, StringComparison.Ordinal);

        // The night after foresees anew: what was done before is compared with.
        pages.Clock.Move(TimeSpan.FromHours(30));
        var next = asOf + Duration.FromDays(1);
        await pages.MakeAsync(next, "run-2", null, MadeLists.Of("P-one", 0.1, next, "run-2"), MadeLists.Of("P-two", 0.1, next, "run-2"));
        using var again = await pages.SignedInAsync("nurse");
        (one, _) = await CardsAsync(again);
        Assert.DoesNotContain("settled", one, StringComparison.Ordinal);
        Assert.Contains("hardly changed since the last contact", one, StringComparison.Ordinal);
        Assert.Contains("Last contact: contacted, nurse", one, StringComparison.Ordinal);
    }

    [Fact]
    public async Task News2_is_never_left_out_and_what_it_calls_for_is_said()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.StateAsync(ReferenceKinds.Roster, pages.Patient("P-two", "team-001") with { Age = 12, Conditions = ["copd", "heart-failure"] });
        var asOf = Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()) - Duration.FromHours(5);
        await pages.MakeAsync(asOf, "run-1", null, MadeLists.Of("P-one", 0.1, asOf, "run-1"), MadeLists.Of("P-two", 0.1, asOf, "run-1"));
        using var nurse = await pages.SignedInAsync("nurse");
        foreach (var page in (string[])[Page, Page + "/print"])
        {
            var text = await HtmlText.OfAsync(await nurse.GetAsync(page));
            Assert.Contains("NEWS2 unknown: what it is made of was not measured in the 24 hours before", text, StringComparison.Ordinal);
            Assert.Contains("NEWS2 unknown: it is not for under 16s", text, StringComparison.Ordinal);
            Assert.Contains("COPD, heart failure", Regex.Replace(text, @" +,", ","), StringComparison.Ordinal);
        }

        Assert.Null(ListWords.Calls(null));
        Assert.Null(ListWords.Calls(new News2Figures(0, 4, 12)));
        Assert.Contains("urgent", ListWords.Calls(new News2Figures(5, 5, 5)), StringComparison.Ordinal);
        Assert.Contains("urgent", ListWords.Calls(new News2Figures(6, 6, 9)), StringComparison.Ordinal);
        Assert.Contains("emergency", ListWords.Calls(new News2Figures(7, 7, 9)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_old_list_says_which_day_it_is_of_and_whether_there_is_data_for_a_later_one()
    {
        var asOf = Instant.FromUtc(2025, 6, 29, 23, 0);
        var made = new ListsMade("r", MadeLists.Task, "Admission", asOf, asOf + Duration.FromHours(1), 3);
        string Says(Instant? end, bool madeUp) => ListWords.Stale(made, end, asOf + Duration.FromDays(10), DateTimeZoneProviders.Tzdb["Europe/London"], madeUp);
        Assert.Equal("This is the list of Mon 30 Jun 2025, 10 days ago: the data ends there, and none has come in since.", Says(made.Watermark, false));
        Assert.Equal("This is the list of Mon 30 Jun 2025, 10 days ago: data has come in since, and no later list has been made of it.", Says(asOf + Duration.FromDays(9), false));
        Assert.Contains("made up", Says(made.Watermark, true), StringComparison.Ordinal);
        Assert.True(ListView.IsOld(asOf, asOf + Duration.FromHours(37)));
        Assert.False(ListView.IsOld(asOf, asOf + Duration.FromHours(36)));
    }

    [Fact]
    public void Sentences_are_put_together_without_a_full_stop_in_the_middle() => Assert.Equal("fell back; no reading.", ListWords.Together(["fell back.", "no reading"]));

    private static async Task<string> HtmlAsync(ServedPages.Browser browser) => await (await browser.GetAsync(Page)).Content.ReadAsStringAsync();

    private static async Task<(string One, string Two)> CardsAsync(ServedPages.Browser browser)
    {
        var cards = Regex.Matches(await HtmlAsync(browser), "<article.*?</article>", RegexOptions.Singleline).Select(m => m.Value).ToArray();
        return (cards.Single(c => c.Contains(">P-one<", StringComparison.Ordinal)), cards.Single(c => c.Contains(">P-two<", StringComparison.Ordinal)));
    }
}
