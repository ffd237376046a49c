using CsCheck;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Workflows.Tests.Schedules;

public sealed class ScheduleTests
{
    private static readonly string[] s_zones = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata"];
    private static readonly string[] s_nights = ["30 5 * * *", "30 1 * * *", "15 2 * * *", "0 0 * * *"];

    [Fact]
    public void A_night_speaks_for_the_midnight_before_it_and_its_id_says_so()
    {
        var schedule = Daily("Europe/London") with { Deadline = Duration.FromMinutes(75) };
        var occurrence = Assert.Single(schedule.Due(At("2025-06-30T00:00:00Z"), At("2025-06-30T05:00:00Z")));
        Assert.Equal(At("2025-06-30T04:30:00Z"), occurrence.At);
        Assert.Equal(At("2025-06-29T23:00:00Z"), occurrence.AsOf);
        Assert.Equal(At("2025-06-30T05:45:00Z"), occurrence.Deadline);
        Assert.Equal("daily-risk-ward-admission-7d-20250629T230000Z", occurrence.InstanceId);
    }

    [Fact]
    public void An_hour_speaks_for_the_full_hour_also_where_zones_are_off_by_half_of_one()
    {
        Assert.Equal(["20250630T040000Z", "20250630T050000Z"], Stamps(Hourly("Europe/London").Due(At("2025-06-30T04:00:00Z"), At("2025-06-30T05:05:00Z"))));
        Assert.Equal(["20250630T033000Z"], Stamps(Hourly("Asia/Kolkata").Due(At("2025-06-30T03:30:00Z"), At("2025-06-30T04:30:00Z"))));
    }

    [Fact]
    public void A_doubled_trigger_gives_the_same_id_and_what_was_handled_is_not_due_again()
    {
        var schedule = Daily("Europe/London");
        var (one, two) = (schedule.Due(At("2025-06-29T12:00:00Z"), At("2025-06-30T04:30:00Z")), schedule.Due(At("2025-06-29T12:00:00Z"), At("2025-06-30T11:11:11Z")));
        Assert.Equal(one, two);
        Assert.Equal(one.Single().InstanceId, two.Single().InstanceId);
        Assert.Empty(schedule.Due(one.Single().At, At("2025-06-30T11:11:11Z")));
        Assert.Empty(schedule.Due(At("2025-06-29T12:00:00Z"), At("2025-06-30T04:29:59Z")));
        Assert.Empty(schedule.Due(At("2025-06-30T12:00:00Z"), At("2025-06-29T12:00:00Z")));
    }

    [Fact]
    public void Missed_nights_are_made_up_for_and_of_many_missed_hours_only_those_within_the_limit()
    {
        var nights = (Daily("Europe/London") with { CatchUp = Duration.FromDays(3) }).Due(At("2025-06-01T12:00:00Z"), At("2025-06-10T12:00:00Z"));
        Assert.Equal(["20250607T230000Z", "20250608T230000Z", "20250609T230000Z"], Stamps(nights));
        var hours = (Hourly("Europe/London") with { CatchUp = Duration.FromHours(3) }).Due(At("2025-06-01T12:00:00Z"), At("2025-06-10T12:05:00Z"));
        // The limit is counted from now and takes in what came exactly then.
        Assert.Equal(["20250610T090000Z", "20250610T100000Z", "20250610T110000Z", "20250610T120000Z"], Stamps(hours));
        Assert.Equal(9, Daily("Europe/London").Due(At("2025-06-01T12:00:00Z"), At("2025-06-10T12:00:00Z")).Count);
        var all = Hourly("Europe/London").Due(At("2024-06-01T12:00:00Z"), At("2025-06-10T12:05:00Z"));
        Assert.Equal(Schedule.MostDue, all.Count);
        Assert.Equal(At("2025-06-10T12:05:00Z"), all[^1].At);
        Assert.Equal(At("2025-06-10T12:05:00Z") - Duration.FromHours(99), all[0].At);
    }

