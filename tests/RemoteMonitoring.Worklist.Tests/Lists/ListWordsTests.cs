using NodaTime;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Tests.Lists;

public sealed class ListWordsTests
{
    private static readonly DateTimeZone s_paris = DateTimeZoneProviders.Tzdb["Europe/Paris"];
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 4, 5, 0); // Wednesday 06:00 in Paris

    [Theory]
    [InlineData(24, "yesterday")]
    [InlineData(29, "yesterday")]
    [InlineData(31, "Mon 2 Mar 23:00")]
    [InlineData(48, "Mon 2 Mar 06:00")]
    [InlineData(4, "Wed 4 Mar 02:00")]
    public void Yesterday_is_the_local_day_before_and_nothing_else(int hoursBefore, string says) =>
        Assert.Equal(says, ListWords.When(s_now - Duration.FromHours(hoursBefore), s_now, s_paris));

    [Fact]
    public void A_change_says_since_when()
    {
        Assert.Equal("hardly changed since yesterday", ListWords.Change(0.1, 0.1, ListWords.Yesterday));
        Assert.Equal("hardly changed since Mon 2 Mar 06:00", ListWords.Change(0.1, 0.1, "Mon 2 Mar 06:00"));
        Assert.Matches("^up from .* on Mon 2 Mar 06:00$", ListWords.Change(0.5, 0.1, "Mon 2 Mar 06:00"));
        Assert.Matches("^down from .* at the last contact$", ListWords.Change(0.1, 0.5, ListWords.AtContact));
        Assert.Null(ListWords.Change(0.1, null, ListWords.Yesterday));
    }
}
