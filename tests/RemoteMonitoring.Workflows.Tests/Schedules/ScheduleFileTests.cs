using NodaTime;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Workflows.Tests.Schedules;

public sealed class ScheduleFileTests
{
    private const string London = """{ "name": "daily", "workflow": "daily-risk", "cohort": "ward", "task": "admission-7d", "cron": "30 5 * * *", "timeZone": "Europe/London", "asOf": "midnight", "catchUp": "3.00:00:00", "deadline": "01:15:00" }""";
    private const string NewYork = """{ "name": "hourly", "workflow": "hourly-risk", "cohort": "icu", "task": "in-hospital-death-48h", "cron": "5 * * * *", "timeZone": "America/New_York", "asOf": "hour" }""";

    [Fact]
    public void A_file_of_several_zones_is_read()
    {
        var file = ScheduleFile.Parse(Of($"{London}, // a comment\n{NewYork}"), "schedules.json");
        Assert.Empty(file.Faults);
        var (daily, hourly) = (file.Schedules[0], file.Schedules[1]);
        Assert.Equal(("daily", "daily-risk", "ward", "admission-7d", "30 5 * * *", "Europe/London"), (daily.Name, daily.Workflow, daily.Cohort, daily.Task, daily.Cron.Text, daily.TimeZone));
        Assert.Equal((ScheduleAsOf.Midnight, Duration.FromDays(3), Duration.FromMinutes(75)), (daily.AsOf, daily.CatchUp, daily.Deadline));
        Assert.Equal(("in-hospital-death-48h", ScheduleAsOf.Hour, null, null), (hourly.Task, hourly.AsOf, hourly.CatchUp, hourly.Deadline));
        Assert.Equal("hourly-risk-icu-in-hospital-death-48h", hourly.IdStem);
    }

    [Theory]
    [InlineData("\"cron\": \"30 5 * * *\"", "\"cron\": \"61 5 * * *\"", "schedule 1 ('daily'): cron:")]
    [InlineData("Europe/London", "Europe/Londn", "schedule 1 ('daily'): timeZone 'Europe/Londn' is none; take an IANA name")]
    [InlineData("Europe/London", "GMT Standard Time", "is none; take an IANA name")]
    [InlineData("\"ward\"", "\"a/b\"", "cohort 'a/b' is no name")]
    [InlineData("\"admission-7d\"", "\"a#b\"", "task 'a#b' is no name")]
    [InlineData("\"daily-risk\"", "\"a\\\\b?\"", "workflow 'a\\b?' is no name")]
    [InlineData("\"daily-risk\"", "\"nightly\"", "workflow 'nightly' is none; take daily-risk, hourly-risk, housekeeping, training, drift, report-tables.")]
    [InlineData("\"admission-7d\"", "\"admission\"", "task 'admission' is none; take admission-7d, ")]
    [InlineData("\"task\": \"admission-7d\", ", "", "task is missing; take admission-7d, ")]
    [InlineData("midnight", "noon", "asOf 'noon' is none; take midnight or hour")]
    [InlineData("01:15:00", "-01:15:00", "deadline '-01:15:00' is none")]
    [InlineData("01:15:00", "2 hours", "deadline '2 hours' is none")]
    [InlineData("3.00:00:00", "999.00:00:00", "catchUp '999.00:00:00' is none; take [days.]hours:minutes:seconds, as 01:15:00, up to 366 days")]
    [InlineData("\"asOf\"", "\"asof\"", "line 1, schedules[0].asof: there is no such setting")]
    [InlineData("\"cohort\": \"ward\", ", "", "a setting is missing: 'cohort'")]
    [InlineData("\"ward\"", "7", "line 1, schedules[0].cohort: the value is not of the kind that stands here")]
    [InlineData("\"ward\"", "null", "null does not stand here")]
    [InlineData("\"cohort\": \"ward\"", "\"cohort\": \"ward\", \"cohort\": \"w\"", "the same setting stands here twice")]
    [InlineData("\"schemaVersion\": 1", "\"schemaVersion\": 2", "has schema version 2; this version of the program reads 1")]
    [InlineData("]", "", "this is no JSON as it should stand here")]
    public void A_fault_is_one_line_that_says_where_and_nothing_is_scheduled(string right, string wrong, string says)
    {
        var file = ScheduleFile.Parse(Of(London).Replace(right, wrong, StringComparison.Ordinal), "schedules.json");
        var fault = Assert.Single(file.Faults);
        Assert.StartsWith("schedules.json: ", fault, StringComparison.Ordinal);
        Assert.Contains(says, fault, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault);
        Assert.DoesNotContain("RemoteMonitoring", fault, StringComparison.Ordinal);
        Assert.Empty(file.Schedules);
    }

