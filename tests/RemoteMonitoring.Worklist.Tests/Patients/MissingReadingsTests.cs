using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Tests.Patients;

public sealed class MissingReadingsTests
{
    [Theory]
    [InlineData(CensusKind.Withdrawn, "No reading in these days: left on")]
    [InlineData(CensusKind.Died, "No reading in these days: died on")]
    [InlineData(CensusKind.Enrolled, "No reading in these days: no device assigned.")]
    public async Task A_page_without_readings_says_why(CensusKind last, string says)
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.StateAsync(ReferenceKinds.Census, Event(pages, "P-one", CensusKind.Enrolled, 20), Event(pages, "P-one", last, 2), Event(pages, "P-two", CensusKind.Died, 1));
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Contains(says, await HtmlText.OfAsync(await nurse.GetAsync($"/patients/{pages.HandleOf("P-one")}")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_broke_the_glass_is_told_until_when_they_may_look()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        await nurse.PostAsync("/break-glass", "/break-glass", ("patient", "P-other"), ("reason", "covering for the other team"));
        Assert.Contains("You may look until", await HtmlText.OfAsync(await nurse.GetAsync($"/patients/{pages.HandleOf("P-other")}")), StringComparison.Ordinal);
        Assert.DoesNotContain("You may look until", await HtmlText.OfAsync(await nurse.GetAsync($"/patients/{pages.HandleOf("P-one")}")), StringComparison.Ordinal);
    }

    private static CensusEvent Event(ServedPages pages, string patient, CensusKind kind, int daysAgo) =>
        new() { PatientId = patient, Kind = kind, Effective = pages.Now - Duration.FromDays(daysAgo), Known = pages.Now - Duration.FromDays(daysAgo) };
}
