using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Tests.Retries;

public sealed class RetryOptionsTests
{
    private static readonly RetryOptions s_options = new() { FirstDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(20) };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(5, 16)]
    [InlineData(6, 20)]
    [InlineData(90, 20)]
    public void A_pause_is_half_of_it_to_all_of_it_and_it_doubles_up_to_the_longest(int attempts, double seconds)
    {
        foreach (var subject in Enumerable.Range(0, 200).Select(i => $"gold/{i}"))
        {
            Assert.InRange(s_options.DelayAfter(attempts, subject).TotalSeconds, seconds / 2, seconds);
        }
    }

    [Fact]
    public void Pauses_are_the_same_for_the_same_and_spread_over_subjects_and_attempts()
    {
        Assert.Equal(s_options.DelayAfter(3, "gold/a"), s_options.DelayAfter(3, "gold/a"));
        Assert.Equal(100, Enumerable.Range(0, 100).Select(i => s_options.DelayAfter(3, $"gold/{i}")).Distinct().Count());
        Assert.NotEqual(s_options.DelayAfter(7, "gold/a"), s_options.DelayAfter(8, "gold/a"));
    }

    [Fact]
    public void A_wrong_setting_is_named_with_what_is_allowed()
    {
        Assert.Null(new RetryOptions().Problem());
        Assert.Equal("Attempts is 0; it may be 1 to 100.", new RetryOptions { Attempts = 0 }.Problem());
        Assert.Contains(nameof(RetryOptions.FirstDelay), new RetryOptions { FirstDelay = TimeSpan.Zero }.Problem(), StringComparison.Ordinal);
        Assert.Contains(nameof(RetryOptions.MaxDelay), new RetryOptions { MaxDelay = TimeSpan.FromSeconds(0.1) }.Problem(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new RetryLoop(new RetryOptions { Attempts = 101 }, TimeProvider.System));
    }
}
