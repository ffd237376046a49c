using System.Collections.Frozen;
using CsCheck;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class WorkingHoursTests
{
    private static readonly WorkingHours s_london = new()
    {
        Zone = DateTimeZoneProviders.Tzdb["Europe/London"],
        Days = [IsoDayOfWeek.Monday, IsoDayOfWeek.Tuesday, IsoDayOfWeek.Wednesday, IsoDayOfWeek.Thursday, IsoDayOfWeek.Friday],
        Quiet = (new LocalTime(18, 0), new LocalTime(8, 0)),
        Holidays = [new LocalDate(2026, 12, 25)],
    };

    [Theory]
    [InlineData("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z")] // a Monday morning
    [InlineData("2026-11-23T07:59:59Z", "2026-11-23T08:00:00Z")]
    [InlineData("2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z")]
    [InlineData("2026-11-23T17:59:59Z", "2026-11-23T17:59:59Z")]
    [InlineData("2026-11-23T18:00:00Z", "2026-11-24T08:00:00Z")] // quiet begins with its first instant, and goes over midnight
    [InlineData("2026-11-24T00:30:00Z", "2026-11-24T08:00:00Z")]
    [InlineData("2026-11-27T18:00:00Z", "2026-11-30T08:00:00Z")] // a Friday evening
    [InlineData("2026-11-28T12:00:00Z", "2026-11-30T08:00:00Z")]
    [InlineData("2026-12-24T18:00:00Z", "2026-12-28T08:00:00Z")] // the holiday is a Friday
    [InlineData("2026-03-29T12:00:00Z", "2026-03-30T07:00:00Z")] // the Sunday on which clocks go forward: eight is an hour earlier
    [InlineData("2026-07-01T07:30:00Z", "2026-07-01T07:30:00Z")]
    [InlineData("2026-10-23T17:00:00Z", "2026-10-26T08:00:00Z")] // they go back on the Sunday
    public void The_next_working_instant_is(string from, string next) => Assert.Equal(At(next), s_london.Next(At(from)));

    [Theory]
    [InlineData("2026-11-23T10:00:00Z", "01:00:00", "2026-11-23T11:00:00Z")]
    [InlineData("2026-11-23T17:00:00Z", "02:00:00", "2026-11-24T09:00:00Z")] // an hour today, and one tomorrow
    [InlineData("2026-11-23T17:00:00Z", "01:00:00", "2026-11-24T08:00:00Z")] // to the end of the day is to the beginning of the next
    [InlineData("2026-11-27T17:00:00Z", "1.00:00:00", "2026-12-02T11:00:00Z")] // 24 h of ten hours a day, over a weekend
    [InlineData("2026-11-28T12:00:00Z", "00:00:00", "2026-11-30T08:00:00Z")]
    [InlineData("2026-12-24T17:30:00Z", "01:00:00", "2026-12-28T08:30:00Z")]
    public void Working_time_goes_on_when_the_team_works(string from, string working, string then) =>
        Assert.Equal(At(then), s_london.Add(At(from), Duration.FromTimeSpan(TimeSpan.Parse(working, System.Globalization.CultureInfo.InvariantCulture))));

    [Theory]
    [InlineData("2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z")] // quiet until half past one, which the clock skips: it opens when it jumps
    [InlineData("2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z")] // half past one comes twice; it opens with the first
    [InlineData("2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z")] // and when the clock is set back to one it is quiet again
    public void Hours_that_the_clock_skips_or_shows_twice_are_as_the_clock_shows_them(string from, string next) =>
        Assert.Equal(At(next), (s_london with { Days = WorkingHours.EveryDay, Quiet = (new LocalTime(22, 0), new LocalTime(1, 30)) }).Next(At(from)));

    [Fact]
    public void Quiet_hours_within_a_day_leave_both_ends_of_it()
    {
        var siesta = new WorkingHours { Quiet = (new LocalTime(12, 0), new LocalTime(14, 0)) };
        Assert.Equal(At("2026-11-23T14:00:00Z"), siesta.Next(At("2026-11-23T12:00:00Z")));
        Assert.Equal(At("2026-11-23T00:00:00Z"), siesta.Next(At("2026-11-23T00:00:00Z")));
        Assert.Equal(At("2026-11-23T14:30:00Z"), siesta.Add(At("2026-11-23T11:30:00Z"), Duration.FromHours(1)));
    }

    [Fact]
    public void A_team_that_never_works_is_not_waited_for_for_ever()
    {
        var never = new WorkingHours { Holidays = Enumerable.Range(0, 800).Select(new LocalDate(2026, 1, 1).PlusDays).ToFrozenSet() };
        Assert.Equal(At("2026-06-01T00:00:00Z"), never.Next(At("2026-06-01T00:00:00Z")));
    }

    [Fact]
    public void Minute_by_minute_it_comes_to_the_same()
    {
        string[] zones = ["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Etc/UTC"];
        Gen.Select(Gen.Int[0, zones.Length - 1], Gen.Int[0, 47], Gen.Int[0, 47], Gen.Int[1, 127], Gen.Int[0, 366 * 24 * 60], Gen.Int[0, 900]).Sample(
            (zone, from, to, days, minute, working) =>
            {
                var hours = new WorkingHours
                {
                    Zone = DateTimeZoneProviders.Tzdb[zones[zone]],
                    Days = Enumerable.Range(1, 7).Where(d => (days & (1 << (d - 1))) != 0).Select(d => (IsoDayOfWeek)d).ToFrozenSet(),
                    Quiet = from == to ? null : (LocalTime.Midnight.PlusMinutes(30 * from), LocalTime.Midnight.PlusMinutes(30 * to)),
                };
                var at = Instant.FromUtc(2026, 1, 1, 0, 0) + Duration.FromMinutes(minute);
                var next = at;
                while (!hours.IsOpen(next))
                {
                    next += Duration.FromMinutes(1);
                }

                Assert.Equal(next, hours.Next(at));
                for (var left = working; left > 0 || !hours.IsOpen(next); next += Duration.FromMinutes(1))
                {
                    left -= hours.IsOpen(next) ? 1 : 0;
                }

                Assert.Equal(next, hours.Add(at, Duration.FromMinutes(working)));
            },
            iter: 300);
    }

    private static Instant At(string text) => InstantPattern.ExtendedIso.Parse(text).Value;
}
