using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class DeviceFaultsTests
{
    private static readonly Instant s_asOf = Instant.FromUtc(2025, 3, 10, 0, 0);

    [Theory]
    [InlineData(-601, "The clock of cuff-1 is 10 min ahead.")]
    [InlineData(-600, null)]
    [InlineData(0, null)]
    [InlineData(3600, null)]
    [InlineData(3660, "Readings of cuff-1 come 61 min late at the quickest, day after day: its clock is behind.")]
    [InlineData(-10800, "The clock of cuff-1 is 3 h ahead.")]
    public void A_clock_is_told_beyond_its_bounds(int seconds, string? text) => Assert.Equal(text, DeviceFaults.Of(Clock(seconds, 3, 2, 1), s_asOf)?.Text);

    [Theory]
    [InlineData(7, true)]
    [InlineData(8, false)]
    public void Notes_of_another_week_say_nothing(int daysAgo, bool told) => Assert.Equal(told, DeviceFaults.Of(Clock(-7200, daysAgo), s_asOf) is not null);

    [Theory]
    [InlineData(true, new double[] { 8, 8.1, 7.9, 8, 8 })]
    [InlineData(true, new double[] { 3, 3, 3 })]
    [InlineData(true, new double[] { 3, 3, 20, 3, 3, 41 })] // a batch that was held back now and then
    [InlineData(false, new double[] { 8, 7.2, 9.5, 6.8, 8.4, 10.1, 7.7 })] // a day's readings, sent when the device is next near its hub
    [InlineData(false, new double[] { 3, 3 })] // too few days to tell
    public void A_clock_is_behind_only_where_it_is_so_by_the_same_day_after_day(bool told, double[] hours) =>
        Assert.Equal(told, DeviceFaults.Of(new DeviceClock(1, "tracker-1", new(hours.Index().ToDictionary(h => UnixMicros.DayOf((s_asOf - Duration.FromDays(h.Index + 1)).ToUnixMicros()), h => (long)(h.Item * 3.6e9)))), s_asOf) is not null);

    [Fact]
    public void A_list_of_long_ago_has_none_by_what_is_noted_now() => Assert.Null(DeviceFaults.Of(Clock(-7200, -30), s_asOf));

    [Fact]
    public void Who_has_put_a_clock_right_is_not_told_again_before_all_delays_are_new() =>
        Assert.Equal(s_asOf - Duration.FromDays(3), DeviceFaults.Of(Clock(-7200, 3, 2, 1), s_asOf)!.Value.Evidence);

    [Theory]
    [InlineData(14.9, 24, "The battery of cuff-1 is at 14 %.")]
    [InlineData(15, 24, null)]
    [InlineData(4, 24, "The battery of cuff-1 is at 4 %.")]
    [InlineData(4, 169, null)]
    [InlineData(4, -25, null)]
    public void A_battery_is_told_while_the_word_is_fresh(double percent, int hoursAgo, string? text) =>
        Assert.Equal(text, DeviceFaults.Of(new DeviceBattery(1, "cuff-1", percent, (s_asOf - Duration.FromHours(hoursAgo)).ToUnixMicros()), s_asOf)?.Text);

    private static DeviceClock Clock(int seconds, params int[] daysAgo) =>
        new(1, "cuff-1", new(daysAgo.ToDictionary(d => UnixMicros.DayOf((s_asOf - Duration.FromDays(d)).ToUnixMicros()), _ => seconds * 1_000_000L)));
}