    [Fact]
    public void Several_that_speak_for_one_instant_are_one()
    {
        var twice = Daily("Europe/London", "30 5,17 * * *").Due(At("2025-06-28T12:00:00Z"), At("2025-06-30T12:00:00Z"));
        Assert.Equal([At("2025-06-28T16:30:00Z"), At("2025-06-29T16:30:00Z"), At("2025-06-30T04:30:00Z")], twice.Select(o => o.At));
    }

    // A time that the clocks skip: half past the hour at which they go forward comes when they have.
    [Theory]
    [InlineData("Europe/London", "30 1 * * *", "2025-03-30", "2025-03-30T01:00:00Z", "2025-03-30T00:00:00Z")]
    [InlineData("America/New_York", "30 2 * * *", "2025-03-09", "2025-03-09T07:00:00Z", "2025-03-09T05:00:00Z")]
    [InlineData("Australia/Lord_Howe", "15 2 * * *", "2025-10-05", "2025-10-04T15:30:00Z", "2025-10-04T13:30:00Z")]
    // A time that they show twice comes once, the first time.
    [InlineData("Europe/London", "30 1 * * *", "2025-10-26", "2025-10-26T00:30:00Z", "2025-10-25T23:00:00Z")]
    [InlineData("America/New_York", "30 1 * * *", "2025-11-02", "2025-11-02T05:30:00Z", "2025-11-02T04:00:00Z")]
    [InlineData("Australia/Lord_Howe", "45 1 * * *", "2025-04-06", "2025-04-05T14:45:00Z", "2025-04-05T13:00:00Z")]
    // And a night after either keeps its local time.
    [InlineData("Europe/London", "30 5 * * *", "2025-03-30", "2025-03-30T04:30:00Z", "2025-03-30T00:00:00Z")]
    [InlineData("America/New_York", "30 5 * * *", "2025-11-02", "2025-11-02T10:30:00Z", "2025-11-02T04:00:00Z")]
    [InlineData("Australia/Lord_Howe", "30 5 * * *", "2025-10-05", "2025-10-04T18:30:00Z", "2025-10-04T13:30:00Z")]
    public void On_the_days_when_the_clocks_change_a_night_comes_once(string zone, string cron, string day, string at, string asOf)
    {
        var date = LocalDatePattern.Iso.Parse(day).Value;
        var tz = DateTimeZoneProviders.Tzdb[zone];
        var occurrence = Assert.Single(Daily(zone, cron).Due(tz.AtStartOfDay(date).ToInstant(), tz.AtStartOfDay(date.PlusDays(1)).ToInstant()));
        Assert.Equal(at, occurrence.At.ToString());
        Assert.Equal(asOf, occurrence.AsOf.ToString());
    }

    [Theory]
    [InlineData("Europe/London", "2025-03-30", 23)]
    [InlineData("Europe/London", "2025-10-26", 25)]
    [InlineData("America/New_York", "2025-03-09", 23)]
    [InlineData("America/New_York", "2025-11-02", 25)]
    public void Every_hour_that_passes_is_one_also_when_the_clocks_show_it_twice_or_not_at_all(string zone, string day, int hours)
    {
        var date = LocalDatePattern.Iso.Parse(day).Value;
        var tz = DateTimeZoneProviders.Tzdb[zone];
        var due = Hourly(zone).Due(tz.AtStartOfDay(date).ToInstant(), tz.AtStartOfDay(date.PlusDays(1)).ToInstant());
        Assert.Equal(hours, due.Count);
        Assert.Equal(hours, due.DistinctBy(o => o.InstanceId).Count());
        Assert.All(due.Zip(due.Skip(1)), pair => Assert.Equal(Duration.FromHours(1), pair.Second.At - pair.First.At));
        Assert.All(due, o => Assert.Equal(Duration.FromMinutes(5), o.At - o.AsOf));
    }

    [Theory]
    [InlineData("30 1,2 * * *", 2)]
    [InlineData("30 1-2 * * *", 3)]
    [InlineData("*/30 1 * * *", 4)]
    public void A_time_that_is_shown_twice_comes_twice_only_where_hours_or_minutes_are_a_range_or_have_steps(string cron, int times)
    {
        var schedule = Daily("Europe/London", cron) with { AsOf = ScheduleAsOf.Hour };
        Assert.Equal(times, CronInstants(schedule, "2025-10-25T23:00:00Z", "2025-10-26T12:00:00Z"));
    }