    [Fact]
    public void Every_fault_of_every_schedule_is_told()
    {
        var file = ScheduleFile.Parse(Of($"{London.Replace("ward", "a b", StringComparison.Ordinal).Replace("midnight", "x", StringComparison.Ordinal)}, {NewYork}, null, {NewYork.Replace("America/New_York", "Mars", StringComparison.Ordinal)}"), "f");
        Assert.Equal(4, file.Faults.Count);
        Assert.Contains(file.Faults, f => f == "f: schedule 3: null is no schedule; take it out.");
        Assert.Contains(file.Faults, f => f.StartsWith("f: schedule 4 ('hourly'): timeZone 'Mars'", StringComparison.Ordinal));
    }

    [Fact]
    public void Two_of_one_name_and_two_whose_runs_would_share_an_id_are_faults()
    {
        Assert.Contains("2 schedules are called 'daily'", Assert.Single(ScheduleFile.Parse(Of($"{London},{London}"), "f").Faults), StringComparison.Ordinal);
        var other = London.Replace("\"daily\"", "\"other\"", StringComparison.Ordinal).Replace("\"ward\"", "\"Ward\"", StringComparison.Ordinal);
        Assert.Contains("'daily' and 'other' would give different runs the same id (daily-risk-ward-admission-7d-…)", Assert.Single(ScheduleFile.Parse(Of($"{London},{other}"), "f").Faults), StringComparison.Ordinal);
        Assert.Empty(ScheduleFile.Parse(Of($"{London},{London.Replace("\"daily\"", "\"other\"", StringComparison.Ordinal).Replace("Europe/London", "America/New_York", StringComparison.Ordinal)}"), "f").Faults);
    }

    [Fact]
    public void A_schedule_that_no_fault_is_about_is_sound_whatever_is_wrong_with_others()
    {
        var wrong = London.Replace("\"daily\"", "\"wrong\"", StringComparison.Ordinal).Replace("Europe/London", "Mars", StringComparison.Ordinal);
        var file = ScheduleFile.Parse(Of($"{wrong}, {NewYork}, null"), "f");
        Assert.Equal((2, 0), (file.Faults.Count, file.Schedules.Count));
        Assert.Equal("hourly", Assert.Single(file.Sound).Name);

        Assert.Equal("hourly", Assert.Single(ScheduleFile.Parse(Of($"{London}, {NewYork}, {London}"), "f").Sound).Name);
        var other = London.Replace("\"daily\"", "\"other\"", StringComparison.Ordinal).Replace("\"ward\"", "\"Ward\"", StringComparison.Ordinal);
        Assert.Equal("hourly", Assert.Single(ScheduleFile.Parse(Of($"{London}, {other}, {NewYork}"), "f").Sound).Name);
        Assert.Equal(["daily", "hourly"], ScheduleFile.Parse(Of($"{London}, {NewYork}"), "f").Sound.Select(s => s.Name));
        Assert.Empty(ScheduleFile.Parse("no JSON", "f").Sound);
    }

    [Fact]
    public async Task A_home_without_a_file_has_none()
    {
        var home = Directory.CreateTempSubdirectory("rmon-schedules-").FullName;
        Assert.Null(await ScheduleFile.FindAsync(home, default));
        await File.WriteAllTextAsync(Path.Combine(home, ScheduleFile.FileName), Of(London));
        Assert.Single((await ScheduleFile.FindAsync(home, default))!.Schedules);
        Directory.Delete(home, recursive: true);
    }

    [Fact]
    public void What_is_bundled_could_stand_in_a_file()
    {
        var bundled = BundledSchedules.Of("ward", "Europe/London", ["admission-7d"], ["in-hospital-death-48h"]);
        Assert.Equal(["0 30 5 * * *", "0 5 * * * *", "0 0 8 * * 1", "0 0 8 * * 1", "0 30 7 * * *", "0 30 3 * * 0"], bundled.Select(s => s.Cron.ToTimerTrigger()));
        var night = bundled[0].Next(Instant.FromUtc(2025, 6, 30, 0, 0), 1).Single();
        Assert.Equal(new LocalTime(6, 45), night.Deadline!.Value.InZone(DateTimeZoneProviders.Tzdb["Europe/London"]).TimeOfDay);
        Assert.Equal(bundled.Count, bundled.DistinctBy(s => s.IdStem).Count());
        Assert.Equal("housekeeping-ward-20250705T230000Z", bundled[^1].Next(Instant.FromUtc(2025, 6, 30, 0, 0), 1).Single().InstanceId);
    }

    private static string Of(string schedules) => $$"""{ "schemaVersion": 1, "schedules": [{{schedules}}] }""";
}