    [Fact]
    public void Where_midnight_is_skipped_the_day_begins_when_the_clocks_have_gone_on() =>
        // Cairo goes forward at midnight of the last Friday of April.
        Assert.Equal("2025-04-24T22:00:00Z", Daily("Africa/Cairo").Due(At("2025-04-24T22:00:00Z"), At("2025-04-25T12:00:00Z")).Single().AsOf.ToString());

    [Fact]
    public void Schedules_of_several_zones_stand_side_by_side()
    {
        Schedule[] schedules = [Daily("Europe/London"), Daily("America/New_York"), Daily("Australia/Lord_Howe")];
        // Lord Howe has begun its 30 June, New York still sleeps.
        var due = schedules.SelectMany(s => s.Due(At("2025-06-29T12:00:00Z"), At("2025-06-30T05:00:00Z"))).ToArray();
        Assert.Equal(["2025-06-30T04:30:00Z", "2025-06-29T19:00:00Z"], due.Select(o => o.At.ToString()));
        Assert.Equal(["daily-risk-ward-admission-7d-20250629T230000Z", "daily-risk-ward-admission-7d-20250629T133000Z"], due.Select(o => o.InstanceId));
        Assert.Equal(["2025-06-30T09:30:00Z", "2025-07-01T09:30:00Z", "2025-07-02T09:30:00Z"], schedules[1].Next(At("2025-06-30T05:00:00Z"), 3).Select(o => o.At.ToString()));
    }

    [Fact]
    public void Asked_often_or_seldom_at_whatever_instants_each_night_comes_once() => Gen.Select(
        Gen.Int[0, s_zones.Length - 1].Select(i => s_zones[i]),
        Gen.Int[0, s_nights.Length - 1].Select(i => s_nights[i]),
        Gen.Int[1, 400_000].Array[1, 300]).Sample((zone, cron, steps) =>
        {
            var schedule = Daily(zone, cron);
            var (begin, since) = (At("2025-01-01T12:00:00Z"), At("2025-01-01T12:00:00Z"));
            var handled = new List<ScheduleOccurrence>();
            var now = begin;
            foreach (var seconds in steps)
            {
                now += Duration.FromSeconds(seconds);
                var due = schedule.Due(since, now);
                handled.AddRange(due);
                since = due.Count > 0 ? due[^1].At : since;
            }

            var days = (now - begin).Days;
            Assert.Equal(handled.Count, handled.DistinctBy(o => o.InstanceId).Count());
            Assert.InRange(handled.Count, days - 1, days + 1);
            Assert.All(handled.Zip(handled.Skip(1)), pair => Assert.InRange(pair.Second.AsOf - pair.First.AsOf, Duration.FromHours(23), Duration.FromHours(25)));
        }, iter: 300);

    private static Schedule Daily(string zone, string cron = "30 5 * * *") => new()
    {
        Name = "daily",
        Workflow = "daily-risk",
        Cohort = "ward",
        Task = "admission-7d",
        Cron = Cron(cron),
        TimeZone = zone,
    };

    private static Schedule Hourly(string zone) => Daily(zone, "5 * * * *") with { Workflow = "hourly-risk", AsOf = ScheduleAsOf.Hour };

    private static int CronInstants(Schedule schedule, string after, string until) =>
        schedule.Cron.Between(At(after), At(until), TimeZoneInfo.FindSystemTimeZoneById(schedule.TimeZone)).Count();

    private static CronText Cron(string text) => CronText.TryParse(text, out var cron, out var problem) ? cron : throw new FormatException(problem);

    private static Instant At(string text) => InstantPattern.ExtendedIso.Parse(text).Value;

    private static IEnumerable<string> Stamps(IEnumerable<ScheduleOccurrence> occurrences) => occurrences.Select(o => o.InstanceId[^16..]);
}
